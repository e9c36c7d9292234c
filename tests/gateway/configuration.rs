//! `tools.toml`: the problems of an invalid file, the meaning of a valid one, and the behavior of
//! the program with each.

mod fixtures;
mod meaning;
mod new;
mod outcomes;
mod platform_commands;
mod platforms;
mod program;
mod properties;
mod reference;
mod register;
mod schema;
