//! Adds a tool to the tools file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use toml::{Table, Value};

use super::arguments::NewArguments;
use super::consumer::NewConsumer;
use super::error::{NewError, refused_with};
use super::file::{AtomicFile, PageFile};
use super::target::{NewTarget, target};
use super::text;
use crate::cli::load::{Loaded, load_content};
use crate::cli::message::{no_randomness, unreadable};
use crate::cli::terminal::{complain, harmless, say};
use crate::config::{
    Environment, Fault, Location, Problem, Severity, is_tool_name, print as print_problems,
    variable_of,
};

/// Adds a tool. Exit code 0 if it is added, 1 if the request is refused, and 2 if a file cannot be
/// read or written. After 1 and 2, nothing has changed.
pub(in crate::cli) fn new(
    new: &NewArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    match add(new, file, environment, development) {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(NewError::Refused(why)) => {
            complain(&why);
            ExitCode::from(1)
        }
        Err(NewError::Failed(why)) => {
            complain(&why);
            ExitCode::from(2)
        }
    }
}

/// Adds the tool, and returns the message about it.
fn add(
    new: &NewArguments,
    path: &Path,
    environment: &Environment,
    development: bool,
) -> Result<String, NewError> {
    let shown = harmless(&path.display().to_string());
    if !is_tool_name(&new.name) {
        return Err(refused_with(path, Fault::ToolName(new.name.clone())));
    }
    let file =
        AtomicFile::read(path).map_err(|error| NewError::Failed(unreadable(&shown, &error)))?;
    let content = file.content().unwrap_or(text::STARTER.as_bytes());
    let variable = variable_of(&new.name);
    let consumer =
        NewConsumer::new(&new.name).map_err(|error| NewError::Failed(no_randomness(error)))?;
    // Check the new tool as if its variable were set already.
    let mut with_secret = environment.clone();
    with_secret.insert(variable.clone(), consumer.secret.clone());
    let load = |content: &str, page: Option<(String, String)>| {
        load_content(path, content.as_bytes(), page, &with_secret, development)
    };
    let before = load_content(path, content, None, &with_secret, development);
    let (old, table) = sound(content, &before, path, &shown)?;
    unregistered(&table, &new.name, &variable, &shown)?;
    free(&variable, environment)?;
    let target = target(new, path)?;
    let text = format!("{old}{}", text::table(old, &new.name, &consumer.key, &variable, &target));
    if !adds_only(&table, &text, &new.name) {
        return Err(NewError::Refused(format!(
            "error: [tools.{}] cannot be appended to {shown}, because of the form of `tools`\n  \
             = help: write each tool as a table with a heading, such as `[tools.hello]`\n",
            new.name
        )));
    }
    let page = match &target {
        NewTarget::Template(_, Some(page)) => Some(page),
        _ => None,
    };
    let after = load(&text, page.map(|page| (page.name.clone(), page.text.clone())));
    let lines = old.lines().count();
    let url = accepted(&before, &after, new, &target, (&shown, lines))?;
    write(&file, &text, page, &shown)?;
    Ok(text::setup(&text::SetUp {
        tool: &new.name,
        file: &shown,
        is_file_new: file.content().is_none(),
        target: &target,
        url: &url,
        consumer: &consumer,
        variable: &variable,
    }))
}

/// Refuses a variable that has a value already, and the gateway's own variables: otherwise the
/// tool's secret would override a key such as `gateway.secret`.
fn free(variable: &str, environment: &Environment) -> Result<(), NewError> {
    let (why, fix) = if variable.starts_with("LTI_GATEWAY_") {
        ("is the gateway's own", "choose another name for the tool")
    } else if environment.get(variable).is_some_and(|value| !value.is_empty()) {
        (
            "is set already",
            "choose another name for the tool, or unset the variable if nothing needs it",
        )
    } else {
        return Ok(());
    };
    Err(NewError::Refused(format!(
        "error: the secret would be in the environment variable {variable}, which {why}\n  \
         = help: {fix}\n"
    )))
}

/// The file's text and its parsed tables.
///
/// # Errors
/// [`NewError::Refused`] if the file is malformed: an appended table could then be part of
/// something else.
fn sound<'c>(
    content: &'c [u8],
    before: &Loaded,
    path: &Path,
    shown: &str,
) -> Result<(&'c str, Table), NewError> {
    let is_malformed = |fault: &Fault| {
        matches!(
            fault,
            Fault::Encoding
                | Fault::Syntax(..)
                | Fault::OddSyntax(..)
                | Fault::DuplicateKey(..)
                | Fault::DuplicateKeys(_)
        )
    };
    let malformed: Vec<Problem> =
        before.problems.iter().filter(|problem| is_malformed(&problem.fault)).cloned().collect();
    let text = std::str::from_utf8(content).ok();
    match text.and_then(|text| Some((text, parsed(text)?))) {
        Some(sound) if malformed.is_empty() => Ok(sound),
        _ => Err(NewError::Refused(format!(
            "{}error: {shown} is malformed; nothing was written\n  \
             = help: fix the problems above\n",
            print_problems(&path.display().to_string(), &malformed)
        ))),
    }
}

