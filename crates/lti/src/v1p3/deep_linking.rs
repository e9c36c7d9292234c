//! Deep linking 2.0: the settings of a request, and the response.

use serde_json::{Map, Value, json};

use super::claim::ClaimFault;
use super::claims::{CLAIM_DEPLOYMENT, CLAIM_MESSAGE_TYPE, CLAIM_VERSION, VERSION_1P3};
use crate::grade_place::NoGradePlace;
use crate::jose::json::{JsonObject, JsonValue};
use crate::launch::Launch;
use crate::link_item::{LinkItem, number};
use crate::rejection::Rejection;
use crate::selection::{CLAIM_DEEP_LINKING, LONGEST_DATA, Selection, SelectionFormat, return_url};
use crate::sender::{ClientId, DeploymentId};

const CLAIM_ITEMS: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items";
const CLAIM_DATA: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/data";
/// The type of a link to a tool.
const LINK_TYPE: &str = "ltiResourceLink";
/// The lifetime of a response, in seconds.
const LIFETIME: u64 = 300;

/// The settings of a request.
pub(super) struct DeepLinkingSettings {
    pub(super) return_url: String,
    pub(super) data: Option<String>,
    pub(super) accepts_several: bool,
    pub(super) accepts_line_item: bool,
}

impl DeepLinkingSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`Rejection::MissingClaim`], [`Rejection::MalformedClaim`] or
    /// [`Rejection::LinksNotAccepted`].
    pub(super) fn read(claims: &JsonObject<'_>) -> Result<Self, Rejection> {
        let claim = CLAIM_DEEP_LINKING;
        let malformed = |found| Rejection::MalformedClaim { claim, found };
        let of_kind = |value: JsonValue<'_>| malformed(ClaimFault::Kind(value.kind()));
        let settings = claims.get(claim).ok_or(Rejection::MissingClaim(claim))?;
        let settings = settings.object().ok_or_else(|| of_kind(settings))?;
        let url = settings.get("deep_link_return_url").and_then(JsonValue::string);
        let url = url.and_then(|url| return_url(&url));
        let return_url = url.ok_or(Rejection::no_return_url(claim))?;
        let types: Vec<String> = match settings.get("accept_types") {
            Some(types) => {
                let types = types.list().ok_or_else(|| of_kind(types))?;
                types.into_iter().filter_map(JsonValue::string).collect()
            }
            None => Vec::new(),
        };
        if !types.iter().any(|one| one == LINK_TYPE) {
            return Err(Rejection::links_not_accepted(&types.join(", ")));
        }
        let data = match settings.get("data") {
            Some(data) => Some(data.string().ok_or_else(|| of_kind(data))?),
            None => None,
        };
        if data.as_ref().is_some_and(|data| data.len() > LONGEST_DATA) {
            return Err(Rejection::long_data(claim));
        }
        let flag = |name| settings.get(name).and_then(flag);
        Ok(Self {
            return_url,
            data,
            accepts_several: flag("accept_multiple").unwrap_or(false),
            accepts_line_item: flag("accept_lineitem").unwrap_or(true),
        })
    }
}

impl DeepLinkingSettings {
    /// The request for links of a user in a course.
    pub(super) fn into_selection(self, request: Launch) -> Selection {
        Selection {
            request: Launch { grade_place: Err(NoGradePlace::NoLineItem), ..request },
            return_url: self.return_url,
            data: self.data,
            accepts_several: self.accepts_several,
            accepts_line_item: self.accepts_line_item,
            format: SelectionFormat::DeepLinking,
        }
    }
}

/// A boolean. Some platforms send it as a string.
fn flag(value: JsonValue<'_>) -> Option<bool> {
    let string = || value.string()?.to_ascii_lowercase().parse().ok();
    value.boolean().or_else(string)
}

/// The response to a request for links.
pub struct DeepLinkingResponse<'a> {
    /// Our client at the platform.
    pub client_id: &'a ClientId,
    /// The issuer of the platform.
    pub issuer: &'a str,
    /// The deployment of the request.
    pub deployment_id: &'a DeploymentId,
    /// The `data` of the request.
    pub data: Option<&'a str>,
    /// The links. Without any, the user canceled.
    pub items: &'a [LinkItem],
    /// A random string for this response.
    pub nonce: &'a str,
    /// The time, in seconds since the epoch.
    pub now: u64,
}

impl DeepLinkingResponse<'_> {
    /// The claims of the token. [Sign](crate::jose::sign) it, and post it as `JWT`.
    pub fn claims(&self) -> Value {
        let mut response = json!({
            "iss": self.client_id.as_str(),
            "aud": [self.issuer],
            "iat": self.now,
            "exp": self.now.saturating_add(LIFETIME),
            "nonce": self.nonce,
        });
        response[CLAIM_DEPLOYMENT] = self.deployment_id.as_str().into();
        response[CLAIM_MESSAGE_TYPE] = "LtiDeepLinkingResponse".into();
        response[CLAIM_VERSION] = VERSION_1P3.into();
        response[CLAIM_ITEMS] = self.items.iter().map(item).collect();
        if let Some(data) = self.data {
            response[CLAIM_DATA] = data.into();
        }
        response
    }
}

fn item(link: &LinkItem) -> Value {
    let mut item = Map::new();
    let mut add = |name: &str, value: Value| item.insert(name.to_owned(), value);
    add("type", LINK_TYPE.into());
    add("url", link.url.as_str().into());
    add("title", link.title.as_str().into());
    if let Some(text) = &link.text {
        add("text", text.as_str().into());
    }
    if let Some(icon) = &link.icon {
        add("icon", json!({ "url": icon }));
    }
    if !link.custom.is_empty() {
        add("custom", link.custom_object());
    }
    if let Some(line_item) = &link.line_item {
        let line_item = json!({
            "label": line_item.label,
            "scoreMaximum": number(line_item.points),
            "resourceId": line_item.resource_id,
        });
        add("lineItem", line_item);
    }
    Value::Object(item)
}
