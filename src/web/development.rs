//! The state of development mode: every consumer's secrets, the newest rejected launches and failed
//! requests, and the practice platform.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lti::Secret;
use lti::oauth1::SigningKey;
use lti::v1p1::{ConsumerCredentials, DiagnosisContext};
use serde::Serialize;

use crate::config::Upstream;
use crate::practice::PracticeState;
use crate::proxy::client::UpstreamError;
use crate::url::Origin;

/// The state of a gateway in development.
pub(super) struct Development {
    /// The one host that the gateway answers beside loopback.
    pub(super) dev_host: Option<Origin>,
    /// The signing key of tools' secrets that are not set.
    pub(super) placeholder: SigningKey,
    /// Every consumer's key and secrets. The diagnosis looks for mix-ups among them.
    credentials: Vec<ConsumerCredentials>,
    pub(super) refusals: Arc<NewestRefusals>,
    practice: Arc<Mutex<PracticeState>>,
    /// Why the newest files are not in use, as `check` prints it. Empty if they are.
    notice: Arc<Mutex<String>>,
}

impl Development {
    /// The state of a gateway with this `dev_host` and this placeholder for tools' secrets.
    pub(super) fn new(dev_host: Option<Origin>, placeholder: Secret) -> Self {
        Self {
            dev_host,
            placeholder: SigningKey::new(&placeholder),
            credentials: Vec::new(),
            refusals: Arc::default(),
            practice: Arc::default(),
            notice: Arc::default(),
        }
    }

    /// The same with these keys and secrets.
    pub(super) fn with_credentials(self, credentials: Vec<ConsumerCredentials>) -> Self {
        Self { credentials, ..self }
    }

    /// The state with another configuration, with this placeholder, and whose consumers have these
    /// keys and secrets.
    pub(super) fn reconfigured(
        &self,
        placeholder: Secret,
        credentials: Vec<ConsumerCredentials>,
    ) -> Self {
        Self {
            dev_host: self.dev_host.clone(),
            placeholder: SigningKey::new(&placeholder),
            credentials,
            refusals: Arc::clone(&self.refusals),
            practice: Arc::clone(&self.practice),
            notice: Arc::clone(&self.notice),
        }
    }

    /// Why the newest files are not in use, as `check` prints it. Empty if they are.
    pub(super) fn notice(&self) -> String {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows this notice from now on.
    pub(super) fn set_notice(&self, notice: String) {
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = notice;
    }

    /// What a platform may have mixed up with what is this tool's, among all tools' launch URLs.
    pub(super) fn context<'a>(
        &self,
        tool: &str,
        launch_urls: impl IntoIterator<Item = (&'a str, String)>,
    ) -> DiagnosisContext {
        DiagnosisContext::new(tool, launch_urls, self.credentials.clone())
    }

    /// The state of the practice platform.
    pub(super) fn practice(&self) -> MutexGuard<'_, PracticeState> {
        self.practice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of refusals in the list.
const NEWEST: usize = 100;
/// The maximum of parameters per launch in the list, and of characters per name.
const MOST: usize = 100;
/// The maximum of characters of a base string. Twenty-five parameters need about a thousand.
const LONGEST: usize = 8 * 1024;

/// A rejected launch, without personal data.
#[derive(Clone, Serialize)]
pub(super) struct RejectedLaunch {
    /// The reference on the page that the user saw.
    pub(super) reference: String,
    /// The timestamp, in seconds since the epoch.
    pub(super) at: u64,
    pub(super) tool: String,
    /// The consumer's key, unless it may contain a secret.
    pub(super) consumer: Option<String>,
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// The cause of a wrong signature, if the diagnosis found it: its code and its message.
    pub(super) cause: Option<(&'static str, String)>,
    pub(super) help: Cow<'static, str>,
    /// The URL for which the gateway computed the signature.
    pub(super) url: String,
    /// The names of the parameters and the lengths of their values in bytes, in the order sent.
    pub(super) params: Vec<(String, usize)>,
    /// The gateway's signature base string, without values.
    pub(super) compared: Option<String>,
}

/// The app of a tool that does not answer, for its developer.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(super) struct AppFailure {
    /// The configured URL. Empty if the gateway starts the app.
    url: String,
    /// The program that the gateway starts; may be empty.
    program: String,
    /// The fact; empty if the app does not run.
    reason: String,
    help: String,
    /// The admin's comment behind the URL; may be empty.
    hint: String,
}

impl AppFailure {
    /// An app without a connection.
    pub(super) fn unconnected(upstream: &Upstream, error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Refused { listens: None, .. } => {
                Self::with_reason(upstream, String::new(), "")
            }
            _ => Self::with_reason(upstream, error.to_string(), &error.advice()),
        }
    }

    /// An app that fails for this reason.
    pub(super) fn with_reason(upstream: &Upstream, reason: String, help: &str) -> Self {
        let program = upstream.command.as_ref().map(|command| command.program.clone());
        let (url, program) = match program {
            Some(program) => (String::new(), program),
            None => (upstream.url.to_string(), String::new()),
        };
        let hint = upstream.hint.clone();
        Self { url, program, reason, help: help.to_owned(), hint }
    }
}

/// Requests of sessions that an app did not answer, without personal data. One entry stands for all
/// requests to the tool with the same code: a page may repeat its requests without end.
#[derive(Clone, Serialize)]
pub(super) struct FailedRequest {
    /// The reference of the newest one.
    pub(super) reference: String,
    /// The timestamp of the newest one, in seconds since the epoch.
    pub(super) at: u64,
    pub(super) tool: String,
    pub(super) code: &'static str,
    pub(super) reason: String,
    pub(super) app: AppFailure,
    /// The number of requests.
    pub(super) times: usize,
}

/// An entry of the list.
#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum ListedRefusal {
    Launch(RejectedLaunch),
    Request(FailedRequest),
}

/// The newest rejected launches and failed requests of this process.
#[derive(Default)]
pub(super) struct NewestRefusals(Mutex<VecDeque<ListedRefusal>>);

impl NewestRefusals {
    /// Adds a launch. Drops the oldest entry if the list is full.
    pub(super) fn add_launch(&self, mut launch: RejectedLaunch) {
        launch.params.truncate(MOST);
        for (name, _) in &mut launch.params {
            // If a form was encoded twice, its names contain values.
            if name.contains(['=', '&', '%']) {
                "(a name that may contain values)".clone_into(name);
            }
            if let Some((at, _)) = name.char_indices().nth(MOST) {
                name.truncate(at);
            }
        }
        // A base string is ASCII: one byte per character.
        launch.compared = launch.compared.filter(|base| base.len() <= LONGEST);
        Self::push(&mut self.lock(), ListedRefusal::Launch(launch));
    }

    /// Adds a request, in place of the entry of its tool with the same code.
    pub(super) fn add_request(&self, mut request: FailedRequest) {
        let mut newest = self.lock();
        newest.retain(|listed| match listed {
            ListedRefusal::Request(known)
                if known.tool == request.tool && known.code == request.code =>
            {
                request.times = request.times.saturating_add(known.times);
                false
            }
            _ => true,
        });
        Self::push(&mut newest, ListedRefusal::Request(request));
    }

    fn push(newest: &mut VecDeque<ListedRefusal>, refusal: ListedRefusal) {
        newest.truncate(NEWEST - 1);
        newest.push_front(refusal);
    }

    /// All entries of the list, newest first.
    pub(super) fn newest(&self) -> Vec<ListedRefusal> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ListedRefusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
