//! Messages that several commands print, and their advice.

use std::fmt::Display;
use std::io;
use std::path::Path;

use lti::ConsumerKey;

use super::load::Loaded;
use crate::config::{Tool, print};
use crate::state::OpenError;

/// Development would run on Heroku.
pub(super) const DEVELOPMENT_ON_HEROKU: &str = "error: this is development (--dev or a debug build), and DYNO says that it runs on Heroku\n  \
     = help: build with --release and leave --dev out: development has stand-ins for secrets\n";

/// A command needs the tools file and cannot read it. `file` is how it is shown.
pub(super) fn unreadable(file: impl Display, error: &io::Error) -> String {
    format!(
        "error: {file} cannot be read: {error}\n  = help: name another with --tools FILE, or start where it lies\n"
    )
}

/// The directory of the state cannot be used.
pub(super) fn state_unusable(error: &OpenError) -> String {
    format!("error: {error}\n  = help: {}\n", error.advice())
}

/// `https` upstreams could not be verified.
pub(super) fn no_certificates(why: &str) -> String {
    format!(
        "error: https upstreams cannot be verified: {why}\n  \
         = help: install the system's certificates (Debian: ca-certificates), or name a file of them in SSL_CERT_FILE\n"
    )
}

/// The machine has no random bytes.
pub(super) fn no_randomness(error: getrandom::Error) -> String {
    format!("error: this machine has no randomness: {error}\n")
}

/// A tool is not in the file. This lists all problems of the file: the tool may be there, but malformed.
pub(super) fn no_tool(loaded: &Loaded, name: &str, file: &Path) -> String {
    let problems = if loaded.is_sound() {
        String::new()
    } else {
        print(&file.display().to_string(), &loaded.problems)
    };
    let names: Vec<&str> = loaded.config.tools.iter().map(|tool| tool.name.as_str()).collect();
    let help = match names.as_slice() {
        [] => "mend what is said of it above; for a launch, nothing else of that counts".to_owned(),
        names => format!("it has {}", names.join(", ")),
    };
    format!(
        "{problems}error: {} has no usable tool named {:?}\n  = help: {help}\n",
        file.display(),
        name
    )
}

/// The keys of a tool's consumers.
pub(super) fn consumer_keys(tool: &Tool) -> String {
    let keys = tool.senders.consumers.keys().iter().map(ConsumerKey::as_str);
    keys.collect::<Vec<_>>().join(", ")
}
