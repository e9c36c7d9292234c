//! What of a text is TOML, and what is wrong with the rest.
//!
//! A malformed table is cut out and the others are kept, so that it does not hide what is wrong with them. Of each
//! malformed table only the first error is told, since the rest follow from it.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::DeTable;

use super::fault::Fault;
use super::syntax_kind::SyntaxKind;

/// How many more tables may belong to one, because their headings stand inside of a text of several lines.
const MOST_HEADINGS_IN_TEXT: usize = 16;

/// A text without its malformed tables.
pub(super) struct Sound<'s> {
    /// The same length and lines as the whole, with blanks in place of what is malformed.
    pub(super) text: Cow<'s, str>,
    /// What is malformed, and what is written twice.
    pub(super) errors: Vec<SyntaxError>,
    /// The headings of the malformed tables. One that has none may hold anything.
    pub(super) lost: Vec<Vec<String>>,
}

/// One error in the text.
pub(super) struct SyntaxError {
    pub(super) span: Range<usize>,
    pub(super) fault: Fault,
    /// Where the malformed table begins; nothing where every table is sound and two contradict each other.
    pub(super) table: Option<usize>,
}

impl<'s> Sound<'s> {
    /// Finds what is malformed.
    pub(super) fn of(text: &'s str) -> Self {
        if errors_of(text).is_empty() {
            return Self { text: text.into(), errors: Vec::new(), lost: Vec::new() };
        }
        let mut sound = Self { text: text.into(), errors: Vec::new(), lost: Vec::new() };
        let mut blanked = text.as_bytes().to_vec();
        let starts = table_starts(text);
        let mut next = 0;
        while next + 1 < starts.len() {
            let (end, error) = parse_table(text, &starts[next..]);
            if let Some(SyntaxMistake { span, kind, message }) = error {
                let table = starts[next]..starts[next + 1];
                for byte in &mut blanked[table.clone()] {
                    *byte = if *byte == b'\n' { b'\n' } else { b' ' };
                }
                sound.lost.push(heading(&text[table.clone()]));
                let fault = Fault::Syntax(kind, message);
                sound.errors.push(SyntaxError { span, fault, table: Some(table.start) });
            }
            next += end;
        }
        // Whole characters were replaced, so it is text still.
        let blanked = String::from_utf8(blanked).unwrap_or_default();
        sound.errors.extend(contradictions(&blanked));
        sound.text = blanked.into();
        sound
    }
}

/// One error of the parser.
struct SyntaxMistake {
    span: Range<usize>,
    kind: SyntaxKind,
    message: String,
}

/// The errors of a text, in its order.
fn errors_of(text: &str) -> Vec<SyntaxMistake> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let mistakes = errors.iter().map(|error| SyntaxMistake {
        span: error.span().unwrap_or_default(),
        kind: SyntaxKind::of_message(error.message()),
        message: error.message().to_owned(),
    });
    mistakes.collect()
}

/// Where tables begin: the text's start, each line that begins with a heading (also one that lacks its closing
/// bracket), and the text's end.
fn table_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let name = line
            .trim_start()
            .strip_prefix('[')
            .map(|rest| rest.trim_start_matches(['[', ' ', '\t']));
        if at > 0
            && name.is_some_and(|name| {
                name.starts_with(|first: char| first.is_alphabetic() || first == '_')
            })
        {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts
}

/// Parses the table that lies between the first two of `starts`, or as many as are one because a text of several
/// lines holds their headings. Returns how many, and the first error.
fn parse_table(text: &str, starts: &[usize]) -> (usize, Option<SyntaxMistake>) {
    let first_error = |end: usize| {
        let part = &text[starts[0]..starts[end]];
        errors_of(part).into_iter().find(|mistake| mistake.kind != SyntaxKind::Contradiction)
    };
    let Some(SyntaxMistake { span, kind, message }) = first_error(1) else { return (1, None) };
    let part = &text[starts[0]..starts[1]];
    if part.contains("\"\"\"") || part.contains("'''") {
        let most = starts.len().min(2 + MOST_HEADINGS_IN_TEXT);
        if let Some(end) = (2..most).find(|end| first_error(*end).is_none()) {
            return (end, None);
        }
    }
    // What is unclosed is missed at the table's end, which is told where its last line ends.
    let last = part.trim_end().len();
    let span = if span.start >= last { last..last } else { span };
    let span = match ["\"\"\"", "'''"].iter().filter_map(|quotes| part.rfind(quotes)).max() {
        Some(opening) if span.is_empty() && kind == SyntaxKind::LongText => opening..opening + 3,
        _ => span,
    };
    let span = span.start + starts[0]..span.end + starts[0];
    (1, Some(SyntaxMistake { span, kind, message }))
}

/// The keys of a table's heading; none where it has no heading.
fn heading(table: &str) -> Vec<String> {
    let line = table.lines().next().unwrap_or_default().trim();
    let Some(keys) = line.strip_prefix('[') else { return Vec::new() };
    let keys = keys.trim_start_matches('[').split([']', '#']).next().unwrap_or_default();
    keys.split('.').map(|key| key.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

/// What a text of sound tables says twice. Of a table that is written twice only the heading is told, since what
/// its keys repeat follows from it.
fn contradictions(text: &str) -> Vec<SyntaxError> {
    let starts = table_starts(text);
    let table_of = |at: usize| starts.partition_point(|start| *start <= at);
    let mut twice = None;
    let mut found = Vec::new();
    for SyntaxMistake { span, kind, message } in errors_of(text) {
        let is_heading = text[..span.start]
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.trim_start().starts_with('['));
        let table = table_of(span.start);
        if twice == Some(table) {
            continue;
        }
        if is_heading {
            twice = Some(table);
        }
        let fault = if kind == SyntaxKind::Contradiction {
            let start = starts[table - 1];
            let first = if is_heading {
                first_heading(text, &starts[..table])
            } else {
                first_key(text, start, &span)
            };
            let first = first.map(|at| text[..at].matches('\n').count() + 1);
            Fault::DuplicateKey(text.get(span.clone()).unwrap_or_default().to_owned(), first)
        } else {
            Fault::Syntax(kind, message)
        };
        found.push(SyntaxError { span, fault, table: None });
    }
    found
}

/// Where a heading stands already that begins the last of these tables, too.
fn first_heading(text: &str, starts: &[usize]) -> Option<usize> {
    let (last, earlier) = starts.split_last()?;
    let keys = heading(&text[*last..]);
    earlier.iter().copied().find(|start| heading(&text[*start..]) == keys)
}

/// Where a key of the table that begins at `start` stands already, on an earlier line.
fn first_key(text: &str, start: usize, span: &Range<usize>) -> Option<usize> {
    let key = text.get(span.clone())?;
    let mut at = start;
    for line in text[start..span.start].split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let rest = line.trim_start().strip_prefix(key);
        if rest.is_some_and(|rest| rest.trim_start().starts_with(['=', '.'])) {
            return Some(at);
        }
        at += line.len();
    }
    None
}
