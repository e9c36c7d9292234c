//! The result of reading a tools file.

use lti::v1p1::ConsumerCredentials;

use super::gateway::Config;
use super::problem::{Location, Problem};

/// The valid part of a file, and the problems of the rest.
pub struct Reading {
    /// The configuration. Callers must not use it if there are errors: it lacks the invalid parts.
    pub config: Config,
    /// The templates of all tools, including tools with a problem.
    pub template_uses: Vec<TemplateUse>,
    /// The key and secrets of every consumer, in plain text. The search for the cause of an invalid
    /// signature reads them. Outside development, `serve` drops them and keeps only the keys that
    /// verify signatures.
    pub credentials: Vec<ConsumerCredentials>,
    /// All errors and warnings.
    pub problems: Vec<Problem>,
}

/// The use of a template by a tool.
#[derive(Clone, Debug)]
pub struct TemplateUse {
    /// The template's name.
    pub name: String,
    /// The location of the name in the file.
    pub location: Location,
}
