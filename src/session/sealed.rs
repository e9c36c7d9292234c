//! Sealed sessions and tickets. Both are bound to a tool and an id.

use std::borrow::Cow;
use std::time::Duration;

use lti::Secret;
use serde::{Deserialize, Serialize};

use super::content::SessionContent;
use super::seal::{Seal, deflated};
use super::session::Session;

/// The name of the ticket's parameter in queries and forms.
pub const TICKET_PARAMETER: &str = "lti_ticket";
/// The lifetime of the ticket in a launch's redirect.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);
/// The lifetime of the ticket behind the button "Open in a new window".
pub const BUTTON_LIFETIME: Duration = Duration::from_secs(600);

/// The serialized ticket: expires, destination, session.
#[derive(Serialize, Deserialize)]
struct TicketContent<'a>(u64, Cow<'a, str>, SessionContent<'a>);

/// An opened ticket.
pub struct Ticket {
    /// The session that it opens.
    pub session: Session,
    /// The destination of the launch in the tool: a path that begins with `/`, and a query.
    pub destination: String,
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
}

/// Seals and opens sessions and tickets. Its keys are derived from `gateway.secret`: the first key
/// seals, every key opens.
pub struct Sessions {
    sessions: Seal,
    tickets: Seal,
}

impl Sessions {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            sessions: Seal::new(secrets, "lti-gateway session 1"),
            tickets: Seal::new(secrets, "lti-gateway ticket 1"),
        }
    }

    /// The value of a session's cookie. It opens only for this tool and this id; the id is empty
    /// for `prefix = "tool"`. `None` only without a key or without randomness.
    pub fn seal(&self, session: &Session, tool: &str, id: &str) -> Option<String> {
        let content = SessionContent::of(session, id);
        self.sessions.close(&deflated(&serde_json::to_vec(&content).ok()?), &[tool, id])
    }

    /// Opens the value of a cookie. `None` if it has expired at `now`, or is not valid for this
    /// tool and id.
    pub fn open(&self, sealed: &str, tool: &str, id: &str, now: u64) -> Option<Session> {
        let content = self.sessions.open(sealed, &[tool, id])?;
        let session = serde_json::from_slice::<SessionContent<'_>>(&content).ok()?.into_session(id);
        (session.expires >= now).then_some(session)
    }

    /// Creates a ticket for a session. `expires` is the last second at which it is valid. The
    /// caller that redeems it must make sure that it is redeemed only once.
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

    /// Opens a ticket. `None` if it has expired at `now`, or is not valid for this tool and id.
    pub fn open_ticket(&self, ticket: &str, tool: &str, id: &str, now: u64) -> Option<Ticket> {
        let content = self.tickets.open(ticket, &[tool, id])?;
        let TicketContent(expires, destination, session) = serde_json::from_slice(&content).ok()?;
        let session = session.into_session(id);
        (expires >= now).then(|| Ticket { session, destination: destination.into_owned(), expires })
    }
}
