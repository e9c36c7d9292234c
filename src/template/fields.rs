//! The fields of a template's variables `launch` and `tool`. `page.rs` fills them.

use std::collections::{BTreeMap, BTreeSet};

use super::field_use::{FieldUse, FieldUses};
use crate::config::{Fault, Location, Problem, TemplateUse};

/// The fields below a variable or field.
enum Fields {
    /// These.
    Named(&'static [(&'static str, Fields)]),
    /// None: it is a string or a boolean.
    None,
    /// The names of a list's items: numbers.
    Numbers,
    /// Any, each of them a text: the platform chooses them.
    Texts,
    /// Any: the author chooses them.
    Any,
}

use Fields::{Any, Named, None as Single, Numbers, Texts};

const USER: &[(&str, Fields)] = &[
    ("id", Single),
    ("name", Single),
    ("given_name", Single),
    ("family_name", Single),
    ("email", Single),
];

const PLATFORM: &[(&str, Fields)] = &[
    ("guid", Single),
    ("name", Single),
    ("url", Single),
    ("product_family_code", Single),
    ("version", Single),
];

const LAUNCH: &[(&str, Fields)] = &[
    ("user", Named(USER)),
    ("roles", Numbers),
    ("is_learner", Single),
    ("is_instructor", Single),
    ("is_administrator", Single),
    ("is_staff", Single),
    ("context", Named(&[("id", Single), ("label", Single), ("title", Single)])),
    ("resource", Named(&[("id", Single), ("title", Single), ("description", Single)])),
    ("platform", Named(PLATFORM)),
    ("locale", Single),
    ("return_url", Single),
    ("custom", Texts),
    ("params", Numbers),
    ("grade", Named(&[("accepted", Single)])),
];

const TOOL: &[(&str, Fields)] = &[("name", Single), ("title", Single), ("params", Any)];

/// The custom parameters that a template names.
#[derive(Default)]
pub(super) struct CustomNames {
    /// The names in `launch.custom.<name>`. If a launch does not have one, it is empty.
    pub(super) named: BTreeSet<String>,
    /// Every name below any variable, in case the template gives `launch.custom` another name.
    pub(super) possible: BTreeSet<String>,
    /// Whether the template asks which parameters the launch has.
    pub(super) asks: bool,
}

/// A problem for each misspelled field in the templates of tools. `parts` are the files of each
/// tool's template.
pub(super) fn misspelled(
    uses: &[TemplateUse],
    parts: &dyn Fn(&str) -> Vec<String>,
    files: &BTreeMap<String, String>,
) -> Vec<Problem> {
    let shadows = files.values().any(|text| FieldUses::of(text).shadows);
    let mut problems: Vec<Problem> = Vec::new();
    if shadows {
        return problems;
    }
    let mut checked = BTreeSet::new();
    for one in uses {
        for file in parts(&one.name) {
            let Some(text) = files.get(&file) else { continue };
            let is_new = checked.insert(file.clone());
            for field in FieldUses::of(text).uses {
                let wrong = match wrong_field(&field).filter(|_| is_new) {
                    Some(wrong) => Some(wrong),
                    None => wrong_param(&field, &one.params),
                };
                let Some((fault, name, at)) = wrong else { continue };
                let place = super::diagnosis::place_of(text, at);
                let width = name.chars().count();
                let location = Location::in_text(format!("templates/{file}"), text, place, width);
                if problems.iter().all(|problem| problem.location != location) {
                    problems.push(Problem { fault, location });
                }
            }
        }
    }
    problems
}

/// The fault of the first step that does not exist, with its name and offset.
fn wrong_field<'t>(field: &FieldUse<'t>) -> Option<(Fault, &'t str, usize)> {
    let mut below = &Named(if field.root == "launch" { LAUNCH } else { TOOL });
    let mut path = field.root.to_owned();
    for (name, at) in &field.steps {
        let known: Vec<&'static str> = match below {
            Named(fields) => match fields.iter().find(|(known, _)| known == name) {
                Some((_, fields)) => {
                    below = fields;
                    path = format!("{path}.{name}");
                    continue;
                }
                None => fields.iter().map(|(known, _)| *known).collect(),
            },
            // The item of a list has fields of its own.
            Numbers if name.parse::<usize>().is_ok() => return None,
            Texts => {
                below = &Single;
                path = format!("{path}.{name}");
                continue;
            }
            Numbers | Single => Vec::new(),
            Any => return None,
        };
        let fault = Fault::TemplateField { of: path, name: (*name).to_owned(), known };
        return Some((fault, name, *at));
    }
    None
}

/// The fault of a name below `tool.params` that is similar to one of the tool's parameters.
fn wrong_param<'t>(field: &FieldUse<'t>, params: &[String]) -> Option<(Fault, &'t str, usize)> {
    let [("params", _), (name, at), ..] = field.steps.as_slice() else { return None };
    if field.root != "tool" || params.iter().any(|param| param == name) {
        return None;
    }
    let near = crate::config::nearest_name(name, params)?;
    let fault = Fault::TemplateParam { name: (*name).to_owned(), near: near.to_owned() };
    Some((fault, name, *at))
}

impl CustomNames {
    /// The names in these texts: a template and all others that it names.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut names = Self::default();
        for text in texts {
            let found = FieldUses::of(text);
            names.possible.extend(found.names.iter().map(|name| (*name).to_owned()));
            for field in found.uses.iter().filter(|field| field.root == "launch") {
                match field.steps.as_slice() {
                    [("custom", _), (name, _), ..] => {
                        names.named.insert((*name).to_owned());
                        names.asks |= field.is_guarded;
                    }
                    [("custom", _)] => names.asks = true,
                    _ => {}
                }
            }
        }
        names
    }
}
