use super::launch_url::LaunchUrl;
use super::platform::{Client, TrustedPlatform};
use crate::role::Roles;
use crate::v1p1::Consumers;

/// The requirements for a launch. Tool, platform and client come from the state of the login, never
/// from the token. A token of another platform or client therefore fails (mix-up attacks).
#[derive(Clone, Copy, Debug)]
pub struct TokenPolicy<'a> {
    /// The name of the tool.
    pub tool: &'a str,
    /// The tool's launch URL.
    pub launch_url: &'a LaunchUrl,
    /// The platform.
    pub platform: &'a TrustedPlatform,
    /// The client.
    pub client: &'a Client,
    /// The tool's consumers of LTI 1.1. Their secrets verify that a user has migrated.
    pub consumers: &'a Consumers,
    /// The roles that may launch; `None` for everyone.
    pub roles: Option<Roles>,
    /// Whether the tool declares a line item for links that have none.
    pub declares_line_item: bool,
    /// The accepted difference between a timestamp and the gateway's clock, in both directions, in
    /// seconds.
    pub clock_skew: u64,
}

/// The login that a launch answers, according to its state.
#[derive(Clone, Copy)]
pub struct AnsweredLogin<'a> {
    /// The nonce that the gateway sent to the platform.
    pub nonce: &'a str,
    /// The last second since the epoch at which the state is valid.
    pub expires: u64,
    /// Whether the browser is that of the login.
    pub same_browser: bool,
}
