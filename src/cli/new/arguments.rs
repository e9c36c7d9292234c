//! The arguments of `new`.

/// The tool to add.
#[derive(clap::Args)]
pub(in crate::cli) struct NewArguments {
    /// The tool's name: letters, digits, - and _
    pub(super) name: String,

    /// The tool's template; `new` creates a missing one [default: a new template with the tool's
    /// name]
    #[arg(long, value_name = "TEMPLATE", group = "target")]
    pub(super) template: Option<String>,

    /// The web app behind the tool, instead of a template: http://127.0.0.1:9000
    #[arg(long, value_name = "URL", group = "target")]
    pub(super) upstream: Option<String>,

    /// A folder of static files, such as a book, relative to the tools file
    #[arg(long, value_name = "FOLDER", group = "target")]
    pub(super) site: Option<String>,

    /// The program that serves the web app behind the tool, and its arguments; it must be the last
    /// option: --command streamlit run app.py --server.port {port}
    #[arg(
        long,
        value_name = "PROGRAM",
        group = "target",
        num_args = 1..,
        allow_hyphen_values = true
    )]
    pub(super) command: Option<Vec<String>>,
}
