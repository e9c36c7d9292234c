//! Content-Item Message 1.0: the parameters of a request, and the response.

use serde_json::{Map, Value, json};

use super::message::VERSION;
use super::sign::signed_params;
use crate::link_item::{LinkItem, number};
use crate::oauth1::{Credentials, ParamError, Params};
use crate::rejection::Rejection;
use crate::selection::{CONTENT_ITEM_RETURN_URL, LONGEST_DATA, return_url};

/// The media type of a link to a tool.
const LINK_TYPE: &str = "application/vnd.ims.lti.v1.ltilink";

/// The parameters of a request that a launch does not have.
pub(super) struct ContentItemRequest {
    pub(super) return_url: String,
    pub(super) data: Option<String>,
    pub(super) accepts_several: bool,
}

impl ContentItemRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// [`Rejection::ConflictingParameter`], [`Rejection::MissingClaim`],
    /// [`Rejection::MalformedClaim`] or [`Rejection::LinksNotAccepted`].
    pub(super) fn read(params: &Params) -> Result<Self, Rejection> {
        let claim = CONTENT_ITEM_RETURN_URL;
        let url = value(params, claim)?.ok_or(Rejection::MissingClaim(claim))?;
        let return_url = return_url(url).ok_or(Rejection::no_return_url(claim))?;
        let types = value(params, "accept_media_types")?.unwrap_or_default();
        if !types.split(',').any(|one| one.trim().eq_ignore_ascii_case(LINK_TYPE)) {
            return Err(Rejection::links_not_accepted(types));
        }
        let data = value(params, "data")?;
        if data.is_some_and(|data| data.len() > LONGEST_DATA) {
            return Err(Rejection::long_data("data"));
        }
        let several = value(params, "accept_multiple")?;
        Ok(Self {
            return_url,
            data: data.map(str::to_owned),
            accepts_several: several.is_some_and(|several| several.eq_ignore_ascii_case("true")),
        })
    }
}

/// The value of a parameter. A signature does not determine which of two values counts.
fn value<'p>(params: &'p Params, name: &str) -> Result<Option<&'p str>, Rejection> {
    let mut values = params.iter().filter(|param| param.name == name).map(|param| param.value);
    let first = values.next();
    match values.any(|other| Some(other) != first) {
        true => Err(Rejection::ConflictingParameter(Rejection::quote(name))),
        false => Ok(first),
    }
}

/// The parameters of the response, signed. Post them to `return_url`.
///
/// Browsers send every line break of a form as CRLF. The signature covers the parameters as they
/// send them.
///
/// # Errors
/// A [`ParamError`] if the query of `return_url` is malformed.
pub fn content_item_selection(
    return_url: &str,
    items: &[LinkItem],
    data: Option<&str>,
    credentials: &Credentials<'_>,
) -> Result<Vec<(String, String)>, ParamError> {
    let items = with_crlf(&content_items(items).to_string());
    let data = data.map(with_crlf);
    let mut params = vec![
        ("lti_message_type", "ContentItemSelection"),
        ("lti_version", VERSION),
        ("content_items", &items),
    ];
    params.extend(data.as_deref().map(|data| ("data", data)));
    signed_params(return_url, &params, credentials)
}

fn content_items(items: &[LinkItem]) -> Value {
    json!({
        "@context": [
            "http://purl.imsglobal.org/ctx/lti/v1/ContentItem",
            {
                "lineItem": "http://purl.imsglobal.org/ctx/lis/v2/LineItem",
                "res": "http://purl.imsglobal.org/ctx/lis/v2p1/Result#",
            },
        ],
        "@graph": items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn item(link: &LinkItem) -> Value {
    let mut item = Map::new();
    let mut add = |name: &str, value: Value| item.insert(name.to_owned(), value);
    add("@type", "LtiLinkItem".into());
    add("mediaType", LINK_TYPE.into());
    add("url", link.url.as_str().into());
    add("title", link.title.as_str().into());
    if let Some(text) = &link.text {
        add("text", text.as_str().into());
    }
    if let Some(icon) = &link.icon {
        add("icon", json!({ "@id": icon }));
    }
    if !link.custom.is_empty() {
        add("custom", link.custom_object());
    }
    if let Some(line_item) = &link.line_item {
        let line_item = json!({
            "@type": "LineItem",
            "label": line_item.label,
            "reportingMethod": "res:totalScore",
            "assignedActivity": { "activityId": line_item.resource_id },
            "scoreConstraints": {
                "@type": "NumericLimits",
                "normalMaximum": number(line_item.points),
            },
        });
        add("lineItem", line_item);
    }
    Value::Object(item)
}

/// A text with CRLF in place of every line break.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}
