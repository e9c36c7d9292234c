//! The people of the practice course.

use lti::Role;

/// Somebody in the course to practise with. None of them is a person.
pub struct Person {
    /// The platform's id of them.
    pub id: &'static str,
    /// What people call them.
    pub title: &'static str,
    /// Their role in the course.
    pub role: Role,
    /// Full name and e-mail address, where the platform tells them.
    pub known_as: Option<(&'static str, &'static str)>,
}

/// Everybody in the course.
pub const PERSONS: [Person; 6] = [
    Person {
        id: "learner-1",
        title: "Ada, a learner",
        role: Role::Learner,
        known_as: Some(("Ada Practice", "ada@practice.example")),
    },
    Person {
        id: "learner-2",
        title: "Ben, a learner",
        role: Role::Learner,
        known_as: Some(("Ben Practice", "ben@practice.example")),
    },
    Person {
        id: "learner-3",
        title: "A learner without name and e-mail",
        role: Role::Learner,
        known_as: None,
    },
    Person {
        id: "instructor-1",
        title: "Cleo, an instructor",
        role: Role::Instructor,
        known_as: Some(("Cleo Practice", "cleo@practice.example")),
    },
    Person {
        id: "assistant-1",
        title: "Dan, a teaching assistant",
        role: Role::TeachingAssistant,
        known_as: Some(("Dan Practice", "dan@practice.example")),
    },
    Person {
        id: "administrator-1",
        title: "Eve, an administrator",
        role: Role::Administrator,
        known_as: Some(("Eve Practice", "eve@practice.example")),
    },
];

impl Person {
    /// The person of this id.
    pub fn known(id: &str) -> Option<&'static Self> {
        PERSONS.iter().find(|person| person.id == id)
    }

    /// The person of this id, or the first.
    pub fn of(id: &str) -> &'static Self {
        Self::known(id).unwrap_or(&PERSONS[0])
    }
}
