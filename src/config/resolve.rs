//! From what is written to what it means. Every problem is collected, and none stops the search for more.

mod consumers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lti::v1p1::{Consumers, Terms};
use lti::{KnownSecrets, Roles, Secret};

use super::document::{Document, Part};
use super::excerpt::is_variable;
use super::fault::Fault;
use super::file::{CLOCK_SKEW, FRAME_ANCESTORS, GatewayTable, SESSION, TIMEOUT, Text, ToolTable, ToolsFile};
use super::problem::{Location, Problem};
use super::table::{Place, Written};
use super::{
    Config, Environment, Identity, Origin, Prefix, PublicUrl, Reading, Target, Tool, ToolPath, Upstream,
    UpstreamUrl,
};

/// What development uses for the gateway's own.
const STAND_IN_GATEWAY_SECRET: &str = "development-only-gateway-secret-00";
/// The fewest characters of `gateway.secret`.
const GATEWAY_SECRET_LENGTH: usize = 32;

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
    environment: &Environment,
    development: bool,
) -> Reading {
    let is_empty = file.is_empty;
    let mut resolver =
        Resolver { document, environment, development, problems: file.problems, secrets: Vec::new() };
    let (public_url, secrets, session, clock_skew) = resolver.gateway(file.gateway);
    resolver.paths(&file.tools);
    let mut template_uses = Vec::new();
    let mut tools = Vec::new();
    for table in file.tools {
        if let Some(template) = &table.template {
            template_uses.push(TemplateUse {
                name: template.value.clone(),
                location: template.place.location(document, Part::Value),
            });
        }
        tools.extend(resolver.tool(table, session, clock_skew));
    }
    let known = Arc::new(KnownSecrets::new(&resolver.secrets));
    for tool in &mut tools {
        tool.terms.secrets = Arc::clone(&known);
    }
    let mut problems = resolver.problems;
    if is_empty {
        let location = document.locate(&[], Part::Value);
        problems.push(Problem { fault: Fault::NoTools, location });
    }
    problems.extend(document.problems.iter().cloned());
    let config = Config { development, public_url, secrets, tools };
    Reading { config, template_uses, problems }
}

struct Resolver<'a> {
    document: &'a Document<'a>,
    environment: &'a Environment,
    development: bool,
    problems: Vec<Problem>,
    /// Every secret of the file.
    secrets: Vec<Secret>,
}

