//! The arguments of `explain`.

use crate::clock::parse_rfc3339;

/// What is explained.
#[derive(clap::Args)]
pub(in crate::cli) struct ExplainArguments {
    /// The tool that was launched, by its name in the tools file
    #[arg(long = "tool", value_name = "NAME")]
    pub(super) tool: String,

    /// A file with the body of the launch form, or with a curl command; - for standard input
    pub(super) file: String,

    /// The time to judge it at, as the log writes it: 2026-01-31T12:00:00Z [default: its own, as it is an old one by now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) at: Option<u64>,

    /// A variable with a secret that is not in the tools file (any more), to see whether it was signed with that; may be repeated
    #[arg(long, value_name = "VARIABLE")]
    pub(super) secret_env: Vec<String>,
}

/// A time as the log writes it.
fn time(text: &str) -> Result<u64, String> {
    parse_rfc3339(text).ok_or_else(|| "it is written like 2026-01-31T12:00:00Z".to_owned())
}
