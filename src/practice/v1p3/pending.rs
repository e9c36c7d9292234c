//! Launches between `/dev/launch` and the platform's answer to the login.

use std::collections::VecDeque;

use lti::{ClientId, Role};

use super::mistake::TokenMistake;

/// The largest number of launches. The oldest are dropped.
const MOST: usize = 100;
/// How long a hint is valid, in seconds.
const LIFETIME: u64 = 600;

/// The message of a launch.
#[derive(Clone)]
pub enum PracticeMessage {
    /// A link of the course.
    Link {
        /// Its place in the tool: the rest of the URL after the launch URL.
        place: String,
        /// Its title; may be empty.
        title: String,
        /// Its line item, if the activity accepts grades.
        line_item: Option<String>,
    },
    /// A request for links.
    Selection {
        /// The URL to which the browser posts the answer.
        return_url: String,
        /// The `data` that the answer has to contain.
        data: String,
    },
}

/// A launch that a user chose at `/dev`.
#[derive(Clone)]
pub struct PracticeLaunch {
    /// The name of the tool.
    pub tool: String,
    /// The tool's launch URL. The token goes there and nowhere else.
    pub launch_url: String,
    /// What the launch is for.
    pub message: PracticeMessage,
    /// The client of the login.
    pub client: ClientId,
    /// The block of the course.
    pub block: String,
    /// The user's id.
    pub user: String,
    /// The user's full name and email address.
    pub name_and_email: Option<(String, String)>,
    /// The user's roles.
    pub roles: Vec<Role>,
    /// Custom parameters, without their prefix.
    pub custom: Vec<(String, String)>,
    /// The mistake.
    pub mistake: Option<TokenMistake>,
}

impl PracticeLaunch {
    /// The URL of the link in the tool.
    pub(super) fn target(&self) -> String {
        match &self.message {
            PracticeMessage::Link { place, .. } => format!("{}{place}", self.launch_url),
            PracticeMessage::Selection { .. } => self.launch_url.clone(),
        }
    }
}

/// Launches by their hints. A hint is valid once, as in Canvas.
#[derive(Default)]
pub struct PendingLaunches(VecDeque<(String, u64, PracticeLaunch)>);

impl PendingLaunches {
    /// Stores a launch under an unguessable hint.
    pub fn add(&mut self, hint: String, launch: PracticeLaunch, now: u64) {
        self.0.truncate(MOST - 1);
        self.0.push_front((hint, now.saturating_add(LIFETIME), launch));
    }

    /// Takes the launch of a hint. `None` if the hint is unknown, used or expired.
    pub fn take(&mut self, hint: &str, now: u64) -> Option<PracticeLaunch> {
        let at = self.0.iter().position(|(known, ..)| known == hint)?;
        let (_, expires, launch) = self.0.remove(at)?;
        (now <= expires).then_some(launch)
    }
}
