//! The state that all parts of this module share: the environment and the collected problems.

use std::sync::Arc;

use lti::v1p1::ConsumerCredentials;
use lti::{KnownSecrets, Secret};

use crate::config::document::{Document, DocumentStep, Part, Path};
use crate::config::environment::{Environment, is_variable};
use crate::config::fault::Fault;
use crate::config::file::{StringValue, ToolsFile};
use crate::config::gateway::Config;
use crate::config::heroku::is_heroku;
use crate::config::problem::Problem;
use crate::config::reading::{Reading, TemplateUse};
use crate::config::table::{ValueSource, Written};

/// The placeholder for a tool's secret that is not set, in development.
pub const PLACEHOLDER_SECRET: &str = "development-secret";

/// Converts a file to its meaning. Relative paths start in `directory`.
pub(in crate::config) fn resolve(
    file: ToolsFile,
    document: &Document<'_>,
    directory: &std::path::Path,
    environment: &Environment,
    development: bool,
) -> Reading {
    let is_empty = file.is_empty;
    let mut resolver = Resolver {
        document,
        environment,
        development,
        problems: file.problems,
        secrets: Vec::new(),
        credentials: Vec::new(),
    };
    let state = resolver.state(file.gateway.state.as_ref(), directory);
    let outcomes = resolver.outcomes(&file.gateway);
    let institution = resolver.institution(&file.gateway);
    let (public_url, secrets, session, clock_skew) = resolver.gateway(file.gateway);
    let endpoints = resolver.endpoints(&file.tools, &public_url);
    let mut template_uses = Vec::new();
    let mut tools = Vec::with_capacity(file.tools.len());
    for (table, endpoint) in file.tools.into_iter().zip(endpoints) {
        if let Some(template) = &table.template {
            template_uses.push(TemplateUse {
                name: template.value.clone(),
                location: template.source.location(document, Part::Value),
            });
        }
        tools.extend(resolver.tool(table, endpoint, session));
    }
    let known_secrets = Arc::new(KnownSecrets::new(&resolver.secrets));
    let behind_heroku = resolver.is_on_heroku();
    let mut problems = resolver.problems;
    if is_empty {
        let location = document.locate(&Path::default(), Part::Value);
        problems.push(Problem { fault: Fault::NoTools, location });
    }
    problems.extend(document.problems.iter().cloned());
    let config = Config {
        development,
        behind_heroku,
        institution,
        public_url,
        secrets,
        state,
        outcomes,
        clock_skew,
        known_secrets,
        tools,
    };
    Reading { config, template_uses, credentials: resolver.credentials, problems }
}

/// Converts the parts of a file, and collects their problems.
pub(super) struct Resolver<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) environment: &'a Environment,
    pub(super) development: bool,
    pub(super) problems: Vec<Problem>,
    /// Every secret of the file.
    pub(super) secrets: Vec<Secret>,
    /// The key and secrets of every consumer.
    pub(super) credentials: Vec<ConsumerCredentials>,
}

impl Resolver<'_> {
    /// Whether the gateway runs behind Heroku's router.
    pub(super) fn is_on_heroku(&self) -> bool {
        !self.development && is_heroku(self.environment)
    }

    pub(super) fn report(&mut self, source: &ValueSource, fault: Fault) {
        self.report_at(source, Part::Value, fault);
    }

    pub(super) fn report_at(&mut self, source: &ValueSource, part: Part, fault: Fault) {
        let location = source.location(self.document, part);
        self.problems.push(Problem { fault, location });
    }

    pub(super) fn report_missing(&mut self, table: &'static str, fault: Fault) {
        let path = Path::default().below(DocumentStep::Key(table.into()));
        let location = self.document.locate(&path, Part::Value);
        self.problems.push(Problem { fault, location });
    }

    /// The string itself, or the value of its variable. Reports a variable that is empty or not
    /// set.
    pub(super) fn string(&mut self, written: &Written<StringValue>) -> Option<String> {
        let name = match &written.value {
            StringValue::Literal(text) => return Some(text.clone()),
            StringValue::Variable(name) => name,
        };
        if let Some(value) = self.variable(name) {
            return Some(value.to_owned());
        }
        let fault = if self.environment.get(name).is_some() {
            Fault::VariableEmpty(name.clone())
        } else if is_variable(name) {
            Fault::VariableMissing(name.clone())
        } else {
            Fault::VariableName
        };
        self.report(&written.source, fault);
        None
    }

    /// The name of a variable that is not set, if that is no problem: in development.
    pub(super) fn unset_in_development(&self, text: &StringValue) -> Option<String> {
        match text {
            StringValue::Variable(name)
                if self.development && is_variable(name) && self.variable(name).is_none() =>
            {
                Some(name.clone())
            }
            _ => None,
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).filter(|value| !value.is_empty())
    }

    pub(super) fn not_empty(&mut self, key: &'static str, written: &Written<String>) {
        if written.value.is_empty() {
            self.report(&written.source, Fault::EmptyText(key));
        }
    }
}
