//! What the terminal shows.

use std::io::{self, Write as _};

/// Prints this. Whoever reads it may have read enough (`lti-gateway grades | head`).
pub(super) fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// A text from outside on one line of a terminal: nothing in it moves the cursor, colours or turns round what stands there.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if moves(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The same of a text of several lines.
pub(super) fn harmless_lines(text: &str) -> String {
    let kept = |letter| matches!(letter, '\n' | '\t');
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|letter| if moves(letter) && !kept(letter) { '\u{fffd}' } else { letter })
        .collect()
}

fn moves(letter: char) -> bool {
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns
}

/// Rows under each other, each column as wide as its widest cell.
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
