//! The arguments of `launch`.

use clap::ValueEnum;
use lti::{Role, Roles};

/// What is launched, and how.
#[derive(clap::Args)]
pub(in crate::cli) struct LaunchArguments {
    /// The tool's name in the tools file
    pub(super) tool: String,

    /// Who launches, by a role in the course; may be repeated [default: learner]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(super) role: Vec<Role>,

    /// The platform's id of who launches
    #[arg(long, value_name = "ID", default_value = "practice-user")]
    pub(super) user: String,

    /// A parameter of the form, named as it is sent: custom_colour=blue; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = param)]
    pub(super) param: Vec<(String, String)>,

    /// The consumer's key, where the tool has several [default: the first]
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<String>,

    /// A deployed gateway, or the launch URL itself [default: the gateway that the tools file and Rocket.toml describe]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,

    /// Prints the launch instead of sending it: each printed launch counts once, and for as long as `clock_skew`
    #[arg(long, value_name = "FORM")]
    pub(super) print: Option<PrintFormat>,
}

/// In which form a launch is printed.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum PrintFormat {
    /// A command for a shell
    Curl,
    /// A page with a button that launches
    Html,
}

/// A role by its name in `tools.toml`. `staff` is what edX calls its course staff.
fn role(name: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    match Roles::named(name) {
        Some(Roles::STAFF) => Ok(Role::Administrator),
        Some(roles) => roles.iter().next().ok_or_else(names),
        None => Err(format!("it is one of {}, staff", names())),
    }
}

/// A parameter. Those of OAuth are the signature's own.
fn param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, _)) if name.starts_with("oauth_") => {
            Err("parameters of OAuth are set by signing".to_owned())
        }
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}
