//! The line that a problem shows.
//!
//! Nothing in it is a secret: of a line that is TOML it shows keys, headings and the values that are known to be
//! public, and of one that is not it shows less. The value of a misspelt `secret` is a secret still, and so may be
//! any comment.

use std::cmp::Reverse;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::is_variable;
use super::key::{CONSUMER, GATEWAY, Kind, TOOL};
use super::problem::Location;

/// Stands for any place in a list.
const ITEM: &str = "";

/// Shows lines of a file.
pub(super) struct Excerpts<'s> {
    name: &'s str,
    text: &'s str,
    /// Where lines begin.
    lines: Vec<usize>,
    /// What of the sound tables may be shown and what may not, in order.
    marks: Vec<Mark>,
}

/// A part of the text.
#[derive(Clone, Debug)]
struct Mark {
    span: Range<usize>,
    /// What is not shown leaves one `…`, whatever its length is.
    shown: bool,
}

impl<'s> Excerpts<'s> {
    /// For a text whose sound tables are these.
    pub(super) fn new(name: &'s str, text: &'s str, tables: &DeTable<'_>) -> Self {
        let lines =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut marker = Marker { text, path: Vec::new(), marks: Vec::new() };
        marker.table(tables);
        let mut all = marker.marks;
        all.sort_by_key(|mark| (mark.span.start, Reverse(mark.span.end)));
        // The keys in a heading are part of it.
        let mut marks: Vec<Mark> = Vec::new();
        for mark in all {
            if marks.last().is_none_or(|last| last.span.end <= mark.span.start) {
                marks.push(mark);
            }
        }
        Self { name, text, lines, marks }
    }

    /// The first line of a span in a sound table.
    pub(super) fn of_sound(&self, span: Range<usize>) -> Location {
        let line = self.line_around(span.start);
        self.location(span, &line, self.marks_of(&line))
    }

    /// The line of a key in a sound table that takes no part in it, because it contradicts another.
    pub(super) fn of_surplus(&self, span: Range<usize>) -> Location {
        let line = self.line_around(span.start);
        if let Some(length) = heading(&self.text[line.clone()]) {
            let heading = Mark { span: line.start..line.start + length, shown: true };
            return self.location(span, &line, &[heading]);
        }
        let mut marks: Vec<Mark> = self.marks_of(&line).to_vec();
        marks.retain(|mark| mark.span.end <= span.start || mark.span.start >= span.end);
        let at = marks.partition_point(|mark| mark.span.start < span.start);
        marks.insert(at, Mark { span: span.clone(), shown: true });
        self.location(span, &line, &marks)
    }

    /// The first line of a span in a malformed table that begins at `table`.
    pub(super) fn of_malformed(&self, span: Range<usize>, table: usize) -> Location {
        let line = self.line_around(span.start);
        let text = &self.text[line.clone()];
        // The line may belong to a text of several lines, and say anything.
        let above = &self.text[table.min(line.start)..line.start];
        let in_text = above.contains("\"\"\"") || above.contains("'''");
        let length = match heading(text) {
            _ if in_text => 0,
            Some(length) => length,
            None if has_free_names(above) => 0,
            None => setting(text).unwrap_or_default(),
        };
        self.location(span, &line, &[Mark { span: line.start..line.start + length, shown: true }])
    }

    fn line_around(&self, at: usize) -> Range<usize> {
        let number = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[number - 1];
        let end = self.lines.get(number).map_or(self.text.len(), |next| next - 1);
        start..end
    }

    /// The marks that reach into a line.
    fn marks_of(&self, line: &Range<usize>) -> &[Mark] {
        let first = self.marks.partition_point(|mark| mark.span.end <= line.start);
        let last = self.marks.partition_point(|mark| mark.span.start < line.end);
        &self.marks[first..last.max(first)]
    }

