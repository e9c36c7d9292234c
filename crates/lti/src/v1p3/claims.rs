//! The claims of a token as the parameters of LTI 1.1, which a `Launch` contains.

use super::claim::{ClaimFault, ClaimNote, LONGEST_CLAIM, LONGEST_ID};
use crate::jose::JsonKind;
use crate::jose::json::{JsonObject, JsonValue};
use crate::oauth1::{Params, Source};
use crate::rejection::Rejection;
use crate::sent_value::is_sent;
use crate::v1p1::{MESSAGE_TYPE, VERSION};

pub(super) const CLAIM_VERSION: &str = "https://purl.imsglobal.org/spec/lti/claim/version";
pub(super) const CLAIM_MESSAGE_TYPE: &str =
    "https://purl.imsglobal.org/spec/lti/claim/message_type";
pub(super) const CLAIM_DEPLOYMENT: &str = "https://purl.imsglobal.org/spec/lti/claim/deployment_id";
pub(super) const CLAIM_TARGET: &str = "https://purl.imsglobal.org/spec/lti/claim/target_link_uri";
/// The version of LTI 1.3.
pub(super) const VERSION_1P3: &str = "1.3.0";
const CLAIM_ROLES: &str = "https://purl.imsglobal.org/spec/lti/claim/roles";
const CLAIM_MENTOR: &str = "https://purl.imsglobal.org/spec/lti/claim/role_scope_mentor";
const CLAIM_RESOURCE_LINK: &str = "https://purl.imsglobal.org/spec/lti/claim/resource_link";
const CLAIM_CONTEXT: &str = "https://purl.imsglobal.org/spec/lti/claim/context";
const CLAIM_PRESENTATION: &str = "https://purl.imsglobal.org/spec/lti/claim/launch_presentation";
const CLAIM_PLATFORM: &str = "https://purl.imsglobal.org/spec/lti/claim/tool_platform";
const CLAIM_LIS: &str = "https://purl.imsglobal.org/spec/lti/claim/lis";
const CLAIM_CUSTOM: &str = "https://purl.imsglobal.org/spec/lti/claim/custom";

/// The parameter of the user.
const USER_ID: &str = "user_id";

/// Claims with one value, and their parameters.
const VALUES: [(&str, &str); 7] = [
    ("sub", USER_ID),
    ("name", "lis_person_name_full"),
    ("given_name", "lis_person_name_given"),
    ("middle_name", "lis_person_name_middle"),
    ("family_name", "lis_person_name_family"),
    ("email", "lis_person_contact_email_primary"),
    ("picture", "user_image"),
];

/// Claims with members, and the parameters of the members.
const MEMBERS: [(&str, &[(&str, &str)]); 5] = [
    (
        CLAIM_CONTEXT,
        &[("id", "context_id"), ("label", "context_label"), ("title", "context_title")],
    ),
    (
        CLAIM_RESOURCE_LINK,
        &[
            ("id", "resource_link_id"),
            ("title", "resource_link_title"),
            ("description", "resource_link_description"),
        ],
    ),
    (
        CLAIM_PRESENTATION,
        &[
            ("document_target", "launch_presentation_document_target"),
            ("width", "launch_presentation_width"),
            ("height", "launch_presentation_height"),
            ("return_url", "launch_presentation_return_url"),
            ("locale", "launch_presentation_locale"),
            ("css_url", "launch_presentation_css_url"),
        ],
    ),
    (
        CLAIM_PLATFORM,
        &[
            ("guid", "tool_consumer_instance_guid"),
            ("name", "tool_consumer_instance_name"),
            ("description", "tool_consumer_instance_description"),
            ("url", "tool_consumer_instance_url"),
            ("contact_email", "tool_consumer_instance_contact_email"),
            ("product_family_code", "tool_consumer_info_product_family_code"),
            ("version", "tool_consumer_info_version"),
        ],
    ),
    (
        CLAIM_LIS,
        &[
            ("person_sourcedid", "lis_person_sourcedid"),
            ("course_offering_sourcedid", "lis_course_offering_sourcedid"),
            ("course_section_sourcedid", "lis_course_section_sourcedid"),
        ],
    ),
];

