//! Users who opened a tool from the practice course and are not among its own users.

use std::collections::VecDeque;

use super::person::Person;

/// The largest number of them. The oldest are dropped.
const MOST: usize = 100;

/// The ids of users who are not of the course.
#[derive(Default)]
pub struct Visitors(VecDeque<String>);

impl Visitors {
    /// Adds a user, unless the course has it.
    pub fn add(&mut self, user: &str) {
        if !self.has(user) {
            self.0.truncate(MOST - 1);
            self.0.push_front(user.to_owned());
        }
    }

    /// Whether a user is of the course, or opened a tool.
    pub fn has(&self, user: &str) -> bool {
        Person::known(user).is_some() || self.0.iter().any(|known| known == user)
    }

    /// The ids, the oldest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().map(String::as_str)
    }
}
