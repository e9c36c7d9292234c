//! Deep linking by LTI 1.3: the settings of a request, and the verification of a response.

use lti::jose::{Keyset, verified_claims};
use serde_json::{Value, json};

use super::access::AccessTokens;
use super::platform::{DEPLOYMENT, ISSUER};
use crate::practice::link::CourseLink;
use crate::practice::selection::{
    MaximumField, PendingSelection, PendingSelections, accepted_items, picked_link,
};
use crate::practice::selection_answer::{SelectionAnswer, SelectionFault};

/// The longest lifetime of a response, in seconds, and the most that its clock may differ.
const LONGEST_LIFETIME: u64 = 3600;
const CLOCK_SKEW: u64 = 60;

fn lti(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

fn deep_linking(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti-dl/claim/{name}")
}

/// The claim of a request, and its value.
pub(super) fn settings(return_url: &str, data: &str) -> (String, Value) {
    let value = json!({
        "deep_link_return_url": return_url,
        "accept_types": ["ltiResourceLink", "link"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": true,
        "accept_lineitem": true,
        "auto_create": false,
        "data": data,
    });
    (deep_linking("deep_linking_settings"), value)
}

/// A response in the hands of the platform.
pub struct DeepLinkResponse<'a> {
    /// The field `JWT`.
    pub token: &'a str,
    /// The gateway's own keyset for this platform.
    pub keyset: &'a Keyset,
    /// The time, in seconds since the epoch.
    pub now: u64,
}

impl DeepLinkResponse<'_> {
    /// Verifies the response, and ends its request.
    ///
    /// # Errors
    /// A [`SelectionFault`]. The request stays open.
    pub fn accept(
        &self,
        selections: &mut PendingSelections,
        tokens: &mut AccessTokens,
    ) -> Result<SelectionAnswer, SelectionFault> {
        let fault = |reason: &str| SelectionFault(reason.to_owned());
        let claims = verified_claims(self.token, self.keyset)
            .map_err(|fault| SelectionFault(fault.to_string()))?;
        let data_name = deep_linking("data");
        let data = claims[&data_name].as_str().unwrap_or_default();
        let selection = selections.find(data, self.now).cloned();
        let selection = selection
            .ok_or_else(|| fault("data is not that of a request which waits for an answer"))?;
        for (name, expected) in [
            ("iss".to_owned(), selection.tool.as_str()),
            (lti("message_type"), "LtiDeepLinkingResponse"),
            (lti("version"), "1.3.0"),
            (lti("deployment_id"), DEPLOYMENT),
        ] {
            if claims[&name] != expected {
                return Err(SelectionFault(format!("{name} is not {expected}")));
            }
        }
        let is_for_this = match &claims["aud"] {
            Value::String(one) => one == ISSUER,
            Value::Array(several) => several.iter().any(|one| one == ISSUER),
            _ => false,
        };
        if !is_for_this {
            return Err(SelectionFault(format!("aud does not have {ISSUER}")));
        }
        let expires = self.lifetime(&claims)?;
        let nonce = claims["nonce"].as_str().filter(|nonce| !nonce.is_empty());
        let nonce = nonce.ok_or_else(|| fault("the response has no nonce"))?;
        let items = match &claims[deep_linking("content_items")] {
            Value::Null => Vec::new(),
            Value::Array(items) => items.clone(),
            _ => return Err(fault("content_items is not a list")),
        };
        if !tokens.spend(&format!("response {nonce}"), expires, self.now) {
            return Err(fault("the nonce was used before"));
        }
        selections.remove(data);
        let links = accepted_items(&items).map(|item| link(item, &selection)).collect();
        Ok(SelectionAnswer { selection, version: "1.3", links, sent: claims })
    }

    /// The last second at which a response may be accepted.
    fn lifetime(&self, claims: &Value) -> Result<u64, SelectionFault> {
        let seconds = |name: &str| {
            let number = claims[name].as_u64();
            number.ok_or_else(|| SelectionFault(format!("the response has no {name}")))
        };
        let (issued, expires) = (seconds("iat")?, seconds("exp")?);
        let is_valid = self.now <= expires.saturating_add(CLOCK_SKEW)
            && issued <= self.now.saturating_add(CLOCK_SKEW)
            && expires.saturating_sub(issued) <= LONGEST_LIFETIME;
        if !is_valid {
            return Err(SelectionFault("the response is not valid now".to_owned()));
        }
        Ok(expires.saturating_add(CLOCK_SKEW))
    }
}

fn link(item: &Value, selection: &PendingSelection) -> Result<CourseLink, String> {
    if item["type"] != "ltiResourceLink" {
        return Err("type is not ltiResourceLink".to_owned());
    }
    picked_link(item, &selection.launch_url, MaximumField::ScoreMaximum)
}
