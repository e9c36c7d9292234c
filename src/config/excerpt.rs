//! The line of the file that a problem shows.
//!
//! An excerpt never shows a secret. From a line of valid TOML, it shows keys, headings and the
//! values of public keys. From a malformed line, it shows less. The value of a misspelled `secret`
//! is still a secret, and so may be any comment.

use std::cmp::Reverse;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::is_variable;
use super::key::{CLIENT, CONSUMER, GATEWAY, Kind, LINE_ITEM, LINK, PLATFORM, TOOL};
use super::odd_character::OddCharacter;
use super::problem::Location;

/// The path step for any index of a list.
const ITEM: &str = "";

/// Makes excerpts of a file.
pub(super) struct Excerpts<'s> {
    name: &'s str,
    text: &'s str,
    /// The offset of each line.
    lines: Vec<usize>,
    /// The visible and hidden parts of the valid tables, in the order of the text.
    marks: Vec<Mark>,
}

/// A visible or hidden part of the text.
#[derive(Clone, Debug)]
struct Mark {
    span: Range<usize>,
    /// A hidden part becomes one `…`, so that its length stays hidden, too.
    shown: bool,
}

impl<'s> Excerpts<'s> {
    /// Excerpts of `text`. `tables` are its valid tables.
    pub(super) fn new(name: &'s str, text: &'s str, tables: &DeTable<'_>) -> Self {
        let lines =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut marker = Marker { text, path: Vec::new(), marks: Vec::new() };
        marker.table(tables);
        let mut all = marker.marks;
        all.sort_by_key(|mark| (mark.span.start, Reverse(mark.span.end)));
        // Keys in a heading are part of the heading's mark.
        let mut marks: Vec<Mark> = Vec::new();
        for mark in all {
            if marks.last().is_none_or(|last| last.span.end <= mark.span.start) {
                marks.push(mark);
            }
        }
        Self { name, text, lines, marks }
    }

    /// The first line of a span in a valid table.
    pub(super) fn of_sound(&self, span: Range<usize>) -> Location {
        let line = self.line_around(span.start);
        self.location(span, &line, self.marks_of(&line))
    }

    /// The line of a character's first occurrence in a span of a valid table.
    pub(super) fn find(&self, span: Range<usize>, character: char) -> Option<Location> {
        let at = span.start + self.text.get(span)?.find(character)?;
        Some(self.of_sound(at..at + character.len_utf8()))
    }

    /// The comment behind a value of a valid table, on the line on which the value ends.
    pub(super) fn comment_behind(&self, span: &Range<usize>) -> Option<&'s str> {
        let line = self.text.get(span.end..)?.lines().next()?;
        line.trim_start().strip_prefix('#').map(str::trim)
    }

    /// Whether no line after `first`, up to `last`, is a heading.
    pub(super) fn has_no_heading(&self, first: usize, last: usize) -> bool {
        let lines = self.text.lines().take(last).skip(first);
        !lines.into_iter().any(|line| line.trim_start().starts_with('['))
    }

    /// The line of a duplicate key in a valid table. The parser omits such a key.
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
        // The line may be part of a multi-line string, and contain anything.
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
        // The end of a text with a final line break belongs to its last line.
        let last = self.text.strip_suffix('\n').map_or(self.text.len(), str::len);
        let number = self.lines.partition_point(|start| *start <= at.min(last));
        let start = self.lines[number - 1];
        let end = self.lines.get(number).map_or(self.text.len(), |next| next - 1);
        start..end
    }

    /// The marks that overlap a line.
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

/// The characters of an excerpt, each with the part of the text that it represents.
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
                // A control character could move the cursor of the terminal.
                _ if character.is_control() || OddCharacter::is_invisible(character) => '\u{fffd}',
                _ => character,
            };
            self.characters.push((start..start + character.len_utf8(), shown));
        }
    }

    fn hide(&mut self, span: Range<usize>) {
        self.characters.push((span, '…'));
    }

    /// Adds the part between two marks: shows spaces and punctuation, omits a comment, and hides
    /// the rest.
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

    /// The characters that represent a span.
    fn marked(&self, span: Range<usize>) -> Range<usize> {
        let start = self.characters.partition_point(|(part, _)| part.end <= span.start);
        let end = self.characters.partition_point(|(part, _)| part.start < span.end);
        start..end.max(start)
    }
}

/// Collects marks for the keys, headings and values of tables.
struct Marker<'t> {
    text: &'t str,
    /// The keys of the enclosing tables.
    path: Vec<&'t str>,
    marks: Vec<Mark>,
}