impl Resolver<'_> {
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
        } else if self.environment.contains_key("DYNO") {
            // Heroku's router passes on only the app's own domains as `Host`, and refuses a doubled one.
            Some(PublicUrl::FromHost("https"))
        } else {
            None
        };
        // Development needs no variable that is set where others launch.
        let written = table.public_url.filter(|written| self.unset_in_development(&written.value).is_none());
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

        let session = self.duration(table.session, SESSION, 60..=30 * 86_400, "`\"1m\"` to `\"30d\"`");
        let clock_skew = self.duration(table.clock_skew, CLOCK_SKEW, 1..=86_400, "`\"1s\"` to `\"1d\"`");
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
            if length < GATEWAY_SECRET_LENGTH {
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

    fn tool(&mut self, table: ToolTable, session: u64, clock_skew: u64) -> Option<Tool> {
        let before = self.problems.len();
        let place = table.name.place.clone();
        let name = table.name.value;
        if !is_tool_name(&name) {
            self.report(&place, Fault::ToolName(name.clone()));
        }
        let target = match (table.template, table.upstream) {
            (Some(template), None) => {
                self.not_empty("template", &template);
                Some(Target::Template(template.value))
            }
            (Some(_), Some(upstream)) => {
                self.report_at(&upstream.place, Part::Key, Fault::BothTargets);
                None
            }
            (None, Some(upstream)) => match UpstreamUrl::parse(&upstream.value) {
                Ok(url) => Some(Target::Upstream(Upstream {
                    url,
                    timeout: Duration::from_secs(self.duration(
                        table.timeout,
                        TIMEOUT,
                        1..=3600,
                        "`\"1s\"` to `\"1h\"`",
                    )),
                    prefix: match table.prefix {
                        Some(prefix) if prefix.value == "tool" => Prefix::Tool,
                        _ => Prefix::Session,
                    },
                    identity: match table.identity {
                        None => Identity { name: true, email: false },
                        Some(fields) => Identity {
                            name: fields.value.iter().any(|field| field.value == "name"),
                            email: fields.value.iter().any(|field| field.value == "email"),
                        },
                    },
                    headers: Vec::new(),
                })),
                Err(_) => {
                    self.report_at(&upstream.place, Part::Key, Fault::UpstreamUnsupported);
                    None
                }
            },
            (None, None) => {
                if table.soundness.lacks("template") && table.soundness.lacks("upstream") {
                    self.report(&place, Fault::NoTarget);
                }
                None
            }
        };
        let host = table.host.map(|host| host.value.to_ascii_lowercase());
        let session = match table.session {
            Some(written) => self.duration(Some(written), SESSION, 60..=30 * 86_400, "`\"1m\"` to `\"30d\"`"),
            None => session,
        };
        let path = match (&host, &table.path) {
            (Some(_), None) => Some(ToolPath::root()),
            _ => launch_path(&name, table.path.as_ref()).ok(),
        };
        let consumers = self.consumers(&name, &place, table.consumer, table.consumers);
        let roles = self.roles(table.roles);
        let frame_ancestors = self.frame_ancestors(table.frame_ancestors);
        let icon = self.icon(table.icon);
        if self.problems[before..].iter().any(|problem| problem.severity() == super::Severity::Error) {
            return None;
        }
        Some(Tool {
            title: table.title.filter(|title| !title.is_empty()).unwrap_or_else(|| name.clone()),
            description: table.description.unwrap_or_default(),
            icon,
            path: path?,
            keys: consumers.iter().map(|(key, _)| key.clone()).collect(),
            terms: Terms {
                consumers: Consumers::new(&name, consumers.into_iter().map(|(_, consumer)| consumer)),
                roles,
                clock_skew,
                secrets: Arc::default(),
            },
            host,
            session: Duration::from_secs(session),
            target: target?,
            params: table.params,
            frame_ancestors,
            name,
        })
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

    /// Whether all tools answer at paths of their own.
    fn paths(&mut self, tools: &[ToolTable]) {
        let mut paths: BTreeMap<String, &str> = BTreeMap::new();
        let mut parsed = Vec::new();
        for tool in tools {
            let place = tool.path.as_ref().map_or(&tool.name.place, |path| &path.place);
            match launch_path(&tool.name.value, tool.path.as_ref()) {
                Err(why) => self.report(place, Fault::Path(why)),
                Ok(path) if path.is_reserved() => self.report(place, Fault::ReservedPath(path.to_string())),
                Ok(path) => match paths.get(path.as_str()) {
                    Some(other) => self.report(place, Fault::SamePath(path.to_string(), (*other).to_owned())),
                    None => {
                        paths.insert(path.to_string(), &tool.name.value);
                        parsed.push((path, place));
                    }
                },
            }
        }
        for (path, place) in parsed {
            if let Some(other) = path.ancestors().find_map(|ancestor| paths.get(ancestor)) {
                self.report(place, Fault::NestedPath(path.to_string(), (*other).to_owned()));
            }
        }
    }

    fn duration(
        &mut self,
        written: Option<Written<String>>,
        default: &str,
        bounds: std::ops::RangeInclusive<u64>,
        bounds_text: &'static str,
    ) -> u64 {
        let text = written.as_ref().map_or(default, |written| written.value.as_str());
        let seconds = seconds(text);
        if let Some(written) = &written {
            match seconds {
                None => self.report(&written.place, Fault::Duration(written.value.clone())),
                Some(seconds) if !bounds.contains(&seconds) => {
                    self.report(&written.place, Fault::DurationRange(bounds_text));
                }
                Some(_) => {}
            }
        }
        seconds.unwrap_or(*bounds.start())
    }
}

/// The seconds of `90s`, `5m`, `8h` or `2d`.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(unit)).flatten()
}

/// Where a tool is launched: at the path that is written, or at the one of its name.
fn launch_path(name: &str, written: Option<&Written<String>>) -> Result<ToolPath, &'static str> {
    written.map_or_else(|| Ok(ToolPath::of_tool(name)), |path| ToolPath::parse(&path.value))
}

fn is_tool_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(letters)
}

/// Whether text is a source of `frame-ancestors` (CSP 3 §6.3.2) and cannot be more than one.
fn is_frame_source(text: &str) -> bool {
    if matches!(text, "*" | "'self'" | "'none'" | "https:" | "http:") {
        return true;
    }
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
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
    fn lengths_of_time_have_one_number_and_one_unit() {
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("8h"), Some(28_800));
        assert_eq!(seconds("2d"), Some(172_800));
        for bad in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "+5m",
            "1.5h",
            "5M",
            "5ü",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

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