/// The parameters of the claims, and notes about dropped values.
#[derive(Default)]
pub(super) struct ClaimParams {
    pub(super) params: Params,
    pub(super) notes: Vec<ClaimNote>,
    count: usize,
}

/// Checks the claims about user and roles.
///
/// # Errors
/// [`Rejection::MissingClaim`] or [`Rejection::MalformedClaim`].
pub(super) fn check(claims: &JsonObject<'_>, anonymous: bool) -> Result<(), Rejection> {
    let malformed = |claim, found| Rejection::MalformedClaim { claim, found };
    let of_kind = |claim, value: JsonValue<'_>| malformed(claim, ClaimFault::Kind(value.kind()));
    match claims.get("sub") {
        Some(sub) => {
            let user = sub.string().ok_or_else(|| of_kind("sub", sub))?;
            if user.chars().count() > LONGEST_ID {
                return Err(malformed("sub", ClaimFault::TooLong));
            }
            if !is_sent(&user) && !anonymous {
                return Err(Rejection::MissingClaim("sub"));
            }
        }
        None if anonymous => {}
        None => return Err(Rejection::MissingClaim("sub")),
    }
    let roles = claims.get(CLAIM_ROLES).ok_or(Rejection::MissingClaim(CLAIM_ROLES))?;
    let list = roles.list().ok_or_else(|| of_kind(CLAIM_ROLES, roles))?;
    if let Some(other) = list.iter().find(|role| role.kind() != JsonKind::String) {
        return Err(malformed(CLAIM_ROLES, ClaimFault::ListWith(other.kind())));
    }
    Ok(())
}

/// Checks the claim about the resource link, which only a launch has.
///
/// # Errors
/// [`Rejection::NoResourceLink`] or [`Rejection::MalformedClaim`].
pub(super) fn check_resource_link(claims: &JsonObject<'_>) -> Result<(), Rejection> {
    let of_kind = |claim, value: JsonValue<'_>| {
        let found = ClaimFault::Kind(value.kind());
        Rejection::MalformedClaim { claim, found }
    };
    let link = claims.get(CLAIM_RESOURCE_LINK).ok_or(Rejection::NoResourceLink)?;
    let link = link.object().ok_or_else(|| of_kind(CLAIM_RESOURCE_LINK, link))?;
    match link.get("id") {
        None => Err(Rejection::NoResourceLink),
        Some(id) => match id.string() {
            None => Err(of_kind(CLAIM_RESOURCE_LINK, id)),
            Some(id) if id.trim().is_empty() => Err(Rejection::NoResourceLink),
            Some(_) => Ok(()),
        },
    }
}

impl ClaimParams {
    /// The parameters of all claims that a launch contains. `user_id` replaces `sub`.
    pub(super) fn read(claims: &JsonObject<'_>, user_id: Option<&str>) -> Self {
        let mut read = Self::default();
        // The same values as in LTI 1.1: a template or an app cannot distinguish the versions.
        read.push("lti_message_type", MESSAGE_TYPE);
        read.push("lti_version", VERSION);
        for (claim, param) in VALUES {
            match user_id.filter(|_| param == USER_ID) {
                Some(user_id) => read.push(param, user_id),
                None => read.push_value(claim, param, claims.get(claim)),
            }
        }
        read.push_list(CLAIM_ROLES, "roles", claims.get(CLAIM_ROLES));
        read.push_list(CLAIM_MENTOR, "role_scope_mentor", claims.get(CLAIM_MENTOR));
        for (claim, members) in MEMBERS {
            let object = read.object(claim, claims.get(claim)).unwrap_or_default();
            for (member, param) in members {
                let value = object.get(member);
                let is_empty =
                    |value: &JsonValue<'_>| value.string().is_some_and(|text| !is_sent(&text));
                let sent = value.filter(|value| !is_empty(value));
                let value = sent.or_else(|| fallback(claims, param)).or(value);
                read.push_value(param, param, value);
            }
            if claim == CLAIM_CONTEXT {
                read.push_list("context_type", "context_type", object.get("type"));
            }
        }
        let custom = read.object(CLAIM_CUSTOM, claims.get(CLAIM_CUSTOM)).unwrap_or_default();
        for (name, value) in custom.iter() {
            let param = format!("custom_{name}");
            let note = Rejection::quote(&param);
            if read.count >= Params::MAX {
                read.notes.push(ClaimNote::TooMany(note));
                break;
            }
            match text(value) {
                Some(value) => read.push(&param, &value),
                None => read.notes.push(ClaimNote::Kind { name: note, kind: value.kind() }),
            }
        }
        read
    }

