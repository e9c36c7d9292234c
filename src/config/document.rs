//! The values of a TOML file, with the location of each.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::excerpt::Excerpts;
use super::fault::Fault;
use super::problem::{Location, Problem};
use super::syntax::ValidToml;

/// A parsed file: the locations of its values. The values themselves are a [`FileValues`].
pub(super) struct Document<'s> {
    name: &'s str,
    root: SpannedValues<'s>,
    excerpts: Excerpts<'s>,
    malformed: &'s [Vec<String>],
    /// The syntax errors of the file.
    pub(super) problems: Vec<Problem>,
}

/// The values of a parsed file.
pub(super) struct FileValues(Dict);

/// The values below a table or a list, with the location of each. The parser's own tables take
/// several times their memory.
enum SpannedValues<'s> {
    /// A value that is neither a table nor a list.
    None,
    /// The entries of a table, sorted by key.
    Entries(Box<[(Spanned<Cow<'s, str>>, SpannedValue<'s>)]>),
    /// The items of a list.
    Items(Box<[SpannedValue<'s>]>),
}

/// The location of a value, and the values below it.
struct SpannedValue<'s> {
    span: Range<usize>,
    below: SpannedValues<'s>,
}

/// The path to a value: keys of tables and indices of lists. Paths with the same beginning share
/// it: a file of many tools has many paths, and only problems read them.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Option<Rc<PathEnd>>);

/// The last step of a [`Path`], and the path before it.
#[derive(Debug)]
struct PathEnd {
    above: Path,
    step: DocumentStep,
}

/// One step of a [`Path`].
#[derive(Debug)]
pub(super) enum DocumentStep {
    /// A key of a table.
    Key(Cow<'static, str>),
    /// An index of a list.
    Index(usize),
}

/// The part of an entry that a location marks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The key.
    Key,
    /// The value, or the heading of a table.
    Value,
}

impl Path {
    /// This path with one more step.
    pub(super) fn below(&self, step: DocumentStep) -> Self {
        Self(Some(Rc::new(PathEnd { above: self.clone(), step })))
    }

    /// The steps, from the first.
    pub(super) fn steps(&self) -> Vec<&DocumentStep> {
        let ends = std::iter::successors(self.0.as_deref(), |end| end.above.0.as_deref());
        let mut steps: Vec<_> = ends.map(|end| &end.step).collect();
        steps.reverse();
        steps
    }
}

impl<'s> Document<'s> {
    /// A file without syntax errors.
    pub(super) fn new(name: &'s str, text: &'s str, table: DeTable<'s>) -> (Self, FileValues) {
        let excerpts = Excerpts::new(name, text, &table);
        let (values, root) = split_table(table);
        let document = Self { name, problems: Vec::new(), root, excerpts, malformed: &[] };
        (document, FileValues(values))
    }

    /// The valid part of a file.
    pub(super) fn of_valid(
        name: &'s str,
        text: &'s str,
        valid: &'s ValidToml,
    ) -> (Self, FileValues) {
        // `valid` lists all errors. The parser omits the second of two duplicate keys.
        let (table, _) = DeTable::parse_recoverable(&valid.text);
        let (mut document, values) = Self::new(name, text, table.into_inner());
        let excerpts = &document.excerpts;
        let problems = valid.errors.iter().map(|error| Problem {
            fault: error.fault.clone(),
            location: match error.table {
                Some(table) => excerpts.of_malformed(error.span.clone(), table),
                None => excerpts.of_surplus(error.span.clone()),
            },
        });
        document.problems = problems.collect();
        document.malformed = &valid.malformed;
        (document, values)
    }

    /// Reports that the file is not UTF-8 from this byte on.
    pub(super) fn report_encoding(&mut self, at: usize) {
        let location = self.excerpts.of_malformed(at..at, 0);
        self.problems.push(Problem { fault: Fault::Encoding, location });
    }

    /// Whether a malformed part of the file may belong to this table.
    pub(super) fn may_lack(&self, table: &[&str]) -> bool {
        let is_near = |malformed: &Vec<String>| {
            malformed.iter().zip(table).all(|(malformed, key)| malformed == key)
        };
        self.malformed
            .iter()
            .any(|malformed| malformed.is_empty() || !table.is_empty() && is_near(malformed))
    }

