//! `launch`: plays the platform, to see from a shell what a tool answers.

mod arguments;
mod command;
mod follow;
mod print;
mod sign;

pub(super) use arguments::LaunchArguments;
pub(super) use command::launch;
