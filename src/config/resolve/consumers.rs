//! A tool's consumers: their keys, secrets and signature methods.

use std::collections::HashSet;

use lti::Secret;
use lti::oauth1::SignatureMethod;
use lti::v1p1::{Consumer, ConsumerCredentials};

use super::resolver::{PLACEHOLDER_SECRET, Resolver};
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{ConsumerTable, Text};
use crate::config::key::{SENDERS, SIGNATURE_METHODS};
use crate::config::table::{Place, Written};

impl Resolver<'_> {
    pub(super) fn consumers(
        &mut self,
        tool: &str,
        place: &Place,
        own: ConsumerTable,
        list: Option<Vec<Written<ConsumerTable>>>,
    ) -> Vec<Consumer> {
        let Some(list) = list else {
            if own.soundness.lacks_all(SENDERS) && own.soundness.lacks("secret") {
                self.report(place, Fault::NoConsumer(tool.to_owned()));
                return Vec::new();
            }
            if !own.soundness.lacks("consumers") {
                return Vec::new();
            }
            return self.consumer(tool, own, place).into_iter().collect();
        };
        let surplus = [
            own.key.map(|written| ("key", written.place)),
            own.secret.map(|written| ("secret", written.place)),
            own.signature_methods.map(|written| ("signature_methods", written.place)),
        ];
        for (key, place) in surplus.into_iter().flatten() {
            self.report_at(&place, Part::Key, Fault::KeyAndConsumers(key));
        }
        let mut seen = HashSet::new();
        let mut consumers = Vec::new();
        for Written { value: table, place } in list {
            if let Some(key) = table.key.as_ref().filter(|key| !seen.insert(key.value.clone())) {
                self.report(&key.place, Fault::DuplicateConsumer(key.value.clone()));
            }
            consumers.extend(self.consumer(tool, table, &place));
        }
        consumers
    }

    fn consumer(&mut self, tool: &str, table: ConsumerTable, place: &Place) -> Option<Consumer> {
        if table.key.is_none() && table.soundness.lacks("key") {
            self.report(place, Fault::Missing("key"));
        }
        if table.secret.is_none() && table.soundness.lacks("secret") {
            self.report(place, Fault::Missing("secret"));
        }
        let methods = self.signature_methods(table.signature_methods);
        let secrets =
            table.secret.map(|written| self.consumer_secrets(&written.value)).unwrap_or_default();
        let key = table.key?;
        self.not_empty("key", &key);
        self.passport("key", &key.value, &key.place);
        let credentials = ConsumerCredentials {
            tool: tool.to_owned(),
            key: key.value.clone(),
            secrets: secrets.clone(),
        };
        self.credentials.push(credentials);
        Some(Consumer::new(key.value, secrets, methods))
    }

    fn consumer_secrets(&mut self, written: &[Written<Text>]) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for one in written {
            let Some(secret) = self.secret(one, PLACEHOLDER_SECRET) else { continue };
            self.passport("secret", secret.expose(), &one.place);
            secrets.push(secret);
        }
        secrets
    }

    /// A secret that is not empty, or in development its stand-in.
    pub(super) fn secret(
        &mut self,
        written: &Written<Text>,
        placeholder: &'static str,
    ) -> Option<Secret> {
        let secret = if let Some(name) = self.unset_in_development(&written.value) {
            self.report(&written.place, Fault::Placeholder(name, placeholder));
            Secret::new(placeholder)
        } else {
            if let Text::Literal(text) = &written.value {
                if text.is_empty() {
                    self.report(&written.place, Fault::EmptyText("secret"));
                    return None;
                }
                if !written.place.is_from_environment() {
                    self.report(&written.place, Fault::LiteralSecret);
                }
            }
            Secret::new(self.text(written)?)
        };
        self.secrets.push(secret.clone());
        Some(secret)
    }

    /// Warns of a key or secret that platforms may cut or trim.
    fn passport(&mut self, what: &'static str, text: &str, place: &Place) {
        if text.trim() != text {
            self.report(place, Fault::WhiteSpace(what));
        }
        if text.contains(':') {
            self.report(place, Fault::Colon(what));
        }
    }

    fn signature_methods(
        &mut self,
        written: Option<Written<Vec<Written<String>>>>,
    ) -> Vec<SignatureMethod> {
        let Some(written) = written else {
            return SIGNATURE_METHODS
                .iter()
                .filter_map(|name| SignatureMethod::named(name))
                .collect();
        };
        let mut methods = Vec::new();
        for one in written.value {
            match SignatureMethod::named(&one.value) {
                Some(method) => methods.push(method),
                None => self.report(&one.place, Fault::SignatureMethod(one.value)),
            }
        }
        methods
    }
}
