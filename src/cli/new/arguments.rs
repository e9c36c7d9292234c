//! The arguments of `new`.

/// What is added.
#[derive(clap::Args)]
pub(in crate::cli) struct NewArguments {
    /// The tool's name: letters, digits, - and _
    pub(super) name: String,

    /// The template that it renders; one that does not exist is created [default: one of the tool's name, which must not exist]
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "upstream")]
    pub(super) template: Option<String>,

    /// The web app behind it, instead of a template: http://127.0.0.1:9000
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<String>,
}
