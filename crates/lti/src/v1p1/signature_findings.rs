use super::cause::Cause;
use super::compat::Variant;
use crate::admission::Examination;
use crate::oauth1::SignatureMethod;
use crate::rejection::Rejection;

/// What only an examination of an LTI 1.1 form finds: how the form is signed.
#[derive(Debug, Default)]
pub struct SignatureFindings {
    pub(super) method: Option<SignatureMethod>,
    pub(super) variant: Option<Variant>,
    pub(super) cause: Option<Cause>,
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

    /// Why a known consumer's signature does not match, if the quick search found the cause.
    pub fn cause(&self) -> Option<&Cause> {
        self.findings.cause.as_ref()
    }

    /// The same examination with the cause that a longer search found. If that cause is a secret in
    /// place of the key, the examination no longer shows the key.
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
