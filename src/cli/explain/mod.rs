//! `explain`: why the gateway rejects a captured launch. It sends nothing and changes nothing.

mod arguments;
mod base_strings;
mod capture;
mod case;
mod command;
mod moment;
mod redaction;
mod report;
mod shell;

pub(super) use arguments::ExplainArguments;
pub(super) use command::explain;
