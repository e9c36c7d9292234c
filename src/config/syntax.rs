//! Separates the valid tables of a text from the malformed ones, and reports the syntax errors.
//!
//! A malformed table is replaced by spaces, so that it does not hide the problems of other tables.
//! Only the first error of a malformed table is reported, because the others follow from it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use toml::de::DeTable;

use super::fault::Fault;
use super::odd_character::OddCharacter;
use super::syntax_kind::SyntaxKind;
use super::variable_syntax::VariableSyntax;

/// The largest number of headings that a multi-line string may contain.
const MOST_HEADINGS_IN_TEXT: usize = 16;

/// The valid tables of a text with syntax errors.
#[derive(Default)]
pub(super) struct ValidToml {
    /// The text with spaces in place of malformed tables, so that no position moves.
    pub(super) text: String,
    /// The errors of malformed tables, and duplicate keys.
    pub(super) errors: Vec<SyntaxError>,
    /// The headings of the malformed tables. A table with an empty heading may contain anything.
    pub(super) malformed: Vec<Vec<String>>,
}

/// One error of the text.
pub(super) struct SyntaxError {
    pub(super) span: Range<usize>,
    pub(super) fault: Fault,
    /// The start of the malformed table. `None` for a duplicate key, because all tables
    /// are then well-formed.
    pub(super) table: Option<usize>,
}

impl ValidToml {
    /// A file whose encoding makes all of it unreadable.
    pub(super) fn unreadable(fault: Fault) -> Self {
        let error = SyntaxError { span: 0..0, fault, table: Some(0) };
        Self { text: String::new(), errors: vec![error], malformed: vec![Vec::new()] }
    }

    /// Finds the malformed tables of a text with syntax errors.
    pub(super) fn of(text: &str) -> Self {
        let mut valid = Self::default();
        let mut masked = text.as_bytes().to_vec();
        let starts = table_starts(text);
        let mut next = 0;
        while next + 1 < starts.len() {
            let (end, error) = parse_table(text, &starts[next..]);
            if let Some(ParserError { span, kind, message }) = error {
                let table = starts[next]..starts[next + 1];
                for byte in &mut masked[table.clone()] {
                    *byte = if *byte == b'\n' { b'\n' } else { b' ' };
                }
                valid.malformed.push(heading(&text[table.clone()]));
                let found = odd_syntax(text, &table, &span)
                    .or_else(|| unquoted_variable(text, &table, &span));
                let (span, fault) = found.unwrap_or((span, Fault::Syntax(kind, message)));
                valid.errors.push(SyntaxError { span, fault, table: Some(table.start) });
            }
            next += end;
        }
        // Only whole characters were replaced, so the result is still UTF-8.
        let masked = String::from_utf8(masked).unwrap_or_default();
        valid.errors.extend(duplicates(&masked));
        valid.text = masked;
        valid
    }
}

/// One error of the TOML parser.
struct ParserError {
    span: Range<usize>,
    kind: SyntaxKind,
    message: String,
}

/// The errors of a text, in the order of the text.
fn errors_of(text: &str) -> Vec<ParserError> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let mistakes = errors.iter().map(|error| ParserError {
        span: error.span().unwrap_or_default(),
        kind: SyntaxKind::of_message(error.message()),
        message: error.message().to_owned(),
    });
    mistakes.collect()
}

/// The start of each table: the start of the text, each line with a heading (even without its
/// closing bracket), and the end of the text.
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

/// Parses the table between the first two of `starts`. If a multi-line string contains the next
/// headings, the table extends across them. Returns the number of headings, and the first error.
fn parse_table(text: &str, starts: &[usize]) -> (usize, Option<ParserError>) {
    let first_error = |end: usize| {
        let part = &text[starts[0]..starts[end]];
        errors_of(part).into_iter().find(|mistake| mistake.kind != SyntaxKind::Duplicate)
    };
    let Some(ParserError { span, kind, message }) = first_error(1) else { return (1, None) };
    let part = &text[starts[0]..starts[1]];
    if part.contains("\"\"\"") || part.contains("'''") {
        let most = starts.len().min(2 + MOST_HEADINGS_IN_TEXT);
        if let Some(end) = (2..most).find(|end| first_error(*end).is_none()) {
            return (end, None);
        }
    }
    // The parser reports an unclosed value at the end of the table. Mark the end of its last line.
    let last = part.trim_end().len();
    let span = if span.start >= last { last..last } else { span };
    let span = match ["\"\"\"", "'''"].iter().filter_map(|quotes| part.rfind(quotes)).max() {
        Some(opening) if span.is_empty() && kind == SyntaxKind::MultiLineString => {
            opening..opening + 3
        }
        _ => span,
    };
    let span = span.start + starts[0]..span.end + starts[0];
    (1, Some(ParserError { span, kind, message }))
}

