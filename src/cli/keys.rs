//! `keys`: the gateway's public keys for one platform.

use std::path::Path;
use std::process::ExitCode;

use lti::Secret;

use super::platform_argument::{find_platform, load_or_complain};
use super::terminal::{complain, say};
use crate::config::{Environment, PLACEHOLDER_GATEWAY_SECRET, PlatformKeys, print};
use crate::platform::OwnKeySource;

/// Advice for a missing `gateway.secret`.
const SET_SECRET: &str = "set it as for the gateway: the keys are derived from it";

/// Prints `kid` and public PEM of each key. No command prints a private key.
///
/// Exit code 0 if they are printed, 1 if the file has no such platform or no secret, and 2 if it
/// cannot be read.
pub(super) fn keys(
    name: &str,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load_or_complain(file, environment, development) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let config = &loaded.config;
    let platform = match find_platform(&loaded, name, file) {
        Ok(platform) => platform,
        Err(code) => return code,
    };
    let is_derived = matches!(platform.keys, PlatformKeys::Derived);
    let source = OwnKeySource::of(platform, &config.secrets);
    let keys = source.keys();
    if keys.is_empty() {
        complain(&format!(
            "{}error: without `gateway.secret`, the platform has no key\n  = help: {SET_SECRET}\n",
            print(&file.display().to_string(), &loaded.problems)
        ));
        return ExitCode::from(1);
    }
    let is_placeholder = |secret: &Secret| secret.expose() == PLACEHOLDER_GATEWAY_SECRET;
    if is_derived && config.secrets.iter().any(is_placeholder) {
        if config.dev_host.is_some() {
            complain(&format!(
                "error: `gateway.secret` is not set, and a gateway with `dev_host` replaces it by \
                 a random one\n  = help: {SET_SECRET}\n"
            ));
            return ExitCode::from(1);
        }
        complain(&format!(
            "warning: `gateway.secret` is not set: these keys are those of a public placeholder\n  \
             = help: {SET_SECRET}\n"
        ));
    }
    for (number, key) in keys.iter().enumerate() {
        let use_of = if number == 0 { "signs" } else { "verifies only" };
        say(&format!("kid {} ({use_of})\n{}", key.key_id(), key.public_pem()));
    }
    ExitCode::SUCCESS
}
