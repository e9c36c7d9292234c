//! The arguments of `explain`.

use std::path::PathBuf;

use crate::clock::parse_rfc3339;

/// The launch to explain.
#[derive(clap::Args)]
pub(in crate::cli) struct ExplainArguments {
    /// The launched tool, by its name in the tools file
    #[arg(long = "tool", value_name = "NAME")]
    pub(super) tool: String,

    /// A captured launch: a HAR file, what a browser copies (as cURL, fetch or PowerShell), the
    /// form body, or a token of LTI 1.3; - for standard input
    pub(super) file: String,

    /// The URL that the launch was sent to, in place of the captured one: https://our-tools.example
    /// or the whole launch URL [default: the captured one; without it, the tools file's]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,

    /// Evaluates the launch as of this timestamp: 2026-01-31T12:00:00Z [default: the time in a HAR
    /// file; without it, now, if the launch is at most an hour old]
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    pub(super) at: Option<u64>,

    /// The platform's keyset, for a launch by LTI 1.3: a JSON file
    #[arg(long, value_name = "FILE", conflicts_with = "ask")]
    pub(super) keys: Option<PathBuf>,

    /// Fetches the platform's keyset, for a launch by LTI 1.3
    #[arg(long)]
    pub(super) ask: bool,

    /// Also prints the base strings of the signature. Personal values in them are masked
    #[arg(long)]
    pub(super) verbose: bool,

    /// Also tries the secret in this environment variable, for example a replaced one; repeatable
    #[arg(long, value_name = "VARIABLE")]
    pub(super) secret_env: Vec<String>,
}

/// Parses a timestamp in the log's format.
fn timestamp(text: &str) -> Result<u64, String> {
    parse_rfc3339(text).ok_or_else(|| "use a timestamp such as 2026-01-31T12:00:00Z".to_owned())
}
