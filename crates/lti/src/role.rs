//! Who somebody is in this course.
//!
//! Only a role *of the course* grants rights here: an institution's `Instructor` may well be a learner
//! in this course, and a system administrator need not be anybody in it. A role that is not known grants
//! nothing. Names are matched whole and with their case (`NotALearner` is nobody).

use std::fmt;

/// A role in the course that a launch comes from (LTI 1.1 appendix A, LIS context roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Takes the course. edX says `Student,Learner`.
    Learner = 1 << 0,
    /// Teaches the course.
    Instructor = 1 << 1,
    /// Administers the course. edX sends it for its course staff.
    Administrator = 1 << 2,
    /// Assists those who teach the course.
    TeachingAssistant = 1 << 3,
    /// Writes the course.
    ContentDeveloper = 1 << 4,
    /// Looks after learners of the course (an observer, a parent).
    Mentor = 1 << 5,
}

impl Role {
    /// Every role that has a name in `tools.toml`.
    pub const ALL: [Self; 6] = [
        Self::Learner,
        Self::Instructor,
        Self::Administrator,
        Self::TeachingAssistant,
        Self::ContentDeveloper,
        Self::Mentor,
    ];

    /// The role's name in configuration, templates and headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Learner => "learner",
            Self::Instructor => "instructor",
            Self::Administrator => "administrator",
            Self::TeachingAssistant => "teaching_assistant",
            Self::ContentDeveloper => "content_developer",
            Self::Mentor => "mentor",
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Instructors and administrators, the set that configuration calls `staff`.
    pub const STAFF: Self = Self(Role::Instructor as u8 | Role::Administrator as u8);

    /// The set behind a name in configuration: one role's, or `staff`. `None` for any other text.
    pub fn named(name: &str) -> Option<Self> {
        if name == "staff" {
            return Some(Self::STAFF);
        }
        Role::ALL.into_iter().find(|role| role.name() == name).map(Self::from)
    }

    /// The course roles in the comma-separated `roles` parameter of LTI 1.1.
    ///
    /// Understands short names (`Instructor`, `Instructor/Lecturer`), URNs
    /// (`urn:lti:role:ims/lis/Instructor`) and LIS 2 URIs (`…/lis/v2/membership#Instructor`). Everything
    /// else, institution and system roles above all, is passed over.
    pub fn parse(text: &str) -> Self {
        let mut roles = Self::default();
        let mut assistant_among_instructors = false;
        for (principal, sub) in text.split(',').filter_map(|one| context_role(one.trim())) {
            let role = match (principal, sub) {
                // Also of a section or a group: `TeachingAssistantSection` and so on.
                ("Instructor", Some(sub)) if sub.starts_with("TeachingAssistant") => {
                    assistant_among_instructors = true;
                    Role::TeachingAssistant
                }
                ("Instructor", _) => Role::Instructor,
                ("Learner", _) | ("Student", None) => Role::Learner,
                ("Administrator", _) => Role::Administrator,
                ("TeachingAssistant", _) => Role::TeachingAssistant,
                ("ContentDeveloper", _) => Role::ContentDeveloper,
                ("Mentor", _) => Role::Mentor,
                _ => continue,
            };
            roles = roles.with(role.into());
        }
        if assistant_among_instructors {
            // LIS 2 platforms send a sub-role's principal beside it, so that a teaching assistant carries
            // a plain `Instructor` too, which is not a second role.
            roles.0 &= !(Role::Instructor as u8);
        }
        roles
    }

    /// Whether `role` is in the set.
    pub fn contains(self, role: Role) -> bool {
        self.0 & role as u8 != 0
    }

    /// Whether the two sets share a role.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The roles of the set, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(role as u8)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// Principal and sub-role of one element of `roles`, where it is a role of the course.
fn context_role(element: &str) -> Option<(&str, Option<&str>)> {
    const URN: &str = "urn:lti:role:ims/lis/";
    const LIS_2: &str = "http://purl.imsglobal.org/vocab/lis/v2/membership";

    let name = if let Some(name) = element.strip_prefix(URN) {
        name
    } else if let Some(name) = element.strip_prefix(LIS_2) {
        name.strip_prefix(['#', '/'])?
    } else if element.contains(':') {
        return None;
    } else {
        element
    };
    match name.split_once(['/', '#']) {
        Some((principal, sub)) => Some((principal, Some(sub))),
        // `Student` is edX's own word, a short name only.
        None if name == "Student" && name.len() != element.len() => None,
        None => Some((name, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_known_names_of_course_roles_count() {
        let check = |text: &str, expected: &[Role]| {
            assert_eq!(Roles::parse(text).iter().collect::<Vec<_>>(), expected, "{text:?}");
        };
        use Role::*;
        check("Instructor", &[Instructor]);
        check("urn:lti:role:ims/lis/Instructor", &[Instructor]);
        check("Instructor/Lecturer", &[Instructor]);
        check("Instructor#Lecturer", &[Instructor]);
        check("urn:lti:role:ims/lis/Instructor/Lecturer", &[Instructor]);
        check("http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor", &[Instructor]);
        check("http://purl.imsglobal.org/vocab/lis/v2/membership/Learner#GuestLearner", &[Learner]);
        check("Student,Learner", &[Learner]);
        check("Student", &[Learner]);
        check("urn:lti:role:ims/lis/Student", &[]);
        check(" Learner , Instructor ", &[Learner, Instructor]);
        check("TeachingAssistant", &[TeachingAssistant]);
        check("urn:lti:role:ims/lis/TeachingAssistant", &[TeachingAssistant]);
        check("Instructor#TeachingAssistant", &[TeachingAssistant]);
        check("Instructor,Instructor#TeachingAssistant", &[TeachingAssistant]);
        check("Instructor,Instructor#TeachingAssistantSection", &[TeachingAssistant]);
        check("Instructor,TeachingAssistant", &[Instructor, TeachingAssistant]);
        check("ContentDeveloper,Mentor,Administrator", &[Administrator, ContentDeveloper, Mentor]);
        check("Learner,urn:lti:instrole:ims/lis/Instructor", &[Learner]);
        check("Learner,urn:lti:sysrole:ims/lis/SysAdmin", &[Learner]);
        for nobody in [
            "",
            ",,",
            "learner",
            "NotALearner",
            "NonInstructor",
            "Instructors",
            "Manager",
            "urn:lti:instrole:ims/lis/Learner",
            "urn:non:ims/something/Else",
            "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor",
            "http://purl.imsglobal.org/vocab/lis/v2/membershipInstructor",
        ] {
            check(nobody, &[]);
        }
    }

    #[test]
    fn names_of_configuration_lead_back_to_their_roles() {
        for role in Role::ALL {
            assert_eq!(Roles::named(role.name()), Some(role.into()));
        }
        assert_eq!(Roles::named("staff"), Some(Roles::STAFF));
        assert_eq!(Roles::named("Staff"), None);
    }
}
