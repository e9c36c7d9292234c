//! Additional request headers for an upstream.

use std::collections::HashMap;

use lti::Secret;

use super::credential::{Credential, SecretPlace};
use super::resolver::{Resolver, StringPurpose};
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{StringValue, ValuesTable};
use crate::config::header::{check_value, is_hop_by_hop, is_identity, is_token};
use crate::config::placeholder::PlaceholderUse;
use crate::config::table::Written;

/// Headers that the gateway sets or forwards by its own rules for each request.
const OF_THE_REQUEST: [&str; 5] = ["host", "cookie", "content-length", "origin", "referer"];

impl Resolver<'_> {
    /// The headers, with names in lower case.
    pub(super) fn headers(
        &mut self,
        tool: &str,
        written: Option<Written<ValuesTable>>,
    ) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        let mut known: HashMap<String, String> = HashMap::new();
        for (name, text) in written.map(|written| written.value).unwrap_or_default() {
            // Many servers treat these spellings as the same name.
            let normalized = name.to_ascii_lowercase().replace('_', "-");
            let fault = if !is_token(&name) {
                Some(Fault::HeaderName(name.clone()))
            } else if is_identity(&normalized) {
                Some(Fault::IdentityHeader(name.clone()))
            } else if is_hop_by_hop(&normalized) || OF_THE_REQUEST.contains(&normalized.as_str()) {
                Some(Fault::GatewayHeader(name.clone()))
            } else {
                known
                    .get(&normalized)
                    .map(|other| Fault::DuplicateHeader(name.clone(), other.clone()))
            };
            if let Some(fault) = fault {
                self.report_at(&text.source, Part::Key, fault);
            }
            known.entry(normalized).or_insert_with(|| name.clone());
            if let Some(value) = self.header_value(tool, &name, &text) {
                headers.push((name.to_ascii_lowercase(), value));
            }
        }
        headers
    }

    fn header_value(
        &mut self,
        tool: &str,
        name: &str,
        written: &Written<StringValue>,
    ) -> Option<Secret> {
        let text = match self.unset_in_development(&written.value) {
            Some(variable) => {
                let of = PlaceholderUse::Tool;
                self.report_placeholder(variable, of, &written.source).expose().to_owned()
            }
            None => self.string(written, StringPurpose::Header)?,
        };
        if let Err(why) = check_value(&text) {
            self.report(&written.source, Fault::HeaderValue(name.to_owned(), why));
        }
        let value = Secret::new(text);
        if matches!(written.value, StringValue::Variable(_)) {
            if self.unset_in_development(&written.value).is_none() {
                let place = SecretPlace::Header { tool: tool.to_owned(), name: name.to_owned() };
                let secrets = vec![(value.clone(), written.source.clone())];
                self.shareable.push(Credential { place, secrets });
            }
            self.secrets.push(value.clone());
        }
        Some(value)
    }
}
