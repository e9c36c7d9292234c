//! What only development has: every consumer's secrets, the newest refusals, and the grades of the
//! practice platform.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lti::v1p1::{ConsumerCredentials, DiagnosisContext};
use serde::Serialize;

use crate::practice::Gradebook;

/// The state of a gateway in development.
#[derive(Default)]
pub(super) struct Development {
    /// Every consumer's key and secrets, among which the search for a cause looks for a mix-up.
    credentials: Vec<ConsumerCredentials>,
    pub(super) rejected: RejectedLaunches,
    gradebook: Mutex<Gradebook>,
}

impl Development {
    /// The same with these keys and secrets.
    pub(super) fn with_credentials(self, credentials: Vec<ConsumerCredentials>) -> Self {
        Self { credentials, ..self }
    }

    /// What a platform may have mixed up with what is this tool's, among all tools' launch URLs.
    pub(super) fn context<'a>(
        &self,
        tool: &str,
        launch_urls: impl IntoIterator<Item = (&'a str, String)>,
    ) -> DiagnosisContext {
        DiagnosisContext::new(tool, launch_urls, self.credentials.clone())
    }

    /// The grades of the practice platform.
    pub(super) fn gradebook(&self) -> MutexGuard<'_, Gradebook> {
        self.gradebook.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many are remembered.
const NEWEST: usize = 100;
/// The most parameters of one that are remembered, and the most characters of a name.
const MOST: usize = 100;
/// The most characters of a base string: one of twenty-five parameters has some thousand.
const LONGEST: usize = 8 * 1024;

/// A refused launch, as far as it tells nothing of a person.
#[derive(Clone, Serialize)]
pub(super) struct RejectedLaunch {
    /// What leads from the page that was shown to here.
    pub(super) reference: String,
    /// When, in seconds since the epoch.
    pub(super) at: u64,
    pub(super) tool: String,
    /// The consumer's key, fit for a log.
    pub(super) consumer: Option<String>,
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// Why the signature does not match, by its code and in words, where that was found.
    pub(super) cause: Option<(&'static str, String)>,
    pub(super) help: &'static str,
    /// The address that the signature was compared for.
    pub(super) url: String,
    /// Names of parameters and the lengths of their values in bytes, in the order sent.
    pub(super) params: Vec<(String, usize)>,
    /// The base string that the signature was compared for, without values.
    pub(super) compared: Option<String>,
}

/// The newest refusals of this process.
#[derive(Default)]
pub(super) struct RejectedLaunches(Mutex<VecDeque<RejectedLaunch>>);

impl RejectedLaunches {
    /// Remembers one, and forgets the oldest of too many.
    pub(super) fn remember(&self, mut refused: RejectedLaunch) {
        refused.params.truncate(MOST);
        for (name, _) in &mut refused.params {
            // A form that was encoded twice has values in its names.
            if name.contains(['=', '&', '%']) {
                "(a name that may hold values)".clone_into(name);
            }
            if let Some((at, _)) = name.char_indices().nth(MOST) {
                name.truncate(at);
            }
        }
        // It is ASCII, and each character one byte.
        refused.compared = refused.compared.filter(|base| base.len() <= LONGEST);
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.truncate(NEWEST - 1);
        newest.push_front(refused);
    }

    /// All of them, the newest first.
    pub(super) fn newest(&self) -> Vec<RejectedLaunch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
