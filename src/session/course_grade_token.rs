//! Course grade tokens: each permits an upstream to send the grades of all learners at one resource
//! link, for a member of the course staff. They are sealed, and the gateway never sends them to a
//! browser.

#![deny(clippy::arithmetic_side_effects)]

use std::borrow::Cow;

use lti::{GradePlace, GradePlaceParts, Roles, Secret, Sender, upstream_user_hash};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::grade_slot::GradeSlot;
use super::grade_token::GradeToken;
use super::launch_mark::{LaunchMark, MarkContent};
use super::seal::{Seal, deflated};
use super::sealed_sender::SealedSender;
use super::session::Session;

/// The lifetime of a course grade token, in seconds.
pub const COURSE_GRADE_TOKEN_LIFETIME: u64 = 86_400;

/// The content of a course grade token. It has no `Debug`, because its URLs may contain personal
/// data.
pub struct CourseGradeToken {
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
    /// The name of the tool that may send the grades.
    pub tool: String,
    /// The sender of the launch.
    pub sender: Sender,
    /// The launch of the member of the staff.
    pub mark: LaunchMark,
    /// The id of the course. May be empty.
    pub context: String,
    /// The id of the resource link.
    pub link: String,
    /// The URL of the course's members at the platform. `None` if the launch named none.
    pub memberships: Option<String>,
    /// The line item. Its learner is empty. `None` for a launch by LTI 1.1, which names only the
    /// result of its own user.
    line_item: Option<GradePlaceParts>,
}

/// The serialized content: expires, tool, sender, launch, context, resource link, URL of the
/// members or an empty string, and the parts of the line item without the learner: URL, protocol,
/// link. They are empty without a line item.
#[derive(Serialize, Deserialize)]
struct CourseGradeTokenContent<'a>(
    u64,
    Cow<'a, str>,
    SealedSender<'a>,
    MarkContent<'a>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    [Cow<'a, str>; 3],
);

/// Seals and opens course grade tokens. Its keys are derived from `gateway.secret`: the first key
/// seals, every key opens.
pub struct CourseGradeTokens(Seal);

impl CourseGradeToken {
    /// The token of a session at `now`. `None` if its user is not of the course staff, or if it was
    /// launched by LTI 1.3 without a line item.
    pub fn new(session: &Session, tool: &str, now: u64) -> Option<Self> {
        if !session.roles.intersects(Roles::STAFF) {
            return None;
        }
        let line_item = match (&session.sender, session.grade_place()) {
            (Sender::Consumer(_), _) => None,
            (Sender::Platform { .. }, Some(place @ GradePlace::LineItem(_))) => {
                Some(GradePlaceParts { learner: String::new(), ..place.parts() })
            }
            (Sender::Platform { .. }, _) => return None,
        };
        let value = |field| session.get(field).unwrap_or_default().to_owned();
        Some(Self {
            expires: now.saturating_add(COURSE_GRADE_TOKEN_LIFETIME),
            tool: tool.to_owned(),
            sender: session.sender.clone(),
            mark: LaunchMark::of(session),
            context: value(Field::ContextId),
            link: value(Field::ResourceLinkId),
            memberships: session.get(Field::MembershipsUrl).map(str::to_owned),
            line_item,
        })
    }

    /// Whether it can name other learners than its own user.
    pub fn has_line_item(&self) -> bool {
        self.line_item.is_some()
    }

    /// The grade token of a learner at the same resource link, by the platform's own id and the id
    /// for upstreams. It has the slot of the learner's own launches. `None` without a line item.
    pub fn for_learner(&self, sub: &str, user: &str) -> Option<GradeToken> {
        let parts = GradePlaceParts { learner: sub.to_owned(), ..self.line_item.clone()? };
        let (context, link) = (self.context.as_str(), self.link.as_str());
        let slot =
            GradeSlot { tool: &self.tool, sender: &self.sender, learner: sub, context, link };
        Some(GradeToken {
            expires: self.expires,
            tool: self.tool.clone(),
            sender: self.sender.clone(),
            slot: slot.hash(),
            place: GradePlace::of_parts(parts)?,
            person: Some(upstream_user_hash(user)),
        })
    }
}

impl CourseGradeTokens {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(Seal::new(secrets, "lti-gateway course grade token 1"))
    }

    /// Seals a token. `None` only without a key or without randomness.
    pub fn seal(&self, token: &CourseGradeToken) -> Option<String> {
        let parts =
            token.line_item.as_ref().map(|parts| [&parts.url, &parts.protocol, &parts.link]);
        let content = CourseGradeTokenContent(
            token.expires,
            token.tool.as_str().into(),
            SealedSender::of(&token.sender),
            token.mark.content(),
            token.context.as_str().into(),
            token.link.as_str().into(),
            token.memberships.as_deref().unwrap_or_default().into(),
            parts.map(|parts| parts.map(|part| part.as_str().into())).unwrap_or_default(),
        );
        self.0.close(&deflated(&serde_json::to_vec(&content).ok()?), &[])
    }

    /// Opens a token. `None` if it has expired at `now`, was altered, or is from another gateway.
    pub fn open(&self, text: &str, now: u64) -> Option<CourseGradeToken> {
        let content = self.0.open(text, &[])?;
        let CourseGradeTokenContent(expires, tool, sender, mark, context, link, members, parts) =
            serde_json::from_slice(&content).ok()?;
        let [url, protocol, item_link] = parts.map(Cow::into_owned);
        let parts = GradePlaceParts { url, learner: String::new(), protocol, link: item_link };
        let token = CourseGradeToken {
            expires,
            tool: tool.into_owned(),
            sender: sender.into_sender(),
            mark: mark.into_mark(),
            context: context.into_owned(),
            link: link.into_owned(),
            memberships: Some(members.into_owned()).filter(|url| !url.is_empty()),
            line_item: (!parts.url.is_empty()).then_some(parts),
        };
        (token.expires >= now).then_some(token)
    }
}
