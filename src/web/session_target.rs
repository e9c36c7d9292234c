//! A target whose launches open sessions: an upstream or a site.

use lti::Roles;

use crate::config::{GradeAccess, Identity, LinkPath, Opening, Prefix, Site, Upstream};

/// The target of a session.
#[derive(Clone, Copy)]
pub(crate) enum SessionTarget<'g> {
    /// A web app.
    Upstream(&'g Upstream),
    /// A folder of static files.
    Site(&'g Site),
}

impl<'g> SessionTarget<'g> {
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

    /// The path of its own picker for links.
    pub(super) fn picker(self) -> Option<&'g LinkPath> {
        match self {
            Self::Upstream(upstream) => upstream.picker.as_ref(),
            Self::Site(_) => None,
        }
    }

    /// Whether it may send grades.
    pub(super) fn grades(self) -> bool {
        self.grade_access().is_on()
    }

    /// Whose grades it may send.
    pub(super) fn grade_access(self) -> GradeAccess {
        match self {
            Self::Upstream(upstream) => upstream.grades,
            Self::Site(_) => GradeAccess::Off,
        }
    }

    /// The lifetime of a learner's grade token, in seconds.
    pub(super) fn grade_lifetime(self) -> u64 {
        match self {
            Self::Upstream(upstream) => upstream.grade_lifetime,
            Self::Site(_) => 0,
        }
    }

    /// The course roles whose sessions may list the members of the course.
    pub(super) fn members(self) -> Roles {
        match self {
            Self::Upstream(upstream) => upstream.members,
            Self::Site(_) => Roles::default(),
        }
    }

    /// Whether the session of a user with these roles needs the URL of the course's members: to
    /// list them, or to recognize the learners whom the user grades.
    pub(super) fn needs_members(self, roles: Roles) -> bool {
        self.members().intersects(roles)
            || self.grade_access().is_course() && roles.intersects(Roles::STAFF)
    }
}
