//! A tool's consumers: their keys, secrets and signature methods.

use std::collections::HashSet;

use lti::Secret;
use lti::oauth1::SignatureMethod;
use lti::v1p1::{Consumer, ConsumerCredentials};

use super::credential::{Credential, SecretPlace};
use super::resolver::{Resolver, StringPurpose};
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{ConsumerTable, StringValue};
use crate::config::key::{SENDERS, SIGNATURE_METHODS};
use crate::config::limit::{RECOMMENDED_CONSUMER_SECRET, SHORTEST_CONSUMER_SECRET};
use crate::config::placeholder::PlaceholderUse;
use crate::config::string_mistake::StringMistake;
use crate::config::table::{ValueSource, Written};

impl Resolver<'_> {
    pub(super) fn consumers(
        &mut self,
        tool: &str,
        source: &ValueSource,
        own: ConsumerTable,
        list: Option<Vec<Written<ConsumerTable>>>,
    ) -> Vec<Consumer> {
        let Some(list) = list else {
            if own.completeness.lacks_all(SENDERS) && own.completeness.lacks("secret") {
                self.report(source, Fault::NoConsumer(tool.to_owned()));
                return Vec::new();
            }
            let has_own = !own.completeness.lacks_all(&["key", "secret", "signature_methods"]);
            if !own.completeness.lacks("consumers")
                || !own.completeness.lacks("platforms") && !has_own
            {
                return Vec::new();
            }
            return self.consumer(tool, own, source).into_iter().collect();
        };
        let surplus = [
            own.key.map(|written| ("key", written.source)),
            own.secret.map(|written| ("secret", written.source)),
            own.signature_methods.map(|written| ("signature_methods", written.source)),
        ];
        for (key, source) in surplus.into_iter().flatten() {
            self.report_at(&source, Part::Key, Fault::KeyAndConsumers(key));
        }
        let mut seen = HashSet::new();
        let mut consumers = Vec::new();
        for Written { value: table, source } in list {
            if let Some(key) = table.key.as_ref().filter(|key| !seen.insert(key.value.clone())) {
                self.report(&key.source, Fault::DuplicateConsumer(key.value.clone()));
            }
            consumers.extend(self.consumer(tool, table, &source));
        }
        consumers
    }

    fn consumer(
        &mut self,
        tool: &str,
        table: ConsumerTable,
        source: &ValueSource,
    ) -> Option<Consumer> {
        if table.key.is_none() && table.completeness.lacks("key") {
            self.report(source, Fault::Missing("key"));
        }
        if table.secret.is_none() && table.completeness.lacks("secret") {
            self.report(source, Fault::Missing("secret"));
        }
        let methods = self.signature_methods(table.signature_methods);
        let (secrets, shareable) =
            table.secret.map(|written| self.consumer_secrets(&written.value)).unwrap_or_default();
        let key = table.key?;
        for (_, source) in shareable.iter().filter(|(secret, _)| secret.expose() == key.value) {
            self.report(source, Fault::SecretIsKey);
        }
        let place = SecretPlace::Consumer {
            tool: tool.to_owned(),
            key: key.value.clone(),
            source: key.source.clone(),
        };
        self.shareable.push(Credential { place, secrets: shareable });
        self.not_empty("key", &key);
        self.warn_about_credential("key", &key.value, &key.source);
        let credentials = ConsumerCredentials {
            tool: tool.to_owned(),
            key: key.value.clone(),
            secrets: secrets.clone(),
        };
        self.credentials.push(credentials);
        Some(Consumer::new(key.value, secrets, methods))
    }

    /// The secrets, and those of them that are no placeholders, with their sources.
    fn consumer_secrets(
        &mut self,
        written: &[Written<StringValue>],
    ) -> (Vec<Secret>, Vec<(Secret, ValueSource)>) {
        let mut secrets = Vec::new();
        let mut shareable = Vec::new();
        for one in written {
            let Some(secret) = self.secret(one, PlaceholderUse::Tool) else { continue };
            self.warn_about_credential("secret", secret.expose(), &one.source);
            // A placeholder has its own warning.
            if self.unset_in_development(&one.value).is_none() {
                self.check_length_of_secret(&secret, one);
                shareable.push((secret.clone(), one.source.clone()));
            }
            secrets.push(secret);
        }
        (secrets, shareable)
    }

    /// Reports a secret that learners can guess. They have launches with their signatures, so they
    /// can try secrets without asking the gateway.
    fn check_length_of_secret(&mut self, secret: &Secret, written: &Written<StringValue>) {
        let length = secret.expose().chars().count();
        let variable = match &written.value {
            StringValue::Literal(_) => None,
            StringValue::Variable(name) => Some(name.clone()),
        };
        if length < SHORTEST_CONSUMER_SECRET && !self.development {
            self.report(&written.source, Fault::ConsumerSecretTooShort(variable));
        } else if length < RECOMMENDED_CONSUMER_SECRET {
            self.report(&written.source, Fault::ConsumerSecretShort(variable));
        }
    }

    /// The secret, if it is not empty. In development, the placeholder for a variable that is not
    /// set.
    pub(super) fn secret(
        &mut self,
        written: &Written<StringValue>,
        of: PlaceholderUse,
    ) -> Option<Secret> {
        let secret = if let Some(name) = self.unset_in_development(&written.value) {
            self.report_placeholder(name, of, &written.source)
        } else {
            if let StringValue::Literal(text) = &written.value {
                if text.is_empty() {
                    self.report(&written.source, Fault::EmptyText("secret"));
                    return None;
                }
                if !written.source.is_from_environment() {
                    self.report(&written.source, Fault::LiteralSecret);
                }
            }
            Secret::new(self.string(written, StringPurpose::Secret)?)
        };
        self.secrets.push(secret.clone());
        Some(secret)
    }

    /// Warns about a key or secret that platforms may split or trim.
    fn warn_about_credential(&mut self, what: &'static str, text: &str, source: &ValueSource) {
        let has_mistake = StringMistake::of_characters(text).is_some();
        if text.trim() != text && !has_mistake {
            self.report(source, Fault::OuterWhitespace(what));
        }
        if text.contains(':') {
            self.report(source, Fault::Colon(what));
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
                None => self.report(&one.source, Fault::SignatureMethod(one.value)),
            }
        }
        methods
    }
}
