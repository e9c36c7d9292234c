//! Adds a tool or a platform to the tools file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use toml::{Table, Value};

use super::arguments::NewArguments;
use super::consumer::NewConsumer;
use super::error::{NewError, refused_with};
use super::file::{AtomicFile, PageFile};
use super::target::{NewTarget, target};
use super::text::{self, NewSender};
use crate::cli::load::{Loaded, load_content};
use crate::cli::message::{no_randomness, unreadable};
use crate::cli::platform_values::platform_values;
use crate::cli::terminal::{complain, harmless, say};
use crate::config::{
    Environment, Fault, Location, Problem, Severity, UpstreamUrlError, is_tool_name,
    print as print_problems, variable_of,
};

/// The name of the table of all tools.
const TOOLS: &str = "tools";
/// The name of the table of all platforms.
const PLATFORMS: &str = "platforms";

/// Adds a tool or a platform. Exit code 0 if it is added, 1 if the request is refused, and 2 if a
/// file cannot be read or written. After 1 and 2, nothing has changed.
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

/// The table to add: that of a tool or of a platform.
#[derive(Clone, Copy)]
struct NewTable<'n> {
    /// `tools` or `platforms`.
    of: &'static str,
    name: &'n str,
}

impl NewTable<'_> {
    fn heading(self) -> String {
        format!("[{}.{}]", self.of, self.name)
    }

    fn noun(self) -> &'static str {
        if self.of == TOOLS { "tool" } else { "platform" }
    }
}

/// Adds the tool or the platform, and returns the message about it.
fn add(
    new: &NewArguments,
    path: &Path,
    environment: &Environment,
    development: bool,
) -> Result<String, NewError> {
    match (&new.name, &new.platform) {
        (Some(name), platform) => {
            add_tool(new, name, platform.as_deref(), path, environment, development)
        }
        (None, Some(name)) => add_platform(new, name, path, environment, development),
        // The command line requires one of them.
        (None, None) => Err(NewError::Refused(String::new())),
    }
}

/// Adds a tool.
fn add_tool(
    new: &NewArguments,
    name: &str,
    platform: Option<&str>,
    path: &Path,
    environment: &Environment,
    development: bool,
) -> Result<String, NewError> {
    let shown = harmless(&path.display().to_string());
    if !is_tool_name(name) {
        return Err(refused_with(path, Fault::ToolName(name.to_owned())));
    }
    if let Some(platform) = platform.filter(|platform| !is_tool_name(platform)) {
        return Err(refused_with(path, Fault::PlatformName(platform.to_owned())));
    }
    let file =
        AtomicFile::read(path).map_err(|error| NewError::Failed(unreadable(&shown, &error)))?;
    let content = file.content().unwrap_or(text::STARTER.as_bytes());
    // Check the new tool as if its variable were set already.
    let mut with_secret = environment.clone();
    let mut sender = match platform {
        Some(name) => NewSender::Platform { name, values: String::new() },
        None => {
            let variable = variable_of(name);
            let consumer =
                NewConsumer::new(name).map_err(|error| NewError::Failed(no_randomness(error)))?;
            with_secret.insert(variable.clone(), consumer.secret.clone());
            NewSender::Consumer { consumer, variable }
        }
    };
    let load = |content: &[u8], page: Option<(String, String)>| {
        load_content(path, content, page, &with_secret, development)
    };
    let before = load(content, None);
    let (old, table) = sound(content, &before, path, &shown)?;
    let added = NewTable { of: TOOLS, name };
    unregistered(&table, added, &shown)?;
    if let NewSender::Consumer { variable, .. } = &sender {
        unnamed(&table, variable, &shown)?;
        free(variable, environment)?;
    }
    let target = target(new, name, path)?;
    let text = format!("{old}{}", text::table(old, name, &sender, &target));
    check_form(&table, &text, added, &shown)?;
    let page = match &target {
        NewTarget::Template(_, Some(page)) => Some(page),
        _ => None,
    };
    let after = load(text.as_bytes(), page.map(|page| (page.name.clone(), page.text.clone())));
    let lines = old.lines().count();
    let template = match &target {
        NewTarget::Template(template, _) => format!("templates/{template}.html.tera"),
        NewTarget::Upstream(_) | NewTarget::Command(_) | NewTarget::Site(_) => String::new(),
    };
    let found = after.config.tools.iter().find(|tool| tool.name == name);
    let tool = accepted(found, (&before, &after), added, &template, (&shown, lines))?;
    if let NewSender::Platform { values, .. } = &mut sender {
        let platforms = &tool.senders.platforms;
        *values = platforms.iter().map(|one| platform_values(&after.config, one)).collect();
    }
    let url = after.config.public_url.launch_url(tool, None);
    write(&file, &text, page, &shown)?;
    Ok(text::setup(&text::SetUp {
        tool: name,
        file: &shown,
        is_file_new: file.content().is_none(),
        target: &target,
        url: &url,
        sender: &sender,
    }))
}

