//! The target of a tool: its template, or its upstream with all keys that require one.

use std::time::Duration;

use super::duration;
use super::resolver::Resolver;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::UpstreamTable;
use crate::config::gateway::{Identity, Prefix, Target, Upstream};
use crate::config::key::PERSONAL_FIELDS;
use crate::config::table::{Completeness, Source, Written};
use crate::config::upstream_url;
use crate::url::BaseUrl;

impl Resolver<'_> {
    /// The template or the upstream. Reports a tool with both or neither.
    pub(super) fn target(
        &mut self,
        source: &Source,
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
            return self.upstream(upstream).map(Target::Upstream);
        };
        self.not_empty("template", &template);
        if let Some(url) = &upstream.url {
            self.report_at(&url.source, Part::Key, Fault::BothTargets);
            self.upstream(upstream);
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
            ("identity", table.identity.as_ref().map(|written| &written.source)),
            ("headers", table.headers.as_ref().map(|written| &written.source)),
            ("timeout", table.timeout.as_ref().map(|written| &written.source)),
            ("grades", table.grades.as_ref().map(|written| &written.source)),
        ];
        for (key, source) in sources {
            if let Some(source) = source {
                self.report_at(source, Part::Key, Fault::WithoutEffect(key));
            }
        }
    }

    fn upstream(&mut self, table: UpstreamTable) -> Option<Upstream> {
        let prefix = self.prefix(table.prefix);
        let identity = self.identity(table.identity);
        let headers = self.headers(table.headers);
        let timeout = Duration::from_secs(self.duration(table.timeout, &duration::TIMEOUT));
        let url = self.upstream_url(&table.url?)?;
        let grades = table.grades.is_some_and(|grades| grades.value);
        Some(Upstream { url, timeout, prefix, identity, headers, grades })
    }

    fn upstream_url(&mut self, written: &Written<String>) -> Option<BaseUrl> {
        match upstream_url::parse(&written.value) {
            Ok(url) => {
                if upstream_url::is_exposed(&url) {
                    self.report(&written.source, Fault::UpstreamExposed);
                }
                Some(url)
            }
            Err(why) => {
                self.report(&written.source, Fault::UpstreamUrl(why));
                None
            }
        }
    }

    fn prefix(&mut self, written: Option<Written<String>>) -> Prefix {
        let Some(written) = written else { return Prefix::default() };
        Prefix::named(&written.value).unwrap_or_else(|| {
            self.report(&written.source, Fault::Prefix(written.value));
            Prefix::default()
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
