//! The user's roles in a course.
//!
//! Only roles *of the course* grant rights. An `Instructor` of the institution may be a learner in
//! this course, and a system administrator may have no role in it. Unknown roles grant nothing.
//! Names are case-sensitive and match as a whole: `NotALearner` grants nothing.

use std::fmt;

/// A role in the course of a launch (LTI 1.1 appendix A, LIS context roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Takes the course. edX sends `Student,Learner`.
    Learner = 1 << 0,
    /// Teaches the course.
    Instructor = 1 << 1,
    /// Administers the course. edX sends it for its course staff.
    Administrator = 1 << 2,
    /// Assists the instructors of the course.
    TeachingAssistant = 1 << 3,
    /// Writes the course.
    ContentDeveloper = 1 << 4,
    /// Accompanies learners of the course (an observer, a parent).
    Mentor = 1 << 5,
}

impl Role {
    /// Every role with a name in `tools.toml`.
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
    /// Instructors and administrators: `staff` in the configuration.
    pub const STAFF: Self = Self(Role::Instructor as u8 | Role::Administrator as u8);

    /// The roles that may pick links: staff, teaching assistants and content developers.
    pub const PICKERS: Self =
        Self(Self::STAFF.0 | Role::TeachingAssistant as u8 | Role::ContentDeveloper as u8);

    /// The set for a name in the configuration: a role, or `staff`. `None` for any other name.
    pub fn named(name: &str) -> Option<Self> {
        if name == "staff" {
            return Some(Self::STAFF);
        }
        Role::ALL.into_iter().find(|role| role.name() == name).map(Self::from)
    }

    /// The course roles in the comma-separated `roles` parameter of LTI 1.1.
    ///
    /// Accepts short names (`Instructor`, `Instructor/Lecturer`), URNs
    /// (`urn:lti:role:ims/lis/Instructor`) and LIS 2 URIs (`…/lis/v2/membership#Instructor`). It
    /// ignores everything else, such as institution and system roles.
    pub fn parse(text: &str) -> Self {
        let mut roles = Self::default();
        let mut assistant_among_instructors = false;
        for (principal, sub) in text.split(',').filter_map(|one| context_role(one.trim())) {
            let role = match (principal, sub) {
                // Includes assistants of a section or a group, such as `TeachingAssistantSection`.
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
            // LIS 2 platforms send a sub-role together with its principal role. A teaching
            // assistant therefore also has a plain `Instructor`, which is not a second role.
            roles.0 &= !(Role::Instructor as u8);
        }
        roles
    }

    /// Whether `role` is in the set.
    pub fn contains(self, role: Role) -> bool {
        self.0 & role as u8 != 0
    }

    /// Whether the two sets have a role in common.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The union of both sets.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as a number, for storage.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Reads a set from [`bits`](Self::bits). It ignores unknown bits.
    pub fn from_bits(bits: u8) -> Self {
        let known = Role::ALL.into_iter().filter(|role| bits & *role as u8 != 0);
        known.fold(Self::default(), |roles, role| roles.with(role.into()))
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

/// The elements of the `roles` parameter of LTI 1.1 as in LTI 1.3: URIs of the LIS vocabularies,
/// each once. Elements of unknown vocabularies stay unchanged.
///
/// The URIs repeat the platform's claims and grant nothing. They include institution and system
/// roles.
pub fn role_uris(text: &str) -> Vec<String> {
    const VOCABULARY: &str = "http://purl.imsglobal.org/vocab/lis/v2/";
    let of_scope = |scope: &str, name: &str| match name.split_once(['/', '#']) {
        Some((principal, sub)) => format!("{VOCABULARY}{scope}/{principal}#{sub}"),
        None => format!("{VOCABULARY}{scope}#{name}"),
    };
    let mut uris: Vec<String> = Vec::new();
    for element in text.split(',').map(str::trim).filter(|element| !element.is_empty()) {
        let uri = if let Some(name) = element.strip_prefix("urn:lti:instrole:ims/lis/") {
            of_scope("institution/person", name)
        } else if let Some(name) = element.strip_prefix("urn:lti:sysrole:ims/lis/") {
            of_scope("system/person", name)
        } else if element.starts_with(VOCABULARY) {
            element.to_owned()
        } else {
            match context_role(element) {
                // edX's name for a learner.
                Some(("Student", None)) => of_scope("membership", "Learner"),
                Some(("TeachingAssistant", None)) => {
                    of_scope("membership", "Instructor/TeachingAssistant")
                }
                Some((principal, Some(sub))) => {
                    of_scope("membership", &format!("{principal}/{sub}"))
                }
                Some((principal, None)) => of_scope("membership", principal),
                None => element.to_owned(),
            }
        };
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    uris
}

/// Principal role and sub-role of one element of `roles`; `None` if it is not a role of the course.
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
        // `Student` is edX's name. It exists only as a short name.
        None if name == "Student" && name.len() != element.len() => None,
        None => Some((name, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_of_course_roles_grant_roles() {
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
    fn roles_of_lti_1_1_become_uris_of_lti_1_3() {
        let check = |text: &str, expected: &[&str]| {
            let expected: Vec<String> = expected
                .iter()
                .map(|end| format!("http://purl.imsglobal.org/vocab/lis/v2/{end}"))
                .collect();
            assert_eq!(role_uris(text), expected, "{text:?}");
        };
        check("", &[]);
        check("Student,Learner", &["membership#Learner"]);
        check("urn:lti:role:ims/lis/Instructor", &["membership#Instructor"]);
        check("Instructor/Lecturer", &["membership/Instructor#Lecturer"]);
        check("TeachingAssistant", &["membership/Instructor#TeachingAssistant"]);
        check(
            " Learner , urn:lti:instrole:ims/lis/Student,urn:lti:sysrole:ims/lis/SysAdmin",
            &["membership#Learner", "institution/person#Student", "system/person#SysAdmin"],
        );
        check("http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor", &["membership#Mentor"]);
        assert_eq!(role_uris("urn:other:role"), ["urn:other:role"]);
    }

    #[test]
    fn a_set_survives_storage_as_a_number() {
        for bits in 0..=u8::MAX {
            assert_eq!(Roles::from_bits(bits).bits(), bits & 0b11_1111);
        }
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in Role::ALL {
            assert_eq!(Roles::named(role.name()), Some(role.into()));
        }
        assert_eq!(Roles::named("staff"), Some(Roles::STAFF));
        assert_eq!(Roles::named("Staff"), None);
    }
}
