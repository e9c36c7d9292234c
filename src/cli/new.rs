//! `new`: adds a tool to the tools file.

mod consumer;
mod file;
mod text;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use toml::{Table, Value};

use super::load::{DEEPEST, Loaded, load_content};
use super::terminal::{harmless, say};
use super::unreadable;
use crate::config::{
    Environment, Fault, Location, Problem, Severity, UpstreamUrlError, is_tool_name,
    print as print_problems, variable_of,
};
use consumer::Consumer;
use file::{File, Page};

/// What is added.
#[derive(clap::Args)]
pub(super) struct New {
    /// The tool's name: letters, digits, - and _
    name: String,

    /// The template that it renders; one that does not exist is created [default: one of the tool's name, which must not exist]
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "upstream")]
    template: Option<String>,

    /// The web app behind it, instead of a template: http://127.0.0.1:9000
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
}

/// What the new tool launches into.
enum Target<'n> {
    /// A template, and its page where that has to be created.
    Template(&'n str, Option<Page>),
    /// A web app.
    Upstream(&'n str),
}

/// Why nothing was written, in words for a terminal.
enum Failure {
    /// What was asked for is refused.
    Refused(String),
    /// The machine does not let it be done.
    Prevented(String),
}

/// Adds a tool: exit code 0 if it was added, 1 if that is refused, and 2 if it could not be done; then nothing was written.
pub(super) fn new(
    new: &New,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    match add(new, file, environment, development) {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(Failure::Refused(why)) => {
            eprint!("{why}");
            ExitCode::from(1)
        }
        Err(Failure::Prevented(why)) => {
            eprint!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Adds it, and says how to set it up.
fn add(
    new: &New,
    path: &Path,
    environment: &Environment,
    development: bool,
) -> Result<String, Failure> {
    let shown = harmless(&path.display().to_string());
    if !is_tool_name(&new.name) {
        return Err(refused_with(path, Fault::ToolName(new.name.clone())));
    }
    let file = File::read(path).map_err(|error| Failure::Prevented(unreadable(&shown, &error)))?;
    let content = file.content().unwrap_or(text::STARTER.as_bytes());
    let variable = variable_of(&new.name);
    let consumer = Consumer::new(&new.name).map_err(|error| {
        Failure::Prevented(format!("error: this machine has no randomness: {error}\n"))
    })?;
    // The new tool is judged as it will be once its variable is set.
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
        return Err(Failure::Refused(format!(
            "error: {shown} cannot take a table [tools.{}] at its end, because of how `tools` is written\n  \
             = help: write each of its tools as a table with a heading, such as `[tools.hello]`\n",
            new.name
        )));
    }
    let page = match &target {
        Target::Template(_, Some(page)) => Some(page),
        _ => None,
    };
    let after = load(&text, page.map(|page| (page.name.clone(), page.text.clone())));
    let url = accepted(&before, &after, new, &target, &shown)?;
    write(&file, &text, page, &shown)?;
    Ok(text::setup(&text::Setup {
        tool: &new.name,
        file: &shown,
        is_file_new: file.content().is_none(),
        target: &target,
        url: &url,
        consumer: &consumer,
        variable: &variable,
    }))
}

/// A refusal in the words that `check` has for the fault.
fn refused_with(path: &Path, fault: Fault) -> Failure {
    Failure::Refused(
        Problem { fault, location: Location::Whole(path.display().to_string()) }.to_string(),
    )
}

/// Refuses a variable that holds something already, or that is the gateway's own: `gateway.secret` would be this tool's.
fn free(variable: &str, environment: &Environment) -> Result<(), Failure> {
    let (why, cure) = if variable.starts_with("LTI_GATEWAY_") {
        ("is the gateway's own", "choose another name for the tool")
    } else if environment.get(variable).is_some_and(|value| !value.is_empty()) {
        (
            "is set already",
            "choose another name for the tool, or unset the variable if nothing needs it",
        )
    } else {
        return Ok(());
    };
    Err(Failure::Refused(format!(
        "error: the secret would be in the environment variable {variable}, which {why}\n  = help: {cure}\n"
    )))
}

/// The file's text and what it says, unless it is malformed: nobody can tell what a table at its end would belong to.
fn sound<'c>(
    content: &'c [u8],
    before: &Loaded,
    path: &Path,
    shown: &str,
) -> Result<(&'c str, Table), Failure> {
    let is_malformed = |fault: &Fault| {
        matches!(fault, Fault::Encoding | Fault::Syntax(..) | Fault::DuplicateKey(..))
    };
    let malformed: Vec<Problem> =
        before.problems.iter().filter(|problem| is_malformed(&problem.fault)).cloned().collect();
    let text = std::str::from_utf8(content).ok();
    match text.and_then(|text| Some((text, parsed(text)?))) {
        Some(sound) if malformed.is_empty() => Ok(sound),
        _ => Err(Failure::Refused(format!(
            "{}error: {shown} is malformed, so that nothing is added to it\n  = help: mend what is said of it above\n",
            print_problems(&path.display().to_string(), &malformed)
        ))),
    }
}

fn parsed(text: &str) -> Option<Table> {
    text.strip_prefix('\u{feff}').unwrap_or(text).parse().ok()
}

/// Refuses a name that the file has, however it is written there, and a variable that it names.
fn unregistered(table: &Table, name: &str, variable: &str, shown: &str) -> Result<(), Failure> {
    if table.get("tools").and_then(Value::as_table).is_some_and(|tools| tools.contains_key(name)) {
        return Err(Failure::Refused(format!(
            "error: {shown} has a tool named `{name}` already\n  = help: choose another name, or change that tool in the file\n"
        )));
    }
    if table.values().any(|value| names(value, variable)) {
        return Err(Failure::Refused(format!(
            "error: the secret would be in the environment variable {variable}, which {shown} names already\n  \
             = help: choose another name for the tool\n"
        )));
    }
    Ok(())
}

/// Whether a value takes anything from this variable.
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

/// What the tool launches into. A template of its own name is a new one, unless it was asked for.
fn target<'n>(new: &'n New, path: &Path) -> Result<Target<'n>, Failure> {
    if let Some(url) = &new.upstream {
        // What an address cannot have cannot leave the quotes in which it is written.
        if url.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
            let fault = Fault::UpstreamUrl(UpstreamUrlError::Character);
            return Err(refused_with(path, fault));
        }
        return Ok(Target::Upstream(url));
    }
    let template = new.template.as_ref().unwrap_or(&new.name);
    if !is_template_name(template) {
        return Err(Failure::Refused(format!(
            "error: a template cannot be named `{}`\n  \
             = help: write its name below templates/, with letters, digits, `-`, `_` and `.`: `--template quiz` for \
             templates/quiz.html.tera\n",
            harmless(template)
        )));
    }
    let page = Page::new(path, template, text::page(&new.name));
    if !page.exists() {
        return Ok(Target::Template(template, Some(page)));
    }
    if new.template.is_none() {
        return Err(Failure::Refused(format!(
            "error: there is a templates/{template}.html.tera already\n  \
             = help: use it: `--template {template}`, or name another\n"
        )));
    }
    Ok(Target::Template(template, None))
}

