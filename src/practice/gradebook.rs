//! The gradebook of the practice course.

use std::collections::VecDeque;

use lti::Score;
use serde::Serialize;

use super::line_item::CourseLineItems;

/// The largest number of results, and of messages. The oldest are dropped.
const MOST: usize = 100;
/// The largest length of a string in a message, in characters. Real ones have some hundred.
const LONGEST: usize = 4096;

/// The key of a result: tool, block and user.
#[derive(Clone, PartialEq, Eq)]
pub struct GradebookSlot {
    /// The name of the tool.
    pub tool: String,
    /// The block of the course.
    pub block: String,
    /// The user's id.
    pub person: String,
}

/// A grade, as its learner sees it.
#[derive(Clone)]
pub struct CourseGrade {
    /// The score. `None` if the work is not graded yet.
    pub score: Option<Score>,
    /// The comment; may be empty.
    pub comment: String,
    /// How far the work and its grading are, if they are not complete; may be empty.
    pub progress: String,
    /// The timestamp of its message, in seconds since the epoch.
    pub at: u64,
}

impl CourseGrade {
    /// A complete grade.
    pub fn of(score: Score, comment: String, at: u64) -> Self {
        Self { score: Some(score), comment, progress: String::new(), at }
    }
}

/// A request to a grade service of the course, and the response.
#[derive(Clone, Serialize)]
pub struct Exchange {
    /// The timestamp of the request, in seconds since the epoch.
    pub at: u64,
    /// The method.
    pub method: &'static str,
    /// The path with the query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The body. Invalid UTF-8 is replaced.
    pub body: String,
    /// The service's decision, in plain language.
    pub finding: String,
    /// The status of the response.
    pub status: u16,
    /// The body of the response.
    pub answer: String,
}

/// The gradebook of the course: the newest results, and the newest messages of the services.
#[derive(Default)]
pub struct Gradebook {
    /// The columns.
    pub line_items: CourseLineItems,
    grades: VecDeque<(GradebookSlot, CourseGrade)>,
    /// The timestamp of the newest score by LTI 1.3 for a slot, also of one that cleared it.
    timestamps: VecDeque<(GradebookSlot, u64)>,
    messages: VecDeque<Exchange>,
}

impl Gradebook {
    /// The grade of a slot.
    pub fn grade(&self, slot: &GradebookSlot) -> Option<&CourseGrade> {
        self.grades.iter().find(|(known, _)| known == slot).map(|(_, grade)| grade)
    }

    /// Sets or removes the grade of a slot.
    pub fn set(&mut self, slot: &GradebookSlot, grade: Option<CourseGrade>) {
        self.grades.retain(|(known, _)| known != slot);
        if let Some(grade) = grade {
            self.grades.truncate(MOST - 1);
            self.grades.push_front((slot.clone(), grade));
        }
    }

    /// The timestamp of the newest score by LTI 1.3, in seconds since the epoch.
    pub fn newest_score(&self, slot: &GradebookSlot) -> Option<u64> {
        let (_, timestamp) = self.timestamps.iter().find(|(known, _)| known == slot)?;
        Some(*timestamp)
    }

    /// Sets or removes the grade of a slot by a score of LTI 1.3 with this timestamp.
    pub fn set_score(&mut self, slot: &GradebookSlot, grade: Option<CourseGrade>, timestamp: u64) {
        self.set(slot, grade);
        self.timestamps.retain(|(known, _)| known != slot);
        self.timestamps.truncate(MOST - 1);
        self.timestamps.push_front((slot.clone(), timestamp));
    }

    /// Stores a message. Long strings are truncated.
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
