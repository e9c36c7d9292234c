//! One table while it is read: hands each key out once and reports what does not fit.

use std::cell::RefCell;

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider as _};
use serde::de::DeserializeOwned;

use super::document::{Document, DocumentStep, Part, Path};
use super::environment::{ENVIRONMENT, Environment, Overrides, variable};
use super::fault::Fault;
use super::key::GATEWAY;
use super::problem::{Location, Problem};
use super::suggestion::nearest;

/// Something written, and where.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// Where something is written.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: Path,
    from_environment: bool,
}

/// Reads the merged values of file and environment, and collects problems.
pub(super) struct Reader<'d> {
    document: &'d Document<'d>,
    figment: Figment,
    problems: RefCell<Vec<Problem>>,
}

/// One table.
pub(super) struct Table<'r> {
    reader: &'r Reader<'r>,
    place: Place,
    values: Dict,
    asked: Vec<&'static str>,
    has_known: bool,
    written: Vec<&'static str>,
}

/// How much of a table could be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Soundness {
    /// Keys with a value, also misspelt ones and values of the wrong type.
    written: Vec<&'static str>,
    /// Whether a malformed part of the file may hold more of the table.
    lost: bool,
}

impl Soundness {
    /// Of a table of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self { written: Vec::new(), lost: true }
    }

    /// Whether a key is missing: the table has neither a value for it nor a fault that explains
    /// why.
    pub(super) fn lacks(&self, key: &str) -> bool {
        !self.lost && !self.written.contains(&key)
    }

    /// Whether all of these keys are missing.
    pub(super) fn lacks_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.lacks(key))
    }
}

impl<'d> Reader<'d> {
    /// The file, and the environment's settings over its `[gateway]`.
    pub(super) fn new(document: &'d Document<'d>, environment: &Environment) -> Self {
        let figment = Figment::from(document).merge(Overrides(environment));
        Self { document, figment, problems: RefCell::default() }
    }

