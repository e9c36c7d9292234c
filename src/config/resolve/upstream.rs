//! The target of a tool: its template, or its upstream with all keys that require one.

use std::collections::HashMap;
use std::time::Duration;

use super::duration;
use super::resolver::Resolver;
use crate::config::document::Part;
use crate::config::fault::{Fault, GatewayPart};
use crate::config::file::UpstreamTable;
use crate::config::gateway::{Identity, Opening, Prefix, Target, Tool, Upstream};
use crate::config::key::PERSONAL_FIELDS;
use crate::config::limit::LONGEST_HINT;
use crate::config::public_url::PublicUrl;
use crate::config::reading::UpstreamUse;
use crate::config::table::{Completeness, ValueSource, Written};
use crate::config::upstream_url;
use crate::url::{BaseUrl, is_loopback};

impl Resolver<'_> {
    /// The template or the upstream. Reports a tool with both or neither.
    pub(super) fn target(
        &mut self,
        (tool, source): (&str, &ValueSource),
        completeness: &Completeness,
        template: Option<Written<String>>,
        upstream: UpstreamTable,
    ) -> Option<Target> {
        let Some(template) = template else {
            if upstream.url.is_none()
                && completeness.lacks("template")
                && completeness.lacks("upstream")
            {
                self.report(source, Fault::NoTarget);
            }
            return self.upstream(tool, upstream).map(Target::Upstream);
        };
        self.not_empty("template", &template);
        if let Some(url) = &upstream.url {
            self.report_at(&url.source, Part::Key, Fault::BothTargets);
            self.upstream(tool, upstream);
            return None;
        }
        if completeness.lacks("upstream") {
            self.without_effect(&upstream);
        }
        Some(Target::Template(template.value))
    }

    /// Reports the keys that have no effect on a tool with a template.
    fn without_effect(&mut self, table: &UpstreamTable) {
        let sources = [
            ("prefix", table.prefix.as_ref().map(|written| &written.source)),
            ("open", table.open.as_ref().map(|written| &written.source)),
            ("downloads", table.downloads.as_ref().map(|written| &written.source)),
            ("identity", table.identity.as_ref().map(|written| &written.source)),
            ("headers", table.headers.as_ref().map(|written| &written.source)),
            ("timeout", table.timeout.as_ref().map(|written| &written.source)),
            ("grades", table.grades.as_ref().map(|written| &written.source)),
            ("pass_host_header", table.pass_host_header.as_ref().map(|written| &written.source)),
        ];
        for (key, source) in sources {
            if let Some(source) = source {
                self.report_at(source, Part::Key, Fault::WithoutEffect(key));
            }
        }
    }

    fn upstream(&mut self, tool: &str, table: UpstreamTable) -> Option<Upstream> {
        let prefix = self.prefix(table.prefix);
        let open = self.opening(table.open);
        let downloads =
            table.downloads.map_or(prefix == Prefix::Session, |downloads| downloads.value);
        let identity = self.identity(table.identity);
        let headers = self.headers(tool, table.headers);
        let timeout = Duration::from_secs(self.duration(table.timeout, &duration::TIMEOUT));
        let written = table.url?;
        let url = self.upstream_url(&written)?;
        let hint = self.hint(&written.source);
        let grades = table.grades.is_some_and(|grades| grades.value);
        let pass_host_header = table.pass_host_header.is_some_and(|written| written.value);
        Some(Upstream {
            url,
            timeout,
            prefix,
            open,
            downloads,
            identity,
            headers,
            grades,
            pass_host_header,
            hint,
        })
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

    fn prefix(&mut self, written: Option<Written<String>>) -> Prefix {
        let Some(written) = written else { return Prefix::default() };
        Prefix::named(&written.value).unwrap_or_else(|| {
            self.report(&written.source, Fault::Prefix(written.value));
            Prefix::default()
        })
    }

    fn opening(&mut self, written: Option<Written<String>>) -> Opening {
        let Some(written) = written else { return Opening::default() };
        Opening::named(&written.value).unwrap_or_else(|| {
            self.report(&written.source, Fault::Open(written.value));
            Opening::default()
        })
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
