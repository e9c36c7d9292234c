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

/// The key of the table of all tools.
const TOOLS: &str = "tools";

/// A parsed file.
pub(super) struct Document<'s> {
    name: &'s str,
    table: DeTable<'s>,
    excerpts: Excerpts<'s>,
    malformed: &'s [Vec<String>],
    /// The syntax errors of the file.
    pub(super) problems: Vec<Problem>,
}

/// The path to a value: keys of tables and indices of lists. Paths with the same beginning share it:
/// a file of many tools has many paths, and only problems read them.
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
    /// A document of a file without syntax errors.
    pub(super) fn new(name: &'s str, text: &'s str, table: DeTable<'s>) -> Self {
        let excerpts = Excerpts::new(name, text, &table);
        Self { name, problems: Vec::new(), table, excerpts, malformed: &[] }
    }

    /// A document of a file's text and its valid part.
    pub(super) fn of_valid(name: &'s str, text: &'s str, valid: &'s ValidToml) -> Self {
        // `valid` lists all errors. The parser omits the second of two duplicate keys.
        let (table, _) = DeTable::parse_recoverable(&valid.text);
        let mut document = Self::new(name, text, table.into_inner());
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
        document
    }

    /// The value of `tools`. No other provider can override it, so figment does not copy it.
    pub(super) fn tools(&self) -> Option<(String, Value)> {
        let tools = self.table.get(TOOLS)?;
        Some((TOOLS.to_owned(), to_value(tools.get_ref())))
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
            find(&self.table, &path[..length], part)
        });
        match spans.flatten().next() {
            Some(span) => self.excerpts.of_sound(span),
            None => Location::Whole(self.name.to_owned()),
        }
    }
}

impl Provider for &Document<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("tools file")
    }

    /// All values that other providers can override: everything except [`Document::tools`].
    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let entries = self.table.iter().filter(|(key, _)| key.get_ref() != TOOLS);
        Ok(Profile::Default.collect(to_dict(entries)))
    }
}

fn find(table: &DeTable<'_>, path: &[&DocumentStep], part: Part) -> Option<Range<usize>> {
    let (DocumentStep::Key(first), rest) = path.split_first()? else { return None };
    let (key, value) = table.get_key_value(first.as_ref())?;
    if rest.is_empty() {
        return Some(match part {
            Part::Key => key.span(),
            Part::Value => value.span(),
        });
    }
    find_in_value(value, rest, part)
}

fn find_in_value(
    value: &Spanned<DeValue<'_>>,
    path: &[&DocumentStep],
    part: Part,
) -> Option<Range<usize>> {
    match (value.get_ref(), path) {
        (_, []) => Some(value.span()),
        (DeValue::Table(table), path) => find(table, path, part),
        (DeValue::Array(items), [DocumentStep::Index(index), rest @ ..]) => {
            find_in_value(items.get(*index)?, rest, part)
        }
        _ => None,
    }
}

fn to_dict<'t, 's: 't>(
    entries: impl IntoIterator<Item = (&'t Spanned<Cow<'s, str>>, &'t Spanned<DeValue<'s>>)>,
) -> Dict {
    entries
        .into_iter()
        .map(|(key, value)| (key.get_ref().to_string(), to_value(value.get_ref())))
        .collect()
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
            // An integer of more than 64 bits is still a number.
            Err(_) => number.as_str().parse().unwrap_or(f64::INFINITY).into(),
        },
        DeValue::Float(number) => number.as_str().parse().unwrap_or(f64::NAN).into(),
        DeValue::Datetime(datetime) => datetime.to_string().into(),
        DeValue::Array(items) => to_list(items).into(),
        DeValue::Table(table) => to_dict(table).into(),
    }
}
