//! What is wrong with a configuration, for the admin who wrote it: the place, the line, the fact, the cure.

use std::fmt::{self, Write as _};
use std::ops::Range;

use super::fault::{Fault, Severity};

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What.
    pub fault: Fault,
    /// Where.
    pub location: Location,
}

/// Where a problem is.
#[derive(Clone, Debug)]
pub enum Location {
    /// In a file.
    File {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The line, with everything hidden that might be a secret.
        shown: String,
        /// Which characters of `shown` are meant.
        marked: Range<usize>,
    },
    /// In an environment variable, by its name.
    Environment(String),
    /// In no line in particular of this file.
    Whole(String),
}

impl Location {
    /// The place of `width` characters in a text without secrets; line and column count from 1.
    pub fn in_text(file: String, text: &str, (line, column): (usize, usize), width: usize) -> Self {
        let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let shown: String = printable(&shown.replace('\t', " "));
        let start = column.saturating_sub(1).min(shown.chars().count());
        Self::File { file, line, column, shown, marked: start..start + width }
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
            Location::Environment(name) => {
                writeln!(f, " --> environment variable {name}\n  = help: {advice}")
            }
            Location::Whole(file) => writeln!(f, " --> {file}\n  = help: {advice}"),
        }
    }
}

/// Puts problems into the order in which an admin mends them: those of the tools file from its top to its end,
/// those of templates, and what is in no file.
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

/// Text that cannot move the cursor of a terminal, nor begin a line of its own.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// All problems as an admin reads them, with a count at the end. Nothing where there are none.
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
