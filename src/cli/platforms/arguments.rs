//! The arguments of `platforms`.

/// The platform to show.
#[derive(clap::Args)]
pub(in crate::cli) struct PlatformsArguments {
    /// The name of one platform, with the values to paste into it [default: a list of all]
    pub(super) name: Option<String>,

    /// Asks the platform for its keys and an access token, and reports its response
    #[arg(long, requires = "name")]
    pub(super) ask: bool,
}
