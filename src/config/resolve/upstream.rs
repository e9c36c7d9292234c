//! What a tool launches into, and the keys that concern a web app.

use std::time::Duration;

use super::duration;
use super::resolver::Resolver;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::UpstreamTable;
use crate::config::gateway::{Identity, Prefix, Target, Upstream};
use crate::config::key::PERSONAL_FIELDS;
use crate::config::table::{Place, Soundness, Written};
use crate::config::upstream_url;
use crate::url::BaseUrl;

impl Resolver<'_> {
    /// The template or the upstream, of which a tool has one.
    pub(super) fn target(
        &mut self,
        place: &Place,
        soundness: &Soundness,
        template: Option<Written<String>>,
        upstream: UpstreamTable,
    ) -> Option<Target> {
        let Some(template) = template else {
            if upstream.url.is_none() && soundness.lacks("template") && soundness.lacks("upstream")
            {
                self.report(place, Fault::NoTarget);
            }
            return self.upstream(upstream).map(Target::Upstream);
        };
        self.not_empty("template", &template);
        if let Some(url) = &upstream.url {
            self.report_at(&url.place, Part::Key, Fault::BothTargets);
            self.upstream(upstream);
            return None;
        }
        if soundness.lacks("upstream") {
            self.without_effect(&upstream);
        }
        Some(Target::Template(template.value))
    }

    /// Reports the keys that do nothing beside a template.
    fn without_effect(&mut self, table: &UpstreamTable) {
        let places = [
            ("prefix", table.prefix.as_ref().map(|written| &written.place)),
            ("identity", table.identity.as_ref().map(|written| &written.place)),
            ("headers", table.headers.as_ref().map(|written| &written.place)),
            ("timeout", table.timeout.as_ref().map(|written| &written.place)),
            ("grades", table.grades.as_ref().map(|written| &written.place)),
        ];
        for (key, place) in places {
            if let Some(place) = place {
                self.report_at(place, Part::Key, Fault::WithoutEffect(key));
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
                    self.report(&written.place, Fault::UpstreamExposed);
                }
                Some(url)
            }
            Err(why) => {
                self.report(&written.place, Fault::UpstreamUrl(why));
                None
            }
        }
    }

    fn prefix(&mut self, written: Option<Written<String>>) -> Prefix {
        let Some(written) = written else { return Prefix::default() };
        Prefix::named(&written.value).unwrap_or_else(|| {
            self.report(&written.place, Fault::Prefix(written.value));
            Prefix::default()
        })
    }

    fn identity(&mut self, written: Option<Written<Vec<Written<String>>>>) -> Identity {
        let Some(written) = written else { return Identity::default() };
        for one in &written.value {
            if !PERSONAL_FIELDS.contains(&one.value.as_str()) {
                self.report(&one.place, Fault::Identity(one.value.clone()));
            }
        }
        Identity::named(written.value.iter().map(|one| one.value.as_str()))
    }
}
