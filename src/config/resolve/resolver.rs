//! What all parts of the configuration are read with: the environment, and where problems go.

use std::path::Path;
use std::sync::Arc;

use lti::v1p1::ConsumerCredentials;
use lti::{KnownSecrets, Secret};

use crate::config::document::{Document, Part};
use crate::config::environment::{Environment, is_variable};
use crate::config::fault::Fault;
use crate::config::file::{Text, ToolsFile};
use crate::config::gateway::Config;
use crate::config::heroku::is_heroku;
use crate::config::problem::Problem;
use crate::config::reading::{Reading, TemplateUse};
use crate::config::table::{Place, Written};

/// What development uses for a secret of a tool that is not set.
pub const PLACEHOLDER_SECRET: &str = "development-secret";

/// Converts a file to its meaning.
pub(in crate::config) fn resolve(
    file: ToolsFile,
    document: &Document<'_>,
    folder: &Path,
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
    let state = resolver.state(file.gateway.state.as_ref(), folder);
    let outcomes = resolver.outcomes(&file.gateway);
    let (public_url, secrets, session, clock_skew) = resolver.gateway(file.gateway);
    let addresses = resolver.addresses(&file.tools, &public_url);
    let mut template_uses = Vec::new();
    let mut tools = Vec::new();
    for (table, address) in file.tools.into_iter().zip(addresses) {
        if let Some(template) = &table.template {
            template_uses.push(TemplateUse {
                name: template.value.clone(),
                location: template.place.location(document, Part::Value),
            });
        }
        tools.extend(resolver.tool(table, address, session));
    }
    let known_secrets = Arc::new(KnownSecrets::new(&resolver.secrets));
    let behind_heroku = resolver.is_on_heroku();
    let mut problems = resolver.problems;
    if is_empty {
        let location = document.locate(&[], Part::Value);
        problems.push(Problem { fault: Fault::NoTools, location });
    }
    problems.extend(document.problems.iter().cloned());
    let config = Config {
        development,
        behind_heroku,
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

/// Reads the parts of a file, and collects their problems.
pub(super) struct Resolver<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) environment: &'a Environment,
    pub(super) development: bool,
    pub(super) problems: Vec<Problem>,
    /// Every secret of the file.
    pub(super) secrets: Vec<Secret>,
    /// Every consumer's key and secrets.
    pub(super) credentials: Vec<ConsumerCredentials>,
}

impl Resolver<'_> {
    /// Whether Heroku's router is in front.
    pub(super) fn is_on_heroku(&self) -> bool {
        !self.development && is_heroku(self.environment)
    }

    pub(super) fn report(&mut self, place: &Place, fault: Fault) {
        self.report_at(place, Part::Value, fault);
    }

    pub(super) fn report_at(&mut self, place: &Place, part: Part, fault: Fault) {
        let location = place.location(self.document, part);
        self.problems.push(Problem { fault, location });
    }

    pub(super) fn report_missing(&mut self, table: &str, fault: Fault) {
        let path = [crate::config::document::DocumentStep::Key(table.to_owned())];
        let location = self.document.locate(&path, Part::Value);
        self.problems.push(Problem { fault, location });
    }

    /// The text itself, or that of its variable, which has to be set.
    pub(super) fn text(&mut self, written: &Written<Text>) -> Option<String> {
        let name = match &written.value {
            Text::Literal(text) => return Some(text.clone()),
            Text::Variable(name) => name,
        };
        if let Some(value) = self.variable(name) {
            return Some(value.to_owned());
        }
        let fault = if self.environment.contains_key(name) {
            Fault::VariableEmpty(name.clone())
        } else if is_variable(name) {
            Fault::VariableMissing(name.clone())
        } else {
            Fault::VariableName
        };
        self.report(&written.place, fault);
        None
    }

    /// The name of a variable that is not set, where that is no problem.
    pub(super) fn unset_in_development(&self, text: &Text) -> Option<String> {
        match text {
            Text::Variable(name)
                if self.development && is_variable(name) && self.variable(name).is_none() =>
            {
                Some(name.clone())
            }
            _ => None,
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn not_empty(&mut self, key: &'static str, written: &Written<String>) {
        if written.value.is_empty() {
            self.report(&written.place, Fault::EmptyText(key));
        }
    }
}
