//! Reads the tools file and the templates beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lti::v1p1::ConsumerCredentials;

use super::limit::TEMPLATE_DEPTH;
use crate::config::{self, Config, Environment, Fault, Location, Problem, Severity};
use crate::template::Templates;

/// A tools file with all that lies beside it.
pub struct Loaded {
    /// What it means.
    pub config: Config,
    /// Every consumer's key and secrets.
    pub credentials: Vec<ConsumerCredentials>,
    /// Its templates, compiled.
    pub templates: Templates,
    /// The folder behind `/static/`, which need not exist.
    pub statics: PathBuf,
    /// What is wrong, and what an admin should know.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// Whether the gateway may start.
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity() == Severity::Warning)
    }
}

/// Loads a tools file, and the templates beside it.
///
/// # Errors
/// Any error of reading the file itself; everything that is wrong *in* it is among the problems.
pub fn load(file: &Path, environment: &Environment, development: bool) -> io::Result<Loaded> {
    Ok(load_content(file, &fs::read(file)?, None, environment, development))
}

/// Loads what a tools file would be with this content, and with one more template: its name from `templates/` on, and its text.
pub(super) fn load_content(
    file: &Path,
    content: &[u8],
    template: Option<(String, String)>,
    environment: &Environment,
    development: bool,
) -> Loaded {
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.display().to_string();
    let reading = config::read(file, content, environment, development);
    let mut problems = reading.problems;
    let mut files = BTreeMap::from_iter(template);
    read_templates(&folder.join("templates"), "", TEMPLATE_DEPTH, &mut files, &mut problems);
    let (templates, more) = Templates::compile(files, &reading.template_uses);
    problems.extend(more);
    config::sort(&name, &mut problems);
    Loaded {
        config: reading.config,
        credentials: reading.credentials,
        templates,
        statics: folder.join("static"),
        problems,
    }
}

/// Reads the `.tera` files of a folder and of those in it, under their names from `templates/` on.
fn read_templates(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        // What editors and macOS leave beside a file.
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                read_templates(&path, &format!("{name}/"), depth - 1, files, problems);
            }
        } else if name.ends_with(".tera") {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| {
                let location = Location::Whole(format!("templates/{name}"));
                problems.push(Problem {
                    fault: Fault::TemplateUnreadable(error.to_string()),
                    location,
                });
                // It exists, and nobody who names it is to blame.
                String::new()
            });
            files.insert(name, text);
        }
    }
}
