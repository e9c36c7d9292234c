//! The command line. The only module that reads the system clock and the environment.

mod check;
mod command;
mod dev_access;
mod explain;
mod grades;
mod launch;
mod limit;
mod load;
mod machine;
mod message;
mod new;
mod rocket_settings;
mod serve;
mod terminal;

pub use command::run;
pub use load::{Loaded, load};
