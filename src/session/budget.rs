//! The space of a session, and the order in which values give way.
//!
//! The browser holds the session as a cookie, and browsers give one site some 10 KB of cookies in one
//! platform's frames.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::content::SessionContent;
use super::cookie::COOKIE;
use super::field::Field;
use super::seal::{deflated, sealed_length};
use super::session::Session;

/// The most characters of a session's cookie, name and value: ten of them, and ten receipts, fit into the
/// 10,240 that Chromium gives one site in one platform's frames.
pub const BUDGET: usize = 900;
/// The most characters of a cookie that holds no optional value. Browsers drop longer ones.
pub const LONGEST: usize = 3800;
/// The most characters of identity that a request to an upstream carries: its headers and its assertion.
/// Upstreams take 8 KB of headers, and the browser's come on top.
const MOST_IDENTITY: usize = 6 * 1024;
/// The part of it that is the same for all sessions, at most: names of headers and claims, URLs, the
/// signature.
const FIXED_IDENTITY: usize = 2200;
/// What a grade token holds besides the grade place, at most.
const GRADE_TOKEN_MORE: usize = 300;
/// The bytes that a user's own data have before custom parameters give way. They must not displace what a
/// course says.
const PERSONAL_SPACE: usize = 256;
/// The longest other value that gives way after custom parameters. Descriptions in Moodle are whole pages.
const LONG: usize = 255;

/// The fields that always stay.
const NEEDED: [Field; 6] = [
    Field::UserId,
    Field::ContextId,
    Field::ResourceLinkId,
    Field::GradeUrl,
    Field::GradeResultId,
    Field::GradeSignatureMethod,
];
/// The fields that are also headers.
const IN_HEADERS: [Field; 3] = [Field::UserId, Field::Name, Field::Email];

/// A value that may give way.
#[derive(PartialEq, Eq, Hash)]
pub enum OptionalValue {
    /// The value of a field.
    Field(Field),
    /// The custom parameter of this name.
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

/// Whether the session's cookie has no more than `most` characters, and its requests not too much
/// identity.
pub fn fits(session: &Session, most: usize) -> bool {
    let content = serde_json::to_vec(&SessionContent::of(session, &session.id)).unwrap_or_default();
    identity_length(session, content.len()) <= MOST_IDENTITY
        && COOKIE.len() + "=".len() + sealed_length(deflated(&content).len()) <= most
}

/// The most characters of identity in a request to the upstream, for a content of so many bytes.
fn identity_length(session: &Session, content: usize) -> usize {
    /// A role of two characters becomes a URL.
    const ROLE: usize = 60;
    let more = session.fields().map(|(field, value)| match field {
        // In headers, where a byte becomes three.
        field if IN_HEADERS.contains(&field) => 3 * value.len(),
        Field::Roles => ROLE * value.split(',').count() * 4 / 3,
        // The grade place is in the grade token, and in no assertion.
        Field::GradeUrl => GRADE_TOKEN_MORE,
        Field::GradeResultId => 0,
        // Lists, in which each item gets quotation marks.
        _ => 2 * value.matches(',').count() * 4 / 3,
    });
    let sender: usize = session.sender.parts().map(str::len).sum();
    // An assertion is base64 of what is little longer than the content.
    FIXED_IDENTITY + 3 * sender + content * 4 / 3 + more.sum::<usize>()
}

/// All optional values, in the order in which they give way: first values longer than 255 bytes and, if a
/// user's own data have more than 256 bytes together, the longest of these; then custom parameters; then
/// all others. Of each kind the longest goes first.
pub fn drop_order(session: &Session) -> Vec<OptionalValue> {
    let optional = session.fields().filter(|(field, _)| !NEEDED.contains(field));
    let optional = longest_first(optional.map(|(field, value)| (field, value.len())).collect());
    let custom = session.custom.iter();
    let custom = custom.map(|(name, value)| (name.clone(), name.len() + value.len())).collect();

    let (mut first, rest): (Vec<_>, Vec<_>) =
        optional.into_iter().partition(|(_, length)| *length > LONG);
    let mut personal: usize =
        rest.iter().filter(|(field, _)| field.is_personal()).map(|(_, length)| length).sum();
    let (over, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(field, length)| {
        let is_over = field.is_personal() && personal > PERSONAL_SPACE;
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

/// The same session without these values.
pub fn without(session: &Session, dropped: &[OptionalValue]) -> Session {
    let mut session = session.clone();
    session.left_out = u32::try_from(dropped.len()).unwrap_or(u32::MAX);
    let dropped: HashSet<&OptionalValue> = dropped.iter().collect();
    let is_kept = |one: OptionalValue| !dropped.contains(&one);
    session.custom.retain(|(name, _)| is_kept(OptionalValue::Custom(name.clone())));
    session.values.retain(|(position, _)| {
        Field::at(*position).is_none_or(|field| is_kept(OptionalValue::Field(field)))
    });
    session
}
