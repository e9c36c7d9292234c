//! The tools file and the platform that a command names.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::load::{Loaded, load};
use super::message::{no_platform, unreadable};
use super::terminal::{complain, harmless};
use crate::config::{Environment, Platform};

/// Reads the tools file.
///
/// # Errors
/// Exit code 2 after a message if the file cannot be read.
pub(super) fn load_or_complain(
    file: &Path,
    environment: &Environment,
    development: bool,
) -> Result<Loaded, ExitCode> {
    load(file, environment, development).map_err(|error| {
        complain(&unreadable(harmless(&file.display().to_string()), &error));
        ExitCode::from(2)
    })
}

/// The platform with this name.
///
/// # Errors
/// Exit code 1 after a message if the file has no such platform.
pub(super) fn find_platform<'l>(
    loaded: &'l Loaded,
    name: &str,
    file: &Path,
) -> Result<&'l Arc<Platform>, ExitCode> {
    let found = loaded.config.platforms.iter().find(|platform| platform.name.as_str() == name);
    found.ok_or_else(|| {
        complain(&no_platform(loaded, name, file));
        ExitCode::from(1)
    })
}
