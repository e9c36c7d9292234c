//! The arguments of `launch`.

use clap::ValueEnum;
use lti::{Role, Roles};

/// The tool to launch, and the parameters of the launch.
#[derive(clap::Args)]
pub(in crate::cli) struct LaunchArguments {
    /// The tool's name in the tools file
    pub(super) tool: String,

    /// A role of the user in the course; repeatable [default: learner, and instructor for links]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(super) role: Vec<Role>,

    /// The platform's id of the user
    #[arg(long, value_name = "ID", default_value = "practice-user")]
    pub(super) user: String,

    /// A parameter of the form: custom_colour=blue; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = param)]
    pub(super) param: Vec<(String, String)>,

    /// The version of LTI. 1.3 plays login, authentication and launch of the practice platform of a
    /// gateway in development
    #[arg(long, value_name = "VERSION", default_value = "1.1")]
    pub(super) lti: LtiVersion,

    /// The message. `links` asks for links to the tool, as an instructor does who selects content
    #[arg(long, value_name = "MESSAGE", default_value = "launch")]
    pub(super) message: LaunchMessage,

    /// Only the practice platform can launch a tool: the gateway has no other platform's key
    #[arg(long, value_name = "NAME", hide = true)]
    pub(super) platform: Option<String>,

    /// The consumer's key, if the tool has several [default: the first]
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<String>,

    /// A deployed gateway, or the launch URL itself [default: the gateway of the tools file and
    /// Rocket.toml]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,

    /// Prints the launch instead of sending it: it is valid once, and only within `clock_skew`
    #[arg(long, value_name = "FORM")]
    pub(super) print: Option<PrintFormat>,
}

/// The version of a launch.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LtiVersion {
    /// A signed form
    #[value(name = "1.1")]
    V1p1,
    /// A login, and a form with a token
    #[value(name = "1.3")]
    V1p3,
}

/// The message of a platform.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LaunchMessage {
    /// A launch
    Launch,
    /// A request for links (deep linking)
    Links,
}

/// The format of a printed launch.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PrintFormat {
    /// A command for a shell
    Curl,
    /// An HTML page with a launch button
    Html,
    /// The form body, for `explain`
    Form,
}

impl LaunchArguments {
    /// The roles of the user.
    pub(super) fn roles(&self) -> &[Role] {
        match self.message {
            _ if !self.role.is_empty() => &self.role,
            LaunchMessage::Launch => &[Role::Learner],
            LaunchMessage::Links => &[Role::Instructor],
        }
    }
}

/// Parses a role by its name in `tools.toml`. `staff` is edX's course staff: administrator.
fn role(name: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    match Roles::named(name) {
        Some(Roles::STAFF) => Ok(Role::Administrator),
        Some(roles) => roles.iter().next().ok_or_else(names),
        None => Err(format!("use one of {}, staff", names())),
    }
}

/// Parses `NAME=VALUE`. `launch` sets the OAuth parameters itself.
fn param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, _)) if name.starts_with("oauth_") => {
            Err("`launch` sets the OAuth parameters itself".to_owned())
        }
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("use NAME=VALUE".to_owned()),
    }
}
