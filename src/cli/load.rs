//! Reads the tools file and the templates beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lti::Secret;
use lti::v1p1::ConsumerCredentials;

use super::app_files::{check_command, check_site, resolve_directories};
use super::rocket_settings::{Reach, rocket_figment};
use super::template_file::{TEMPLATES, TemplateFile, template_files};
use crate::config::{
    self, Config, Environment, Fault, GatewayPart, Location, Problem, Severity, UpstreamUse,
};
use crate::template::Templates;

/// A tools file with the templates beside it.
pub struct Loaded {
    /// The meaning of the file.
    pub config: Config,
    /// Every consumer's key and secrets.
    pub credentials: Vec<ConsumerCredentials>,
    /// The compiled templates.
    pub templates: Templates,
    /// The directory behind `/static/`. It may be missing.
    pub statics: PathBuf,
    /// All errors and warnings.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// Whether the gateway can start: there is no error.
    pub fn is_sound(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Whether a running gateway can use it: only templates have errors. A tool with such a
    /// template shows them, and the other tools work.
    pub(super) fn is_usable(&self, file: &Path) -> bool {
        let file = file.display().to_string();
        let templates = format!("{TEMPLATES}/");
        self.errors().all(|error| {
            let place = error.location.file().filter(|place| *place != file);
            place.is_some_and(|place| place == TEMPLATES || place.starts_with(&templates))
        })
    }

    /// All errors.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity() == Severity::Error)
    }

    /// Whether a tool has a secret that is not set and that a gateway with `dev_host` replaces by a
    /// random one. Only the process of the gateway knows it.
    pub(super) fn has_random_secret(&self, tool: &str) -> bool {
        let is_placeholder = |secret: &Secret| secret.expose() == self.config.placeholder.expose();
        let mut of_tool = self.credentials.iter().filter(|known| known.tool == tool);
        self.config.dev_host.is_some()
            && of_tool.any(|known| known.secrets.iter().any(is_placeholder))
    }
}

/// Loads a tools file and the templates beside it.
///
/// # Errors
/// An I/O error of the file itself. Errors in its content are in [`Loaded::problems`].
pub fn load(file: &Path, environment: &Environment, development: bool) -> io::Result<Loaded> {
    Ok(load_content(file, &fs::read(file)?, None, environment, development))
}

/// Loads a tools file as if it had this content, with one additional template: its name below
/// `templates/`, and its text.
pub(super) fn load_content(
    file: &Path,
    content: &[u8],
    template: Option<(String, String)>,
    environment: &Environment,
    development: bool,
) -> Loaded {
    let directory = file.parent().unwrap_or(Path::new(""));
    let name = file.display().to_string();
    let mut reading = config::read(file, content, environment, development);
    resolve_directories(&mut reading.config);
    let mut problems = reading.problems;
    let mut files = BTreeMap::from_iter(template);
    let mut unreadable = Vec::new();
    for TemplateFile { name, path } in template_files(directory) {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            let location = Location::Whole(format!("{TEMPLATES}/{name}"));
            let fault = Fault::TemplateUnreadable(error.to_string());
            unreadable.push(Problem { fault, location });
            // The template exists, so `template = …` in a tool is no error.
            String::new()
        });
        files.insert(name, text);
    }
    let (templates, more) = Templates::compile(files, &reading.template_uses, unreadable);
    problems.extend(more);
    own_ports(&reading.upstream_uses, environment, Reach::of(&reading.config), &mut problems);
    for command in &reading.command_uses {
        check_command(command, environment, &mut problems);
    }
    for site in &reading.site_uses {
        check_site(site, file, &reading.config.state, &mut problems);
    }
    config::sort(&name, &mut problems);
    Loaded {
        config: reading.config,
        credentials: reading.credentials,
        templates,
        statics: directory.join("static"),
        problems,
    }
}

/// Reports each upstream at the gateway's own address and port.
fn own_ports(
    upstreams: &[UpstreamUse],
    environment: &Environment,
    reach: Reach,
    problems: &mut Vec<Problem>,
) {
    // `check` and `serve` report invalid settings.
    let Ok((_, settings)) = rocket_figment(environment, reach) else { return };
    let listener = SocketAddr::new(settings.address, settings.port);
    for upstream in upstreams.iter().filter(|upstream| upstream.reaches(listener)) {
        upstream.report_gateway(GatewayPart::Port(listener.port()), problems);
    }
}
