//! `keys`: the gateway's public keys for one platform.

use std::path::Path;
use std::process::ExitCode;

use super::load::load;
use super::message::{no_platform, unreadable};
use super::terminal::{complain, harmless, say};
use crate::config::{Environment, Fault, PLACEHOLDER_GATEWAY_SECRET, PlatformKeys, print};
use crate::platform::OwnKeySource;

/// Prints `kid` and public PEM of each key. No command prints a private key.
///
/// Exit code 0 if they are printed, 1 if the file has no such platform, and 2 if the file cannot be
/// read.
pub(super) fn keys(
    name: &str,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load(file, environment, development) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&unreadable(harmless(&file.display().to_string()), &error));
            return ExitCode::from(2);
        }
    };
    let config = &loaded.config;
    let Some(platform) = config.platforms.iter().find(|one| one.name.as_str() == name) else {
        complain(&no_platform(&loaded, name, file));
        return ExitCode::from(1);
    };
    let is_derived = matches!(platform.keys, PlatformKeys::Derived);
    let source = OwnKeySource::of(platform, &config.secrets);
    let of_secret = |fault: &Fault| {
        matches!(
            fault,
            Fault::GatewaySecretMissing | Fault::GatewaySecretShort(_) | Fault::VariableMissing(_)
        )
    };
    let keys = source.keys();
    if keys.is_empty() {
        let problems: Vec<_> =
            loaded.problems.into_iter().filter(|problem| of_secret(&problem.fault)).collect();
        complain(&format!(
            "{}error: without `gateway.secret`, {name} has no key\n  \
             = help: set it as for the gateway: the keys are derived from it\n",
            print(&file.display().to_string(), &problems)
        ));
        return ExitCode::from(1);
    }
    if is_derived && config.secrets.iter().any(|one| one.expose() == PLACEHOLDER_GATEWAY_SECRET) {
        complain(
            "warning: `gateway.secret` is not set: these keys are those of a public placeholder\n  \
             = help: set it as for the gateway: the keys are derived from it\n",
        );
    }
    for (number, key) in keys.iter().enumerate() {
        let use_of = if number == 0 { "signs" } else { "verifies only" };
        say(&format!("kid {} ({use_of})\n{}", key.key_id(), key.public_pem()));
    }
    ExitCode::SUCCESS
}
