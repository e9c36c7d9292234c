//! Watches the tools file and the templates in development, and prepares a configuration from each
//! change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::first_run::Placeholders;
use super::load::{Loaded, load_content};
use super::message::{cannot_reload, unreadable};
use super::snapshot::{Snapshot, Stamps};
use crate::config::{Environment, Problem, print};
use crate::web::{Change, ConfigurationSource, Gateway, Look};

/// The most names of changed files in a line of the log.
const MOST_NAMES: usize = 3;

/// The files of a running gateway.
pub struct ToolsWatch {
    file: PathBuf,
    /// Reads the environment. No copy of it stays in memory between two reloads.
    environment: Box<dyn Fn() -> Environment + Send>,
    development: bool,
    /// The files as they were loaded.
    loaded: Snapshot,
    /// The stamps of a change that may not be complete.
    unsettled: Option<Stamps>,
    /// The newest content of the tools file without an error in it.
    sound: Vec<u8>,
    /// The warnings that the terminal shows.
    warned: String,
    /// Prints messages for the terminal.
    terminal: Box<dyn Fn(&str) + Send>,
}

impl ToolsWatch {
    /// Watches the files from now on. Call it before the files are loaded, so that no change in
    /// between is missed. `environment` reads the environment, `terminal` prints problems.
    pub fn start(
        file: &Path,
        environment: impl Fn() -> Environment + Send + 'static,
        development: bool,
        terminal: impl Fn(&str) + Send + 'static,
    ) -> Self {
        Self {
            file: file.to_owned(),
            environment: Box::new(environment),
            development,
            loaded: Snapshot::read(Stamps::read(file)),
            unsettled: None,
            sound: fs::read(file).unwrap_or_default(),
            warned: String::new(),
            terminal: Box::new(terminal),
        }
    }

    /// The same watch, after the terminal has shown these problems.
    #[must_use]
    pub fn after(mut self, problems: &[Problem]) -> Self {
        self.warned = print(&self.name(), problems);
        self
    }

    /// The name of the tools file.
    fn name(&self) -> String {
        self.file.display().to_string()
    }

    fn load(&self, content: &[u8]) -> Loaded {
        load_content(&self.file, content, None, &(self.environment)(), self.development)
    }

    /// Loads changed files.
    fn change(&mut self, current: &Gateway, mut names: Vec<String>) -> Change {
        let name = self.name();
        let (loaded, refused) = match self.read() {
            Ok(loaded) => (loaded, None),
            // The templates change all the same.
            Err(refused) => {
                names.retain(|changed| *changed != name);
                (self.load(&self.sound), Some(refused))
            }
        };
        let mut notice = match refused {
            Some(Refused { shown, notice }) => {
                (self.terminal)(&shown);
                notice
            }
            None => {
                self.report(&loaded);
                print(&name, &loaded.errors().cloned().collect::<Vec<_>>())
            }
        };
        let mut gateway = None;
        let message = message(&names, loaded.config.tools.len(), loaded.is_sound());
        if !names.is_empty() && loaded.is_usable(&self.file) {
            match current.reconfigured(loaded.config, loaded.templates, loaded.credentials) {
                Ok(next) => gateway = Some(Box::new(next)),
                Err(error) => {
                    let refused = cannot_reload(&error);
                    (self.terminal)(&refused);
                    notice.push_str(&refused);
                }
            }
        }
        Change { gateway, message, notice }
    }

    /// Loads the tools file, if it has no error of its own.
    fn read(&mut self) -> Result<Loaded, Refused> {
        let content = fs::read(&self.file).map_err(|error| self.unreadable(&error))?;
        let loaded = self.load(&content);
        if loaded.is_usable(&self.file) {
            self.sound = content;
            return Ok(loaded);
        }
        let name = self.name();
        let notice = print(&name, &loaded.errors().cloned().collect::<Vec<_>>());
        Err(Refused { shown: self.shown(&loaded), notice })
    }

    fn unreadable(&self, error: &io::Error) -> Refused {
        let shown = unreadable(self.name(), error);
        Refused { notice: shown.clone(), shown }
    }

    /// The problems for the terminal. The block after the start has shown the placeholders.
    fn shown(&self, loaded: &Loaded) -> String {
        let mut problems = loaded.problems.clone();
        Placeholders::take(&mut problems);
        print(&self.name(), &problems)
    }

    /// Prints the problems of usable files. Warnings are printed once.
    fn report(&mut self, loaded: &Loaded) {
        let problems = self.shown(loaded);
        if !loaded.is_sound() {
            (self.terminal)(&problems);
        } else if problems != self.warned {
            (self.terminal)(&problems);
            self.warned = problems;
        }
    }
}

impl ConfigurationSource for ToolsWatch {
    fn look(&mut self, current: &Gateway, waits_for_end: bool) -> Look {
        let stamps = Stamps::read(&self.file);
        if self.loaded.is_current(&stamps) {
            return Look::Same;
        }
        let seen = Snapshot::read(stamps.clone());
        let names: Vec<String> = self.loaded.differences(&seen).into_iter().collect();
        if names.is_empty() {
            self.loaded = seen;
            self.unsettled = None;
            return Look::Same;
        }
        if waits_for_end && self.unsettled.as_ref() != Some(&stamps) {
            self.unsettled = Some(stamps);
            return Look::Unsettled;
        }
        self.loaded = seen;
        self.unsettled = None;
        Look::Changed(self.change(current, names))
    }
}

/// Why the tools file is not used.
struct Refused {
    /// All problems, for the terminal.
    shown: String,
    /// The errors, for pages.
    notice: String,
}

/// The message for the log: which files changed, whether there are errors, and how many tools
/// there are.
fn message(names: &[String], tools: usize, is_sound: bool) -> String {
    let shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        1 => " and 1 more file".to_owned(),
        more => format!(" and {more} more files"),
    };
    let noun = if tools == 1 { "tool" } else { "tools" };
    let errors = if is_sound { "" } else { ", with errors" };
    format!("reloaded {shown}{more}{errors}: {tools} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_at_most_three_files() {
        let check = |count: usize, tools: usize, expected: &str| {
            let names: Vec<String> = (1..=count).map(|number| format!("f{number}")).collect();
            assert_eq!(message(&names, tools, true), expected);
        };
        check(1, 0, "reloaded f1: 0 tools");
        check(1, 1, "reloaded f1: 1 tool");
        check(3, 2, "reloaded f1, f2, f3: 2 tools");
        check(4, 2, "reloaded f1, f2, f3 and 1 more file: 2 tools");
        check(6, 2, "reloaded f1, f2, f3 and 3 more files: 2 tools");
        let broken = message(&["a.html.tera".to_owned()], 2, false);
        assert_eq!(broken, "reloaded a.html.tera, with errors: 2 tools");
    }
}
