//! The inputs from this machine: clock, environment and randomness. And its protection of them.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Millis;
use crate::config::Environment;

/// The machine's clock, in seconds since the epoch.
pub(super) fn now() -> u64 {
    now_in_millis().seconds()
}

/// The machine's clock.
pub(super) fn now_in_millis() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Prevents other processes of this user from reading this process's memory and environment, from
/// attaching to it, and from getting a core dump of it. Only Linux offers this.
///
/// # Errors
/// The system's reason.
#[cfg(target_os = "linux")]
pub(super) fn deny_inspection() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Does nothing: this system offers no such protection.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(super) fn deny_inspection() -> io::Result<()> {
    Ok(())
}

/// The environment variables whose name is valid Unicode.
pub(super) fn environment() -> Environment {
    let mut environment = Environment::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => environment.insert(name, value),
            Err(_) => environment.insert_malformed(name),
        }
    }
    environment
}

/// Random bytes.
pub(super) fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], getrandom::Error> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Random bytes as a string. Each character encodes six bits, so all characters are equally
/// likely.
pub(super) fn random_string<const LENGTH: usize>() -> Result<String, getrandom::Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<LENGTH>()?))
}