    /// The file's top level.
    pub(super) fn top(&'d self) -> Table<'d> {
        // Neither provider can fail: what is wrong with the file was found when it was parsed.
        let mut data = self.figment.data().unwrap_or_default();
        let values = data.remove(&Profile::Default).unwrap_or_default();
        let place = Place { path: Path::new(), from_environment: false };
        Table {
            reader: self,
            place,
            values,
            asked: Vec::new(),
            has_known: false,
            written: Vec::new(),
        }
    }

    pub(super) fn report(&self, place: &Place, part: Part, fault: Fault) {
        let location = place.location(self.document, part);
        self.problems.borrow_mut().push(Problem { fault, location });
    }

    /// A value that has to be a table.
    pub(super) fn table(&'d self, written: Written<Value>, key: &str) -> Option<Table<'d>> {
        match written.value {
            Value::Dict(_, values) => Some(Table {
                reader: self,
                place: written.place,
                values,
                asked: Vec::new(),
                has_known: false,
                written: Vec::new(),
            }),
            _ => {
                self.mismatch(key, "a table", &written);
                None
            }
        }
    }

    /// Reports a value of the wrong type, without its text, which may be a secret.
    pub(super) fn mismatch(&self, key: &str, expected: &'static str, written: &Written<Value>) {
        let key = key.to_owned();
        let found = type_of(&written.value);
        let fault = if written.place.is_in(&key) {
            Fault::WrongItem { key, found, expected }
        } else {
            Fault::WrongType { key, found, expected }
        };
        self.report(&written.place, Part::Value, fault);
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// Whether a variable may set this key of `[gateway]`: no variable sets a key that is not text.
fn is_settable(key: &str) -> bool {
    GATEWAY.get(key).is_none_or(|key| key.kind.takes_text())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a string",
        Value::Bool(..) => "a boolean",
        Value::Num(_, number) if number.to_u128_lossy().is_none() && number.to_i128().is_none() => {
            "a number"
        }
        Value::Num(..) => "an integer",
        Value::Empty(..) => "nothing",
        Value::Dict(..) => "a table",
        Value::Array(..) => "a list",
    }
}

impl Place {
    /// The place in the file, or the variable's name.
    pub(super) fn location(&self, document: &Document<'_>, part: Part) -> Location {
        match self.path.last() {
            Some(DocumentStep::Key(key)) if self.from_environment => {
                Location::Environment(variable(key))
            }
            _ => document.locate(&self.path, part),
        }
    }

    /// The keys of the tables in which it stands, up to the first list.
    fn keys(&self) -> Vec<&str> {
        let keys = self.path.iter().map_while(|step| match step {
            DocumentStep::Key(key) => Some(key.as_str()),
            DocumentStep::Index(_) => None,
        });
        keys.collect()
    }

    /// Whether it is inside of the list or table of this key, and not the value of the key itself.
    fn is_in(&self, key: &str) -> bool {
        match self.path.as_slice() {
            [.., DocumentStep::Index(_)] => true,
            [.., DocumentStep::Key(table), DocumentStep::Key(last)] => table == key && last != key,
            _ => false,
        }
    }

    /// Whether it is a variable of the environment.
    pub(super) fn is_from_environment(&self) -> bool {
        self.from_environment
    }

    /// The place of an item of the list that stands here.
    pub(super) fn item(&self, index: usize) -> Self {
        self.below(DocumentStep::Index(index), self.from_environment)
    }

    fn below(&self, step: DocumentStep, from_environment: bool) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { path, from_environment }
    }
}

impl<'r> Table<'r> {
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// The value of a key, whatever its type.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Written<Value>> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let written = self.written(DocumentStep::Key(key.to_owned()), value);
        if written.place.from_environment && !is_settable(key) {
            // `finish` tells that this variable sets nothing.
            self.values.insert(key.to_owned(), written.value);
            return None;
        }
        self.has_known = true;
        self.written.push(key);
        Some(written)
    }

    /// The value of a key, as text or whatever else `T` is; `expected` names it.
    pub(super) fn get<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Option<Written<T>> {
        let written = self.value(key)?;
        match written.value.deserialize() {
            Ok(value) => Some(Written { value, place: written.place }),
            Err(_) => {
                self.reader.mismatch(key, expected, &written);
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Written<String>> {
        self.get(key, "a string in quotes")
    }

    /// A list of text that is not empty. One text is the same as a list of it.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Written<Vec<Written<String>>>> {
        let list = self.text_or_list(key)?;
        self.not_empty(key, &list);
        Some(self.texts_of(key, list))
    }

    /// A list of text that may be empty. One text is the same as a list of it.
    pub(super) fn texts_or_none(
        &mut self,
        key: &'static str,
    ) -> Option<Written<Vec<Written<String>>>> {
        let list = self.text_or_list(key)?;
        Some(self.texts_of(key, list))
    }

    fn text_or_list(&mut self, key: &'static str) -> Option<Written<Vec<Written<Value>>>> {
        let written = self.value(key)?;
        if let Value::String(..) = written.value {
            let place = written.place.clone();
            return Some(Written { value: vec![written], place });
        }
        self.items_of(key, "a list of strings", written)
    }

    fn texts_of(
        &self,
        key: &'static str,
        list: Written<Vec<Written<Value>>>,
    ) -> Written<Vec<Written<String>>> {
        let texts = list.value.into_iter().filter_map(|item| match item.value {
            Value::String(_, value) => Some(Written { value, place: item.place }),
            _ => {
                self.reader.mismatch(key, "a string in quotes", &item);
                None
            }
        });
        Written { value: texts.collect(), place: list.place }
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'r>> {
        let written = self.value(key)?;
        // An empty table says as little as none.
        if matches!(&written.value, Value::Dict(_, values) if values.is_empty()) {
            self.written.retain(|written| *written != key);
        }
        self.reader.table(written, key)
    }

    /// The items of a list that has some.
    pub(super) fn list(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Option<Written<Vec<Written<Value>>>> {
        let written = self.value(key)?;
        let list = self.items_of(key, expected, written)?;
        self.not_empty(key, &list);
        Some(list)
    }

    /// The items of a list that may be empty.
    fn items_of(
        &self,
        key: &'static str,
        expected: &'static str,
        written: Written<Value>,
    ) -> Option<Written<Vec<Written<Value>>>> {
        let Value::Array(_, items) = written.value else {
            self.reader.mismatch(key, expected, &written);
            return None;
        };
        Some(items_at(items, written.place))
    }

    /// The items of the list that stands at a place and has some.
    pub(super) fn items(
        &self,
        key: &'static str,
        items: Vec<Value>,
        place: Place,
    ) -> Written<Vec<Written<Value>>> {
        let list = items_at(items, place);
        self.not_empty(key, &list);
        list
    }

    fn not_empty(&self, key: &'static str, list: &Written<Vec<Written<Value>>>) {
        if list.value.is_empty() {
            self.reader.report(&list.place, Part::Value, Fault::EmptyList(key));
        }
    }

    /// Whether nothing is written in it.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Where it stands.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// All keys and their values, whatever they are.
    pub(super) fn into_values(mut self) -> Vec<(String, Written<Value>)> {
        let values = std::mem::take(&mut self.values).into_iter();
        values
            .map(|(key, value)| (key.clone(), self.written(DocumentStep::Key(key), value)))
            .collect()
    }

    /// The tables in this one, if there is nothing else: `[tools.course.quiz]`.
    pub(super) fn mere_tables(&self) -> Vec<Written<String>> {
        if self.has_known || !self.values.values().all(|value| matches!(value, Value::Dict(..))) {
            return Vec::new();
        }
        let names = self.values.keys();
        names
            .map(|name| Written {
                value: name.clone(),
                place: self.place.below(DocumentStep::Key(name.clone()), false),
            })
            .collect()
    }

    /// The tools, by their names.
    pub(super) fn into_tables(self) -> Vec<(Written<String>, Table<'r>)> {
        let mut tables = Vec::new();
        for (name, value) in self.values {
            let place = self.place.below(DocumentStep::Key(name.clone()), false);
            let written = Written { value, place: place.clone() };
            if let Some(table) = self.reader.table(written, &format!("tools.{name}")) {
                tables.push((Written { value: name, place }, table));
            }
        }
        tables
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(mut self, table: &str) -> Soundness {
        for (key, value) in &self.values {
            let place = self.written(DocumentStep::Key(key.clone()), value.clone()).place;
            let fault = if place.from_environment {
                let settable = self.asked.iter().filter(|key| is_settable(key));
                let known = settable.map(|key| variable(key)).collect();
                Fault::UnknownVariable(variable(key), known)
            } else {
                Fault::UnknownKey {
                    key: key.clone(),
                    table: table.to_owned(),
                    known: self.asked.clone(),
                }
            };
            self.reader.report(&place, Part::Key, fault);
            self.written.extend(nearest(key, &self.asked));
        }
        Soundness { written: self.written, lost: self.reader.document.may_lack(&self.place.keys()) }
    }

    fn written(&self, step: DocumentStep, value: Value) -> Written<Value> {
        let metadata = self.reader.figment.get_metadata(value.tag());
        let from_environment = metadata.is_some_and(|metadata| metadata.name == ENVIRONMENT);
        Written { value, place: self.place.below(step, from_environment) }
    }
}

fn items_at(items: Vec<Value>, place: Place) -> Written<Vec<Written<Value>>> {
    let items = items.into_iter().enumerate();
    let items = items.map(|(index, value)| Written { value, place: place.item(index) }).collect();
    Written { value: items, place }
}
