//! Messages that several commands print, and their advice.

use std::fmt::Display;
use std::io;
use std::path::Path;

use lti::ConsumerKey;

use super::first_run::Placeholders;
use super::load::Loaded;
use crate::config::{Tool, print};
use crate::state::{OpenError, Tightening};
use crate::web::ReloadError;

/// Development would run on Heroku.
pub(super) const DEVELOPMENT_ON_HEROKU: &str = "\
error: development (--dev or a debug build) does not run on Heroku, and DYNO is set
  = help: build with --release and omit --dev: development uses placeholder secrets
";

/// A command needs the tools file and cannot read it. `file` is its name for the terminal.
pub(super) fn unreadable(file: impl Display, error: &io::Error) -> String {
    format!(
        "error: {file} cannot be read: {error}\n  \
         = help: name the file with --tools FILE, or start the command in its directory\n"
    )
}

/// The directory of the state cannot be used.
pub(super) fn state_unusable(error: &OpenError) -> String {
    format!("error: {error}\n  = help: {}\n", error.advice())
}

/// Other processes of the same user can inspect the program. `error` is the system's reason.
pub(super) fn inspectable(error: &io::Error) -> String {
    format!(
        "warning: other processes of this user can read the secrets of this process: {error}\n  \
         = help: run the gateway as a user of its own\n"
    )
}

/// Other users can access a file of the state.
pub(super) fn state_shared(found: &Tightening) -> String {
    format!("warning: {found}\n  = help: {}\n", found.remedy())
}

/// Development uses placeholders for many secrets.
pub(super) fn placeholders_used(names: &Placeholders) -> String {
    format!(
        "warning: development uses public placeholders for secrets that are not set: {names}\n  \
         = help: set them before others can reach the gateway; \
         `lti-gateway check --production` reports each with its line\n"
    )
}

/// The program cannot verify `https` servers. `why` is the reason.
pub(super) fn no_certificates(why: &str) -> String {
    format!(
        "error: https upstreams cannot be verified: {why}\n  \
         = help: install the system's certificates (Debian: ca-certificates), \
         or set SSL_CERT_FILE to a file of certificates\n"
    )
}

/// A running gateway cannot take over a configuration.
pub(super) fn cannot_reload(error: &ReloadError) -> String {
    match error {
        ReloadError::State | ReloadError::DevHost => {
            format!("error: {error}\n  = help: restart the gateway\n")
        }
        ReloadError::Certificates(why) => no_certificates(why),
    }
}

/// The system returns no random bytes.
pub(super) fn no_randomness(error: getrandom::Error) -> String {
    format!("error: this machine has no randomness: {error}\n")
}

/// The tool has a secret that only the running gateway knows.
pub(super) fn random_secret(tool: &str) -> String {
    format!(
        "error: a secret of {tool:?} is not set, and a gateway with `dev_host` replaces it by a \
         random one\n  \
         = help: launch at /dev, or set the variable for the gateway and for this command\n"
    )
}

/// The file has no valid tool of this name. The message lists all problems of the file, because
/// the tool may be in it, but invalid.
pub(super) fn no_tool(loaded: &Loaded, name: &str, file: &Path) -> String {
    let problems = if loaded.is_sound() {
        String::new()
    } else {
        print(&file.display().to_string(), &loaded.problems)
    };
    let names: Vec<&str> = loaded.config.tools.iter().map(|tool| tool.name.as_str()).collect();
    let help = match names.as_slice() {
        [] => "fix the problems of this tool above; this command ignores all others".to_owned(),
        names => format!("name one of {}", names.join(", ")),
    };
    format!(
        "{problems}error: {} has no usable tool named {:?}\n  = help: {help}\n",
        file.display(),
        name
    )
}

/// The file has no valid platform of this name. The message lists all problems of the file, because
/// the platform may be in it, but invalid.
pub(super) fn no_platform(loaded: &Loaded, name: &str, file: &Path) -> String {
    let problems = if loaded.is_sound() {
        String::new()
    } else {
        print(&file.display().to_string(), &loaded.problems)
    };
    let names: Vec<&str> = loaded.config.platforms.iter().map(|one| one.name.as_str()).collect();
    let help = match names.as_slice() {
        [] => "add a table such as `[platforms.moodle]`".to_owned(),
        names => format!("name one of {}", names.join(", ")),
    };
    format!(
        "{problems}error: {} has no usable platform named {:?}\n  = help: {help}\n",
        file.display(),
        name
    )
}

/// The keys of a tool's consumers.
pub(super) fn consumer_keys(tool: &Tool) -> String {
    let keys = tool.senders.consumers.keys().iter().map(ConsumerKey::as_str);
    keys.collect::<Vec<_>>().join(", ")
}
