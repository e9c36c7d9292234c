//! From what is written to what it means. Every problem is collected, and none stops the search for more.

mod address;
mod consumers;
mod duration;
mod headers;
mod outcomes;
mod state;
mod upstream;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use figment::value::Dict;
use lti::v1p1::{Consumers, Passport};
use lti::{KnownSecrets, Roles, Secret};

use super::document::{Document, Part};
use super::excerpt::is_variable;
use super::fault::Fault;
use super::file::{FRAME_ANCESTORS, GatewayTable, Text, ToolTable, ToolsFile};
use super::problem::{Location, Problem};
use super::shape::LONG_SECRET;
use super::table::{Place, Written};
use super::{Config, Environment, Origin, PublicUrl, Reading, Senders, Severity, Target, Tool};
use address::Address;

/// What development uses for a secret of a tool that is not set.
pub const STAND_IN_SECRET: &str = "development-secret";
/// What development uses for the gateway's own.
const STAND_IN_GATEWAY_SECRET: &str = "development-only-gateway-secret-00";

/// A template that a tool names, and where.
#[derive(Clone, Debug)]
pub struct TemplateUse {
    /// The template's name.
    pub name: String,
    /// Where it is named.
    pub location: Location,
}

pub(super) fn resolve(
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
        passports: Vec::new(),
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
    Reading { config, template_uses, passports: resolver.passports, problems }
}

struct Resolver<'a> {
    document: &'a Document<'a>,
    environment: &'a Environment,
    development: bool,
    problems: Vec<Problem>,
    /// Every secret of the file.
    secrets: Vec<Secret>,
    /// Every consumer's key and secrets.
    passports: Vec<Passport>,
}

