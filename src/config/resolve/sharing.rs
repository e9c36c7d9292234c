//! Keys and secrets in two places.

use std::collections::{HashMap, HashSet};

use lti::Secret;

use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::table::ValueSource;

/// The secrets of one place, and its key if it is a consumer.
pub(super) struct Credential {
    pub(super) place: Place,
    pub(super) secrets: Vec<(Secret, ValueSource)>,
}

/// The place of a secret.
pub(super) enum Place {
    /// `gateway.secret`.
    Gateway,
    /// A header for the upstream of this tool.
    Header { tool: String, name: String },
    /// A consumer of this tool. `source` is that of its key.
    Consumer { tool: String, key: String, source: ValueSource },
}

impl Place {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Consumer { key, .. } => Some(key),
            _ => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Gateway => "`gateway.secret`".to_owned(),
            Self::Header { tool, name } => format!("the header `{name}` of the tool `{tool}`"),
            Self::Consumer { tool, key, .. } => format!("the key `{key}` of the tool `{tool}`"),
        }
    }
}

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
            let Place::Consumer { tool, key, source } = &credential.place else { continue };
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
        let mut all: HashMap<&str, Vec<(&Place, &ValueSource)>> = HashMap::new();
        let mut secrets = Vec::new();
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
                // A key in two tools has its own warning.
                let key = credential.place.key();
                if key.is_none() || places.iter().all(|(place, _)| place.key() != key) {
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
            let with_gateway = places.iter().any(|(place, _)| matches!(place, Place::Gateway));
            let names = places.iter().map(|(place, _)| place.name()).collect();
            self.report(source, Fault::SharedSecret(names, with_gateway));
        }
    }
}
