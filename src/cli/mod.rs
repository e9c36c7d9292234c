//! The command line. The only module that reads the clock, the environment and files.

mod check;
mod command;
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
