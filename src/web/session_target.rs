//! A target whose launches open sessions: an upstream or a site.

use crate::config::{Identity, Opening, Prefix, Site, Upstream};

/// The target of a session.
#[derive(Clone, Copy)]
pub(crate) enum SessionTarget<'g> {
    /// A web app.
    Upstream(&'g Upstream),
    /// A folder of static files.
    Site(&'g Site),
}

impl SessionTarget<'_> {
    /// The prefix of its paths.
    pub(super) fn prefix(self) -> Prefix {
        match self {
            Self::Upstream(upstream) => upstream.prefix,
            Self::Site(site) => site.prefix,
        }
    }

    /// Where a launch opens it.
    pub(super) fn open(self) -> Opening {
        match self {
            Self::Upstream(upstream) => upstream.open,
            Self::Site(site) => site.open,
        }
    }

    /// Whether sessions have twins for its downloads and new windows.
    pub(super) fn downloads(self) -> bool {
        match self {
            Self::Upstream(upstream) => upstream.downloads,
            Self::Site(site) => site.downloads,
        }
    }

    /// The personal data that it receives.
    pub(super) fn identity(self) -> Identity {
        match self {
            Self::Upstream(upstream) => upstream.identity,
            Self::Site(_) => Identity { name: false, email: false },
        }
    }

    /// Whether it may send grades.
    pub(super) fn grades(self) -> bool {
        match self {
            Self::Upstream(upstream) => upstream.grades.is_on(),
            Self::Site(_) => false,
        }
    }
}
