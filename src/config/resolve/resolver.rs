//! The state that all parts of this module share: the environment and the collected problems.

use std::path::Path as FilePath;
use std::sync::Arc;

use lti::v1p1::ConsumerCredentials;
use lti::{KnownSecrets, Secret};

use super::credential::Credential;
use crate::config::document::{Document, DocumentStep, Part, Path};
use crate::config::environment::{Environment, is_variable, variable};
use crate::config::fault::Fault;
use crate::config::file::{GatewayTable, StringValue, ToolsFile};
use crate::config::gateway::{Config, Tool};
use crate::config::heroku::is_heroku;
use crate::config::placeholder::PlaceholderUse;
use crate::config::problem::{Location, Problem};
use crate::config::reading::{CommandUse, Reading, SiteUse, TemplateUse, UpstreamUse};
use crate::config::string_mistake::StringMistake;
use crate::config::table::{Completeness, ValueSource, Written};
use crate::url::Origin;

/// Variables that name the proxy of many programs.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Converts a file to its meaning. Relative paths start in `directory`.
pub(in crate::config) fn resolve(
    mut file: ToolsFile,
    document: &Document<'_>,
    directory: &FilePath,
    environment: &Environment,
    development: bool,
) -> Reading {
    let is_empty = file.is_empty;
    let mut resolver = Resolver {
        document,
        directory,
        environment,
        development,
        dev_host: None,
        problems: file.problems,
        secrets: Vec::new(),
        credentials: Vec::new(),
        upstream_uses: Vec::new(),
        command_uses: Vec::new(),
        site_uses: Vec::new(),
        shareable: Vec::new(),
    };
    resolver.variables_of_the_program(&mut file.gateway);
    resolver.dev_host = resolver.dev_host(&file.gateway);
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
                params: table
                    .params
                    .iter()
                    .flat_map(|params| params.value.keys().cloned())
                    .collect(),
            });
        }
        tools.extend(resolver.tool(table, endpoint, session));
    }
    number(&mut tools);
    resolver.own_hosts(&public_url, &tools);
    resolver.sharing();
    let known_secrets = Arc::new(KnownSecrets::new(&resolver.secrets));
    let behind_heroku = resolver.is_on_heroku();
    let dev_host = resolver.dev_host.clone();
    let placeholder = resolver.placeholder(PlaceholderUse::Tool);
    let mut problems = resolver.problems;
    if is_empty {
        let location = document.locate(&Path::default(), Part::Value);
        problems.push(Problem { fault: Fault::NoTools, location });
    }
    problems.extend(document.problems.iter().cloned());
    remove_consequences(&mut problems, document);
    let config = Config {
        development,
        dev_host,
        placeholder,
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
    Reading {
        config,
        template_uses,
        upstream_uses: resolver.upstream_uses,
        command_uses: resolver.command_uses,
        site_uses: resolver.site_uses,
        credentials: resolver.credentials,
        problems,
    }
}

/// Removes the problems that follow from a missing or wrong heading: the keys of two tables in one.
fn remove_consequences(problems: &mut Vec<Problem>, document: &Document<'_>) {
    let line_of = |problem: &Problem| match problem.location {
        Location::File { line, .. } => Some(line),
        _ => None,
    };
    let is_cause =
        |fault: &Fault| matches!(fault, Fault::Misplaced { .. } | Fault::DuplicateKeys(_));
    let causes: Vec<_> =
        problems.iter().filter(|one| is_cause(&one.fault)).filter_map(line_of).collect();
    problems.retain(|problem| {
        let may_follow = matches!(
            problem.fault,
            Fault::DuplicateKey(..)
                | Fault::BothTargets(..)
                | Fault::WithoutEffect(..)
                | Fault::KeyAndConsumers(_)
        );
        let is_near = |cause: &usize| {
            line_of(problem).is_some_and(|line| document.is_one_table(line, *cause))
        };
        !may_follow || !causes.iter().any(is_near)
    });
}

/// The purpose of a string, which decides what its mistakes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringPurpose {
    /// A secret of any characters.
    Secret,
    /// A header value.
    Header,
    /// A URL or a location.
    Setting,
    /// A variable of an app.
    Environment,
}

/// Numbers the tools in the order of the file, in place of their offsets: a comment or another
/// spelling of a value moves no tool.
fn number(tools: &mut [Tool]) {
    let mut offsets: Vec<usize> = tools.iter().map(|tool| tool.position).collect();
    offsets.sort_unstable();
    for tool in tools {
        tool.position = offsets.partition_point(|offset| *offset < tool.position);
    }
}

