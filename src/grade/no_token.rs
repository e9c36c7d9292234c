use std::fmt;

use lti::{GradePlace, NoGradePlace};

use crate::config::{OutcomeRules, Target, Tool};
use crate::platform::unreachable_by;

/// Why a launch of a tool with `grades = true` has no grade token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoGradeToken {
    /// The launch has no place for a grade.
    NoPlace(NoGradePlace),
    /// The rules of `tools.toml` do not allow the place.
    NotAllowed {
        /// The name of the place's URL.
        url: &'static str,
        /// The reason, without a subject.
        why: &'static str,
    },
}

impl NoGradeToken {
    /// Why a launch with this grade place has no token; `None` if it has one, or if the tool may
    /// send no grades. The practice platform is no part of the rules.
    ///
    /// A launch whose ids leave no space for the place in a session has no token either.
    pub fn of(
        tool: &Tool,
        rules: &OutcomeRules,
        place: &Result<GradePlace, NoGradePlace>,
    ) -> Option<Self> {
        match &tool.target {
            Target::Upstream(upstream) if upstream.grades.is_on() => {
                Self::find(place, |url| unreachable_by(rules, url))
            }
            _ => None,
        }
    }

    /// Why there is no token, given the reason why the gateway does not use a URL.
    pub(super) fn find(
        place: &Result<GradePlace, NoGradePlace>,
        unreachable: impl FnOnce(&str) -> Option<&'static str>,
    ) -> Option<Self> {
        match place {
            Ok(place) => {
                unreachable(place.url()).map(|why| Self::NotAllowed { url: place.url_name(), why })
            }
            Err(missing) => Some(Self::NoPlace(*missing)),
        }
    }

    /// Whether it is usual: the link has no grade, or the user is no learner.
    pub fn is_usual(self) -> bool {
        matches!(self, Self::NoPlace(missing) if missing.is_usual())
    }

    /// The fix, for an admin or a course author.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoPlace(missing) => missing.advice(),
            Self::NotAllowed { .. } => {
                "compare the host in the platform's own URL with `outcome_hosts` in tools.toml, \
                 and name it there if it is the right one; `outcome_url_rewrite` replaces a URL \
                 that the gateway cannot reach"
            }
        }
    }
}

impl fmt::Display for NoGradeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlace(missing) => missing.fmt(f),
            Self::NotAllowed { url, why } => {
                write!(f, "the gateway does not send grades to {url}: {why}")
            }
        }
    }
}