    fn location(&self, span: Range<usize>, line: &Range<usize>, marks: &[Mark]) -> Location {
        let mut shown = Shown::default();
        let mut at = line.start;
        for mark in marks {
            let start = mark.span.start.clamp(at, line.end);
            let end = mark.span.end.clamp(start, line.end);
            shown.between(self.text, at..start);
            if mark.shown {
                shown.text(self.text, start..end);
            } else if start < end {
                shown.hide(start..end);
            }
            at = end;
        }
        shown.between(self.text, at..line.end);
        let start = span.start.clamp(line.start, line.end);
        let end = span.end.clamp(start, line.end);
        Location::File {
            file: self.name.to_owned(),
            line: self.lines.partition_point(|first| *first <= line.start),
            column: self.text[line.start..start].chars().count() + 1,
            marked: shown.marked(start..end),
            shown: shown.characters.iter().map(|(_, character)| *character).collect(),
        }
    }
}

/// The characters shown of a line, each with the part of the text that it stands for.
#[derive(Default)]
struct Shown {
    characters: Vec<(Range<usize>, char)>,
}

impl Shown {
    fn text(&mut self, text: &str, span: Range<usize>) {
        for (offset, character) in text[span.clone()].char_indices() {
            let start = span.start + offset;
            let shown = match character {
                '\r' => continue,
                '\t' => ' ',
                // Nothing in the file moves the cursor of the terminal.
                _ if character.is_control() => '\u{fffd}',
                _ => character,
            };
            self.characters.push((start..start + character.len_utf8(), shown));
        }
    }

    fn hide(&mut self, span: Range<usize>) {
        self.characters.push((span, '…'));
    }

    /// What lies between two marks: blanks and punctuation are shown, a comment is left out, all else is hidden.
    fn between(&mut self, text: &str, span: Range<usize>) {
        let part = &text[span.clone()];
        let rest = part.trim_start_matches([' ', '\t', '=', ',', '.', '{', '}', '[', ']', '\r']);
        let punctuation = span.end - rest.len();
        if rest.is_empty() {
            self.text(text, span);
        } else if rest.starts_with('#') {
            self.text(
                text,
                span.start..span.start + part[..part.len() - rest.len()].trim_end().len(),
            );
        } else {
            self.text(text, span.start..punctuation);
            self.hide(punctuation..span.end);
        }
    }

    /// Which characters stand for a span.
    fn marked(&self, span: Range<usize>) -> Range<usize> {
        let start = self.characters.partition_point(|(part, _)| part.end <= span.start);
        let end = self.characters.partition_point(|(part, _)| part.start < span.end);
        start..end.max(start)
    }
}

/// Marks the keys, headings and values of tables.
struct Marker<'t> {
    text: &'t str,
    /// The keys above.
    path: Vec<&'t str>,
    marks: Vec<Mark>,
}

impl<'t> Marker<'t> {
    fn table(&mut self, table: &'t DeTable<'_>) {
        for (key, value) in table {
            self.mark(key.span(), is_harmless_address(key.get_ref()));
            self.path.push(key.get_ref());
            self.value(value);
            self.path.pop();
        }
    }

    fn value(&mut self, value: &'t Spanned<DeValue<'_>>) {
        let public = is_public(&self.path);
        match value.get_ref() {
            DeValue::Table(table) => {
                if self.text[value.span()].starts_with('[') {
                    self.mark(value.span(), true);
                }
                self.table(table);
            }
            DeValue::Array(items) => {
                self.path.push(ITEM);
                items.iter().for_each(|item| self.value(item));
                self.path.pop();
            }
            DeValue::String(text) => {
                self.mark(value.span(), public && is_harmless(&self.path, text))
            }
            _ => self.mark(value.span(), public),
        }
    }

    fn mark(&mut self, span: Range<usize>, shown: bool) {
        self.marks.push(Mark { span, shown });
    }
}

