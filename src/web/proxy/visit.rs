//! A session that was opened, with everything that its requests carry prepared.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderName, HeaderValue};
use lti::Secret;
use quick_cache::sync::Cache;

use super::route::Mount;
use crate::config::PublicUrl;
use crate::proxy::assertion::Assertions;
use crate::proxy::session_headers::{SessionFacts, session_headers};
use crate::session::{COOKIE, GradeTokens, Newest, Session, Sessions, cookies};
use crate::url::Origin;
use crate::web::served::ServedTool;

/// An opened session. It is made once for each cookie and kept, because opening takes longer than looking up.
pub(in crate::web) struct OpenSession {
    pub(in crate::web) session: Session,
    /// What the cookie is bound to.
    tool: String,
    id: String,
    prepared: Mutex<Option<Arc<PreparedHeaders>>>,
}

/// What the requests of a session carry, made once for each minute and each name of this host.
pub(in crate::web) struct PreparedHeaders {
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
pub(in crate::web) struct SessionCache {
    pub(in crate::web) sessions: Sessions,
    pub(in crate::web) newest: Newest,
    /// By their cookies.
    open: Cache<String, Arc<OpenSession>>,
}

impl SessionCache {
    /// With keys derived from these secrets.
    pub(in crate::web) fn new(secrets: &[Secret]) -> Self {
        Self { sessions: Sessions::new(secrets), newest: Newest::default(), open: Cache::new(MOST) }
    }

    /// The session to which these `Cookie` headers give access at an address. Of several the newest counts.
    pub(in crate::web) fn find<'c>(
        &self,
        mount: &Mount<'_, '_>,
        headers: impl IntoIterator<Item = &'c str>,
        now: u64,
    ) -> Option<Arc<OpenSession>> {
        let sealed = cookies(headers).filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        let visits = sealed.filter_map(|sealed| self.open(mount, sealed, now));
        visits.max_by_key(|visit| visit.session.minted)
    }

    fn open(&self, mount: &Mount<'_, '_>, sealed: &str, now: u64) -> Option<Arc<OpenSession>> {
        let tool = &mount.served.tool.name;
        let visit = match self.open.get(sealed) {
            Some(visit) if visit.tool == *tool && visit.id == mount.id => visit,
            _ => {
                let session = self.sessions.open(sealed, tool, mount.id, now)?;
                let visit = Arc::new(OpenSession::new(session, tool, mount.id));
                self.open.insert(sealed.to_owned(), Arc::clone(&visit));
                visit
            }
        };
        self.admits(mount.served, &visit.session, now).then_some(visit)
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

impl OpenSession {
    fn new(session: Session, tool: &str, id: &str) -> Self {
        Self { session, tool: tool.to_owned(), id: id.to_owned(), prepared: Mutex::default() }
    }

    /// What the session's requests carry now. `None` only where no assertion can be made.
    pub(in crate::web) fn prepared_headers(
        &self,
        assertions: &Assertions,
        grade_tokens: &GradeTokens,
        public_url: &PublicUrl,
        mount: &Mount<'_, '_>,
        authority: &str,
        now: u64,
    ) -> Option<Arc<PreparedHeaders>> {
        let minute = now / 60;
        {
            let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(prepared) =
                prepared.as_ref().filter(|one| one.minute == minute && one.authority == authority)
            {
                return Some(Arc::clone(prepared));
            }
        }
        let prepared = Arc::new(PreparedHeaders::new(
            &self.session,
            assertions,
            grade_tokens,
            public_url,
            mount,
            authority,
            now,
        )?);
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&prepared));
        Some(prepared)
    }
}

impl PreparedHeaders {
    fn new(
        session: &Session,
        assertions: &Assertions,
        grade_tokens: &GradeTokens,
        public_url: &PublicUrl,
        mount: &Mount<'_, '_>,
        authority: &str,
        now: u64,
    ) -> Option<Self> {
        let tool = &mount.served.tool;
        let Origin { scheme, authority: host } = public_url.origin_of(tool, authority);
        let facts = SessionFacts {
            tool: &tool.name,
            launch_url: &public_url.launch_url(tool, Some(authority)),
            params: mount.served.params.as_ref(),
            grades: mount.upstream.grades,
            issuer: &public_url.origin(authority).to_string(),
            scheme: scheme.as_str(),
            host: &host,
            prefix: mount.prefix,
        };
        let headers = session_headers(session, &facts, assertions, grade_tokens, now)?;
        let origin = format!("{scheme}://{host}");
        Some(Self { minute: now / 60, authority: authority.to_owned(), origin, headers })
    }
}
