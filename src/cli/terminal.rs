//! Output for a terminal.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::log::Output;

/// Prints to standard output. Ignores a closed pipe (`lti-gateway grades | head`) and a full disk.
pub(super) fn say(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Prints to standard error, as [`say`] does.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Standard error of a running gateway. It does not wait for a reader that has stopped.
///
/// Nothing reports lost messages: the reader is gone.
pub(super) struct Terminal(Option<Output>);

impl Terminal {
    pub(super) fn start() -> Self {
        Self(Output::start("messages", &io::stderr(), usize::MAX, |_| Vec::new()).ok())
    }

    pub(super) fn print(&self, text: &str) {
        match &self.0 {
            Some(output) => output.push(text.as_bytes()),
            None => complain(text),
        }
    }

    /// Waits until everything is written, but not longer than `longest`.
    pub(super) fn flush(&self, longest: Duration) {
        if let Some(output) = &self.0 {
            output.flush(longest);
        }
    }
}

/// Untrusted text on one line of a terminal: without control characters and without characters
/// that change the writing direction.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if is_control(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Untrusted text on several lines of a terminal. Line feeds and tabs stay.
pub(super) fn harmless_lines(text: &str) -> String {
    let allowed = |letter| matches!(letter, '\n' | '\t');
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|letter| if is_control(letter) && !allowed(letter) { '\u{fffd}' } else { letter })
        .collect()
}

fn is_control(letter: char) -> bool {
    let is_direction = matches!(
        letter,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    letter.is_control() || is_direction
}

/// Rows as lines. Each column is as wide as its widest cell.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
