//! Reads one table: returns each key once, and reports unknown keys and wrong types.

use std::cell::RefCell;

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider as _};
use serde::de::DeserializeOwned;

use super::document::{Document, DocumentStep, FileValues, Part, Path};
use super::environment::{ENVIRONMENT, Environment, Overrides, is_variable, variable};
use super::fault::{Fault, KeyHome};
use super::key::{GATEWAY, TOOL};
use super::problem::{Location, Problem};
use super::string_mistake::StringMistake;
use super::suggestion::nearest;
use super::variable_syntax::VariableSyntax;

/// The keys whose strings may contain any characters. A path may contain `$`. The resolver knows
/// what they mean in the environment of an app.
/// Platforms replace `$` in custom values.
const TEXTS: [&str; 6] = ["title", "description", "path", "environment", "label", "custom"];

/// A value as the file or the environment writes it, with its source.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) source: ValueSource,
}

/// The source of a value: a path in the file, or an environment variable.
#[derive(Clone, Debug)]
pub(super) struct ValueSource {
    path: Path,
    from_environment: bool,
}

/// Reads the merged values of file and environment, and collects problems.
pub(super) struct Reader<'d> {
    document: &'d Document<'d>,
    environment: &'d Environment,
    figment: Figment,
    problems: RefCell<Vec<Problem>>,
    misplaced: RefCell<MisplacedKeys>,
}

/// Whether keys of a table are below another heading. The table then does not lack them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MisplacedKeys {
    pub(super) of_gateway: bool,
    pub(super) of_a_tool: bool,
}

/// One table of the merged values.
pub(super) struct Table<'r> {
    reader: &'r Reader<'r>,
    source: ValueSource,
    values: Dict,
    asked: Vec<&'static str>,
    has_known_key: bool,
    written: Vec<&'static str>,
}

/// How much of a table the reader could read.
#[derive(Clone, Debug, Default)]
pub(super) struct Completeness {
    /// Keys with a value, including misspelled keys and values of the wrong type.
    written: Vec<&'static str>,
    /// Whether a malformed part of the file may contain more of the table.
    lost: bool,
}

impl Completeness {
    /// The completeness of a table that the reader could not read at all.
    pub(super) fn unknown() -> Self {
        Self { written: Vec::new(), lost: true }
    }

    /// Whether the reader could not read the table, or only a part of it.
    pub(super) fn is_unknown(&self) -> bool {
        self.lost
    }

    /// Whether a key is missing. It is not missing if another fault explains its absence.
    pub(super) fn lacks(&self, key: &str) -> bool {
        !self.lost && !self.written.contains(&key)
    }

    /// Whether all of these keys are missing.
    pub(super) fn lacks_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.lacks(key))
    }
}

impl<'d> Reader<'d> {
    /// A reader of the file. Settings of the environment override its `[gateway]`.
    pub(super) fn new(
        document: &'d Document<'d>,
        values: &FileValues,
        environment: &'d Environment,
    ) -> Self {
        let figment = Figment::from(values).merge(Overrides(environment));
        Self {
            document,
            environment,
            figment,
            problems: RefCell::default(),
            misplaced: RefCell::default(),
        }
    }

