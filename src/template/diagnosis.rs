//! Problems of templates with their locations: parses Tera's error reports, and finds undefined
//! variables.

use std::collections::{BTreeMap, BTreeSet};

use super::construct;
use crate::config::{Fault, Location, Problem, TemplateFault};

/// Templates: their names and contents.
type Files = BTreeMap<String, String>;

/// One error of a template, from Tera's report.
pub(super) struct Failure {
    /// The template, if the report names it.
    pub(super) file: Option<String>,
    fault: Fault,
    /// Line and column, from 1.
    place: (usize, usize),
}

/// The failures in one error of Tera.
pub(super) fn failures(error: &tera::Error, files: &Files) -> Vec<Failure> {
    use tera::ErrorKind::{CircularExtend, CircularInclude, MissingParent};
    let chain = |template: &str, names: &[String]| {
        let names: Vec<&str> =
            std::iter::once(template).chain(names.iter().map(String::as_str)).collect();
        names.join(" → ")
    };
    match error.kind() {
        MissingParent { current, parent } => {
            vec![Failure::at_name(current, parent, missing(parent, files), files)]
        }
        CircularExtend { tpl, inheritance_chain: names } => {
            let message = format!("the template extends itself: {}", chain(tpl, names));
            let fault = Fault::TemplateBroken(TemplateFault::Circular, message);
            vec![Failure::at_name(tpl, names.first().unwrap_or(tpl), fault, files)]
        }
        CircularInclude { tpl, include_chain: names } => {
            let message = format!("the template includes itself: {}", names.join(" → "));
            let fault = Fault::TemplateBroken(TemplateFault::Circular, message);
            vec![Failure::at_name(tpl, names.get(1).unwrap_or(tpl), fault, files)]
        }
        _ => {
            let text = error.to_string();
            let failures: Vec<_> =
                reports(&text).filter_map(|report| Failure::read(report, files)).collect();
            if failures.is_empty() {
                vec![Failure::without_location(&text, files)]
            } else {
                failures
            }
        }
    }
}

/// Splits Tera's message into its reports, one for each error.
fn reports(text: &str) -> impl Iterator<Item = &str> {
    let starts = text
        .match_indices("error: ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text[..*at].ends_with('\n'));
    let mut starts: Vec<_> = starts.collect();
    starts.push(text.len());
    let pairs: Vec<_> = starts.windows(2).map(|pair| pair[0]..pair[1]).collect();
    pairs.into_iter().map(|range| &text[range])
}

impl Failure {
    /// Parses a report: message, then file, line and column.
    fn read(report: &str, files: &Files) -> Option<Self> {
        let message = report.lines().next()?.strip_prefix("error: ")?;
        let (rest, column) = location_in(report)?.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let place = (line.parse().ok()?, column.parse().ok()?);
        let text = files.get(file).map(String::as_str).unwrap_or_default();
        let fault = match message
            .strip_prefix("Unknown template `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            Some(name) => missing(name, files),
            None => match construct::advice(message, text, place) {
                Some(advice) => {
                    let fault = TemplateFault::Construct(advice);
                    Fault::TemplateBroken(fault, sentence(message))
                }
                None => broken(message),
            },
        };
        Some(Self { file: Some(file.to_owned()), fault, place })
    }

    /// A failure at the location where a template names another.
    fn at_name(file: &str, name: &str, fault: Fault, files: &Files) -> Self {
        let text = files.get(file).map(String::as_str).unwrap_or_default();
        let at = ['"', '\''].iter().find_map(|quote| text.find(&format!("{quote}{name}{quote}")));
        Self { file: Some(file.to_owned()), fault, place: place_of(text, at.unwrap_or_default()) }
    }

    /// A failure without a location, for the first template in the message.
    fn without_location(message: &str, files: &Files) -> Self {
        let file = files.keys().find(|file| message.contains(&format!("`{file}`"))).cloned();
        let message = message.lines().next().unwrap_or_default();
        Self { file, fault: broken(message), place: (1, 1) }
    }

    /// Whether the only reason is another broken template.
    pub(super) fn follows_from(&self, broken: &BTreeSet<String>) -> bool {
        matches!(&self.fault, Fault::PartMissing(name, _) if broken.contains(name))
    }

    pub(super) fn problem(&self, files: &Files) -> Problem {
        let location = match self.file.as_ref().and_then(|file| Some((file, files.get(file)?))) {
            Some((file, text)) => {
                Location::in_text(format!("templates/{file}"), text, self.place, 1)
            }
            None => Location::Whole("templates".to_owned()),
        };
        Problem { fault: self.fault.clone(), location }
    }
}

fn missing(name: &str, files: &Files) -> Fault {
    Fault::PartMissing(name.to_owned(), files.keys().cloned().collect())
}

/// The fault for a message of Tera. Tera has no error kind for a template that ends too early, so
/// this compares the message. A test checks Tera's message.
fn broken(message: &str) -> Fault {
    let is_unclosed = message == "Unexpected end of input";
    let fault = if is_unclosed { TemplateFault::Unclosed } else { TemplateFault::Other };
    Fault::TemplateBroken(fault, sentence(message))
}

/// A message of Tera in our style: lower case first, no full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `file:line:column` of one of Tera's reports.
fn location_in(report: &str) -> Option<&str> {
    report.lines().find_map(|line| line.trim_start().strip_prefix("--> "))
}

/// Line and column of an offset, from 1.
pub(super) fn place_of(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// A problem for each undefined variable of a template, at its first use.
pub(super) fn foreign_variables(
    foreign: &BTreeSet<(String, String)>,
    files: &Files,
) -> Vec<Problem> {
    let mut reported = BTreeSet::new();
    let mut problems = Vec::new();
    for (template, variable) in foreign {
        let used = parts_of(template, files)
            .into_iter()
            .find_map(|file| Some((file, find_variable(&files[file], variable)?)));
        let (file, at) = used.unwrap_or((template, 0));
        if reported.insert((file, at, variable)) {
            let place = place_of(&files[file], at);
            let location = Location::in_text(
                format!("templates/{file}"),
                &files[file],
                place,
                variable.chars().count(),
            );
            problems.push(Problem { fault: Fault::TemplateVariable(variable.clone()), location });
        }
    }
    problems
}

/// A template and all templates that it names, directly or indirectly.
pub(super) fn parts_of<'f>(template: &'f str, files: &'f Files) -> Vec<&'f str> {
    let mut parts = vec![template];
    let mut next = 0;
    while let Some(text) = parts.get(next).and_then(|part| files.get(*part)) {
        let named = files.keys().map(String::as_str).filter(|file| text.contains(file));
        let more: Vec<&str> = named.filter(|file| !parts.contains(file)).collect();
        parts.extend(more);
        next += 1;
    }
    parts
}

/// The offset of a variable's first use in a tag, as a whole word.
fn find_variable(text: &str, variable: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(open) = text[at..].find(['{']).map(|open| at + open) {
        let close = match text.get(open..open + 2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        let end = text[open..].find(close).map_or(text.len(), |length| open + length);
        let word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let found = text[open..end].match_indices(variable).map(|(offset, _)| open + offset).find(
            |start| {
                let before = text[..*start].chars().next_back();
                let after = text[start + variable.len()..].chars().next();
                !before.is_some_and(|letter| word(letter) || ".\"'".contains(letter))
                    && !after.is_some_and(word)
            },
        );
        if found.is_some() {
            return found;
        }
        at = end;
    }
    None
}
