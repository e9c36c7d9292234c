//! The fictional users of the practice course.

use lti::Role;

/// A fictional user of the practice course.
pub struct Person {
    /// The platform's user id.
    pub id: &'static str,
    /// The name on the pages of the practice platform.
    pub title: &'static str,
    /// The role in the course.
    pub role: Role,
    /// Full name and email address, if the platform sends them.
    pub name_and_email: Option<(&'static str, &'static str)>,
}

/// All users of the course.
pub const PERSONS: [Person; 6] = [
    Person {
        id: "learner-1",
        title: "Ada, a learner",
        role: Role::Learner,
        name_and_email: Some(("Ada Practice", "ada@practice.example")),
    },
    Person {
        id: "learner-2",
        title: "Ben, a learner",
        role: Role::Learner,
        name_and_email: Some(("Ben Practice", "ben@practice.example")),
    },
    Person {
        id: "learner-3",
        title: "A learner without name and email",
        role: Role::Learner,
        name_and_email: None,
    },
    Person {
        id: "instructor-1",
        title: "Cleo, an instructor",
        role: Role::Instructor,
        name_and_email: Some(("Cleo Practice", "cleo@practice.example")),
    },
    Person {
        id: "assistant-1",
        title: "Dan, a teaching assistant",
        role: Role::TeachingAssistant,
        name_and_email: Some(("Dan Practice", "dan@practice.example")),
    },
    Person {
        id: "administrator-1",
        title: "Eve, an administrator",
        role: Role::Administrator,
        name_and_email: Some(("Eve Practice", "eve@practice.example")),
    },
];

impl Person {
    /// The user with this id.
    pub fn known(id: &str) -> Option<&'static Self> {
        PERSONS.iter().find(|person| person.id == id)
    }

    /// The user with this id, or the first one.
    pub fn of(id: &str) -> &'static Self {
        Self::known(id).unwrap_or(&PERSONS[0])
    }
}
