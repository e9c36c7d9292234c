//! The login with which a practice launch by LTI 1.3 begins.

use std::fmt;

use lti::Role;

use crate::config::Tool;
use crate::practice::v1p3::{
    PracticeLaunch, PracticeMessage, TokenMistake, denied_client, login_params, lost_client,
    random_id,
};
use crate::url::{UrlParts, is_loopback};
use crate::web::gateway::Gateway;

/// Why the practice platform does not log in to a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LoginObstacle {
    /// A proxy passed the request on, so others than this machine may reach the gateway.
    Forwarded,
    /// Its launch URL is of another machine. Holds its origin.
    NotLoopback(String),
}

impl fmt::Display for LoginObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forwarded => write!(
                f,
                "a proxy passed this request on: open this page on the gateway's machine, or set \
                 dev_host"
            ),
            Self::NotLoopback(origin) => write!(
                f,
                "its launches go to {origin}, and the practice platform is on this machine"
            ),
        }
    }
}

/// Why the practice platform does not log in to the tool with this launch URL. `None` if it does.
///
/// A launch opens every tool as every user, so it is for the developer: at this machine, or with
/// the token of `/dev`.
pub(super) fn login_obstacle(
    gateway: &Gateway,
    launch_url: &str,
    is_forwarded: bool,
) -> Option<LoginObstacle> {
    let dev_host = gateway.development.as_ref().and_then(|own| own.dev_host.as_ref());
    if is_forwarded && !gateway.is_exposed() {
        return Some(LoginObstacle::Forwarded);
    }
    let origin = UrlParts::parse(launch_url).and_then(|parts| parts.origin());
    let is_own = origin.as_ref().is_some_and(|origin| {
        is_loopback(origin.host())
            || dev_host.is_some_and(|own| own.host().eq_ignore_ascii_case(origin.host()))
    });
    let origin = || origin.map_or_else(|| launch_url.to_owned(), |origin| origin.to_string());
    (!is_own).then(|| LoginObstacle::NotLoopback(origin()))
}

/// The choices for a launch.
pub(super) struct ChosenLogin<'a> {
    pub(super) tool: &'a Tool,
    pub(super) launch_url: &'a str,
    pub(super) user: &'a str,
    pub(super) roles: Vec<Role>,
    pub(super) name_and_email: Option<(&'static str, &'static str)>,
    pub(super) block: &'a str,
    pub(super) message: PracticeMessage,
    pub(super) custom: Vec<(String, String)>,
    pub(super) mistake: Option<TokenMistake>,
    /// Whether the tool opens in a frame of the page.
    pub(super) inline: bool,
}

/// Stores a launch until the answer to its login, and returns the parameters of the login. `None`
/// if there is an obstacle, or no randomness.
pub(super) fn log_in(
    gateway: &Gateway,
    chosen: ChosenLogin<'_>,
    is_forwarded: bool,
) -> Option<Vec<(String, String)>> {
    if login_obstacle(gateway, chosen.launch_url, is_forwarded).is_some() {
        return None;
    }
    let name = &chosen.tool.name;
    let launch = PracticeLaunch {
        tool: name.clone(),
        message: chosen.message,
        launch_url: chosen.launch_url.to_owned(),
        client: match chosen.mistake {
            Some(TokenMistake::KeysDown) => lost_client(name),
            Some(TokenMistake::Scope) => denied_client(name),
            _ => name.as_str().into(),
        },
        block: chosen.block.to_owned(),
        user: chosen.user.to_owned(),
        name_and_email: chosen
            .name_and_email
            .map(|(name, email)| (name.to_owned(), email.to_owned())),
        roles: chosen.roles,
        custom: chosen.custom,
        mistake: chosen.mistake,
    };
    let hint = random_id()?;
    let params = login_params(&launch, &hint, chosen.inline);
    let development = gateway.development.as_ref()?;
    let mut practice = development.practice();
    practice.visitors.add(&launch.user);
    practice.launches.add(hint, launch, gateway.clock.now());
    Some(params)
}
