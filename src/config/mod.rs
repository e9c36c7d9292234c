//! `tools.toml`: what may be written in it, what it means, and what is wrong with it.
//!
//! Text goes in and a [`Config`] comes out, together with every [`Problem`] found on the way. Nothing here
//! reads a file, the clock or the environment: their contents are arguments.

mod authority;
mod document;
mod excerpt;
mod fault;
mod file;
mod gateway;
pub(crate) mod header;
mod host_name;
pub mod key;
mod outcome_host;
mod outcome_rules;
mod problem;
mod public_url;
mod resolve;
mod schema;
mod shape;
mod state_location;
mod suggestion;
mod syntax;
mod table;
mod tool_host;
mod tool_path;
mod upstream_url;

use std::collections::BTreeMap;
use std::path::Path;

use lti::v1p1::Passport;

pub(crate) use authority::host_and_port;
pub(crate) use excerpt::is_variable;
pub use fault::{Fault, Severity};
pub use gateway::{Config, Identity, Prefix, Senders, Target, Tool, Upstream};
pub use outcome_rules::OutcomeRules;
pub use problem::{Location, Problem, print, sort};
pub(crate) use public_url::is_loopback;
pub use public_url::{Origin, PublicUrl};
pub(crate) use resolve::is_tool_name;
pub use resolve::{STAND_IN_SECRET, TemplateUse};
pub use schema::schema;
pub use shape::Shape;
pub use state_location::StateLocation;
pub(crate) use suggestion::variable_of;
pub use tool_path::ToolPath;
pub use upstream_url::UpstreamUrl;

/// The environment, as it was at start.
pub type Environment = BTreeMap<String, String>;

/// What was read from a file: as much of it as makes sense, and what is wrong with the rest.
pub struct Reading {
    /// What the file means. Where there are errors it is not for use: what could not be read is missing in it.
    pub config: Config,
    /// Which templates the file names, by every tool, also by those with a problem.
    pub template_uses: Vec<TemplateUse>,
    /// Every consumer's key and secrets, as text, in which the cause of a wrong signature is looked for. Outside development whoever
    /// serves drops them, and keeps what verifies.
    pub passports: Vec<Passport>,
    /// What is wrong, and what an admin should know.
    pub problems: Vec<Problem>,
}

/// Reads a tools file.
///
/// `file` is what problems call it, and in whose folder a relative path begins; `content` is what it holds, be it text or
/// not. `development` lets secrets and the public URL be missing.
pub fn read(
    file: impl AsRef<Path>,
    content: impl AsRef<[u8]>,
    environment: &Environment,
    development: bool,
) -> Reading {
    let file = file.as_ref();
    let name = file.display().to_string();
    let bytes = content.as_ref();
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let sound = syntax::Sound::of(&text);
    let mut document = document::Document::new(&name, &text, &sound);
    if let Err(error) = std::str::from_utf8(bytes) {
        document.report_encoding(error.valid_up_to());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    resolve::resolve(
        file::read(&document, environment),
        &document,
        folder,
        environment,
        development,
    )
}
