//! Sessions and tickets as browsers hold them: sealed, and bound to where they belong.

use std::borrow::Cow;
use std::time::Duration;

use lti::Secret;
use serde::{Deserialize, Serialize};

use super::content::SessionContent;
use super::seal::{Seal, deflated};
use super::session::Session;

/// The name of a ticket, in queries and forms.
pub const TICKET_PARAMETER: &str = "lti_ticket";
/// How long a launch's redirect may take.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);
/// How long a person may take to click "Open in a new window".
pub const BUTTON_LIFETIME: Duration = Duration::from_secs(600);

/// A session on its way from the launch to its address: until when, where to, and the session itself.
#[derive(Serialize, Deserialize)]
struct TicketContent<'a>(u64, Cow<'a, str>, SessionContent<'a>);

/// A ticket that was opened.
pub struct Ticket {
    /// The session that it opens.
    pub session: Session,
    /// Where in the tool the launch led: a path that begins with `/`, and a query.
    pub destination: String,
    /// The last second at which it counts.
    pub expires: u64,
}

/// Seals sessions and tickets, and opens them. Its keys are derived from `gateway.secret`: the first seals, all open.
pub struct Sessions {
    sessions: Seal,
    tickets: Seal,
}

impl Sessions {
    /// Derives the keys.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            sessions: Seal::new(secrets, "lti-gateway session 1"),
            tickets: Seal::new(secrets, "lti-gateway ticket 1"),
        }
    }

    /// The value of a session's cookie. It opens for this tool only and, where the id stands in its address, there only.
    /// `None` only without randomness.
    pub fn seal(&self, session: &Session, tool: &str, id: &str) -> Option<String> {
        let content = SessionContent::of(session, id);
        self.sessions.close(&deflated(&serde_json::to_vec(&content).ok()?), &[tool, id])
    }

    /// The session in such a value, unless it has expired at `now` or was sealed for something else.
    pub fn open(&self, sealed: &str, tool: &str, id: &str, now: u64) -> Option<Session> {
        let content = self.sessions.open(sealed, &[tool, id])?;
        let session = serde_json::from_slice::<SessionContent<'_>>(&content).ok()?.into_session(id);
        (session.expires >= now).then_some(session)
    }

    /// A ticket to a session: it counts for so long, and whoever takes it has to see that it counts once.
    pub fn ticket(
        &self,
        session: &Session,
        destination: &str,
        tool: &str,
        id: &str,
        expires: u64,
    ) -> Option<String> {
        let content = TicketContent(expires, destination.into(), SessionContent::of(session, id));
        self.tickets.close(&deflated(&serde_json::to_vec(&content).ok()?), &[tool, id])
    }

    /// What is in a ticket, unless it has expired at `now` or is none for this tool and id.
    pub fn open_ticket(&self, ticket: &str, tool: &str, id: &str, now: u64) -> Option<Ticket> {
        let content = self.tickets.open(ticket, &[tool, id])?;
        let TicketContent(expires, destination, session) = serde_json::from_slice(&content).ok()?;
        let session = session.into_session(id);
        (expires >= now).then(|| Ticket { session, destination: destination.into_owned(), expires })
    }
}