/// Converts the parts of a file, and collects their problems.
pub(super) struct Resolver<'a> {
    pub(super) document: &'a Document<'a>,
    /// The directory in which relative paths start.
    pub(super) directory: &'a FilePath,
    pub(super) environment: &'a Environment,
    pub(super) development: bool,
    /// The one host that development answers beside loopback.
    pub(super) dev_host: Option<Origin>,
    pub(super) problems: Vec<Problem>,
    /// Every secret of the file.
    pub(super) secrets: Vec<Secret>,
    /// The key and secrets of every consumer.
    pub(super) credentials: Vec<ConsumerCredentials>,
    /// Every valid URL of an upstream.
    pub(super) upstream_uses: Vec<UpstreamUse>,
    /// Every valid command.
    pub(super) command_uses: Vec<CommandUse>,
    /// Every folder of a tool with `site`.
    pub(super) site_uses: Vec<SiteUse>,
    /// The secrets that no two places should share.
    pub(super) shareable: Vec<Credential>,
}

impl Resolver<'_> {
    /// Reports settings that are not UTF-8, and variables that name a proxy.
    fn variables_of_the_program(&mut self, gateway: &mut GatewayTable) {
        let at = |name: &str| Location::Environment(name.to_owned());
        for name in self.environment.malformed_settings() {
            // The setting is not missing, but malformed.
            gateway.completeness = Completeness::unknown();
            let fault = Fault::VariableEncoding(name.to_owned());
            self.problems.push(Problem { fault, location: at(name) });
        }
        let is_set =
            |name: &str| self.variable(name).is_some() || self.environment.is_malformed(name);
        let proxies: Vec<_> = PROXIES.into_iter().filter(|name| is_set(name)).collect();
        if let Some(first) = proxies.first() {
            let location = at(first);
            self.problems.push(Problem { fault: Fault::ProxyVariable(proxies), location });
        }
    }

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
    /// set, and mistakes that change the meaning of the string.
    pub(super) fn string(
        &mut self,
        written: &Written<StringValue>,
        purpose: StringPurpose,
    ) -> Option<String> {
        let name = match &written.value {
            StringValue::Literal(text) => {
                return self.without_mistake(text, written, purpose).then(|| text.clone());
            }
            StringValue::Variable(name) => name,
        };
        if let Some(value) = self.variable(name) {
            let value = value.to_owned();
            return self.without_mistake(&value, written, purpose).then_some(value);
        }
        let fault = if self.environment.is_malformed(name) {
            Fault::VariableEncoding(name.clone())
        } else if self.environment.get(name).is_some() {
            Fault::VariableEmpty(name.clone())
        } else if is_variable(name) {
            Fault::VariableMissing(name.clone())
        } else {
            Fault::VariableName
        };
        self.report(&written.source, fault);
        None
    }

    /// Whether a string is usable. Reports its first mistake.
    fn without_mistake(
        &mut self,
        text: &str,
        written: &Written<StringValue>,
        purpose: StringPurpose,
    ) -> bool {
        let source = &written.source;
        let of_variable = || StringMistake::of_variable(text);
        let (mistake, what) = match &written.value {
            StringValue::Variable(name) => (of_variable(), format!("the value of {name}")),
            StringValue::Literal(_) if source.is_from_environment() => (
                of_variable(),
                format!("the value of {}", variable(source.key().unwrap_or_default())),
            ),
            StringValue::Literal(_) => {
                let mistake = match purpose {
                    StringPurpose::Setting => StringMistake::of_string(text),
                    _ => StringMistake::of_characters(text),
                };
                (mistake, format!("`{}`", source.key().unwrap_or_default()))
            }
        };
        let Some(mistake) = mistake else { return true };
        let is_usable = match (purpose, mistake) {
            (StringPurpose::Environment, _) => true,
            (_, StringMistake::Unexpanded) | (StringPurpose::Setting, _) => false,
            (StringPurpose::Secret, _) => true,
            (StringPurpose::Header, mistake) => mistake.character().is_none(),
        };
        let fault = if is_usable {
            Fault::SuspiciousString(what, mistake)
        } else {
            Fault::StringMistake(what, mistake)
        };
        let location = match &written.value {
            StringValue::Literal(_) => source.location_of(self.document, mistake),
            StringValue::Variable(_) => source.location(self.document, Part::Value),
        };
        self.problems.push(Problem { fault, location });
        is_usable
    }

    /// The name of a variable that is not set, if that is no problem: in development.
    pub(super) fn unset_in_development(&self, text: &StringValue) -> Option<String> {
        match text {
            StringValue::Variable(name)
                if self.development
                    && is_variable(name)
                    && self.variable(name).is_none()
                    && !self.environment.is_malformed(name) =>
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
