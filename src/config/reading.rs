//! What was read from a file.

use lti::v1p1::ConsumerCredentials;

use super::gateway::Config;
use super::problem::{Location, Problem};

/// As much of a file as makes sense, and what is wrong with the rest.
pub struct Reading {
    /// What the file means. If there are errors, nobody may use it: it lacks what could not be
    /// read.
    pub config: Config,
    /// The templates that the file names, for every tool, also for tools with a problem.
    pub template_uses: Vec<TemplateUse>,
    /// Every consumer's key and secrets, as text. The search for the cause of a wrong signature
    /// reads them. Outside development `serve` drops them, and keeps only what verifies.
    pub credentials: Vec<ConsumerCredentials>,
    /// What is wrong, and what an admin should know.
    pub problems: Vec<Problem>,
}

/// A template that a tool names, and where.
#[derive(Clone, Debug)]
pub struct TemplateUse {
    /// The template's name.
    pub name: String,
    /// Where it is named.
    pub location: Location,
}
