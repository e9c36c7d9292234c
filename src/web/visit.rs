//! A session that was opened, with everything that its requests carry ready.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderName, HeaderValue};

use super::gateway::{Gateway, ServedTool};
use super::place::Room;
use crate::session::{COOKIE, Session, cookies};
use crate::target::assertion::Subject;
use crate::target::identity;

/// An opened session. It is made once for each cookie and kept, because opening takes longer than looking up.
pub(super) struct Visit {
    pub(super) session: Session,
    /// What the cookie is bound to.
    tool: String,
    id: String,
    /// Who is there.
    pub(super) identity: Vec<(HeaderName, HeaderValue)>,
    assertion: Mutex<Option<Made>>,
}

/// An assertion that was made in this minute, for this issuer.
struct Made {
    minute: u64,
    issuer: String,
    value: HeaderValue,
}

impl Gateway {
    /// The session to which these `Cookie` headers give access at an address. Of several the newest counts.
    pub(super) fn visit<'c>(
        &self,
        room: &Room<'_, '_>,
        headers: impl IntoIterator<Item = &'c str>,
        now: u64,
    ) -> Option<Arc<Visit>> {
        let sealed = cookies(headers).filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        let visits = sealed.filter_map(|sealed| self.open(room, sealed, now));
        visits.max_by_key(|visit| visit.session.minted)
    }

    fn open(&self, room: &Room<'_, '_>, sealed: &str, now: u64) -> Option<Arc<Visit>> {
        let tool = &room.served.tool.name;
        let visit = match self.visits.get(sealed) {
            Some(visit) if visit.tool == *tool && visit.id == room.id => visit,
            _ => {
                let session = self.sessions.open(sealed, tool, room.id, now)?;
                let visit = Arc::new(Visit::new(session, tool, room.id));
                self.visits.insert(sealed.to_owned(), Arc::clone(&visit));
                visit
            }
        };
        self.admits(room.served, &visit.session, now).then_some(visit)
    }

    /// Whether a session that was sealed here still counts: it has not expired, its consumer is still in the file, its roles may
    /// launch the tool, and no newer launch gave the person others.
    pub(super) fn admits(&self, served: &ServedTool, session: &Session, now: u64) -> bool {
        let tool = &served.tool;
        session.expires >= now
            && tool.keys.contains(&session.consumer_key)
            && tool.terms.roles.is_none_or(|roles| roles.intersects(session.roles))
            && !self.newest.supersedes(session)
    }
}

impl Visit {
    fn new(session: Session, tool: &str, id: &str) -> Self {
        let identity = identity::headers(&session);
        Self { session, tool: tool.to_owned(), id: id.to_owned(), identity, assertion: Mutex::default() }
    }

    /// The session's assertion, made once a minute. `None` only where none can be made.
    pub(super) fn assertion(
        &self,
        gateway: &Gateway,
        served: &ServedTool,
        authority: &str,
        now: u64,
    ) -> Option<HeaderValue> {
        let minute = now / 60;
        let issuer = gateway.public_url.origin(authority).to_string();
        {
            let made = self.assertion.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(made) = made.as_ref().filter(|made| made.minute == minute && made.issuer == issuer) {
                return Some(made.value.clone());
            }
        }
        let launch_url = gateway.public_url.launch_url(&served.tool, Some(authority));
        let subject = Subject {
            issuer: &issuer,
            tool: &served.tool.name,
            launch_url: &launch_url,
            params: served.params.as_ref(),
        };
        let text = gateway.assertions.sign(&self.session, &subject, now)?;
        let value = HeaderValue::from_str(&text).ok()?;
        let made = Made { minute, issuer, value: value.clone() };
        *self.assertion.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Some(value)
    }
}