fn parsed(text: &str) -> Option<Table> {
    text.strip_prefix('\u{feff}').unwrap_or(text).parse().ok()
}

/// Refuses a tool name that exists in the file, in any TOML spelling, and a variable that the file
/// names.
fn unregistered(table: &Table, name: &str, variable: &str, shown: &str) -> Result<(), NewError> {
    if table.get("tools").and_then(Value::as_table).is_some_and(|tools| tools.contains_key(name)) {
        return Err(NewError::Refused(format!(
            "error: {shown} has a tool named `{name}` already\n  \
             = help: choose another name, or change that tool in the file\n"
        )));
    }
    if table.values().any(|value| names(value, variable)) {
        return Err(NewError::Refused(format!(
            "error: the secret would be in the environment variable {variable}, \
             which {shown} names already\n  \
             = help: choose another name for the tool\n"
        )));
    }
    Ok(())
}

/// Whether the value, or a value in it, refers to this variable.
fn names(value: &Value, variable: &str) -> bool {
    match value {
        Value::Table(table) => {
            table.get("env").and_then(Value::as_str) == Some(variable)
                || table.values().any(|value| names(value, variable))
        }
        Value::Array(items) => items.iter().any(|item| names(item, variable)),
        _ => false,
    }
}

/// Whether the new text has the old content and this tool, and nothing else.
fn adds_only(old: &Table, text: &str, name: &str) -> bool {
    let Some(mut new) = parsed(text) else { return false };
    let Some(tools) = new.get_mut("tools").and_then(Value::as_table_mut) else { return false };
    let is_added = tools.remove(name).is_some();
    if tools.is_empty() && !old.contains_key("tools") {
        new.remove("tools");
    }
    is_added && new == *old
}

/// The launch URL of the new tool.
///
/// # Errors
/// [`NewError::Refused`] if `check` would report a new error, or any error of the tool's template.
fn accepted(
    before: &Loaded,
    after: &Loaded,
    new: &NewArguments,
    target: &NewTarget<'_>,
    (shown, lines): (&str, usize),
) -> Result<String, NewError> {
    let known: BTreeSet<String> = before.problems.iter().map(Problem::to_string).collect();
    let page = match target {
        NewTarget::Template(template, _) => format!("templates/{template}.html.tera"),
        NewTarget::Upstream(_) | NewTarget::Command(_) | NewTarget::Site(_) => String::new(),
    };
    let is_of_page = |problem: &Problem| match &problem.location {
        Location::File { file, .. } | Location::Whole(file) => *file == page,
        Location::Environment(_) => false,
    };
    let errors: Vec<Problem> = after
        .problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .filter(|problem| is_of_page(problem) || !known.contains(&problem.to_string()))
        .cloned()
        .map(|problem| in_the_file(problem, lines, new, shown))
        .collect();
    match after.config.tools.iter().find(|tool| tool.name == new.name) {
        Some(tool) if errors.is_empty() => Ok(after.config.public_url.launch_url(tool, None)),
        _ => Err(NewError::Refused(format!(
            "{}error: {shown} would have these problems with `{}`; nothing was written\n  \
             = help: fix the problems above, or add another tool\n",
            print_problems(shown, &errors),
            new.name
        ))),
    }
}

/// A problem of the new table without its line, which is not in the file.
fn in_the_file(problem: Problem, lines: usize, new: &NewArguments, shown: &str) -> Problem {
    let location = match problem.location {
        Location::File { file, line, .. } if file == shown && line > lines => {
            Location::Whole(format!("[tools.{}], which is not in {shown} yet", new.name))
        }
        location => location,
    };
    Problem { location, ..problem }
}

/// Writes the template, and then the tools file. If the second fails, removes the template again.
fn write(
    file: &AtomicFile,
    text: &str,
    page: Option<&PageFile>,
    shown: &str,
) -> Result<(), NewError> {
    if let Some(page) = page {
        page.create().map_err(|error| {
            NewError::Failed(format!(
                "error: templates/{} cannot be created: {error}\n  \
                 = help: give this user write permission; nothing was changed\n",
                page.name
            ))
        })?;
    }
    file.replace(text.as_bytes()).map_err(|error| {
        if let Some(page) = page {
            page.remove();
        }
        NewError::Failed(format!(
            "error: {shown} cannot be written: {error}\n  \
             = help: give this user write permission for the file and its directory; \
             nothing was changed\n"
        ))
    })
}
