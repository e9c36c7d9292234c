//! Grade tokens: each permits an upstream to send grades of one learner for one resource link. They
//! are sealed, and the gateway never sends them to a browser.

#![deny(clippy::arithmetic_side_effects)]

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::{GradePlace, GradePlaceParts, Secret, Sender, upstream_user_hash};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::grade_slot::GradeSlot;
use super::seal::{Seal, deflated};
use super::sealed_sender::SealedSender;
use super::session::Session;

/// The content of a grade token. It has no `Debug`, because it contains personal data.
#[derive(Clone)]
pub struct GradeToken {
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
    /// The name of the tool that may send the grade.
    pub tool: String,
    /// The sender of the launch.
    pub sender: Sender,
    /// A hash of the learner, the resource link and the tool. It is the same for all their
    /// launches.
    pub slot: [u8; 16],
    /// The place of the grade at the platform.
    pub place: GradePlace,
    /// A hash of the learner's id for upstreams. `None` for an anonymous launch, and for a token of
    /// an earlier version.
    pub person: Option<[u8; 16]>,
}

/// The serialized content: expires, tool, sender, slot, and the parts of the grade place: URL,
/// learner, protocol, link; then the person. Earlier versions wrote neither link nor person.
#[derive(Serialize, Deserialize)]
struct GradeTokenContent<'a>(
    u64,
    Cow<'a, str>,
    SealedSender<'a>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    #[serde(default)] Cow<'a, str>,
    #[serde(default)] Cow<'a, str>,
);

/// Seals and opens grade tokens. Its keys are derived from `gateway.secret`: the first key seals,
/// every key opens.
pub struct GradeTokens(Seal);

impl GradeToken {
    /// The token of a session at `now`, for `lifetime` seconds. `None` if its launch accepts no
    /// grade.
    pub fn new(session: &Session, tool: &str, lifetime: u64, now: u64) -> Option<Self> {
        let place = session.grade_place()?;
        // A migrated user's old id may be another user's id at the platform. Without a user id,
        // only the platform's id of the result identifies the learner.
        let learner = session.platform_user_id().unwrap_or(place.learner_reference());
        let [context, link] = [Field::ContextId, Field::ResourceLinkId]
            .map(|field| session.get(field).unwrap_or_default());
        let slot = GradeSlot { tool, sender: &session.sender, learner, context, link };
        Some(Self {
            expires: now.saturating_add(lifetime),
            tool: tool.to_owned(),
            sender: session.sender.clone(),
            slot: slot.hash(),
            place,
            person: session.upstream_user().as_deref().map(upstream_user_hash),
        })
    }
}

impl GradeTokens {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(Seal::new(secrets, "lti-gateway grade token 1"))
    }

    /// Seals a token. `None` only without a key or without randomness.
    pub fn seal(&self, token: &GradeToken) -> Option<String> {
        let GradePlaceParts { url, learner, protocol, link } = token.place.parts();
        let content = GradeTokenContent(
            token.expires,
            token.tool.as_str().into(),
            SealedSender::of(&token.sender),
            URL_SAFE_NO_PAD.encode(token.slot).into(),
            url.into(),
            learner.into(),
            protocol.into(),
            link.into(),
            token.person.map(|person| URL_SAFE_NO_PAD.encode(person)).unwrap_or_default().into(),
        );
        self.0.close(&deflated(&serde_json::to_vec(&content).ok()?), &[])
    }

    /// Opens a token. `None` if it has expired at `now`, was altered, or is from another gateway.
    pub fn open(&self, text: &str, now: u64) -> Option<GradeToken> {
        let content = self.0.open(text, &[])?;
        let GradeTokenContent(expires, tool, sender, slot, url, learner, protocol, link, person) =
            serde_json::from_slice(&content).ok()?;
        let token = GradeToken {
            expires,
            tool: tool.into_owned(),
            sender: sender.into_sender(),
            slot: URL_SAFE_NO_PAD.decode(slot.as_bytes()).ok()?.try_into().ok()?,
            place: GradePlace::of_parts(GradePlaceParts {
                url: url.into_owned(),
                learner: learner.into_owned(),
                protocol: protocol.into_owned(),
                link: link.into_owned(),
            })?,
            person: URL_SAFE_NO_PAD.decode(person.as_bytes()).ok()?.try_into().ok(),
        };
        (token.expires >= now).then_some(token)
    }
}