/// The character that looks like another, if it is the cause of the error at `span` in a malformed
/// table.
fn odd_syntax(
    text: &str,
    table: &Range<usize>,
    span: &Range<usize>,
) -> Option<(Range<usize>, Fault)> {
    let mut at = table.start;
    let first_number = text[..at].matches('\n').count() + 1;
    let mut cause = None;
    let mut others = Vec::new();
    for (number, line) in (first_number..).zip(text[table.clone()].split_inclusive('\n')) {
        let found = OddCharacter::in_syntax(line.trim_end_matches(['\r', '\n']));
        let is_cause = cause.is_none() && (at..at + line.len()).contains(&span.start);
        match found.first() {
            Some((offset, odd)) if is_cause => {
                let start = at + offset;
                cause = Some((start..start + odd.character().len_utf8(), *odd));
            }
            Some(_) => others.push(number),
            None => {}
        }
        at += line.len();
    }
    let (span, odd) = cause?;
    Some((span, Fault::OddSyntax(odd, others)))
}

/// A variable in the syntax of another program without quotes, if it is the cause of the error at
/// `span` in a malformed table.
fn unquoted_variable(
    text: &str,
    table: &Range<usize>,
    span: &Range<usize>,
) -> Option<(Range<usize>, Fault)> {
    /// The keys whose values people write as variables.
    const KEYS: [&str; 5] = ["secret", "public_url", "state", "key", "upstream"];
    let start =
        text[table.start..span.start].rfind('\n').map_or(table.start, |at| table.start + at + 1);
    let line = text[start..table.end].lines().next()?;
    let (key, value) = line.split_once('=')?;
    let of = KEYS.into_iter().find(|one| *one == key.trim())?;
    let found = VariableSyntax::of_unquoted(value)?;
    let at = start + key.len() + 1 + (value.len() - value.trim_start().len());
    let variable = Some((found.shown(), found.name.to_owned()));
    Some((at..at + found.text.len(), Fault::Unexpanded { key: of.to_owned(), of, variable }))
}

/// The keys of a table's heading; empty for a table without a heading.
fn heading(table: &str) -> Vec<String> {
    let line = table.lines().next().unwrap_or_default().trim();
    let Some(keys) = line.strip_prefix('[') else { return Vec::new() };
    let keys = keys.trim_start_matches('[').split([']', '#']).next().unwrap_or_default();
    keys.split('.').map(|key| key.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

/// The duplicate keys and tables of a text of valid tables. For a duplicate table, only the heading
/// is reported, because its duplicate keys follow from it.
fn duplicates(text: &str) -> Vec<SyntaxError> {
    let starts = table_starts(text);
    let table_of = |at: usize| starts.partition_point(|start| *start <= at);
    let mut duplicate_table = None;
    let mut found = Vec::new();
    for ParserError { span, kind, message } in errors_of(text) {
        let is_heading = text[..span.start]
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.trim_start().starts_with('['));
        let table = table_of(span.start);
        if duplicate_table == Some(table) {
            continue;
        }
        if is_heading {
            duplicate_table = Some(table);
        }
        let fault = if kind == SyntaxKind::Duplicate {
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
        found.push((table, is_heading, SyntaxError { span, fault, table: None }));
    }
    merge_duplicates(text, &starts, found)
}

/// Merges the duplicate keys of each tool whose second definitions all follow the first ones: the
/// heading of another tool is probably missing.
fn merge_duplicates(
    text: &str,
    starts: &[usize],
    found: Vec<(usize, bool, SyntaxError)>,
) -> Vec<SyntaxError> {
    // The keys of each table, with the lines of the last first and the first second definition.
    let mut blocks: HashMap<usize, (Vec<String>, usize, usize)> = HashMap::new();
    for (table, is_heading, error) in &found {
        let Fault::DuplicateKey(key, Some(first)) = &error.fault else { continue };
        let is_tool =
            heading(&text[starts[table - 1]..]).first().is_some_and(|first| first == "tools");
        if *is_heading || !is_tool {
            continue;
        }
        let second = text[..error.span.start].matches('\n').count() + 1;
        let (keys, last_first, first_second) =
            blocks.entry(*table).or_insert((Vec::new(), 0, usize::MAX));
        if !keys.contains(key) {
            keys.push(key.clone());
        }
        *last_first = (*last_first).max(*first);
        *first_second = (*first_second).min(second);
    }
    blocks
        .retain(|_, (keys, last_first, first_second)| keys.len() > 1 && last_first < first_second);
    let mut errors = Vec::new();
    let mut merged = HashSet::new();
    for (table, _, mut error) in found {
        if let (Fault::DuplicateKey(_, Some(_)), Some((keys, ..))) =
            (&error.fault, blocks.get(&table))
        {
            if !merged.insert(table) {
                continue;
            }
            error.fault = Fault::DuplicateKeys(keys.clone());
        }
        errors.push(error);
    }
    errors
}

/// The start of the first table with the same heading as the last of these tables.
fn first_heading(text: &str, starts: &[usize]) -> Option<usize> {
    let (last, earlier) = starts.split_last()?;
    let keys = heading(&text[*last..]);
    earlier.iter().copied().find(|start| heading(&text[*start..]) == keys)
}

/// The earlier line that defines the same key in the table that starts at `start`.
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