    /// The file's top level, with the entry that figment does not have.
    pub(super) fn top(&'d self, entry: Option<(String, Value)>) -> Table<'d> {
        // Neither provider can fail: the parser has already reported the problems of the file.
        let mut data = self.figment.data().unwrap_or_default();
        let mut values = data.remove(&Profile::Default).unwrap_or_default();
        values.extend(entry);
        let source = ValueSource { path: Path::default(), from_environment: false };
        Table {
            reader: self,
            source,
            values,
            asked: Vec::new(),
            has_known_key: false,
            written: Vec::new(),
        }
    }

    pub(super) fn report(&self, source: &ValueSource, part: Part, fault: Fault) {
        let location = source.location(self.document, part);
        self.problems.borrow_mut().push(Problem { fault, location });
    }

    /// The table of this value. Reports a value of another type.
    pub(super) fn table(&'d self, written: Written<Value>, key: &str) -> Option<Table<'d>> {
        match written.value {
            Value::Dict(_, values) => Some(Table {
                reader: self,
                source: written.source,
                values,
                asked: Vec::new(),
                has_known_key: false,
                written: Vec::new(),
            }),
            _ => {
                self.mismatch(key, "a table", &written);
                None
            }
        }
    }

    /// Reports a value of the wrong type. The problem does not hold the value, which may be a
    /// secret.
    pub(super) fn mismatch(&self, key: &str, expected: &'static str, written: &Written<Value>) {
        let key = key.to_owned();
        let found = type_of(&written.value);
        let fault = if written.source.is_in(&key) {
            Fault::WrongItem { key, found, expected }
        } else {
            Fault::WrongType { key, found, expected }
        };
        self.report(&written.source, Part::Value, fault);
    }

    /// Whether a string is usable. Reports a variable that nothing expands, and characters that
    /// look like others.
    pub(super) fn accepts(&self, key: &'static str, text: &str, source: &ValueSource) -> bool {
        if TEXTS.contains(&key) {
            return true;
        }
        if let Some(variable) = self.variable_in(key, text) {
            self.report(source, Part::Value, self.unexpanded(key, source, variable));
            return false;
        }
        // The resolver knows what characters mean for the others.
        if matches!(key, "secret" | "private_key" | "headers" | "public_url" | "state") {
            return true;
        }
        let Some(mistake) = StringMistake::of_characters(text) else { return true };
        let what = format!("`{key}`");
        let is_usable = key == "key";
        let fault = if is_usable {
            Fault::SuspiciousString(what, mistake)
        } else {
            Fault::StringMistake(what, mistake)
        };
        self.problems
            .borrow_mut()
            .push(Problem { fault, location: source.location_of(self.document, mistake) });
        is_usable
    }

    /// The variable that a string names in the syntax of another program.
    fn variable_in<'t>(&self, key: &str, text: &'t str) -> Option<VariableSyntax<'t>> {
        let whole = VariableSyntax::of_whole(text);
        match key {
            "key" | "env" => whole,
            "secret" => whole.or_else(|| {
                VariableSyntax::of_name(text, |name| self.environment.get(name).is_some())
            }),
            _ => whole.or_else(|| VariableSyntax::of_part(text)),
        }
    }

    fn unexpanded(
        &self,
        key: &'static str,
        source: &ValueSource,
        found: VariableSyntax<'_>,
    ) -> Fault {
        // Another name in the file may be a URL with a password.
        let written = source.key().filter(|_| key == "headers").unwrap_or(key).to_owned();
        if source.from_environment {
            let what = format!("the value of {}", variable(&written));
            return Fault::StringMistake(what, StringMistake::Unexpanded);
        }
        // Any other name may be a part of a secret.
        let name = found.name;
        let is_known = is_variable(name) || self.environment.get(name).is_some();
        let variable = is_known.then(|| (found.shown(), name.to_owned()));
        Fault::Unexpanded { key: written, of: key, variable }
    }

