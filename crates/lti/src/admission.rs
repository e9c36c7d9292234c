//! The examination of a launch, in types that all LTI versions share.

use std::fmt;

pub use crate::check::Check;
use crate::grade_place::{GradePlace, NoGradePlace};
use crate::message::Message;
use crate::rejection::Rejection;
use crate::replay::{Nonce, Spent};
use crate::return_url::ReturnUrl;
use crate::role::Roles;

/// The result of examining a launch. Only its [verdict](Self::verdict) leads to a [`Message`].
///
/// `Findings` are the results of checks that only one LTI version has.
pub struct Examination<Findings> {
    pub(crate) params: Option<usize>,
    pub(crate) timestamp: Option<u64>,
    pub(crate) claimed_sender: Option<String>,
    pub(crate) roles: Option<Roles>,
    pub(crate) return_url: Option<ReturnUrl>,
    pub(crate) verdict: Result<Verdict, Rejection>,
    pub(crate) findings: Findings,
}

/// A message that passed every check except replay protection.
pub enum Verdict {
    /// A new message. The caller spends its nonce and admits it.
    New(Candidate),
    /// A reload. The caller has proof that it admitted the same form of the same browser before.
    Reload(Message),
}

/// A message whose nonce is not spent yet.
pub struct Candidate {
    message: Message,
    nonce: Nonce,
    /// The rejection if the nonce expires before it is spent.
    expired: Rejection,
}

impl<Findings> Examination<Findings> {
    /// An examination before its first check.
    pub(crate) fn new(findings: Findings) -> Self {
        Self {
            params: None,
            timestamp: None,
            claimed_sender: None,
            roles: None,
            return_url: None,
            verdict: Err(Rejection::Unsigned),
            findings,
        }
    }

    /// The number of parameters; `None` if they are unreadable.
    pub fn params(&self) -> Option<usize> {
        self.params
    }

    /// The timestamp of the launch, in seconds since the epoch; `None` if it is unreadable.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// The claimed name of the sender, for the log. `None` if it is missing or contains a secret.
    pub fn claimed_sender(&self) -> Option<&str> {
        self.claimed_sender.as_deref()
    }

    /// The user's roles in the course; `None` unless the signature is valid.
    pub fn roles(&self) -> Option<Roles> {
        self.roles
    }

    /// The URL to which the platform wants its user to return; `None` unless the signature is
    /// valid.
    pub fn return_url(&self) -> Option<&ReturnUrl> {
        self.return_url.as_ref()
    }

    /// The reason to reject the launch; `None` if it is accepted.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.verdict.as_ref().err()
    }

    /// Whether the message is a request for links, as far as the checks have come.
    pub fn asks_for_links(&self) -> bool {
        match &self.verdict {
            Ok(verdict) => matches!(verdict.message(), Message::Selection(_)),
            Err(rejection) => matches!(rejection, Rejection::MayNotPick(_)),
        }
    }

    /// The same examination, which rejects a request for links unless `accepts` accepts its return
    /// URL.
    #[must_use]
    pub fn accepting_links_at(mut self, accepts: impl FnOnce(&str) -> bool) -> Self {
        if let Ok(verdict) = &self.verdict
            && let Message::Selection(selection) = verdict.message()
            && !accepts(&selection.return_url)
        {
            let name = selection.format.return_url_name();
            self.verdict = Err(Rejection::no_return_url(name));
        }
        self
    }

    /// The verdict.
    ///
    /// # Errors
    /// Any [`Rejection`] except those of [`Candidate::admit`].
    pub fn verdict(self) -> Result<Verdict, Rejection> {
        self.verdict
    }
}

impl Verdict {
    /// The message.
    pub fn message(&self) -> &Message {
        match self {
            Self::New(candidate) => &candidate.message,
            Self::Reload(message) => message,
        }
    }

    /// The service that would accept a grade for the user and link, or why it is missing.
    pub fn grade_place(&self) -> &Result<GradePlace, NoGradePlace> {
        &self.message().launch().grade_place
    }
}

impl Candidate {
    pub(crate) fn new(message: Message, nonce: Nonce, expired: Rejection) -> Self {
        Self { message, nonce, expired }
    }

    /// The nonce to spend.
    pub fn nonce(&self) -> &Nonce {
        &self.nonce
    }

    /// The message, given the result of spending its nonce.
    ///
    /// # Errors
    /// [`Rejection::Replayed`] if the nonce was spent before, and [`Rejection::Stale`] if it
    /// expired in the meantime. [`Rejection::ReplayStoreFull`], [`Rejection::ClockSetBack`] or
    /// [`Rejection::ReplayStoreUnavailable`] if the store did not store it.
    pub fn admit(self, spent: Spent) -> Result<Message, Rejection> {
        match spent {
            Spent::Now => Ok(self.message),
            Spent::Before => Err(Rejection::Replayed),
            Spent::Expired => Err(self.expired),
            Spent::Full(share) => Err(Rejection::ReplayStoreFull(share)),
            Spent::ClockSetBack => Err(Rejection::ClockSetBack),
            Spent::Unavailable => Err(Rejection::ReplayStoreUnavailable),
        }
    }
}

impl<Findings: fmt::Debug> fmt::Debug for Examination<Findings> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Examination")
            .field("claimed_sender", &self.claimed_sender)
            .field("findings", &self.findings)
            .field("rejection", &self.rejection())
            .finish_non_exhaustive()
    }
}