    /// The location of a part of the entry at `path`. If the entry does not exist, the heading of
    /// the nearest table that does.
    pub(super) fn locate(&self, path: &Path, part: Part) -> Location {
        let path = path.steps();
        let spans = (1..=path.len()).rev().map(|length| {
            let part = if length == path.len() { part } else { Part::Value };
            self.root.find(&path[..length], part)
        });
        match spans.flatten().next() {
            Some(span) => self.excerpts.of_sound(span),
            None => Location::Whole(self.name.to_owned()),
        }
    }

    /// The offset of the key at `path`.
    pub(super) fn start_of(&self, path: &Path) -> Option<usize> {
        self.root.find(&path.steps(), Part::Key).map(|span| span.start)
    }

    /// The comment behind the value at `path`, on the same line.
    pub(super) fn comment_behind(&self, path: &Path) -> Option<&'s str> {
        let span = self.root.find(&path.steps(), Part::Value)?;
        self.excerpts.comment_behind(&span)
    }

    /// Whether no heading is between two lines.
    pub(super) fn is_one_table(&self, one: usize, other: usize) -> bool {
        self.excerpts.has_no_heading(one.min(other), one.max(other))
    }

    /// The location of a character's first occurrence in the value at `path`.
    pub(super) fn locate_character(&self, path: &Path, character: char) -> Location {
        let span = self.root.find(&path.steps(), Part::Value);
        match span.and_then(|span| self.excerpts.find(span, character)) {
            Some(location) => location,
            None => self.locate(path, Part::Value),
        }
    }
}

impl FileValues {
    /// Removes `tools`. No other provider can override it, so figment need not copy it.
    pub(super) fn take_tools(&mut self) -> Option<(String, Value)> {
        self.0.remove_entry("tools")
    }
}

impl Provider for &FileValues {
    fn metadata(&self) -> Metadata {
        Metadata::named("tools file")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

impl SpannedValues<'_> {
    fn find(&self, path: &[&DocumentStep], part: Part) -> Option<Range<usize>> {
        let (first, rest) = path.split_first()?;
        let value = match (self, first) {
            (Self::Entries(entries), DocumentStep::Key(name)) => {
                let at = entries.binary_search_by(|(key, _)| key.get_ref().cmp(name)).ok()?;
                let (key, value) = &entries[at];
                if rest.is_empty() && matches!(part, Part::Key) {
                    return Some(key.span());
                }
                value
            }
            (Self::Items(items), DocumentStep::Index(index)) => items.get(*index)?,
            _ => return None,
        };
        if rest.is_empty() { Some(value.span.clone()) } else { value.below.find(rest, part) }
    }
}

/// Separates values from their locations.
fn split_table<'s>(table: DeTable<'s>) -> (Dict, SpannedValues<'s>) {
    let mut values = Dict::new();
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let (value, spans) = split(value);
        values.insert(key.get_ref().to_string(), value);
        entries.push((key, spans));
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.get_ref().cmp(b.get_ref()));
    (values, SpannedValues::Entries(entries.into()))
}

fn split_list<'s>(items: DeArray<'s>) -> (Vec<Value>, SpannedValues<'s>) {
    let (values, items): (Vec<_>, Vec<_>) = items.into_iter().map(split).unzip();
    (values, SpannedValues::Items(items.into()))
}

fn split<'s>(value: Spanned<DeValue<'s>>) -> (Value, SpannedValue<'s>) {
    let span = value.span();
    let none = |value: Value| (value, SpannedValues::None);
    let (value, below) = match value.into_inner() {
        DeValue::String(text) => none(text.into_owned().into()),
        DeValue::Boolean(truth) => none(truth.into()),
        DeValue::Integer(number) => {
            none(match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => number.into(),
                // An integer of more than 64 bits is still a number.
                Err(_) => number.as_str().parse().unwrap_or(f64::INFINITY).into(),
            })
        }
        DeValue::Float(number) => none(number.as_str().parse().unwrap_or(f64::NAN).into()),
        DeValue::Datetime(datetime) => none(datetime.to_string().into()),
        DeValue::Array(items) => {
            let (values, items) = split_list(items);
            (values.into(), items)
        }
        DeValue::Table(table) => {
            let (values, entries) = split_table(table);
            (values.into(), entries)
        }
    };
    (value, SpannedValue { span, below })
}
