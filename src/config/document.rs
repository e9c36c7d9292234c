//! The text of a TOML file, its values, and where each of them stands.

use std::ops::Range;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::{Fault, Location, Problem};

/// A parsed file.
///
/// A file with a syntax error is parsed table by table, so that one malformed table does not hide what is
/// wrong with the others; of each malformed table only the first error is told, since the rest follow from it.
pub(super) struct Document<'s> {
    name: &'s str,
    text: &'s str,
    /// Tables, and where in the text their piece begins.
    pieces: Vec<(usize, DeTable<'s>)>,
    /// Where the file is not TOML.
    pub(super) problems: Vec<Problem>,
}

/// A way to a value: keys of tables and places in lists.
pub(super) type Path = Vec<Step>;

/// One step of it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A key of a table.
    Key(String),
    /// A place in a list.
    Index(usize),
}

/// What of a value to point at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The key.
    Key,
    /// The value; of a table its heading.
    Value,
}

/// Keys whose values may be shown. All others are hidden where a line is shown: a misspelt `secret` is a
/// secret still.
const PUBLIC: [&str; 16] = [
    "public_url",
    "session",
    "clock_skew",
    "title",
    "description",
    "icon",
    "key",
    "env",
    "template",
    "upstream",
    "roles",
    "path",
    "frame_ancestors",
    "signature_methods",
    "tools",
    "gateway",
];

impl<'s> Document<'s> {
    pub(super) fn parse(name: &'s str, text: &'s str) -> Self {
        let (whole, errors) = DeTable::parse_recoverable(text);
        let mut document = Self { name, text, pieces: Vec::new(), problems: Vec::new() };
        if errors.is_empty() {
            document.pieces.push((0, whole.into_inner()));
            return document;
        }
        let mut faults: Vec<(Range<usize>, Fault)> = Vec::new();
        for error in errors.iter().filter(|error| is_duplicate(error)) {
            let span = error.span().unwrap_or_default();
            let key = text.get(span.clone()).unwrap_or_default().to_owned();
            faults.push((span, Fault::DuplicateKey(key)));
        }
        for piece in pieces(text) {
            let (table, errors) = DeTable::parse_recoverable(&text[piece.clone()]);
            match errors.iter().find(|error| !is_duplicate(error)) {
                None => document.pieces.push((piece.start, table.into_inner())),
                Some(error) => {
                    let span = error.span().unwrap_or_default();
                    let span = span.start + piece.start..span.end + piece.start;
                    faults.push((span, Fault::Syntax(error.message().to_owned())));
                }
            }
        }
        if faults.is_empty() {
            // The pieces are sound one by one and the whole is not: two of them contradict each other.
            let error = &errors[0];
            faults.push((error.span().unwrap_or_default(), Fault::Syntax(error.message().to_owned())));
        }
        document.problems = faults
            .into_iter()
            .map(|(span, fault)| Problem { fault, location: document.show_unparsed(span) })
            .collect();
        document
    }

    /// Whether every table could be parsed.
    pub(super) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Where a part of the value at `path` stands; the nearest table's heading where it does not exist.
    pub(super) fn locate(&self, path: &[Step], part: Part) -> Location {
        for length in (1..=path.len()).rev() {
            let part = if length == path.len() { part } else { Part::Value };
            for (start, table) in &self.pieces {
                if let Some(span) = find(table, &path[..length], part) {
                    return self.show(span.start + start..span.end + start);
                }
            }
        }
        Location::Whole(self.name.to_owned())
    }

    /// The place of a span and its first line, with the values hidden that might be secrets.
    fn show(&self, span: Range<usize>) -> Location {
        let mut hidden = Vec::new();
        for (start, table) in &self.pieces {
            hide_table(table, *start, &mut hidden);
        }
        self.show_without(span, &hidden)
    }

    /// The same where the text could not be parsed: there every value is hidden but those of public keys.
    fn show_unparsed(&self, span: Range<usize>) -> Location {
        let line = self.line_around(span.start);
        let text = &self.text[line.clone()];
        let hidden = match text.split_once('=') {
            _ if text.trim_start().starts_with('[') && !text.contains(['=', '"', '\'']) => None,
            Some((key, _)) if PUBLIC.contains(&key.trim()) && !text.contains('{') => None,
            Some((key, _)) => Some(line.start + key.len() + 1..line.end),
            None if text.trim().is_empty() => None,
            None => Some(line.clone()),
        };
        self.show_without(span, hidden.as_slice())
    }

