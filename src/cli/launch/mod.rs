//! `launch`: sends a practice launch from a shell and shows the response.

mod arguments;
mod command;
mod follow;
mod login;
mod page_form;
mod print;
mod sign;
mod signed;

pub(super) use arguments::LaunchArguments;
pub(super) use command::launch;
