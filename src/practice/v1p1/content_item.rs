//! Selection of links by LTI 1.1 (Content-Item Message 1.0).

use lti::oauth1::base_string::{base_string, split_url};
use lti::oauth1::{Params, SignatureMethod, SigningKey, Source};
use serde_json::{Value, json};

use crate::practice::link::CourseLink;
use crate::practice::selection::{
    MaximumField, PendingSelection, PendingSelections, accepted_items, picked_link,
};
use crate::practice::selection_answer::{SelectionAnswer, SelectionFault};

/// The media type of a link to a tool.
const LINK: &str = "application/vnd.ims.lti.v1.ltilink";
/// The most that a timestamp may differ, in seconds.
const CLOCK_SKEW: u64 = 300;

/// The parameters that make a request for links of a launch: they replace those of the same names.
pub fn selection_params(return_url: &str, data: &str) -> Vec<(String, String)> {
    [
        ("lti_message_type", "ContentItemSelectionRequest"),
        ("content_item_return_url", return_url),
        ("accept_media_types", LINK),
        ("accept_presentation_document_targets", "iframe,window"),
        ("accept_multiple", "true"),
        ("accept_unsigned", "false"),
        ("auto_create", "false"),
        ("title", "Practice"),
        ("text", "Two lines\r\nof the author"),
        ("data", data),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The parameters of a launch that a request for links does not have.
pub const NO_SELECTION_PARAMS: [&str; 3] =
    ["resource_link_id", "lis_result_sourcedid", "lis_outcome_service_url"];

/// A response in the hands of the platform.
pub struct ContentItemResponse<'a> {
    /// The form, encoded.
    pub body: &'a [u8],
    /// The time, in seconds since the epoch.
    pub now: u64,
}

/// The consumer of a tool.
#[derive(Clone, Copy)]
pub struct SelectingConsumer<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its secret.
    pub signing_key: &'a SigningKey,
}

impl ContentItemResponse<'_> {
    /// Verifies the response, and ends its request. `consumer` returns the consumer of a tool.
    ///
    /// # Errors
    /// A [`SelectionFault`]. The request stays open.
    pub fn accept<'c>(
        &self,
        selections: &mut PendingSelections,
        consumer: impl FnOnce(&str) -> Option<SelectingConsumer<'c>>,
    ) -> Result<SelectionAnswer, SelectionFault> {
        let fault = |reason: &str| SelectionFault(reason.to_owned());
        let params = Params::default().read_form(Source::Body, self.body);
        let params = params.map_err(|_| fault("the form is malformed"))?;
        let param = |name: &str| {
            let mut values = params.iter().filter(|param| param.name == name);
            match (values.next(), values.next()) {
                (Some(param), None) => Ok(param.value),
                _ => Err(SelectionFault(format!("the form does not have one {name}"))),
            }
        };
        let data = param("data")?;
        let selection = selections.find(data, self.now).cloned();
        let selection = selection
            .ok_or_else(|| fault("data is not that of a request which waits for an answer"))?;
        let consumer = consumer(&selection.tool);
        let consumer = consumer.ok_or_else(|| fault("the tool has no consumer any more"))?;
        for (name, expected) in [
            ("oauth_consumer_key", consumer.key),
            ("oauth_version", "1.0"),
            ("lti_message_type", "ContentItemSelection"),
            ("lti_version", "LTI-1p0"),
        ] {
            if param(name)? != expected {
                return Err(SelectionFault(format!("{name} is not {expected}")));
            }
        }
        self.verify(&params, &selection.return_url, consumer)?;
        let timestamp: u64 = param("oauth_timestamp")?.parse().unwrap_or_default();
        if timestamp.abs_diff(self.now) > CLOCK_SKEW {
            return Err(fault("oauth_timestamp is not now"));
        }
        let mut sent = json!({});
        for pair in params.iter().filter(|pair| !pair.name.starts_with("oauth_")) {
            sent[pair.name] = json!(pair.value);
        }
        let content: Value = match param("content_items") {
            Ok(content) => {
                serde_json::from_str(content).map_err(|_| fault("content_items is not JSON"))?
            }
            // The tool selected nothing.
            Err(_) => Value::Null,
        };
        sent["content_items"] = content.clone();
        let items = match &content["@graph"] {
            Value::Null => Vec::new(),
            Value::Array(items) => items.clone(),
            _ => return Err(fault("@graph is not a list")),
        };
        selections.remove(data);
        let links = accepted_items(&items).map(|item| link(item, &selection)).collect();
        Ok(SelectionAnswer { selection, version: "1.1", links, sent })
    }

    fn verify(
        &self,
        params: &Params,
        return_url: &str,
        consumer: SelectingConsumer<'_>,
    ) -> Result<(), SelectionFault> {
        let fault = |reason: &str| SelectionFault(reason.to_owned());
        let one = |name: &str| params.iter().find(|param| param.name == name);
        let method = one("oauth_signature_method").and_then(|it| SignatureMethod::named(it.value));
        let method = method.ok_or_else(|| fault("oauth_signature_method is unknown"))?;
        let signature = one("oauth_signature").map(|it| it.value).unwrap_or_default();
        let (base_uri, query) = split_url(return_url);
        let signed = Params::default().read_form(Source::Query, query.as_bytes());
        let signed = signed.map_err(|_| fault("the return URL is malformed"))?;
        let form = params.iter().filter(|param| param.name != "oauth_signature");
        let base = base_string("POST", &base_uri, signed.iter().chain(form));
        if consumer.signing_key.sign(method, &base) != signature {
            return Err(fault("the signature does not match"));
        }
        Ok(())
    }
}

fn link(item: &Value, selection: &PendingSelection) -> Result<CourseLink, String> {
    if item["@type"] != "LtiLinkItem" || item["mediaType"] != LINK {
        return Err(format!("@type is not LtiLinkItem, or mediaType is not {LINK}"));
    }
    picked_link(item, &selection.launch_url, MaximumField::NormalMaximum)
}
