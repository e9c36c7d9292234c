//! The target of a new tool: a template, a web app, or a folder of pages.

use std::path::Path;

use super::arguments::NewArguments;
use super::error::{NewError, refused_with};
use super::file::PageFile;
use super::page::page;
use crate::cli::limit::TEMPLATE_DEPTH;
use crate::cli::terminal::harmless;
use crate::config::{Fault, UpstreamUrlError};

/// The target of a new tool.
pub(super) enum NewTarget<'n> {
    /// A template, and its file if `new` creates it.
    Template(&'n str, Option<PageFile>),
    /// A web app.
    Upstream(&'n str),
    /// A web app that the gateway starts: program and arguments.
    Command(&'n [String]),
    /// A folder of static files.
    Site(&'n str),
}

/// The target of the tool. Without an option for it, a new template with its name.
///
/// # Errors
/// [`NewError::Refused`] for an invalid URL or template name, and for an existing template that
/// `--template` does not name.
pub(super) fn target<'n>(
    new: &'n NewArguments,
    name: &'n str,
    path: &Path,
) -> Result<NewTarget<'n>, NewError> {
    if let Some(url) = &new.upstream {
        // A valid URL has no quotes, so it cannot end the TOML string.
        if url.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
            let fault = Fault::UpstreamUrl(UpstreamUrlError::Character);
            return Err(refused_with(path, fault));
        }
        return Ok(NewTarget::Upstream(url));
    }
    if let Some(command) = &new.command {
        if command.iter().any(|argument| argument.contains(char::is_control)) {
            return Err(control_character("an argument of the command"));
        }
        return Ok(NewTarget::Command(command));
    }
    if let Some(folder) = &new.site {
        if folder.contains(char::is_control) {
            return Err(control_character("the folder"));
        }
        return Ok(NewTarget::Site(folder));
    }
    let template = new.template.as_deref().unwrap_or(name);
    if !is_template_name(template) {
        return Err(NewError::Refused(format!(
            "error: a template cannot be named `{}`\n  \
             = help: use its name below templates/, with letters, digits, `-`, `_` and `.`: \
             `--template quiz` for templates/quiz.html.tera\n",
            harmless(template)
        )));
    }
    let page = PageFile::new(path, template, page(name));
    if !page.exists() {
        return Ok(NewTarget::Template(template, Some(page)));
    }
    if new.template.is_none() {
        return Err(NewError::Refused(format!(
            "error: templates/{template}.html.tera exists already\n  \
             = help: use it with `--template {template}`, or name another template\n"
        )));
    }
    Ok(NewTarget::Template(template, None))
}

fn control_character(what: &str) -> NewError {
    NewError::Refused(format!(
        "error: {what} contains a control character\n  \
         = help: write the tool into the file without `new`\n"
    ))
}

/// Whether a template can have this name: `quiz`, or `directory/quiz`.
fn is_template_name(name: &str) -> bool {
    let is_valid = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    // The name excludes the directory `templates/` and the file extensions.
    let is_path =
        name.starts_with("templates/") || name.ends_with(".html") || name.ends_with(".tera");
    !is_path && name.split('/').count() <= TEMPLATE_DEPTH && name.split('/').all(is_valid)
}