/// Whether a template can have this name: `quiz`, or `folder/quiz` where it is found in there.
fn is_template_name(name: &str) -> bool {
    let is_fine = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    // What is written with its folder or ending is another's path to it.
    let is_path =
        name.starts_with("templates/") || name.ends_with(".html") || name.ends_with(".tera");
    !is_path && name.split('/').count() <= DEEPEST && name.split('/').all(is_fine)
}

/// Whether a text says what the old one said, and has the tool besides.
fn adds_only(old: &Table, text: &str, name: &str) -> bool {
    let Some(mut new) = parsed(text) else { return false };
    let Some(tools) = new.get_mut("tools").and_then(Value::as_table_mut) else { return false };
    let is_added = tools.remove(name).is_some();
    if tools.is_empty() && !old.contains_key("tools") {
        new.remove("tools");
    }
    is_added && new == *old
}

/// The tool's launch URL, unless `check` would tell an error that it did not tell before, or one of the tool's template.
fn accepted(
    before: &Loaded,
    after: &Loaded,
    new: &New,
    target: &Target<'_>,
    shown: &str,
) -> Result<String, Failure> {
    let known: BTreeSet<String> = before.problems.iter().map(Problem::to_string).collect();
    let page = match target {
        Target::Template(template, _) => format!("templates/{template}.html.tera"),
        Target::Upstream(_) => String::new(),
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
        .collect();
    match after.config.tools.iter().find(|tool| tool.name == new.name) {
        Some(tool) if errors.is_empty() => Ok(after.config.public_url.launch_url(tool, None)),
        _ => Err(Failure::Refused(format!(
            "{}error: with `{}`, {shown} would have what is said above, so that nothing is written\n  \
             = help: mend that, or ask for something else\n",
            print_problems(shown, &errors),
            new.name
        ))),
    }
}

/// Writes the page, and then the file that names it: where that fails, the page is taken away.
fn write(file: &File, text: &str, page: Option<&Page>, shown: &str) -> Result<(), Failure> {
    if let Some(page) = page {
        page.create().map_err(|error| {
            Failure::Prevented(format!(
                "error: templates/{} cannot be created: {error}\n  = help: let this user write there; nothing was changed\n",
                page.name
            ))
        })?;
    }
    file.replace(text.as_bytes()).map_err(|error| {
        if let Some(page) = page {
            page.remove();
        }
        Failure::Prevented(format!(
            "error: {shown} cannot be written: {error}\n  = help: let this user write it, and its folder; nothing was changed\n"
        ))
    })
}
