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
/// The lifetime of a launch's ticket.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);
/// The lifetime of a page's ticket.
pub const BUTTON_LIFETIME: Duration = Duration::from_secs(600);

/// The serialized ticket: expires, destination, session.
#[derive(Serialize, Deserialize)]
struct TicketContent<'a>(u64, Cow<'a, str>, SessionContent<'a>);

/// Where a ticket comes from, and so how it opens. Each kind has keys of its own.
///
/// A launch creates at most two tickets: its own, and that of a page. A page's ticket creates none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    /// The ticket in a launch's redirect. A GET opens it.
    Launch,
    /// The ticket behind the button "Open in a new window". A POST opens it.
    Page,
    /// A ticket of an older version, in a redirect or behind a button. A GET opens it. It creates
    /// no other ticket.
    Older,
}

/// An opened ticket.
pub struct Ticket {
    /// Its kind.
    pub kind: TicketKind,
    /// The session that it opens.
    pub session: Session,
    /// The destination of the launch in the tool: a path that begins with `/`, and a query.
    pub destination: String,
    /// The expiry in the ticket, in seconds since the epoch.
    pub expires: u64,
    /// The last second at which it is valid, in seconds since the epoch.
    pub acceptable_until: u64,
}

/// Seals and opens sessions and tickets. Its keys are derived from `gateway.secret`: the first key
/// seals, every key opens.
pub struct Sessions {
    sessions: Seal,
    launch_tickets: TicketSeal,
    page_tickets: TicketSeal,
    older_tickets: TicketSeal,
}

impl Sessions {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            sessions: Seal::new(secrets, "lti-gateway session 1"),
            launch_tickets: TicketSeal::new(secrets, TicketKind::Launch),
            page_tickets: TicketSeal::new(secrets, TicketKind::Page),
            older_tickets: TicketSeal::new(secrets, TicketKind::Older),
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

    /// Creates the ticket of a launch. `expires` is the last second at which it is valid, without
    /// the clock skew.
    pub fn launch_ticket(
        &self,
        session: &Session,
        destination: &str,
        tool: &str,
        id: &str,
        expires: u64,
    ) -> Option<String> {
        self.launch_tickets.close(session, destination, tool, id, expires)
    }

    /// Creates the ticket of a page from a launch's ticket. `None` for a ticket of another kind,
    /// and without a key or randomness.
    pub fn page_ticket(
        &self,
        launched: &Ticket,
        tool: &str,
        id: &str,
        expires: u64,
    ) -> Option<String> {
        let Ticket { kind: TicketKind::Launch, session, destination, .. } = launched else {
            return None;
        };
        self.page_tickets.close(session, destination, tool, id, expires)
    }

    /// Opens the ticket of a GET. `None` if it has expired at `now`, or is not valid for this tool
    /// and id. The caller must make sure that it is redeemed only once, until it is no longer
    /// acceptable.
    pub fn open_launch_ticket(
        &self,
        ticket: &str,
        tool: &str,
        id: &str,
        now: u64,
        clock_skew: u64,
    ) -> Option<Ticket> {
        let opened = self.launch_tickets.open(ticket, tool, id, now, clock_skew);
        // The older version stored the nonce of a spent ticket no longer than until its expiry.
        opened.or_else(|| self.older_tickets.open(ticket, tool, id, now, 0))
    }

    /// Opens the ticket of a POST, like [`open_launch_ticket`](Self::open_launch_ticket).
    pub fn open_page_ticket(
        &self,
        ticket: &str,
        tool: &str,
        id: &str,
        now: u64,
        clock_skew: u64,
    ) -> Option<Ticket> {
        self.page_tickets.open(ticket, tool, id, now, clock_skew)
    }
}

/// Seals and opens tickets of one kind.
struct TicketSeal {
    kind: TicketKind,
    seal: Seal,
}

impl TicketSeal {
    fn new(secrets: &[Secret], kind: TicketKind) -> Self {
        let purpose = match kind {
            TicketKind::Launch => "lti-gateway launch ticket 1",
            TicketKind::Page => "lti-gateway page ticket 1",
            TicketKind::Older => "lti-gateway ticket 1",
        };
        Self { kind, seal: Seal::new(secrets, purpose) }
    }

    fn close(
        &self,
        session: &Session,
        destination: &str,
        tool: &str,
        id: &str,
        expires: u64,
    ) -> Option<String> {
        let content = TicketContent(expires, destination.into(), SessionContent::of(session, id));
        self.seal.close(&deflated(&serde_json::to_vec(&content).ok()?), &[tool, id])
    }

    fn open(
        &self,
        ticket: &str,
        tool: &str,
        id: &str,
        now: u64,
        clock_skew: u64,
    ) -> Option<Ticket> {
        let content = self.seal.open(ticket, &[tool, id])?;
        let TicketContent(expires, destination, session) = serde_json::from_slice(&content).ok()?;
        let acceptable_until = expires.saturating_add(clock_skew);
        (acceptable_until >= now).then(|| Ticket {
            kind: self.kind,
            session: session.into_session(id),
            destination: destination.into_owned(),
            expires,
            acceptable_until,
        })
    }
}
