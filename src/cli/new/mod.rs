//! `new`: adds a tool to the tools file.

mod arguments;
mod command;
mod consumer;
mod error;
mod file;
mod page;
mod target;
mod text;

pub(super) use arguments::NewArguments;
pub(super) use command::new;
