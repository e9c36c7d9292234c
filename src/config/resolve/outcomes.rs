//! The hosts and URLs that may receive grades.

use std::collections::HashMap;

use super::resolver::Resolver;
use crate::address::is_public;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::GatewayTable;
use crate::config::outcome_host::HostRule;
use crate::config::outcome_rules::{OutcomeRules, default_hosts};
use crate::config::table::{ValueSource, Written};
use crate::config::upstream_url;
use crate::url::{BaseUrl, is_private};

impl Resolver<'_> {
    pub(super) fn outcomes(&mut self, table: &GatewayTable) -> OutcomeRules {
        let before = self.problems.len();
        let hosts = match &table.outcome_hosts {
            Some(written) => self.outcome_hosts(&written.value),
            None => default_hosts(),
        };
        let hosts_are_known = self.problems.len() == before
            && (table.outcome_hosts.is_some() || table.completeness.lacks("outcome_hosts"));
        let mut rewrites = Vec::new();
        let mut targets = Vec::new();
        let mut known: HashMap<String, &str> = HashMap::new();
        for (text, written) in table.outcome_url_rewrite.iter().flatten() {
            let prefix = self.outcome_url(text, &written.source, Part::Key);
            let target = self.outcome_url(&written.value, &written.source, Part::Value);
            if let Some(prefix) = &prefix
                && let Some(other) = known.insert(prefix.to_string(), text)
            {
                let fault = Fault::DuplicateOutcomeUrl(text.clone(), other.to_owned());
                self.report_at(&written.source, Part::Key, fault);
            }
            targets.extend(
                target.as_ref().map(|target| (target.origin.host().to_owned(), &written.source)),
            );
            rewrites.extend(prefix.zip(target));
        }
        let rules = OutcomeRules::new(hosts, rewrites);
        if hosts_are_known {
            for (host, source) in targets {
                let is_allowed =
                    if is_public_host(&host) { rules.allows(&host) } else { rules.names(&host) };
                if !is_allowed {
                    self.report(source, Fault::OutcomeHostMissing(host));
                }
            }
        }
        rules
    }

    fn outcome_hosts(&mut self, written: &[Written<String>]) -> Vec<HostRule> {
        let mut hosts = Vec::new();
        for one in written {
            match HostRule::parse(&one.value) {
                Ok(host) => hosts.push(host),
                Err(why) => self.report(&one.source, Fault::OutcomeHost(why)),
            }
        }
        hosts
    }

    /// One side of `outcome_url_rewrite`. It has the syntax of `upstream`.
    fn outcome_url(&mut self, text: &str, source: &ValueSource, part: Part) -> Option<BaseUrl> {
        let url = upstream_url::parse(text);
        url.map_err(|why| self.report_at(source, part, Fault::OutcomeUrl(why))).ok()
    }
}

/// Whether a host may have a public network address. The client for platforms connects to no other,
/// unless `outcome_hosts` lists the host by name.
fn is_public_host(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(address) => is_public(address),
        Err(_) => !is_private(host),
    }
}
