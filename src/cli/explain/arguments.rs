//! The arguments of `explain`.

use crate::clock::parse_rfc3339;

/// The launch to explain.
#[derive(clap::Args)]
pub(in crate::cli) struct ExplainArguments {
    /// The launched tool, by its name in the tools file
    #[arg(long = "tool", value_name = "NAME")]
    pub(super) tool: String,

    /// A file with the form body or the curl command of the launch; - for standard input
    pub(super) file: String,

    /// Evaluates the launch as of this timestamp: 2026-01-31T12:00:00Z [default: the launch's own,
    /// because a captured launch is old]
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    pub(super) at: Option<u64>,

    /// Also tries the secret in this environment variable, for example a replaced one; repeatable
    #[arg(long, value_name = "VARIABLE")]
    pub(super) secret_env: Vec<String>,
}

/// Parses a timestamp in the log's format.
fn timestamp(text: &str) -> Result<u64, String> {
    parse_rfc3339(text).ok_or_else(|| "use a timestamp such as 2026-01-31T12:00:00Z".to_owned())
}