    fn line_around(&self, at: usize) -> Range<usize> {
        // The end of a file is shown as the end of its last line.
        let at = at.min(self.text.trim_end_matches(['\n', '\r']).len());
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline);
        start..end
    }

    fn show_without(&self, span: Range<usize>, hidden: &[Range<usize>]) -> Location {
        let line = self.line_around(span.start);
        let start = span.start.clamp(line.start, line.end);
        let end = span.end.clamp(start, line.end);
        let mut shown = String::new();
        let mut marked = 0..0;
        let mut characters = 0;
        for (at, character) in self.text[line.clone()].char_indices() {
            let at = line.start + at;
            if at == start {
                marked.start = characters;
            }
            if at == end {
                marked.end = characters;
            }
            match hidden.iter().find(|range| range.contains(&at)) {
                // What is hidden leaves one mark, whatever its length was.
                Some(range) if at == range.start || at == line.start => shown.push('…'),
                Some(_) => continue,
                None if character == '\t' => shown.push(' '),
                None if character == '\r' => continue,
                None => shown.push(character),
            }
            characters += 1;
        }
        if start == line.end {
            marked.start = characters;
        }
        if end == line.end {
            marked.end = characters;
        }
        Location::File {
            file: self.name.to_owned(),
            line: self.text[..line.start].matches('\n').count() + 1,
            column: self.text[line.start..start].chars().count() + 1,
            shown,
            marked,
        }
    }
}

impl Provider for &Document<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("tools file")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut whole = Dict::new();
        for (_, table) in &self.pieces {
            merge(&mut whole, to_dict(table));
        }
        Ok(Profile::Default.collect(whole))
    }
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message().starts_with("duplicate key")
}

/// The text cut before each line that is a table's heading and nothing else.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let heading = line.split('#').next().unwrap_or_default().trim();
        let name = heading.strip_prefix('[');
        // A heading that lacks its closing bracket begins a table all the same.
        if at > 0 && name.is_some_and(|name| name.starts_with(|first: char| first.is_alphabetic())) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

fn find(table: &DeTable<'_>, path: &[Step], part: Part) -> Option<Range<usize>> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    if rest.is_empty() {
        return Some(match part {
            Part::Key => key.span(),
            Part::Value => value.span(),
        });
    }
    find_in_value(value, rest, part)
}

fn find_in_value(value: &Spanned<DeValue<'_>>, path: &[Step], part: Part) -> Option<Range<usize>> {
    match (value.get_ref(), path) {
        (_, []) => Some(value.span()),
        (DeValue::Table(table), path) => find(table, path, part),
        (DeValue::Array(items), [Step::Index(index), rest @ ..]) => {
            find_in_value(items.get(*index)?, rest, part)
        }
        _ => None,
    }
}

fn hide_table(table: &DeTable<'_>, start: usize, hidden: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        hide(value, start, PUBLIC.contains(&key.get_ref().as_ref()), hidden);
    }
}

fn hide(value: &Spanned<DeValue<'_>>, start: usize, public: bool, hidden: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => hide_table(table, start, hidden),
        DeValue::Array(items) => items.iter().for_each(|item| hide(item, start, public, hidden)),
        // An address may carry a password.
        DeValue::String(text) if public && !text.contains('@') => {}
        _ if public && !value.get_ref().is_str() => {}
        _ => hidden.push(value.span().start + start..value.span().end + start),
    }
}

fn to_dict(table: &DeTable<'_>) -> Dict {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), to_value(value.get_ref()))).collect()
}

fn to_list(items: &DeArray<'_>) -> Vec<Value> {
    items.iter().map(|item| to_value(item.get_ref())).collect()
}

fn to_value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.into(),
            Err(_) => number.as_str().to_owned().into(),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) => number.into(),
            Err(_) => number.as_str().to_owned().into(),
        },
        DeValue::Datetime(datetime) => datetime.to_string().into(),
        DeValue::Array(items) => to_list(items).into(),
        DeValue::Table(table) => to_dict(table).into(),
    }
}

/// Puts the tables of `other` into `whole`. What is in both already was reported as a duplicate.
fn merge(whole: &mut Dict, other: Dict) {
    for (key, value) in other {
        match (whole.get_mut(&key), value) {
            (Some(Value::Dict(_, known)), Value::Dict(_, more)) => merge(known, more),
            (Some(_), _) => {}
            (None, value) => {
                whole.insert(key, value);
            }
        }
    }
}
