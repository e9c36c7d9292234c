//! The scopes of the services of LTI Advantage.

/// A scope of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceScope {
    /// Creates and changes line items.
    LineItem,
    /// Reads line items.
    LineItemReadonly,
    /// Reads results.
    Results,
    /// Sends scores.
    Score,
    /// Reads the members of the course.
    Members,
}

impl ServiceScope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::LineItem, Self::LineItemReadonly, Self::Results, Self::Score, Self::Members];
    /// The scopes of Assignment and Grade Services, in a launch's claim.
    pub(super) const OF_GRADES: [Self; 4] =
        [Self::LineItem, Self::LineItemReadonly, Self::Results, Self::Score];

    /// Its URI (LTI AGS 2.0 §3, LTI NRPS 2.0 §2.3).
    pub fn uri(self) -> &'static str {
        match self {
            Self::LineItem => "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
            Self::LineItemReadonly => {
                "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
            }
            Self::Results => "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
            Self::Score => "https://purl.imsglobal.org/spec/lti-ags/scope/score",
            Self::Members => {
                "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
            }
        }
    }

    /// The scope with this URI.
    pub(super) fn of(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.uri() == uri)
    }

    /// Scopes as a list in one string.
    pub(super) fn joined(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.uri()).collect::<Vec<_>>().join(" ")
    }
}
