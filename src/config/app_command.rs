//! The program of a tool with `command`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lti::Secret;

/// The placeholder of the app's port, in arguments and in values of the environment.
pub(super) const PORT: &str = "{port}";

/// A program that the gateway starts and keeps running.
///
/// Arguments and values have the placeholder `{port}` where the file has it: only the runtime knows
/// the port. [`AppCommand::with_port`] replaces it.
#[derive(Clone, Debug)]
pub struct AppCommand {
    /// The program: a name to find in `PATH`, or a path. A relative path starts in `directory`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working directory. It is absolute in a loaded configuration.
    pub directory: PathBuf,
    /// The tool's own variables. Any value may be a secret. `PORT` is not among them.
    pub environment: BTreeMap<String, Secret>,
    /// How long the app may be unused before the gateway stops it. `None` for no end.
    pub idle: Option<Duration>,
}

impl AppCommand {
    /// An argument, or the value of a variable, with the app's port in place of `{port}`.
    pub fn with_port(text: &str, port: u16) -> String {
        text.replace(PORT, &port.to_string())
    }

    /// Whether an argument or a variable of the tool has the placeholder `{port}`.
    pub fn uses_port(&self) -> bool {
        let values = self.environment.values().map(Secret::expose);
        self.arguments.iter().map(String::as_str).chain(values).any(|text| text.contains(PORT))
    }
}

/// Two commands are equal if the gateway would start the same process for both.
impl PartialEq for AppCommand {
    fn eq(&self, other: &Self) -> bool {
        let Self { program, arguments, directory, environment, idle } = self;
        *program == other.program
            && *arguments == other.arguments
            && *directory == other.directory
            && *idle == other.idle
            && environment.len() == other.environment.len()
            && environment
                .iter()
                .zip(&other.environment)
                .all(|(own, other)| own.0 == other.0 && own.1.expose() == other.1.expose())
    }
}

impl Eq for AppCommand {}
