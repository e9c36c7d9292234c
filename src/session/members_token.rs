//! Members tokens: each permits an upstream to list the members of one course. They are sealed, and
//! the gateway never sends them to a browser.

#![deny(clippy::arithmetic_side_effects)]

use std::borrow::Cow;

use lti::{Secret, Sender};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::launch_mark::{LaunchMark, MarkContent};
use super::seal::{Seal, deflated};
use super::sealed_sender::SealedSender;
use super::session::Session;

/// The lifetime of a members token, in seconds.
pub const MEMBERS_TOKEN_LIFETIME: u64 = 86_400;

/// The content of a members token. It has no `Debug`, because a URL may contain personal data.
pub struct MembersToken {
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
    /// The name of the tool that may list the members.
    pub tool: String,
    /// The sender of the launch.
    pub sender: Sender,
    /// The launch.
    pub mark: LaunchMark,
    /// The id of the course. May be empty.
    pub context: String,
    /// The URL of the members at the platform.
    pub url: String,
}

/// The serialized content: expires, tool, sender, launch, context, URL.
#[derive(Serialize, Deserialize)]
struct MembersTokenContent<'a>(
    u64,
    Cow<'a, str>,
    SealedSender<'a>,
    MarkContent<'a>,
    Cow<'a, str>,
    Cow<'a, str>,
);

/// Seals and opens members tokens. Its keys are derived from `gateway.secret`: the first key seals,
/// every key opens.
pub struct MembersTokens(Seal);

impl MembersToken {
    /// The token of a session at `now`. `None` if its launch named no URL of members.
    pub fn new(session: &Session, tool: &str, now: u64) -> Option<Self> {
        let url = session.get(Field::MembershipsUrl)?.to_owned();
        Some(Self {
            expires: now.saturating_add(MEMBERS_TOKEN_LIFETIME),
            tool: tool.to_owned(),
            sender: session.sender.clone(),
            mark: LaunchMark::of(session),
            context: session.get(Field::ContextId).unwrap_or_default().to_owned(),
            url,
        })
    }
}

impl MembersTokens {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(Seal::new(secrets, "lti-gateway members token 1"))
    }

    /// Seals a token. `None` only without a key or without randomness.
    pub fn seal(&self, token: &MembersToken) -> Option<String> {
        let content = MembersTokenContent(
            token.expires,
            token.tool.as_str().into(),
            SealedSender::of(&token.sender),
            token.mark.content(),
            token.context.as_str().into(),
            token.url.as_str().into(),
        );
        self.0.close(&deflated(&serde_json::to_vec(&content).ok()?), &[])
    }

    /// Opens a token. `None` if it has expired at `now`, was altered, or is from another gateway.
    pub fn open(&self, text: &str, now: u64) -> Option<MembersToken> {
        let content = self.0.open(text, &[])?;
        let MembersTokenContent(expires, tool, sender, mark, context, url) =
            serde_json::from_slice(&content).ok()?;
        let token = MembersToken {
            expires,
            tool: tool.into_owned(),
            sender: sender.into_sender(),
            mark: mark.into_mark(),
            context: context.into_owned(),
            url: url.into_owned(),
        };
        (token.expires >= now).then_some(token)
    }
}
