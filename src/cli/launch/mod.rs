//! `launch`: sends a practice launch from a shell and shows the response.

mod arguments;
mod command;
mod follow;
mod print;
mod sign;

pub(super) use arguments::LaunchArguments;
pub(super) use command::launch;