/// Adds a platform, which is being set up.
fn add_platform(
    new: &NewArguments,
    name: &str,
    path: &Path,
    environment: &Environment,
    development: bool,
) -> Result<String, NewError> {
    let shown = harmless(&path.display().to_string());
    if !is_tool_name(name) {
        return Err(refused_with(path, Fault::PlatformName(name.to_owned())));
    }
    let has_control =
        |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(char::is_control));
    if has_control(&new.kind) || has_control(&new.url) {
        return Err(refused_with(
            path,
            Fault::PlatformUrl("url", UpstreamUrlError::Character, None),
        ));
    }
    let file =
        AtomicFile::read(path).map_err(|error| NewError::Failed(unreadable(&shown, &error)))?;
    let content = file.content().unwrap_or(text::STARTER.as_bytes());
    let load = |content: &[u8]| load_content(path, content, None, environment, development);
    let before = load(content);
    let (old, table) = sound(content, &before, path, &shown)?;
    let added = NewTable { of: PLATFORMS, name };
    unregistered(&table, added, &shown)?;
    let (kind, url) = (new.kind.as_deref(), new.url.as_deref());
    let text = format!("{old}{}", text::platform_table(old, name, kind, url));
    check_form(&table, &text, added, &shown)?;
    let after = load(text.as_bytes());
    let found = after.config.platforms.iter().find(|platform| platform.name.as_str() == name);
    let lines = old.lines().count();
    let platform = accepted(found, (&before, &after), added, "", (&shown, lines))?;
    let values = platform_values(&after.config, platform);
    write(&file, &text, None, &shown)?;
    Ok(text::platform_setup(&shown, file.content().is_none(), name, &values))
}

/// Refuses a file in which the text does not add exactly this table.
fn check_form(old: &Table, text: &str, added: NewTable<'_>, shown: &str) -> Result<(), NewError> {
    if adds_only(old, text, added) {
        return Ok(());
    }
    let example = if added.of == TOOLS { "[tools.hello]" } else { "[platforms.moodle]" };
    Err(NewError::Refused(format!(
        "error: {} cannot be appended to {shown}, because of the form of `{}`\n  \
         = help: write each {} as a table with a heading, such as `{example}`\n",
        added.heading(),
        added.of,
        added.noun()
    )))
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

/// Refuses a name that exists in the file, in any TOML spelling.
fn unregistered(table: &Table, added: NewTable<'_>, shown: &str) -> Result<(), NewError> {
    let tables = table.get(added.of).and_then(Value::as_table);
    if tables.is_some_and(|tables| tables.contains_key(added.name)) {
        let noun = added.noun();
        return Err(NewError::Refused(format!(
            "error: {shown} has a {noun} named `{}` already\n  \
             = help: choose another name, or change that {noun} in the file\n",
            added.name
        )));
    }
    Ok(())
}

/// Refuses a variable that the file names.
fn unnamed(table: &Table, variable: &str, shown: &str) -> Result<(), NewError> {
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

/// Whether the new text has the old content and this table, and nothing else.
fn adds_only(old: &Table, text: &str, added: NewTable<'_>) -> bool {
    let Some(mut new) = parsed(text) else { return false };
    let tables = new.get_mut(added.of).and_then(Value::as_table_mut);
    let Some(tables) = tables else { return false };
    let is_added = tables.remove(added.name).is_some();
    if tables.is_empty() && !old.contains_key(added.of) {
        new.remove(added.of);
    }
    is_added && new == *old
}

/// The new tool or platform, as found in the configuration with it. `template` is the file of the
/// tool's page; empty if it has none.
///
/// # Errors
/// [`NewError::Refused`] if `check` would report a new error, or any error of the template.
fn accepted<'l, T>(
    found: Option<&'l T>,
    (before, after): (&Loaded, &Loaded),
    added: NewTable<'_>,
    template: &str,
    (shown, lines): (&str, usize),
) -> Result<&'l T, NewError> {
    let known: BTreeSet<String> = before.problems.iter().map(Problem::to_string).collect();
    let is_of_page = |problem: &Problem| match &problem.location {
        Location::File { file, .. } | Location::Whole(file) => file == template,
        Location::Environment(_) => false,
    };
    let errors: Vec<Problem> = after
        .problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .filter(|problem| is_of_page(problem) || !known.contains(&problem.to_string()))
        .cloned()
        .map(|problem| in_the_file(problem, lines, added, shown))
        .collect();
    match found {
        Some(found) if errors.is_empty() => Ok(found),
        _ => Err(NewError::Refused(format!(
            "{}error: {shown} would have these problems with `{}`; nothing was written\n  \
             = help: fix the problems above, or add another {}\n",
            print_problems(shown, &errors),
            added.name,
            added.noun()
        ))),
    }
}

/// A problem of the new table without its line, which is not in the file.
fn in_the_file(problem: Problem, lines: usize, added: NewTable<'_>, shown: &str) -> Problem {
    let location = match problem.location {
        Location::File { file, line, .. } if file == shown && line > lines => {
            Location::Whole(format!("{}, which is not in {shown} yet", added.heading()))
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
