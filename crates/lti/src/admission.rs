//! The examination of a launch, in terms that all LTI versions share.

use std::fmt;

pub use crate::check::Check;
use crate::launch::Launch;
use crate::rejection::Rejection;
use crate::replay::{Nonce, Spent};
use crate::return_url::ReturnUrl;
use crate::role::Roles;

/// The result of examining a launch. Only its [verdict](Self::verdict) leads to a [`Launch`].
///
/// `Findings` holds what only one LTI version finds.
pub struct Examination<Findings> {
    pub(crate) params: Option<usize>,
    pub(crate) timestamp: Option<u64>,
    pub(crate) claimed_sender: Option<String>,
    pub(crate) roles: Option<Roles>,
    pub(crate) return_url: Option<ReturnUrl>,
    pub(crate) verdict: Result<Verdict, Rejection>,
    pub(crate) findings: Findings,
}

/// A launch that passed every check that needs no memory.
pub enum Verdict {
    /// The caller admits it once its nonce is spent.
    New(Candidate),
    /// The gateway admitted the same form before, and the caller has proof that this browser sent it.
    Reload(Launch),
}

/// A launch whose nonce is not spent yet.
pub struct Candidate {
    launch: Launch,
    nonce: Nonce,
}

impl<Findings> Examination<Findings> {
    /// An examination that has found nothing yet.
    pub(crate) fn of(findings: Findings) -> Self {
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

    /// When the launch claims to be signed, in seconds since the epoch; `None` if that is unreadable.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// The name of the sender that the launch claims to have, fit for a log. `None` if there is none, or
    /// if a secret was found in its place.
    pub fn claimed_sender(&self) -> Option<&str> {
        self.claimed_sender.as_deref()
    }

    /// The user's roles in the course; only if the signature is valid.
    pub fn roles(&self) -> Option<Roles> {
        self.roles
    }

    /// Where the platform wants its user back; only if the signature is valid.
    pub fn return_url(&self) -> Option<&ReturnUrl> {
        self.return_url.as_ref()
    }

    /// Why the launch is rejected; `None` if it is not.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.verdict.as_ref().err()
    }

    /// The verdict.
    ///
    /// # Errors
    /// The [`Rejection`], any but [`Rejection::Replayed`] and [`Rejection::ReplayStoreFull`].
    pub fn verdict(self) -> Result<Verdict, Rejection> {
        self.verdict
    }
}

impl Candidate {
    pub(crate) fn new(launch: Launch, nonce: Nonce) -> Self {
        Self { launch, nonce }
    }

    /// The nonce to spend.
    pub fn nonce(&self) -> &Nonce {
        &self.nonce
    }

    /// The launch, now that its nonce is spent.
    ///
    /// # Errors
    /// [`Rejection::Replayed`] if the nonce was spent before, [`Rejection::ReplayStoreFull`] if that is
    /// unknown.
    pub fn admit(self, spent: Spent) -> Result<Launch, Rejection> {
        match spent {
            Spent::Now => Ok(self.launch),
            Spent::Before => Err(Rejection::Replayed),
            Spent::Unknown => Err(Rejection::ReplayStoreFull),
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