/// Whether the value at these keys may be shown.
fn is_public(path: &[&str]) -> bool {
    let (table, rest) = match path {
        ["gateway", rest @ ..] => (GATEWAY, rest),
        ["tools", _, "consumers", ITEM, rest @ ..] => (CONSUMER, rest),
        ["tools", _, rest @ ..] => (TOOL, rest),
        _ => return false,
    };
    let Some((name, rest)) = rest.split_first() else { return false };
    let Some(key) = table.get(name) else { return false };
    match rest {
        [] | [ITEM] => key.shown,
        // The name of a variable.
        [above @ .., "env"] if takes_variable(&key.kind, above) => true,
        // A key without `://` belongs to another table: its line is below the wrong heading.
        [prefix] => key.name == "outcome_url_rewrite" && prefix.contains("://"),
        _ => false,
    }
}

/// Whether `{ env = "…" }` may be written at these keys of a value.
fn takes_variable(kind: &Kind, path: &[&str]) -> bool {
    match path {
        [] => kind.takes_variable(),
        [step, rest @ ..] => kind
            .inner((*step != ITEM).then_some(step))
            .is_some_and(|inner| takes_variable(inner, rest)),
    }
}

/// Whether a public text holds nothing that is a secret after all.
fn is_harmless(path: &[&str], text: &str) -> bool {
    match path {
        // A secret written where the name of its variable belongs.
        [.., "env"] => is_variable(text),
        [.., "outcome_url_rewrite", _] => text.contains("://") && is_harmless_address(text),
        [.., "upstream" | "state"] => is_harmless_address(text),
        _ => !text.contains('@'),
    }
}

/// Whether text, should it be an address, carries no password, and no query, which may be a token.
fn is_harmless_address(text: &str) -> bool {
    !text.contains(['@', '?'])
}

/// How much of a line is a heading, also a malformed one.
fn heading(line: &str) -> Option<usize> {
    let name = line.trim_start().strip_prefix('[')?.trim_start_matches(['[', ' ', '\t']);
    if !name.starts_with("tools") && !name.starts_with("gateway") {
        return None;
    }
    let stop = |letter: char| !letter.is_alphanumeric() && !" \t.-_[]".contains(letter);
    let heading = &line[..line.find(stop).unwrap_or(line.len())];
    match heading.split_once(']') {
        Some((keys, rest)) => Some(keys.len() + if rest.starts_with(']') { 2 } else { 1 }),
        None => Some(heading.len()),
    }
}

/// Whether a line below these may belong to a table whose keys can have any name, also that of a key whose value may be
/// shown: to `headers` or `params`, or to what is open in braces.
fn has_free_names(above: &str) -> bool {
    let closes = |line: &str| {
        // A `#` may also stand in a text, which is then not seen to its end.
        let setting = line.split('#').next().unwrap_or_default();
        setting.trim_end().ends_with('}')
            && setting.matches('{').count() == setting.matches('}').count()
    };
    let heading =
        above.lines().rfind(|line| line.trim_start().starts_with('[')).unwrap_or_default();
    ["headers", "params"].iter().any(|name| heading.contains(name))
        || above.lines().any(|line| line.contains('{') && !closes(line))
}

/// How much of a line is a known key and, where that may be shown, its value.
fn setting(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let length =
        line[start..].find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let end = length.map_or(line.len(), |length| start + length);
    let key = &line[start..end];
    let mut known = [GATEWAY, TOOL].into_iter().filter_map(|table| table.get(key)).peekable();
    known.peek()?;
    let public = known.any(|key| key.shown);
    let Some(value) = line[end..].trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some(end);
    };
    let length = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            value[1..].find(quote).map_or(value.len(), |closing| closing + 2)
        }
        _ => value.find([' ', '\t', ',', '#']).unwrap_or(value.len()),
    };
    // It may be another setting that follows on the line, a token in an address, or a list; also a password in an address,
    // which may hold the quote that seems to be the closing one.
    let public = public && !value[..length].contains(['=', '?', '{', '[']) && !value.contains('@');
    Some(if public { line.len() - value.len() + length } else { end })
}
