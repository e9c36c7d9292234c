use lti::admission::Verdict;

/// A launch that passed every check except the nonce.
pub(super) struct VerifiedLaunch {
    pub(super) verdict: Verdict,
    /// The path and query at the upstream that the launch opens.
    pub(super) destination: String,
}