impl Resolver<'_> {
    /// Whether Heroku's router is in front.
    fn is_on_heroku(&self) -> bool {
        !self.development && self.environment.contains_key("DYNO")
    }

    fn report(&mut self, place: &Place, fault: Fault) {
        self.report_at(place, Part::Value, fault);
    }

    fn report_at(&mut self, place: &Place, part: Part, fault: Fault) {
        let location = place.location(self.document, part);
        self.problems.push(Problem { fault, location });
    }

    fn gateway(&mut self, table: GatewayTable) -> (PublicUrl, Vec<Secret>, u64, u64) {
        let from_host = if self.development {
            Some(PublicUrl::FromHost("http"))
        } else if self.is_on_heroku() {
            // Heroku's router passes on only the app's own domains as `Host`, and refuses a doubled one.
            Some(PublicUrl::FromHost("https"))
        } else {
            None
        };
        // Development needs no variable that is set where others launch.
        let written =
            table.public_url.filter(|written| self.unset_in_development(&written.value).is_none());
        let written = written.map(|written| (self.text(&written), written.place));
        let public_url = match written {
            Some((Some(text), place)) => match Origin::parse(&text) {
                Ok(origin) => Some(PublicUrl::Fixed(origin)),
                Err(why) => {
                    self.report(&place, Fault::PublicUrl(why));
                    None
                }
            },
            Some((None, _)) => None,
            None => {
                if from_host.is_none() && table.soundness.lacks("public_url") {
                    self.report_missing("gateway", Fault::PublicUrlMissing);
                }
                from_host.clone()
            }
        };

        let secrets = match table.secret {
            Some(written) => self.gateway_secrets(&written),
            None if self.development => {
                let fault = Fault::StandIn("`gateway.secret`".into(), STAND_IN_GATEWAY_SECRET);
                self.report_missing("gateway", fault);
                vec![Secret::new(STAND_IN_GATEWAY_SECRET)]
            }
            None => {
                if table.soundness.lacks("secret") {
                    self.report_missing("gateway", Fault::GatewaySecretMissing);
                }
                Vec::new()
            }
        };

        let session = self.duration(table.session, &duration::SESSION);
        let clock_skew = self.duration(table.clock_skew, &duration::CLOCK_SKEW);
        // Problems keep the gateway from starting, so what stands in for a missing URL is never used.
        let public_url = public_url.or(from_host).unwrap_or(PublicUrl::FromHost("https"));
        (public_url, secrets, session, clock_skew)
    }

    fn gateway_secrets(&mut self, written: &[Written<Text>]) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for one in written {
            if matches!(&one.value, Text::Literal(text) if text.is_empty()) {
                self.report(&one.place, Fault::GatewaySecretShort(0));
                continue;
            }
            let Some(secret) = self.secret(one, STAND_IN_GATEWAY_SECRET) else { continue };
            let length = secret.expose().chars().count();
            if length < LONG_SECRET.shortest {
                self.report(&one.place, Fault::GatewaySecretShort(length));
            }
            secrets.push(secret);
        }
        secrets
    }

    fn report_missing(&mut self, table: &str, fault: Fault) {
        let path = [super::document::Step::Key(table.to_owned())];
        let location = self.document.locate(&path, Part::Value);
        self.problems.push(Problem { fault, location });
    }

    fn tool(&mut self, table: ToolTable, address: Option<Address>, session: u64) -> Option<Tool> {
        let before = self.problems.len();
        let place = table.name.place;
        let name = table.name.value;
        if !is_tool_name(&name) {
            self.report(&place, Fault::ToolName(name.clone()));
        }
        let target = self.target(&place, &table.soundness, table.template, table.upstream);
        let session = match table.session {
            Some(written) => self.duration(Some(written), &duration::SESSION),
            None => session,
        };
        let consumers = self.consumers(&name, &place, table.consumer, table.consumers);
        let roles = self.roles(table.roles);
        let frame_ancestors = self.frame_ancestors(table.frame_ancestors);
        let icon = self.icon(table.icon);
        if let (Some(params), Some(Target::Upstream(_))) = (&table.params, &target) {
            self.short(params);
        }
        if self.problems[before..].iter().any(|problem| problem.severity() == Severity::Error) {
            return None;
        }
        let Address { host, path } = address?;
        Some(Tool {
            title: table.title.filter(|title| !title.is_empty()).unwrap_or_else(|| name.clone()),
            description: table.description.unwrap_or_default(),
            icon,
            path,
            senders: Senders { consumers: Consumers::new(&name, consumers) },
            roles,
            host,
            session: Duration::from_secs(session),
            target: target?,
            params: table.params.map(|params| params.value).unwrap_or_default(),
            frame_ancestors,
            name,
        })
    }

    /// Reports `params` that are too long for a header: each request to the upstream carries them.
    fn short(&mut self, params: &Written<Dict>) {
        const LONGEST: usize = 1024;
        let length = serde_json::to_string(&params.value).map_or(0, |text| text.len());
        if length > LONGEST {
            self.report_at(&params.place, Part::Key, Fault::ParamsLong(length));
        }
    }

    /// The text itself, or that of its variable, which has to be set.
    fn text(&mut self, written: &Written<Text>) -> Option<String> {
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
    fn unset_in_development(&self, text: &Text) -> Option<String> {
        match text {
            Text::Variable(name)
                if self.development && is_variable(name) && self.variable(name).is_none() =>
            {
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn not_empty(&mut self, key: &'static str, written: &Written<String>) {
        if written.value.is_empty() {
            self.report(&written.place, Fault::EmptyText(key));
        }
    }

    fn roles(&mut self, written: Option<Written<Vec<Written<String>>>>) -> Option<Roles> {
        let written = written?;
        let mut roles = Roles::default();
        for one in written.value {
            match Roles::named(&one.value) {
                Some(named) => roles = roles.with(named),
                None => self.report(&one.place, Fault::Role(one.value)),
            }
        }
        Some(roles)
    }

    fn frame_ancestors(&mut self, written: Option<Written<Vec<Written<String>>>>) -> String {
        let Some(written) = written else { return FRAME_ANCESTORS.to_owned() };
        let mut sources = Vec::new();
        for one in written.value {
            if is_frame_source(&one.value) {
                sources.push(one.value);
            } else {
                self.report(&one.place, Fault::FrameAncestor);
            }
        }
        sources.join(" ")
    }

    fn icon(&mut self, written: Option<Written<String>>) -> String {
        let Some(written) = written else { return String::new() };
        if !written.value.starts_with("https://") && !written.value.starts_with("/static/") {
            self.report(&written.place, Fault::Icon);
        }
        written.value
    }
}

/// Whether text can be the name of a tool: a key of TOML without quotes, and a segment of a path.
pub(crate) fn is_tool_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(letters)
}

/// Whether text is a source of `frame-ancestors` (CSP 3 §6.3.2) and cannot be more than one.
fn is_frame_source(text: &str) -> bool {
    if matches!(text, "*" | "'self'" | "'none'" | "https:" | "http:") {
        return true;
    }
    let host =
        text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    let host = host.strip_prefix("*.").unwrap_or(host);
    let (name, port) = host.split_once(':').unwrap_or((host, "*"));
    let name_is_fine = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    name_is_fine && (port == "*" || port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_source_is_exactly_one() {
        for good in [
            "*",
            "'self'",
            "https:",
            "https://lms.example",
            "https://*.lms.example:8443",
            "localhost:8000",
            "lms.example:*",
        ] {
            assert!(is_frame_source(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a;script-src",
            "a,b",
            "https://",
            "'unsafe-inline'",
            "https://a/b",
            "ü.example",
            "a:b",
            "javascript:",
        ] {
            assert!(!is_frame_source(bad), "{bad}");
        }
    }
}
