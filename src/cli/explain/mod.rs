//! `explain`: why the gateway rejects a captured launch. It sends nothing and changes nothing.

mod arguments;
mod arrival;
mod base_strings;
mod capture;
mod case;
mod command;
mod redaction;
mod report;
mod token_case;
mod token_report;

pub(super) use arguments::ExplainArguments;
pub(super) use command::explain;