impl<'t> Marker<'t> {
    fn table(&mut self, table: &'t DeTable<'_>) {
        for (key, value) in table {
            self.mark(key.span(), is_harmless_url(key.get_ref()));
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

/// Whether an excerpt may show the value at this path.
fn is_public(path: &[&str]) -> bool {
    let (table, rest) = match path {
        ["gateway", rest @ ..] => (GATEWAY, rest),
        ["platforms", _, "clients", ITEM, rest @ ..] => (CLIENT, rest),
        ["platforms", _, rest @ ..] => (PLATFORM, rest),
        ["tools", _, "consumers", ITEM, rest @ ..] => (CONSUMER, rest),
        ["tools", _, "links", ITEM, rest @ ..] => (LINK, rest),
        ["tools", _, "line_item", rest @ ..] if !rest.is_empty() => (LINE_ITEM, rest),
        ["tools", _, rest @ ..] => (TOOL, rest),
        _ => return false,
    };
    let Some((name, rest)) = rest.split_first() else { return false };
    let Some(key) = table.get(name) else { return false };
    match rest {
        [] | [ITEM] => key.public,
        // The name of an environment variable.
        [above @ .., "env"] if takes_variable(&key.kind, above) => true,
        // A key without `://` belongs to another table, and is below the wrong heading.
        [prefix] => key.name == "outcome_url_rewrite" && prefix.contains("://"),
        _ => false,
    }
}

/// Whether the value at this path may be `{ env = "…" }`.
fn takes_variable(kind: &Kind, path: &[&str]) -> bool {
    match path {
        [] => kind.takes_variable(),
        [step, rest @ ..] => kind
            .inner((*step != ITEM).then_some(step))
            .is_some_and(|inner| takes_variable(inner, rest)),
    }
}

/// Whether the string at a public path contains no secret.
fn is_harmless(path: &[&str], text: &str) -> bool {
    match path {
        // The author may have written the secret itself in place of the variable's name.
        [.., "env"] => is_variable(text),
        [.., "outcome_url_rewrite", _] => text.contains("://") && is_harmless_url(text),
        [.., "upstream" | "state" | "url" | "issuer" | "auth_url" | "token_url" | "jwks_url"] => {
            is_harmless_url(text)
        }
        _ => !text.contains('@'),
    }
}

/// Whether `text`, if it is a URL, has no password, and no query, which may contain a token.
///
/// A quote in a password ends the string before the `@`. What is no port may then be a password.
fn is_harmless_url(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let after_name = authority.rsplit(']').next().unwrap_or_default();
    let port = after_name.split_once(':').map_or("", |(_, port)| port);
    !text.contains(['@', '?']) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The length of a heading, valid or malformed, at the start of a line.
fn heading(line: &str) -> Option<usize> {
    let name = line.trim_start().strip_prefix('[')?.trim_start_matches(['[', ' ', '\t']);
    if !["tools", "gateway", "platforms"].iter().any(|table| name.starts_with(table)) {
        return None;
    }
    let stop = |character: char| !character.is_alphanumeric() && !" \t.-_[]".contains(character);
    let heading = &line[..line.find(stop).unwrap_or(line.len())];
    match heading.split_once(']') {
        Some((keys, rest)) => Some(keys.len() + if rest.starts_with(']') { 2 } else { 1 }),
        None => Some(heading.len()),
    }
}

/// Whether the line after `above` may belong to a table with arbitrary keys: `headers`, `params`,
/// `environment` or an unclosed inline table. Such a key may have the name of a public key.
fn has_free_names(above: &str) -> bool {
    let closes = |line: &str| {
        // A `#` inside a string also cuts the line here. That only hides more.
        let setting = line.split('#').next().unwrap_or_default();
        setting.trim_end().ends_with('}')
            && setting.matches('{').count() == setting.matches('}').count()
    };
    let heading =
        above.lines().rfind(|line| line.trim_start().starts_with('[')).unwrap_or_default();
    ["headers", "params", "environment"].iter().any(|name| heading.contains(name))
        || above.lines().any(|line| line.contains('{') && !closes(line))
}

/// The length of a known key at the start of a line, including its value if that is public.
fn setting(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let length = line[start..]
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let end = length.map_or(line.len(), |length| start + length);
    let key = &line[start..end];
    let mut known =
        [GATEWAY, TOOL, PLATFORM].into_iter().filter_map(|table| table.get(key)).peekable();
    known.peek()?;
    let public = known.any(|key| key.public);
    let Some(value) = line[end..].trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some(end);
    };
    let length = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            value[1..].find(quote).map_or(value.len(), |closing| closing + 2)
        }
        _ => value.find([' ', '\t', ',', '#']).unwrap_or(value.len()),
    };
    // The value may be followed by another setting, contain a token of a URL, or be a list. It may
    // also contain a URL's password, and the quote that seems to close it may be part of that.
    let public = public && !value[..length].contains(['=', '?', '{', '[']) && !value.contains('@');
    Some(if public { line.len() - value.len() + length } else { end })
}
