//! `[gateway]`, but for where grades may go and where state is kept.

use lti::Secret;

use super::duration;
use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::file::{GatewayTable, Text};
use crate::config::limit::SHORTEST_GATEWAY_SECRET;
use crate::config::public_url::{self, PublicUrl};
use crate::config::table::Written;
use crate::url::Scheme;

/// What development uses for `gateway.secret`.
const PLACEHOLDER_SECRET: &str = "development-only-gateway-secret-00";

impl Resolver<'_> {
    pub(super) fn gateway(&mut self, table: GatewayTable) -> (PublicUrl, Vec<Secret>, u64, u64) {
        let from_host = if self.development {
            Some(PublicUrl::FromHost(Scheme::Http))
        } else if self.is_on_heroku() {
            // Heroku's router passes on only the app's own domains as `Host`, and refuses a doubled
            // one.
            Some(PublicUrl::FromHost(Scheme::Https))
        } else {
            None
        };
        // Development needs no variable that is set where others launch.
        let written =
            table.public_url.filter(|written| self.unset_in_development(&written.value).is_none());
        let written = written.map(|written| (self.text(&written), written.place));
        let public_url = match written {
            Some((Some(text), place)) => match public_url::parse(&text) {
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
                let fault = Fault::Placeholder("`gateway.secret`".into(), PLACEHOLDER_SECRET);
                self.report_missing("gateway", fault);
                vec![Secret::new(PLACEHOLDER_SECRET)]
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
        // Problems keep the gateway from starting, so what stands in for a missing URL is never
        // used.
        let public_url = public_url.or(from_host).unwrap_or(PublicUrl::FromHost(Scheme::Https));
        (public_url, secrets, session, clock_skew)
    }

    fn gateway_secrets(&mut self, written: &[Written<Text>]) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for one in written {
            if matches!(&one.value, Text::Literal(text) if text.is_empty()) {
                self.report(&one.place, Fault::GatewaySecretShort(0));
                continue;
            }
            let Some(secret) = self.secret(one, PLACEHOLDER_SECRET) else { continue };
            let length = secret.expose().chars().count();
            if length < SHORTEST_GATEWAY_SECRET {
                self.report(&one.place, Fault::GatewaySecretShort(length));
            }
            secrets.push(secret);
        }
        secrets
    }
}
