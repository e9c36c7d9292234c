//! `[gateway]`, except for the rules about grades and the location of state.

use lti::Secret;

use super::credential::{Credential, SecretPlace};
use super::duration;
use super::resolver::{Resolver, StringPurpose};
use crate::config::fault::Fault;
use crate::config::file::{GatewayTable, StringValue};
use crate::config::institution::{self, Institution};
use crate::config::limit::SHORTEST_GATEWAY_SECRET;
use crate::config::placeholder::PlaceholderUse;
use crate::config::public_url::{self, PublicUrl};
use crate::config::table::Written;
use crate::url::Scheme;

impl Resolver<'_> {
    pub(super) fn gateway(&mut self, table: GatewayTable) -> (PublicUrl, Vec<Secret>, u64, u64) {
        let from_host = if self.development {
            Some(PublicUrl::FromHost(Scheme::Http))
        } else if self.is_on_heroku() {
            // Heroku's router forwards only requests for the app's own domains, and refuses a
            // duplicate `Host`.
            Some(PublicUrl::FromHost(Scheme::Https))
        } else {
            None
        };
        // Development does not require the variables of production.
        let written =
            table.public_url.filter(|written| self.unset_in_development(&written.value).is_none());
        let written =
            written.map(|written| (self.string(&written, StringPurpose::Setting), written.source));
        let public_url = match written {
            Some((Some(text), source)) => match public_url::parse(&text) {
                Ok(origin) => Some(PublicUrl::Fixed(origin)),
                Err(why) => {
                    self.report(&source, Fault::PublicUrl(why));
                    None
                }
            },
            Some((None, _)) => None,
            None => {
                if from_host.is_none() && table.completeness.lacks("public_url") {
                    self.report_missing("gateway", Fault::PublicUrlMissing);
                }
                from_host.clone()
            }
        };

        // Launches are for the host at which others reach development.
        let public_url = self.dev_host.clone().map(PublicUrl::Fixed).or(public_url);

        let secrets = match table.secret {
            Some(written) => self.gateway_secrets(&written),
            None if self.development && !table.completeness.is_unknown() => {
                let of = PlaceholderUse::Gateway;
                let fault = self.placeholder_fault("`gateway.secret`".into(), of);
                self.report_missing("gateway", fault);
                vec![self.placeholder(of)]
            }
            None => {
                if table.completeness.lacks("secret") {
                    self.report_missing("gateway", Fault::GatewaySecretMissing);
                }
                Vec::new()
            }
        };

        let session = self.duration(table.session, &duration::SESSION);
        let clock_skew = self.duration(table.clock_skew, &duration::CLOCK_SKEW);
        // Errors prevent the gateway from starting, so nothing uses this substitute for a missing
        // URL.
        let public_url = public_url.or(from_host).unwrap_or(PublicUrl::FromHost(Scheme::Https));
        (public_url, secrets, session, clock_skew)
    }

    /// `name` and `contact`.
    pub(super) fn institution(&mut self, table: &GatewayTable) -> Institution {
        let mut found = Institution::default();
        if let Some(name) = &table.name {
            match institution::line(&name.value) {
                Ok(name) => found.name = name,
                Err(why) => self.report(&name.source, Fault::Institution("name", why)),
            }
        }
        if let Some(contact) = &table.contact {
            match institution::contact(&contact.value) {
                Ok(contact) => found.contact = Some(contact),
                Err(why) => self.report(&contact.source, Fault::Institution("contact", why)),
            }
        }
        found
    }

    fn gateway_secrets(&mut self, written: &[Written<StringValue>]) -> Vec<Secret> {
        let mut secrets = Vec::new();
        let mut shareable = Vec::new();
        for one in written {
            if matches!(&one.value, StringValue::Literal(text) if text.is_empty()) {
                self.report(&one.source, Fault::GatewaySecretShort(0));
                continue;
            }
            let Some(secret) = self.secret(one, PlaceholderUse::Gateway) else { continue };
            let length = secret.expose().chars().count();
            if length < SHORTEST_GATEWAY_SECRET {
                self.report(&one.source, Fault::GatewaySecretShort(length));
            }
            if self.unset_in_development(&one.value).is_none() {
                shareable.push((secret.clone(), one.source.clone()));
            }
            secrets.push(secret);
        }
        self.shareable.push(Credential { place: SecretPlace::Gateway, secrets: shareable });
        secrets
    }
}
