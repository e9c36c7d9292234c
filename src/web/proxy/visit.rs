//! Opened sessions and the headers of their requests, cached.

#![deny(clippy::arithmetic_side_effects)]

use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderName, HeaderValue};
use lti::{ConsumerKey, Secret};
use quick_cache::sync::Cache;

use super::route::Mount;
use super::session_load::SessionLoads;
use crate::config::{Prefix, PublicUrl};
use crate::proxy::session_headers::{HeaderSeals, SessionFacts, session_headers};
use crate::session::{
    COOKIE, Field, LatestLaunches, PersonTags, Session, Sessions, TWIN_COOKIE, cookies,
    looks_sealed,
};
use crate::url::Origin;
use crate::web::served::ServedTool;

/// An opened session, cached by its cookie, because decryption takes longer than a lookup.
pub(in crate::web) struct OpenSession {
    pub(in crate::web) session: Session,
    /// The tool and the session id to which the cookie is bound.
    tool: String,
    id: String,
    /// The tag of its person, if people share the app's URLs.
    pub(in crate::web) person: Option<String>,
    prepared: Mutex<Option<Arc<PreparedHeaders>>>,
}

/// The headers of a session's requests, prepared once per minute and per `Host`.
pub(in crate::web) struct PreparedHeaders {
    minute: u64,
    authority: String,
    /// The tool's origin, as browsers see it.
    pub(in crate::web) origin: String,
    /// Identity, public URL, assertion and grade token.
    pub(in crate::web) headers: Vec<(HeaderName, HeaderValue)>,
}

/// The most cached sessions, about 5 KB each. The gateway opens a session beyond them again when
/// its next request arrives.
const MOST_CACHED: usize = 10_000;

/// The most cookies of a request that the gateway tries to open, of those that look sealed: anyone
/// can send some that do not open. A browser has one for each prefix that contains the request's
/// path: of the host, of a tool and of a session.
const MOST_TRIED: usize = 4;

/// Opens sessions from their cookies, and caches them.
pub(in crate::web) struct SessionCache {
    pub(in crate::web) sessions: Sessions,
    persons: PersonTags,
    pub(in crate::web) latest_launches: Arc<LatestLaunches>,
    /// The requests and streams of each session.
    pub(in crate::web) loads: SessionLoads,
    /// The cached sessions, by cookie.
    open: Cache<Arc<str>, Arc<OpenSession>>,
    /// The cookie of each cached session, by session id. A relaunch of a session replaces it.
    cookies: Cache<String, Arc<str>>,
}

impl SessionCache {
    /// An empty cache, and keys derived from these secrets.
    pub(in crate::web) fn new(secrets: &[Secret]) -> Self {
        Self {
            sessions: Sessions::new(secrets),
            persons: PersonTags::new(secrets),
            latest_launches: Arc::default(),
            loads: SessionLoads::default(),
            open: Cache::new(MOST_CACHED),
            cookies: Cache::new(MOST_CACHED),
        }
    }

    /// The sessions of another configuration. Their latest launches and their load stay known. The
    /// prepared headers depend on the configuration, so each session is opened again.
    pub(in crate::web) fn reconfigured(&self, secrets: &[Secret]) -> Self {
        Self {
            latest_launches: Arc::clone(&self.latest_launches),
            loads: self.loads.clone(),
            ..Self::new(secrets)
        }
    }