    /// The keys below a wrong heading, in all finished tables.
    pub(super) fn misplaced(&self) -> MisplacedKeys {
        *self.misplaced.borrow()
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// Whether a variable may set this key of `[gateway]`: only a key that accepts a string.
fn is_settable(key: &str) -> bool {
    GATEWAY.get(key).is_none_or(|key| key.kind.takes_string())
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

impl ValueSource {
    /// The location in the file, or the environment variable.
    pub(super) fn location(&self, document: &Document<'_>, part: Part) -> Location {
        match self.path.steps().last() {
            Some(DocumentStep::Key(key)) if self.from_environment => {
                Location::Environment(variable(key))
            }
            _ => document.locate(&self.path, part),
        }
    }

    /// The location of a mistake in the value: of its character, or of the whole value.
    pub(super) fn location_of(&self, document: &Document<'_>, mistake: StringMistake) -> Location {
        match mistake.character().filter(|_| !self.from_environment) {
            Some(character) => document.locate_character(&self.path, character),
            None => self.location(document, Part::Value),
        }
    }

    /// The offset of the key in the file.
    pub(super) fn position(&self, document: &Document<'_>) -> Option<usize> {
        document.start_of(&self.path)
    }

    /// The comment behind the value in the file, on the same line.
    pub(super) fn comment<'s>(&self, document: &Document<'s>) -> Option<&'s str> {
        document.comment_behind(&self.path).filter(|_| !self.from_environment)
    }

    /// The nearest key of the value.
    pub(super) fn key(&self) -> Option<&str> {
        self.path.steps().into_iter().rev().find_map(|step| match step {
            DocumentStep::Key(key) => Some(key.as_ref()),
            DocumentStep::Index(_) => None,
        })
    }

    /// The keys of the enclosing tables, up to the first list.
    fn keys(&self) -> Vec<&str> {
        let keys = self.path.steps().into_iter().map_while(|step| match step {
            DocumentStep::Key(key) => Some(key.as_ref()),
            DocumentStep::Index(_) => None,
        });
        keys.collect()
    }

    /// Whether this is a value inside the list or table of this key, not the value of the key
    /// itself.
    fn is_in(&self, key: &str) -> bool {
        match self.path.steps().as_slice() {
            [.., DocumentStep::Index(_)] => true,
            [.., DocumentStep::Key(table), DocumentStep::Key(last)] => table == key && last != key,
            _ => false,
        }
    }

    /// Whether this is an environment variable.
    pub(super) fn is_from_environment(&self) -> bool {
        self.from_environment
    }

    /// The source of an item of this list.
    pub(super) fn item(&self, index: usize) -> Self {
        self.below(DocumentStep::Index(index), self.from_environment)
    }

    fn below(&self, step: DocumentStep, from_environment: bool) -> Self {
        Self { path: self.path.below(step), from_environment }
    }
}

impl<'r> Table<'r> {
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// The value of a key, of any type.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Written<Value>> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let written = self.written(DocumentStep::Key(key.into()), value);
        if written.source.from_environment && !is_settable(key) {
            // `finish` reports that this variable is no setting.
            self.values.insert(key.to_owned(), written.value);
            return None;
        }
        self.has_known_key = true;
        self.written.push(key);
        Some(written)
    }

    /// The value of a key as a `T`. Reports another type; `expected` names `T` in the problem.
    pub(super) fn get<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Option<Written<T>> {
        let written = self.value(key)?;
        match written.value.deserialize() {
            Ok(value) => Some(Written { value, source: written.source }),
            Err(_) => {
                self.reader.mismatch(key, expected, &written);
                None
            }
        }
    }

    /// The value of a key as a string. Reports another type.
    pub(super) fn string(&mut self, key: &'static str) -> Option<Written<String>> {
        let written = self.value(key)?;
        match written.value {
            Value::String(_, value) => self
                .reader
                .accepts(key, &value, &written.source)
                .then_some(Written { value, source: written.source }),
            _ => {
                self.reader.mismatch(key, "a string in quotes", &written);
                None
            }
        }
    }

    /// A list of strings. Reports an empty list. One string is the same as a list of it.
    pub(super) fn strings(&mut self, key: &'static str) -> Option<Written<Vec<Written<String>>>> {
        let list = self.string_or_list(key)?;
        self.not_empty(key, &list);
        Some(self.strings_of(key, list))
    }

    /// A list of strings, which may be empty. One string is the same as a list of it.
    pub(super) fn strings_or_none(
        &mut self,
        key: &'static str,
    ) -> Option<Written<Vec<Written<String>>>> {
        let list = self.string_or_list(key)?;
        Some(self.strings_of(key, list))
    }

    fn string_or_list(&mut self, key: &'static str) -> Option<Written<Vec<Written<Value>>>> {
        let written = self.value(key)?;
        if let Value::String(..) = written.value {
            let source = written.source.clone();
            return Some(Written { value: vec![written], source });
        }
        self.items_of(key, "a list of strings", written)
    }

    fn strings_of(
        &self,
        key: &'static str,
        list: Written<Vec<Written<Value>>>,
    ) -> Written<Vec<Written<String>>> {
        let strings = list.value.into_iter().filter_map(|item| match item.value {
            Value::String(_, value) => self
                .reader
                .accepts(key, &value, &item.source)
                .then_some(Written { value, source: item.source }),
            _ => {
                self.reader.mismatch(key, "a string in quotes", &item);
                None
            }
        });
        Written { value: strings.collect(), source: list.source }
    }

