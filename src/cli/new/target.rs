//! What a new tool launches into: a template, or a web app.

use std::path::Path;

use super::arguments::NewArguments;
use super::error::{NewError, refused_with};
use super::file::PageFile;
use super::page::page;
use crate::cli::limit::TEMPLATE_DEPTH;
use crate::cli::terminal::harmless;
use crate::config::{Fault, UpstreamUrlError};

/// What the new tool launches into.
pub(super) enum NewTarget<'n> {
    /// A template, and its page where that has to be created.
    Template(&'n str, Option<PageFile>),
    /// A web app.
    Upstream(&'n str),
}

/// What the tool launches into. A template of its own name is a new one, unless it was asked for.
pub(super) fn target<'n>(new: &'n NewArguments, path: &Path) -> Result<NewTarget<'n>, NewError> {
    if let Some(url) = &new.upstream {
        // What an address cannot have cannot leave the quotes in which it is written.
        if url.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
            let fault = Fault::UpstreamUrl(UpstreamUrlError::Character);
            return Err(refused_with(path, fault));
        }
        return Ok(NewTarget::Upstream(url));
    }
    let template = new.template.as_ref().unwrap_or(&new.name);
    if !is_template_name(template) {
        return Err(NewError::Refused(format!(
            "error: a template cannot be named `{}`\n  \
             = help: write its name below templates/, with letters, digits, `-`, `_` and `.`: `--template quiz` for \
             templates/quiz.html.tera\n",
            harmless(template)
        )));
    }
    let page = PageFile::new(path, template, page(&new.name));
    if !page.exists() {
        return Ok(NewTarget::Template(template, Some(page)));
    }
    if new.template.is_none() {
        return Err(NewError::Refused(format!(
            "error: there is a templates/{template}.html.tera already\n  \
             = help: use it: `--template {template}`, or name another\n"
        )));
    }
    Ok(NewTarget::Template(template, None))
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
    !is_path && name.split('/').count() <= TEMPLATE_DEPTH && name.split('/').all(is_fine)
}
