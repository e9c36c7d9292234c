//! The command line. The only module that reads the system clock and the environment.

mod app_files;
mod check;
mod command;
mod dev_access;
mod effective_limit;
mod explain;
mod first_run;
mod grades;
mod keys;
mod launch;
mod limit;
mod load;
mod machine;
mod message;
mod new;
mod platform_argument;
mod platform_values;
mod platforms;
mod register;
mod rocket_settings;
mod serve;
mod snapshot;
mod template_file;
mod terminal;
mod tools_watch;

pub use command::run;
pub use load::{Loaded, load};
pub use tools_watch::ToolsWatch;