    /// A table in this table.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'r>> {
        let written = self.value(key)?;
        // An empty table means the same as no table.
        if matches!(&written.value, Value::Dict(_, values) if values.is_empty()) {
            self.written.retain(|written| *written != key);
        }
        self.reader.table(written, key)
    }

    /// The items of a list. Reports an empty list.
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

    /// The items of a list, which may be empty.
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
        Some(items_at(items, written.source))
    }

    /// The items of the list at this source. Reports an empty list.
    pub(super) fn items(
        &self,
        key: &'static str,
        items: Vec<Value>,
        source: ValueSource,
    ) -> Written<Vec<Written<Value>>> {
        let list = items_at(items, source);
        self.not_empty(key, &list);
        list
    }

    fn not_empty(&self, key: &'static str, list: &Written<Vec<Written<Value>>>) {
        if list.value.is_empty() {
            self.reader.report(&list.source, Part::Value, Fault::EmptyList(key));
        }
    }

    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the table has no keys.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The source of the table.
    pub(super) fn source(&self) -> &ValueSource {
        &self.source
    }

    /// All keys with their values of any type.
    pub(super) fn into_values(mut self) -> Vec<(String, Written<Value>)> {
        let values = std::mem::take(&mut self.values).into_iter();
        values
            .map(|(key, value)| (key.clone(), self.written(DocumentStep::Key(key.into()), value)))
            .collect()
    }

    /// The names of the tables in this table, if it contains nothing else: `[tools.course.quiz]`.
    pub(super) fn nested_tables(&self) -> Vec<Written<String>> {
        if self.has_known_key || !self.values.values().all(|value| matches!(value, Value::Dict(..)))
        {
            return Vec::new();
        }
        let names = self.values.keys();
        names
            .map(|name| Written {
                value: name.clone(),
                source: self.source.below(DocumentStep::Key(name.clone().into()), false),
            })
            .collect()
    }

    /// Reports and removes the keys of a tool or of `[gateway]` that are in `[tools]` itself.
    pub(super) fn without_loose_keys(mut self) -> Self {
        let has_loose_key = |(key, value): (&String, &Value)| {
            is_loose(key, value) && !matches!(value, Value::Dict(..))
        };
        if self.values.iter().any(has_loose_key) {
            for (keys, home) in self.misplaced() {
                self.report_misplaced(&keys, home, "in [tools]");
                self.values.retain(|key, _| !keys.contains(key));
            }
        }
        self
    }

    /// The tables in this table, which has this name, by their own names.
    pub(super) fn into_tables(
        self,
        of: &'static str,
    ) -> impl Iterator<Item = (Written<String>, Table<'r>)> {
        let Self { reader, source, values, .. } = self;
        values.into_iter().filter_map(move |(name, value)| {
            let source = source.below(DocumentStep::Key(name.clone().into()), false);
            let written = Written { value, source: source.clone() };
            let table = reader.table(written, &format!("{of}.{name}"))?;
            Some((Written { value: name, source }, table))
        })
    }

    /// Reports all keys that the reader did not ask for.
    pub(super) fn finish(mut self, table: &str) -> Completeness {
        let misplaced = self.misplaced();
        for (keys, home) in &misplaced {
            self.report_misplaced(keys, *home, table);
        }
        let is_misplaced = |key: &String| misplaced.iter().any(|(keys, _)| keys.contains(key));
        for (key, value) in &self.values {
            if is_misplaced(key) {
                continue;
            }
            let source = self.written(DocumentStep::Key(key.clone().into()), value.clone()).source;
            let fault = if source.from_environment {
                let settable = self.asked.iter().filter(|key| is_settable(key));
                let known = settable.map(|key| variable(key)).collect();
                Fault::UnknownVariable(variable(key), known)
            } else if let Some((name, right)) = self.tool_heading(key, value) {
                self.reader.misplaced.borrow_mut().of_a_tool = true;
                Fault::Heading(name, right)
            } else {
                Fault::UnknownKey {
                    key: key.clone(),
                    table: table.to_owned(),
                    known: self.asked.clone(),
                }
            };
            self.reader.report(&source, Part::Key, fault);
            self.written.extend(nearest(key, &self.asked));
        }
        Completeness {
            written: self.written,
            lost: self.reader.document.may_lack(&self.source.keys()),
        }
    }

    /// The keys that have a meaning in another table.
    fn misplaced(&self) -> Vec<(Vec<String>, KeyHome)> {
        let (own, is_top) = match self.source.keys().as_slice() {
            [] | ["tools"] => (None, true),
            ["gateway"] => (Some(GATEWAY), false),
            ["tools", _] if self.source.path.steps().len() == 2 => (Some(TOOL), false),
            _ => return Vec::new(),
        };
        let (mut of_gateway, mut of_tool, mut of_either) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in &self.values {
            let is_written = !self.is_from_environment(value);
            let is_of_tools = self.source.keys() == ["tools"];
            if is_of_tools && !is_loose(key, value) {
                continue;
            }
            if !is_written || own.is_some_and(|own| own.get(key).is_some()) {
                continue;
            }
            match (GATEWAY.get(key).is_some(), TOOL.get(key).is_some()) {
                (true, false) => of_gateway.push(key.clone()),
                (false, true) => of_tool.push(key.clone()),
                (true, true) => of_either.push(key.clone()),
                (false, false) => {}
            }
        }
        if is_top && !of_either.is_empty() {
            match (of_gateway.is_empty(), of_tool.is_empty()) {
                (true, true) => return vec![(of_either, KeyHome::Either)],
                (true, false) => of_tool.extend(of_either),
                (false, true) => of_gateway.extend(of_either),
                // Each of the two may be another's.
                (false, false) => {}
            }
        }
        let mut found = vec![(of_gateway, KeyHome::Gateway), (of_tool, KeyHome::Tool)];
        found.retain(|(keys, _)| !keys.is_empty());
        found
    }

    fn report_misplaced(&self, keys: &[String], home: KeyHome, table: &str) {
        let mut misplaced = self.reader.misplaced.borrow_mut();
        misplaced.of_gateway |= home != KeyHome::Tool;
        misplaced.of_a_tool |= home != KeyHome::Gateway;
        // Mark the first in the file.
        let sources = keys.iter().map(|key| {
            let source = self.source.below(DocumentStep::Key(key.clone().into()), false);
            (self.reader.document.start_of(&source.path), key, source)
        });
        let mut sources: Vec<_> = sources.collect();
        sources.sort_by_key(|(start, ..)| *start);
        let keys = sources.iter().map(|(_, key, _)| (*key).clone()).collect();
        if let Some((_, _, first)) = sources.first() {
            let fault = Fault::Misplaced { keys, table: table.to_owned(), home };
            self.reader.report(first, Part::Key, fault);
        }
    }

    /// The heading of a table at the top level that is a tool's, or has tools, and the right
    /// heading.
    fn tool_heading(&self, key: &str, value: &Value) -> Option<(String, String)> {
        let Value::Dict(_, values) = value else { return None };
        if !self.source.keys().is_empty() {
            return None;
        }
        let is_tool = |values: &Dict| {
            values.keys().any(|key| TOOL.get(key).is_some() && GATEWAY.get(key).is_none())
        };
        if is_tool(values) && nearest(key, &["gateway"]).is_none() {
            let name = key.strip_prefix("tools").or_else(|| key.strip_prefix("tool"));
            let name = name.map(|name| name.trim_matches(['-', '_', ':', '/', ' ', '.']));
            let name = name.filter(|name| !name.is_empty()).unwrap_or(key);
            return Some((format!("[{key}]"), format!("[tools.{name}]")));
        }
        let (name, _) = values.iter().find(|(_, value)| match value {
            Value::Dict(_, values) => is_tool(values),
            _ => false,
        })?;
        Some((format!("[{key}.{name}]"), format!("[tools.{name}]")))
    }

    fn is_from_environment(&self, value: &Value) -> bool {
        let metadata = self.reader.figment.get_metadata(value.tag());
        metadata.is_some_and(|metadata| metadata.name == ENVIRONMENT)
    }

    fn written(&self, step: DocumentStep, value: Value) -> Written<Value> {
        let from_environment = self.is_from_environment(&value);
        Written { value, source: self.source.below(step, from_environment) }
    }
}

/// Whether an entry of `[tools]` is a key of a tool or of `[gateway]`, and no tool of that name.
fn is_loose(key: &str, value: &Value) -> bool {
    let is_key = |key: &str| TOOL.get(key).is_some() || GATEWAY.get(key).is_some();
    let is_tool = match value {
        Value::Dict(_, values) => values.keys().any(|key| is_key(key)),
        _ => false,
    };
    is_key(key) && !is_tool
}

fn items_at(items: Vec<Value>, source: ValueSource) -> Written<Vec<Written<Value>>> {
    let items = items.into_iter().enumerate();
    let items = items.map(|(index, value)| Written { value, source: source.item(index) }).collect();
    Written { value: items, source }
}
