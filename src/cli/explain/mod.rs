//! `explain`: why a captured launch was rejected, or would be. It asks nobody and changes nothing.

mod arguments;
mod capture;
mod case;
mod command;
mod redaction;
mod report;
mod shell;

pub(super) use arguments::ExplainArguments;
pub(super) use command::explain;
