use std::fmt;

use super::cause::Cause;
use super::compat::Variant;
use crate::admission::Examination;
use crate::oauth1::SignatureMethod;
use crate::rejection::Rejection;

/// The findings about the signature of an LTI 1.1 form.
#[derive(Debug, Default)]
pub struct SignatureFindings {
    pub(super) method: Option<SignatureMethod>,
    pub(super) variant: Option<Variant>,
    pub(super) cause: Option<Cause>,
    pub(super) secret: Option<MatchedSecret>,
}

/// The secret that a signature matches, if its consumer has several. It displays as `1 of 2`, in
/// configured order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedSecret {
    position: usize,
    count: usize,
}

impl MatchedSecret {
    /// The secret at this index of `count`; `None` if the consumer has no other.
    pub(super) fn new(index: usize, count: usize) -> Option<Self> {
        (count > 1).then(|| Self { position: index.saturating_add(1), count })
    }
}

impl fmt::Display for MatchedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.position, self.count)
    }
}

impl Examination<SignatureFindings> {
    /// The signature method that the form names; `None` if its OAuth parameters are unreadable.
    pub fn method(&self) -> Option<SignatureMethod> {
        self.findings.method
    }

    /// The base string that the signature matches; `None` if it matches none.
    pub fn variant(&self) -> Option<Variant> {
        self.findings.variant
    }

    /// The secret that the signature matches, if the consumer has several. An old secret that no
    /// launch matches any more is unused.
    pub fn secret(&self) -> Option<MatchedSecret> {
        self.findings.secret
    }

    /// The cause of a known consumer's wrong signature, if the quick search found it.
    pub fn cause(&self) -> Option<&Cause> {
        self.findings.cause.as_ref()
    }

    /// The same examination with the cause of the full search. If the cause is a secret in the
    /// place of the key, the examination does not show the key any more.
    #[must_use]
    pub fn with_cause(mut self, cause: Option<Cause>) -> Self {
        if cause == Some(Cause::SecretAsKey) {
            self.claimed_sender = None;
            self.verdict = Err(Rejection::UnknownConsumer(None));
        }
        self.findings.cause = cause;
        self
    }
}
