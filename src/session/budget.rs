//! The size limit of a session, and the order in which the gateway omits values.
//!
//! The browser holds the session as a cookie. Browsers limit the cookies of one site in one
//! platform's frames (partition) to about 10 KB.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::content::SessionContent;
use super::cookie::COOKIE;
use super::field::Field;
use super::seal::{deflated, sealed_length};
use super::session::Session;

/// The most characters of a session's cookie, name and value. Ten of them, with ten receipts, fit
/// into Chromium's limit of 10,240 for one site in one partition.
pub const BUDGET: usize = 900;
/// The most characters of a cookie without optional values. Browsers drop longer cookies.
pub const MAX_COOKIE: usize = 3800;
/// The most characters of identity in a request to an upstream: headers and assertion. Upstreams
/// accept 8 KB of headers, and the browser's headers need a part of that.
const MAX_IDENTITY: usize = 6 * 1024;
/// The upper bound of the part of the identity that is the same for all sessions: names of headers
/// and claims, URLs, signature.
const FIXED_IDENTITY: usize = 2200;
/// The upper bound of the content of a grade token besides the grade place.
const GRADE_TOKEN_OVERHEAD: usize = 300;
/// The most bytes of a user's personal data that have precedence over custom parameters. A user can
/// write them, and must not displace the parameters of a course.
const MAX_PERSONAL: usize = 256;
/// The longest other value that has precedence over custom parameters, in bytes. A description in
/// Moodle may be a whole page.
const MAX_VALUE: usize = 255;

/// The fields that are never omitted.
const REQUIRED: [Field; 14] = [
    Field::LinksReturnUrl,
    Field::LinksData,
    Field::LinksTerms,
    Field::UserId,
    Field::ContextId,
    Field::ResourceLinkId,
    Field::GradeUrl,
    Field::GradeResultId,
    Field::GradeSignatureMethod,
    Field::LineItemUrl,
    Field::LineItemsUrl,
    Field::GradeScopes,
    Field::PlatformUserId,
    Field::UserConsumer,
];
/// The fields that are also headers.
const IN_HEADERS: [Field; 3] = [Field::UserId, Field::Name, Field::Email];

/// A value that the gateway may omit.
#[derive(PartialEq, Eq, Hash)]
pub enum OptionalValue {
    /// The value of a field.
    Field(Field),
    /// The custom parameter with this name.
    Custom(String),
}

impl OptionalValue {
    /// The name in logs: the LTI 1.1 parameter.
    pub fn parameter(&self) -> String {
        match self {
            Self::Field(field) => field.parameter().to_owned(),
            Self::Custom(name) => format!("custom_{name}"),
        }
    }
}

/// Whether the session's cookie has at most `max` characters, and its identity at most
/// [`MAX_IDENTITY`].
pub fn fits(session: &Session, max: usize) -> bool {
    let content = serde_json::to_vec(&SessionContent::of(session, &session.id)).unwrap_or_default();
    identity_length(session, content.len()) <= MAX_IDENTITY
        && COOKIE.len() + "=".len() + sealed_length(deflated(&content).len()) <= max
}

/// An upper bound of the characters of identity in a request, for a content of `content` bytes.
fn identity_length(session: &Session, content: usize) -> usize {
    /// The length of a role as a URL. The launch may have an abbreviation.
    const ROLE: usize = 60;
    let more = session.fields().map(|(field, value)| match field {
        // Percent-encoded in headers: a byte becomes three.
        field if IN_HEADERS.contains(&field) => 3 * value.len(),
        Field::Roles => ROLE * value.split(',').count() * 4 / 3,
        // The grade place is in the grade token, but not in the assertion.
        Field::GradeUrl | Field::LineItemUrl | Field::LineItemsUrl => GRADE_TOKEN_OVERHEAD,
        Field::GradeResultId => 0,
        // In a list, each item gets quotation marks.
        _ => 2 * value.matches(',').count() * 4 / 3,
    });
    let sender: usize = session.sender.parts().map(str::len).sum();
    // An assertion is base64 of a JSON object that is slightly longer than the content.
    FIXED_IDENTITY + 3 * sender + content * 4 / 3 + more.sum::<usize>()
}

/// All optional values, in the order in which the gateway omits them: first values longer than 255
/// bytes and, if a user's personal data exceed 256 bytes, the longest of these; then custom
/// parameters; then all others. Within each kind, the longest is first.
pub fn drop_order(session: &Session) -> Vec<OptionalValue> {
    let optional = session.fields().filter(|(field, _)| !REQUIRED.contains(field));
    let optional = longest_first(optional.map(|(field, value)| (field, value.len())).collect());
    let custom = session.custom.iter();
    let custom = custom.map(|(name, value)| (name.clone(), name.len() + value.len())).collect();

    let (mut first, rest): (Vec<_>, Vec<_>) =
        optional.into_iter().partition(|(_, length)| *length > MAX_VALUE);
    let mut personal: usize =
        rest.iter().filter(|(field, _)| field.is_personal()).map(|(_, length)| length).sum();
    let (over, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(field, length)| {
        let is_over = field.is_personal() && personal > MAX_PERSONAL;
        personal -= if is_over { *length } else { 0 };
        is_over
    });
    first.extend(over);
    let field = |(field, _)| OptionalValue::Field(field);
    let custom = longest_first(custom).into_iter().map(|(name, _)| OptionalValue::Custom(name));
    first.into_iter().map(field).chain(custom).chain(rest.into_iter().map(field)).collect()
}

fn longest_first<T>(mut all: Vec<(T, usize)>) -> Vec<(T, usize)> {
    all.sort_by_key(|(_, length)| Reverse(*length));
    all
}

/// A copy of the session without these values.
pub fn without(session: &Session, dropped: &[OptionalValue]) -> Session {
    let mut session = session.clone();
    session.left_out = u32::try_from(dropped.len()).unwrap_or(u32::MAX);
    let dropped: HashSet<&OptionalValue> = dropped.iter().collect();
    let stays = |value: OptionalValue| !dropped.contains(&value);
    session.custom.retain(|(name, _)| stays(OptionalValue::Custom(name.clone())));
    session.values.retain(|(position, _)| {
        Field::at(*position).is_none_or(|field| stays(OptionalValue::Field(field)))
    });
    session
}
