//! What lets an upstream send one learner's grade for one resource link: sealed, and never seen by a browser.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::oauth1::SignatureMethod;
use lti::{GradePlace, OutcomeService, Secret, Sender};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::field::Field;
use super::seal::{Seal, deflated};
use super::sealed_sender::SealedSender;
use super::session::Session;

/// The lifetime of a grade token, in seconds.
pub const GRADE_TOKEN: u64 = 7 * 86_400;

/// A grade token that was opened, or is to be sealed.
///
/// `Debug` is left out: it names a person.
pub struct GradeToken {
    /// The last second at which it counts.
    pub expires: u64,
    /// The name of the tool that may send the grade.
    pub tool: String,
    /// Who sent the launch.
    pub sender: Sender,
    /// Stands for one learner at one resource link of the tool: the same for all launches of theirs.
    pub slot: [u8; 16],
    /// Where the platform takes the grade.
    pub place: GradePlace,
}

/// A grade token as it is written into its seal: expires, tool, sender, slot, URL, sourcedid, method.
#[derive(Serialize, Deserialize)]
struct GradeTokenContent<'a>(
    u64,
    Cow<'a, str>,
    SealedSender<'a>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
);

/// Seals grade tokens, and opens them. Its keys are derived from `gateway.secret`: the first seals, all open.
pub struct GradeTokens(Seal);

impl GradeToken {
    /// The token of a session, at `now`. `None` where its launch takes no grade.
    pub fn new(session: &Session, tool: &str, now: u64) -> Option<Self> {
        let place = session.grade_place()?;
        let mut digest = Sha256::new();
        // Without a user the platform's own name for the result is all that tells people apart.
        let person = session.get(Field::UserId).unwrap_or(place.learner_reference());
        let [context, link] = [Field::ContextId, Field::ResourceLinkId]
            .map(|field| session.get(field).unwrap_or_default());
        let sender = session.sender.parts();
        for part in std::iter::once(tool).chain(sender).chain([person, context, link]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut slot = [0; 16];
        slot.copy_from_slice(&digest.finalize()[..16]);
        Some(Self {
            expires: now.saturating_add(GRADE_TOKEN),
            tool: tool.to_owned(),
            sender: session.sender.clone(),
            slot,
            place,
        })
    }
}

impl GradeTokens {
    /// Derives the keys.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(Seal::new(secrets, "lti-gateway grade token 1"))
    }

    /// A token as its upstream holds it. `None` only without randomness.
    pub fn seal(&self, token: &GradeToken) -> Option<String> {
        let GradePlace::Outcome(outcome) = &token.place;
        let content = GradeTokenContent(
            token.expires,
            token.tool.as_str().into(),
            SealedSender::of(&token.sender),
            URL_SAFE_NO_PAD.encode(token.slot).into(),
            outcome.url.as_str().into(),
            outcome.sourcedid.as_str().into(),
            outcome.method.name().into(),
        );
        self.0.close(&deflated(&serde_json::to_vec(&content).ok()?), &[])
    }

    /// What is in such a text, unless it has expired at `now` or is none of this gateway's.
    pub fn open(&self, text: &str, now: u64) -> Option<GradeToken> {
        let content = self.0.open(text, &[])?;
        let GradeTokenContent(expires, tool, sender, slot, url, sourcedid, method) =
            serde_json::from_slice(&content).ok()?;
        let token = GradeToken {
            expires,
            tool: tool.into_owned(),
            sender: sender.into_sender(),
            slot: URL_SAFE_NO_PAD.decode(slot.as_bytes()).ok()?.try_into().ok()?,
            place: GradePlace::Outcome(OutcomeService {
                url: url.into_owned(),
                sourcedid: sourcedid.into_owned(),
                method: SignatureMethod::named(&method)?,
            }),
        };
        (token.expires >= now).then_some(token)
    }
}
