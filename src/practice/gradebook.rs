//! The gradebook of the practice course.

use std::collections::VecDeque;

use lti::Score;
use serde::Serialize;

/// The most results, and the most messages; of more the oldest are forgotten.
const MOST: usize = 100;
/// The most characters of a text of a message that are kept. Real ones have some hundred.
const LONGEST: usize = 4096;

/// Whose result, and of what.
#[derive(Clone, PartialEq, Eq)]
pub struct GradebookSlot {
    /// The name of the tool.
    pub tool: String,
    /// The block of the course that launches it.
    pub block: String,
    /// Who launched.
    pub person: &'static str,
}

/// What a learner sees of a grade.
#[derive(Clone)]
pub struct CourseGrade {
    /// The score.
    pub score: Score,
    /// What stands beside it; may be empty.
    pub comment: String,
}

/// A request to the course's grade services, and the response.
#[derive(Clone, Serialize)]
pub struct Exchange {
    /// When it came, in seconds since the epoch.
    pub at: u64,
    /// Its method.
    pub method: &'static str,
    /// The path to which it came.
    pub path: String,
    /// Its `Authorization` header.
    pub authorization: String,
    /// Its body, as far as it is text.
    pub body: String,
    /// What was made of it, in words.
    pub finding: String,
    /// The status of the answer.
    pub status: u16,
    /// The answer's body.
    pub answer: String,
}

/// The gradebook of the course: the newest results, and the messages that brought them.
#[derive(Default)]
pub struct Gradebook {
    grades: VecDeque<(GradebookSlot, CourseGrade)>,
    messages: VecDeque<Exchange>,
}

impl Gradebook {
    /// The grade of a slot.
    pub fn grade(&self, slot: &GradebookSlot) -> Option<&CourseGrade> {
        self.grades.iter().find(|(known, _)| known == slot).map(|(_, grade)| grade)
    }

    /// Sets the grade of a slot, or takes it away.
    pub fn set(&mut self, slot: &GradebookSlot, grade: Option<CourseGrade>) {
        self.grades.retain(|(known, _)| known != slot);
        if let Some(grade) = grade {
            self.grades.truncate(MOST - 1);
            self.grades.push_front((slot.clone(), grade));
        }
    }

    /// Remembers a message, and of long texts the beginning.
    pub fn remember(&mut self, mut message: Exchange) {
        for text in
            [&mut message.path, &mut message.authorization, &mut message.body, &mut message.answer]
        {
            if let Some((at, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(at);
                text.push('…');
            }
        }
        self.messages.truncate(MOST - 1);
        self.messages.push_front(message);
    }

    /// All grades, the newest first.
    pub fn grades(&self) -> impl Iterator<Item = &(GradebookSlot, CourseGrade)> {
        self.grades.iter()
    }

    /// All messages, the newest first.
    pub fn messages(&self) -> impl Iterator<Item = &Exchange> {
        self.messages.iter()
    }
}
