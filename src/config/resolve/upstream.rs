//! The upstream of a tool, with all keys that require one.

use std::collections::HashMap;
use std::time::Duration;

use super::duration;
use super::resolver::Resolver;
use crate::config::app_command::AppCommand;
use crate::config::document::Part;
use crate::config::fault::{Fault, GatewayPart};
use crate::config::file::{GradesValue, UpstreamTable};
use crate::config::gateway::{Identity, Opening, Prefix, Tool, Upstream};
use crate::config::grade_access::GradeAccess;
use crate::config::key::{COURSE, PERSONAL_FIELDS};
use crate::config::limit::LONGEST_HINT;
use crate::config::public_url::PublicUrl;
use crate::config::reading::UpstreamUse;
use crate::config::table::{ValueSource, Written};
use crate::config::upstream_url;
use crate::url::{BaseUrl, Origin, Scheme, is_loopback};

impl Resolver<'_> {
    /// The upstream. `command` is `Some` if the gateway starts the app, and `Some(None)` if the
    /// command is invalid.
    pub(super) fn upstream(
        &mut self,
        tool: &str,
        table: UpstreamTable,
        command: Option<Option<AppCommand>>,
    ) -> Option<Upstream> {
        let prefix = self.prefix(table.prefix);
        let open = self.opening(table.open);
        let downloads =
            table.downloads.map_or(prefix == Prefix::Session, |downloads| downloads.value);
        let identity = self.identity(table.identity);
        let headers = self.headers(tool, table.headers);
        let timeout = Duration::from_secs(self.duration(table.timeout, &duration::TIMEOUT));
        let members = self.roles(table.members).unwrap_or_default();
        let picker = self.picker(table.picker);
        let grades = self.grades(table.grades.as_ref());
        let needs_grades = [
            ("grade_lifetime", table.grade_lifetime.as_ref().map(|written| written.source.clone())),
            ("line_item", table.line_item.as_ref().map(|written| written.source.clone())),
        ];
        for (key, source) in needs_grades {
            if let Some(source) = source.filter(|_| grades == Some(GradeAccess::Off)) {
                self.report_at(&source, Part::Key, Fault::WithoutGrades(key));
            }
        }
        let grade_lifetime = self.duration(table.grade_lifetime, &duration::GRADE_LIFETIME);
        let line_item = self.line_item(table.line_item);
        let (url, hint) = match (&command, table.url) {
            (Some(_), written) => (self.base_path(written.as_ref())?, String::new()),
            (None, Some(written)) => (self.upstream_url(&written)?, self.hint(&written.source)),
            (None, None) => return None,
        };
        let command = match command {
            Some(command) => Some(command?),
            None => None,
        };
        let pass_host_header = table.pass_host_header.is_some_and(|written| written.value);
        Some(Upstream {
            url,
            command,
            timeout,
            prefix,
            open,
            downloads,
            identity,
            headers,
            grades: grades.unwrap_or_default(),
            grade_lifetime,
            line_item,
            members,
            picker,
            pass_host_header,
            hint,
        })
    }

    /// The URL of an app that the gateway starts: its base path, at a port that only the runtime
    /// knows.
    fn base_path(&mut self, written: Option<&Written<String>>) -> Option<BaseUrl> {
        let origin = Origin { scheme: Scheme::Http, authority: "127.0.0.1:0".to_owned() };
        let Some(written) = written else { return Some(BaseUrl { origin, path: String::new() }) };
        let fault = match upstream_url::parse_path(&written.value) {
            Ok(path) => return Some(BaseUrl { origin, path }),
            Err(_) if written.value.contains("://") => Fault::UrlWithCommand,
            Err(why) => Fault::BasePath(why),
        };
        self.report(&written.source, fault);
        None
    }

    fn upstream_url(&mut self, written: &Written<String>) -> Option<BaseUrl> {
        match upstream_url::parse(&written.value) {
            Ok(url) => {
                self.warn_about_address(&url, &written.source);
                let location = written.source.location(self.document, Part::Value);
                self.upstream_uses.push(UpstreamUse { url: url.clone(), location });
                Some(url)
            }
            Err(why) => {
                self.report(&written.source, Fault::UpstreamUrl(why));
                None
            }
        }
    }

    /// The comment behind `upstream`, cut to its limit.
    fn hint(&self, source: &ValueSource) -> String {
        let comment = source.comment(self.document).unwrap_or_default();
        match comment.char_indices().nth(LONGEST_HINT) {
            Some((end, _)) => format!("{}…", comment[..end].trim_end()),
            None => comment.to_owned(),
        }
    }

    /// Warns about an address that is probably not the app's, or that others can reach.
    fn warn_about_address(&mut self, url: &BaseUrl, source: &ValueSource) {
        let host = url.origin.host();
        let fault = if matches!(host, "0.0.0.0" | "[::]") {
            let loopback = if host == "[::]" { "[::1]" } else { "127.0.0.1" };
            let port = url.origin.port().map(|port| format!(":{port}")).unwrap_or_default();
            let instead = format!("{}://{loopback}{port}{}", url.origin.scheme, url.path);
            Fault::UpstreamUnspecified(host.to_owned(), instead)
        } else if self.is_on_heroku() && is_loopback(host) {
            Fault::UpstreamOnHeroku
        } else if upstream_url::is_exposed(url) {
            Fault::UpstreamExposed
        } else {
            return;
        };
        self.report(source, fault);
    }

    /// Reports upstreams at a host that the gateway itself serves.
    pub(super) fn own_hosts(&mut self, public_url: &PublicUrl, tools: &[Tool]) {
        let (public, public_port) = match public_url {
            PublicUrl::Fixed(origin) if !is_loopback(origin.host()) => {
                (Some(origin.host()), origin.port_or_default())
            }
            PublicUrl::Fixed(origin) => (None, origin.port_or_default()),
            PublicUrl::FromHost(_) => (None, "443"),
        };
        let of_tools: HashMap<&str, &str> = tools
            .iter()
            .filter_map(|tool| Some((tool.host.as_deref()?, tool.name.as_str())))
            .collect();
        for one in &self.upstream_uses {
            let (host, port) = (one.url.origin.host(), one.url.origin.port_or_default());
            // A proxy in front of the gateway serves the default ports.
            if ![public_port, "80", "443"].contains(&port) {
                continue;
            }
            let part = if public == Some(host) {
                GatewayPart::PublicHost(host.to_owned())
            } else if let Some(tool) = of_tools.get(host) {
                GatewayPart::ToolHost(host.to_owned(), (*tool).to_owned())
            } else {
                continue;
            };
            one.report_gateway(part, &mut self.problems);
        }
    }

    pub(super) fn prefix(&mut self, written: Option<Written<String>>) -> Prefix {
        let Some(written) = written else { return Prefix::default() };
        Prefix::named(&written.value).unwrap_or_else(|| {
            self.report(&written.source, Fault::Prefix(written.value));
            Prefix::default()
        })
    }

    pub(super) fn opening(&mut self, written: Option<Written<String>>) -> Opening {
        let Some(written) = written else { return Opening::default() };
        Opening::named(&written.value).unwrap_or_else(|| {
            self.report(&written.source, Fault::Open(written.value));
            Opening::default()
        })
    }

    /// Whose grades the app may send; `None` if the value is invalid.
    fn grades(&mut self, written: Option<&Written<GradesValue>>) -> Option<GradeAccess> {
        let Some(written) = written else { return Some(GradeAccess::Off) };
        match &written.value {
            GradesValue::Boolean(false) => Some(GradeAccess::Off),
            GradesValue::Boolean(true) => Some(GradeAccess::Learner),
            GradesValue::Word(word) if word == COURSE => Some(GradeAccess::Course),
            GradesValue::Word(word) => {
                self.report(&written.source, Fault::GradesWord(word.clone()));
                None
            }
        }
    }

    fn identity(&mut self, written: Option<Written<Vec<Written<String>>>>) -> Identity {
        let Some(written) = written else { return Identity::default() };
        for one in &written.value {
            if !PERSONAL_FIELDS.contains(&one.value.as_str()) {
                self.report(&one.source, Fault::Identity(one.value.clone()));
            }
        }
        Identity::named(written.value.iter().map(|one| one.value.as_str()))
    }
}
