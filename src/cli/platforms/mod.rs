//! `platforms`: the platforms of the file, and the values to paste into them.

mod arguments;
mod ask;
mod command;
mod text;

pub(super) use arguments::PlatformsArguments;
pub(super) use command::platforms;
