//! The arguments of `new`.

/// The tool to add.
#[derive(clap::Args)]
pub(in crate::cli) struct NewArguments {
    /// The tool's name: letters, digits, - and _
    pub(super) name: String,

    /// The tool's template; `new` creates a missing one [default: a new template with the tool's
    /// name]
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "upstream")]
    pub(super) template: Option<String>,

    /// The web app behind the tool, instead of a template: http://127.0.0.1:9000
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<String>,
}
