//! A session that was opened, with everything that its requests carry ready.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderName, HeaderValue};
use lti::Secret;
use quick_cache::sync::Cache;

use super::place::Room;
use crate::config::{Origin, PublicUrl};
use crate::proxy::assertion::{Assertions, Subject};
use crate::proxy::identity;
use crate::session::{COOKIE, GradeToken, GradeTokens, Newest, Session, Sessions, cookies};
use crate::web::served::ServedTool;

/// An opened session. It is made once for each cookie and kept, because opening takes longer than looking up.
pub(in crate::web) struct Visit {
    pub(in crate::web) session: Session,
    /// What the cookie is bound to.
    tool: String,
    id: String,
    ready: Mutex<Option<Arc<Ready>>>,
}

/// What the requests of a session carry, made once for each minute and each name of this host.
pub(in crate::web) struct Ready {
    minute: u64,
    authority: String,
    /// The origin at which the browser sees the tool.
    pub(in crate::web) origin: String,
    /// Who is there, and where; the assertion is the last of them.
    pub(in crate::web) headers: Vec<(HeaderName, HeaderValue)>,
}

/// The most sessions that are kept open: about 3 KB each. More are opened again when they are needed.
const MOST: usize = 10_000;

/// Opens sessions, and keeps those that are open.
pub(in crate::web) struct Visits {
    pub(in crate::web) sessions: Sessions,
    pub(in crate::web) newest: Newest,
    /// By their cookies.
    open: Cache<String, Arc<Visit>>,
}

impl Visits {
    /// With keys derived from these secrets.
    pub(in crate::web) fn new(secrets: &[Secret]) -> Self {
        Self { sessions: Sessions::new(secrets), newest: Newest::default(), open: Cache::new(MOST) }
    }

    /// The session to which these `Cookie` headers give access at an address. Of several the newest counts.
    pub(in crate::web) fn visit<'c>(
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
        let visit = match self.open.get(sealed) {
            Some(visit) if visit.tool == *tool && visit.id == room.id => visit,
            _ => {
                let session = self.sessions.open(sealed, tool, room.id, now)?;
                let visit = Arc::new(Visit::new(session, tool, room.id));
                self.open.insert(sealed.to_owned(), Arc::clone(&visit));
                visit
            }
        };
        self.admits(room.served, &visit.session, now).then_some(visit)
    }

    /// Whether a session that was sealed here still counts: it has not expired, its sender is still in the file, its roles may
    /// launch the tool, and no newer launch gave the person others.
    pub(in crate::web) fn admits(&self, served: &ServedTool, session: &Session, now: u64) -> bool {
        let tool = &served.tool;
        session.expires >= now
            && tool.senders.contains(&session.sender)
            && tool.roles.is_none_or(|roles| roles.intersects(session.roles))
            && !self.newest.supersedes(session)
    }
}

impl Visit {
    fn new(session: Session, tool: &str, id: &str) -> Self {
        Self { session, tool: tool.to_owned(), id: id.to_owned(), ready: Mutex::default() }
    }

    /// What the session's requests carry now. `None` only where no assertion can be made.
    pub(in crate::web) fn ready(
        &self,
        assertions: &Assertions,
        grade_tokens: &GradeTokens,
        public_url: &PublicUrl,
        room: &Room<'_, '_>,
        authority: &str,
        now: u64,
    ) -> Option<Arc<Ready>> {
        let minute = now / 60;
        {
            let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ready) =
                ready.as_ref().filter(|one| one.minute == minute && one.authority == authority)
            {
                return Some(Arc::clone(ready));
            }
        }
        let ready = Arc::new(Ready::new(
            &self.session,
            assertions,
            grade_tokens,
            public_url,
            room,
            authority,
            now,
        )?);
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ready));
        Some(ready)
    }
}

impl Ready {
    fn new(
        session: &Session,
        assertions: &Assertions,
        grade_tokens: &GradeTokens,
        public_url: &PublicUrl,
        room: &Room<'_, '_>,
        authority: &str,
        now: u64,
    ) -> Option<Self> {
        let served = room.served;
        let Origin { scheme, authority: host } = public_url.origin_of(&served.tool, authority);
        let grade_token = room
            .upstream
            .grades
            .then(|| GradeToken::new(session, &served.tool.name, now))
            .flatten();
        let subject = Subject {
            issuer: &public_url.origin(authority).to_string(),
            tool: &served.tool.name,
            launch_url: &public_url.launch_url(&served.tool, Some(authority)),
            params: served.params.as_ref(),
            accepts_grade: room.upstream.grades.then_some(grade_token.is_some()),
        };
        let assertion = assertions.sign(session, &subject, now)?;
        let mut headers = identity::headers(session);
        for (name, value) in [
            ("x-forwarded-host", host.as_str()),
            ("x-forwarded-proto", scheme),
            ("x-forwarded-prefix", room.prefix),
            ("x-script-name", room.prefix),
            ("x-lti-assertion", &assertion),
        ] {
            // An app at the root of its host has no prefix.
            if !value.is_empty() {
                headers.push((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?));
            }
        }
        if let Some(sealed) = grade_token.and_then(|token| grade_tokens.seal(&token)) {
            let mut token = HeaderValue::from_str(&sealed).ok()?;
            token.set_sensitive(true);
            headers.push((HeaderName::from_static("x-lti-grade-token"), token));
        }
        let origin = format!("{scheme}://{host}");
        Some(Self { minute: now / 60, authority: authority.to_owned(), origin, headers })
    }
}