    fn push(&mut self, param: &str, value: &str) {
        self.params.push(Source::Body, param, value);
        self.count = self.count.saturating_add(1);
    }

    /// Adds a claim with one value. `name` is its name in a note.
    fn push_value(&mut self, name: &str, param: &str, value: Option<JsonValue<'_>>) {
        // A check needs the id of the resource link, so it may be long.
        let value = if param == "resource_link_id" { value } else { self.short(name, value) };
        let Some(value) = value else { return };
        match text(value) {
            Some(value) => self.push(param, &value),
            None => self.note(name, value),
        }
    }

    /// Adds a claim with a list of strings, joined by commas.
    fn push_list(&mut self, name: &str, param: &str, value: Option<JsonValue<'_>>) {
        let Some(value) = value else { return };
        // A check needs the roles, so they may be long.
        if name != CLAIM_ROLES && self.short(name, Some(value)).is_none() {
            return;
        }
        let Some(list) = value.list() else { return self.note(name, value) };
        let strings: Vec<String> = list.into_iter().filter_map(JsonValue::string).collect();
        let (with_comma, strings): (Vec<_>, Vec<_>) =
            strings.into_iter().partition(|element| element.contains(','));
        if !with_comma.is_empty() {
            self.notes.push(ClaimNote::RoleWithComma);
        }
        self.push(param, &strings.join(","));
    }

    /// A claim with members.
    fn object<'a>(&mut self, name: &str, value: Option<JsonValue<'a>>) -> Option<JsonObject<'a>> {
        let value = if name == CLAIM_RESOURCE_LINK { value } else { self.short(name, value) }?;
        let object = value.object();
        if object.is_none() {
            self.note(name, value);
        }
        object
    }

    /// A claim, unless it is too long.
    fn short<'a>(&mut self, name: &str, value: Option<JsonValue<'a>>) -> Option<JsonValue<'a>> {
        let value = value?;
        if value.text().len() > LONGEST_CLAIM {
            self.notes.push(ClaimNote::TooLong(name.to_owned()));
            return None;
        }
        Some(value)
    }

    fn note(&mut self, name: &str, value: JsonValue<'_>) {
        self.notes.push(ClaimNote::Kind { name: name.to_owned(), kind: value.kind() });
    }
}

/// The claim that counts if the member for this parameter is missing or empty.
fn fallback<'a>(claims: &JsonObject<'a>, param: &str) -> Option<JsonValue<'a>> {
    match param {
        "lis_person_sourcedid" => claims.get("preferred_username"),
        "launch_presentation_locale" => claims.get("locale"),
        _ => None,
    }
}

/// A value as text: a string, or a number or boolean as its JSON text.
fn text(value: JsonValue<'_>) -> Option<String> {
    match value.kind() {
        JsonKind::String => value.string(),
        JsonKind::Number | JsonKind::Boolean => Some(value.text().to_owned()),
        JsonKind::Null | JsonKind::List | JsonKind::Object => None,
    }
}