    /// The session that these `Cookie` headers open at a mount. Of several, the newest. A browser
    /// sends the cookie with the longest path first (RFC 6265 §5.4).
    pub(in crate::web) fn find<'c>(
        &self,
        mount: &Mount<'_, '_>,
        headers: impl IntoIterator<Item = &'c [u8]>,
        now: u64,
    ) -> Option<Arc<OpenSession>> {
        self.newest(&[COOKIE], mount, headers, now)
    }

    /// The same, if the twins of sessions count too.
    pub(in crate::web) fn find_with_twins<'c>(
        &self,
        mount: &Mount<'_, '_>,
        headers: impl IntoIterator<Item = &'c [u8]>,
        now: u64,
    ) -> Option<Arc<OpenSession>> {
        self.newest(&[COOKIE, TWIN_COOKIE], mount, headers, now)
    }

    fn newest<'c>(
        &self,
        names: &[&str],
        mount: &Mount<'_, '_>,
        headers: impl IntoIterator<Item = &'c [u8]>,
        now: u64,
    ) -> Option<Arc<OpenSession>> {
        let sealed = cookies(headers).filter(|(name, _)| names.contains(name));
        let sealed = sealed.map(|(_, value)| value).filter(|sealed| looks_sealed(sealed));
        let tried = sealed.take(MOST_TRIED.saturating_mul(names.len()));
        let opened = tried.filter_map(|sealed| self.open(mount, sealed, now));
        opened.max_by_key(|opened| opened.session.minted)
    }

    /// The tag of a session's person, if people share the URLs of its app.
    pub(in crate::web) fn person(
        &self,
        mount: &Mount<'_, '_>,
        session: &Session,
    ) -> Option<String> {
        let is_shared = mount.target.prefix() == Prefix::Tool;
        is_shared.then(|| self.persons.tag(&mount.served.tool.name, session)).flatten()
    }

    fn open(&self, mount: &Mount<'_, '_>, sealed: &str, now: u64) -> Option<Arc<OpenSession>> {
        let tool = &mount.served.tool.name;
        let opened = match self.open.get(sealed) {
            Some(opened) if opened.tool == *tool && opened.id == mount.id => opened,
            _ => {
                let session = self.sessions.open(sealed, tool, mount.id, now)?;
                let person = self.person(mount, &session);
                let opened = Arc::new(OpenSession::new(session, tool, mount.id, person));
                self.cache(sealed, &opened);
                opened
            }
        };
        self.admits(mount.served, &opened.session, now).then_some(opened)
    }

    /// Caches a session in place of the one of its last launch. Relaunches would otherwise fill the
    /// cache with sessions that no browser uses any more.
    fn cache(&self, sealed: &str, opened: &Arc<OpenSession>) {
        let (sealed, id) = (Arc::<str>::from(sealed), &opened.session.id);
        self.open.insert(Arc::clone(&sealed), Arc::clone(opened));
        let replaced = self.cookies.get(id).filter(|older| *older != sealed);
        self.cookies.insert(id.clone(), sealed);
        if let Some(older) = replaced {
            self.open.remove(&older);
        }
    }

    /// Whether a session is still valid: it has not expired, `tools.toml` still has its sender, the
    /// tool admits its roles, and no newer launch changed the user's roles.
    pub(in crate::web) fn admits(&self, served: &ServedTool, session: &Session, now: u64) -> bool {
        let tool = &served.tool;
        session.expires >= now
            && tool.senders.contains(&session.sender)
            && session
                .get(Field::UserConsumer)
                .is_none_or(|key| tool.senders.speaks_for(&session.sender, &ConsumerKey::from(key)))
            && tool.roles.is_none_or(|roles| roles.intersects(session.roles))
            && !self.latest_launches.supersedes(session)
    }
}

impl OpenSession {
    fn new(session: Session, tool: &str, id: &str, person: Option<String>) -> Self {
        let (tool, id) = (tool.to_owned(), id.to_owned());
        Self { session, tool, id, person, prepared: Mutex::default() }
    }

    /// The headers of the session's requests at `now`. `None` only if no assertion can be signed.
    /// `dev_port` is the gateway's port in development.
    pub(in crate::web) fn prepared_headers(
        &self,
        seals: HeaderSeals<'_>,
        (public_url, dev_port): (&PublicUrl, Option<u16>),
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
            seals,
            (public_url, dev_port),
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
        seals: HeaderSeals<'_>,
        (public_url, dev_port): (&PublicUrl, Option<u16>),
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
            grades: mount.target.grade_access(),
            grade_lifetime: mount.target.grade_lifetime(),
            members: mount.target.members(),
            picker: mount.target.picker().is_some(),
            issuer: &public_url.issuer(authority, dev_port).to_string(),
            scheme: scheme.as_str(),
            host: &host,
            prefix: mount.prefix,
        };
        let headers = session_headers(session, &facts, seals, now)?;
        let origin = format!("{scheme}://{host}");
        Some(Self { minute: now / 60, authority: authority.to_owned(), origin, headers })
    }
}
