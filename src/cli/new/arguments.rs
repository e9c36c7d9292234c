//! The arguments of `new`.

/// The tool or the platform to add.
#[derive(clap::Args)]
pub(in crate::cli) struct NewArguments {
    /// The tool's name: letters, digits, - and _
    #[arg(required_unless_present = "platform")]
    pub(super) name: Option<String>,

    /// The platform that may launch the tool with LTI 1.3, instead of a new key and secret. Without
    /// a tool's name: the platform to add
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<String>,

    /// The type of the new platform: edx, moodle, canvas, blackboard, brightspace or schoology
    #[arg(long = "type", value_name = "TYPE", requires = "platform", conflicts_with = "name")]
    pub(super) kind: Option<String>,

    /// The base URL of the new platform: https://moodle.example.edu
    #[arg(long, value_name = "URL", requires = "kind", conflicts_with = "name")]
    pub(super) url: Option<String>,

    /// The tool's template; `new` creates a missing one [default: a new template with the tool's
    /// name]
    #[arg(long, value_name = "TEMPLATE", group = "target", requires = "name")]
    pub(super) template: Option<String>,

    /// The web app behind the tool, instead of a template: http://127.0.0.1:9000
    #[arg(long, value_name = "URL", group = "target", requires = "name")]
    pub(super) upstream: Option<String>,

    /// A folder of static files, such as a book, relative to the tools file
    #[arg(long, value_name = "FOLDER", group = "target", requires = "name")]
    pub(super) site: Option<String>,

    /// The program that serves the web app behind the tool, and its arguments; it must be the last
    /// option: --command streamlit run app.py --server.port {port}
    #[arg(
        long,
        value_name = "PROGRAM",
        group = "target",
        requires = "name",
        num_args = 1..,
        allow_hyphen_values = true
    )]
    pub(super) command: Option<Vec<String>>,
}
