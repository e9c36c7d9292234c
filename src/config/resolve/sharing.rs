//! Keys and secrets in two places.

use std::collections::{HashMap, HashSet};

use super::credential::{Credential, SecretPlace};
use super::resolver::Resolver;
use crate::config::fault::{Fault, SharedRisk};
use crate::config::table::ValueSource;

impl Resolver<'_> {
    /// Warns about keys that two tools have, and about secrets in two places.
    pub(super) fn sharing(&mut self) {
        let credentials = std::mem::take(&mut self.shareable);
        self.shared_keys(&credentials);
        self.shared_secrets(&credentials);
    }

    fn shared_keys(&mut self, credentials: &[Credential]) {
        let mut known: HashMap<&str, (&str, &Credential)> = HashMap::new();
        for credential in credentials {
            let SecretPlace::Consumer { tool, key, source } = &credential.place else { continue };
            let (other, first) = *known.entry(key).or_insert((tool, credential));
            if other == tool {
                continue;
            }
            let has_same_secret = credential.secrets.iter().any(|(secret, _)| {
                first.secrets.iter().any(|(other, _)| other.expose() == secret.expose())
            });
            let fault = Fault::SharedKey(key.clone(), other.to_owned(), has_same_secret);
            self.report(source, fault);
        }
    }

    fn shared_secrets(&mut self, credentials: &[Credential]) {
        let mut all: HashMap<&str, Vec<(&SecretPlace, &ValueSource)>> = HashMap::new();
        let mut secrets = Vec::new();
        let mut groups = HashSet::new();
        for credential in credentials {
            let mut in_list = HashSet::new();
            for (secret, source) in &credential.secrets {
                if !in_list.insert(secret.expose()) {
                    self.report(source, Fault::DuplicateSecret);
                    continue;
                }
                let places = all.entry(secret.expose()).or_insert_with(|| {
                    secrets.push(secret.expose());
                    Vec::new()
                });
                if groups.insert((secret.expose(), credential.place.group())) {
                    places.push((&credential.place, source));
                }
            }
        }
        for secret in secrets {
            let Some((places, (_, source))) = all.get(secret).and_then(|all| {
                all.split_last().map(|(last, others)| (others, last)).filter(|_| all.len() > 1)
            }) else {
                continue;
            };
            let names = places.iter().map(|(place, _)| place.name()).collect();
            let has = |is: fn(&SecretPlace) -> bool| all[secret].iter().any(|(place, _)| is(place));
            let risk = if has(|place| matches!(place, SecretPlace::Gateway)) {
                SharedRisk::Session
            } else if has(|place| place.is_received_by_app()) {
                SharedRisk::Upstream
            } else {
                SharedRisk::Launch
            };
            self.report(source, Fault::SharedSecret(names, risk));
        }
    }
}
