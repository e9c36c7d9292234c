//! Problems of a configuration, as the admin reads them: location, line, fact and advice.

use std::fmt::{self, Write as _};
use std::ops::Range;

use super::fault::{Fault, Severity};
use super::odd_character::OddCharacter;

/// One problem.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The fault.
    pub fault: Fault,
    /// Its location.
    pub location: Location,
}

/// The location of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file.
    File {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The line. Every part that may be a secret is hidden.
        shown: String,
        /// The characters of `shown` that the problem is about.
        marked: Range<usize>,
    },
    /// In the environment variable with this name.
    Environment(String),
    /// In this file, but not in a single line.
    Whole(String),
}

impl Location {
    /// The name of the file.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File { file, .. } | Self::Whole(file) => Some(file),
            Self::Environment(_) => None,
        }
    }

    /// The location of `width` characters in a text without secrets. Line and column count from 1.
    pub fn in_text(file: String, text: &str, (line, column): (usize, usize), width: usize) -> Self {
        // An error at the end of the text is at the end of its last line.
        let count = text.lines().count().max(1);
        let (line, column) = if line > count { (count, usize::MAX) } else { (line, column) };
        let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let column = column.min(shown.chars().count().saturating_add(1));
        let shown: String = printable(&shown.replace('\t', " "));
        let start = column.saturating_sub(1).min(shown.chars().count());
        Self::File { file, line, column, shown, marked: start..start + width }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column, .. } => write!(f, "{file}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Whole(file) => f.write_str(file),
        }
    }
}

impl Problem {
    /// The severity of its fault.
    pub fn severity(&self) -> Severity {
        self.fault.severity()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let fact = printable(&self.fault.to_string());
        let advice = printable(&self.fault.advice());
        writeln!(f, "{severity}: {fact}")?;
        match &self.location {
            Location::File { file, line, column, shown, marked } => {
                let number = line.to_string();
                let gutter = " ".repeat(number.len());
                let indent = " ".repeat(marked.start);
                let marks = "^".repeat(marked.len().max(1));
                writeln!(f, "{gutter}--> {file}:{line}:{column}")?;
                writeln!(f, "{gutter} |")?;
                writeln!(f, "{}", format!("{number} | {shown}").trim_end())?;
                writeln!(f, "{gutter} | {indent}{marks}")?;
                writeln!(f, "{gutter} = help: {advice}")
            }
            location => writeln!(f, " --> {location}\n  = help: {advice}"),
        }
    }
}

/// Sorts problems in the order in which an admin fixes them: first those of the tools file by line,
/// then those of templates, then those of environment variables.
pub fn sort(file: &str, problems: &mut [Problem]) {
    problems.sort_by_cached_key(|problem| match &problem.location {
        Location::File { file: name, line, column, .. } if name == file => {
            (0, String::new(), *line, *column)
        }
        Location::Whole(name) if name == file => (1, String::new(), 0, 0),
        Location::File { file, line, column, .. } => (2, file.clone(), *line, *column),
        Location::Whole(file) => (2, file.clone(), 0, 0),
        Location::Environment(name) => (3, name.clone(), 0, 0),
    });
}

/// Replaces control characters and invisible characters, so that the text can neither move the
/// cursor of a terminal nor start a new line.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            let is_shown = !character.is_control() && !OddCharacter::is_invisible(character);
            if is_shown { character } else { '\u{fffd}' }
        })
        .collect()
}

/// Formats all problems, with a count at the end. Returns an empty string for no problems.
pub fn print(file: &str, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "{problem}");
    }
    let count = |severity, one: &str| {
        let count = problems.iter().filter(|problem| problem.severity() == severity).count();
        match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            more => Some(format!("{more} {one}s")),
        }
    };
    let counts: Vec<_> = [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if !counts.is_empty() {
        let _ = writeln!(text, "{file}: {}", counts.join(", "));
    }
    text
}
