//! `tools.toml`: what a bad file is told, what a good one means, and what the program does about either.

mod fixtures;
mod meaning;
mod new;
mod outcomes;
mod program;
mod properties;
mod reference;
mod schema;
