//! Routes of tools: the tool, session and rest of the path that a URL names.

use std::collections::HashMap;

use hyper::Method;

use crate::config::{Prefix, Tool, Upstream};
use crate::proxy::path::{begins_with_tilde, decoded_once, is_reserved};
use crate::session::{TICKET_PARAMETER, is_session_id};
use crate::web::served::{ServedTarget, ServedTool};

/// Paths of the gateway that exist on tools' own hosts, too.
pub(in crate::web) const OWN_EVERYWHERE: [&str; 2] = ["/is_up", "/.well-known/jwks.json"];
/// The separator between a tool's base path and a session id.
const SESSION: &str = "/~";

/// The route of a request to a tool.
pub(in crate::web) enum ToolRoute<'g, 'r> {
    /// The tool's launch URL, and the rest of the path: empty, or beginning with `/`.
    Launch(&'g ServedTool, &'r str),
    /// The entry URL of a session, with a ticket.
    Entry(Mount<'g, 'r>),
    /// A URL inside a session, and the rest of the path: empty, or beginning with `/`.
    Session(Mount<'g, 'r>, &'r str),
    /// A POST to a URL that launches and a session share (`prefix = "tool"`). It is a launch or the
    /// app's, depending on its form.
    Shared {
        /// The session.
        mount: Mount<'g, 'r>,
        /// The rest of the path after the session's prefix.
        rest: &'r str,
        /// The rest of the path after the launch path.
        launch_rest: &'r str,
    },
    /// A URL of a session in another spelling, and the canonical one with its query.
    Respelled(String),
    /// A URL that has a segment with `~` where a session id stands, but no id.
    NoSession(&'g ServedTool),
}

/// An upstream at the URLs of one session.
#[derive(Clone, Copy)]
pub(crate) struct Mount<'g, 'r> {
    pub(crate) served: &'g ServedTool,
    pub(in crate::web) upstream: &'g Upstream,
    /// The session's id; empty if URLs do not contain it (`prefix = "tool"`).
    pub(in crate::web) id: &'r str,
    /// The path before the upstream's own paths.
    pub(in crate::web) prefix: &'r str,
}

/// All tools, by launch path and by host.
pub(in crate::web) struct ToolRoutes {
    tools: Vec<ServedTool>,
    by_path: HashMap<String, usize>,
    by_host: HashMap<String, usize>,
    /// The most segments of a tool's path.
    deepest: usize,
}

impl ToolRoutes {
    pub(in crate::web) fn new(tools: Vec<ServedTool>) -> Self {
        let mut by_path = HashMap::new();
        let mut by_host = HashMap::new();
        for (index, ServedTool { tool, .. }) in tools.iter().enumerate() {
            match &tool.host {
                Some(host) => by_host.insert(host.clone(), index),
                None => by_path.insert(tool.path.as_str().to_owned(), index),
            };
        }
        let deepest =
            by_path.keys().map(|path| path.matches('/').count()).max().unwrap_or_default();
        Self { tools, by_path, by_host, deepest }
    }

    /// All tools.
    pub(in crate::web) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter().map(|served| &served.tool)
    }

    /// All tools, prepared.
    pub(in crate::web) fn served(&self) -> impl Iterator<Item = &ServedTool> {
        self.tools.iter()
    }

    /// The tool of this name.
    pub(in crate::web) fn tool(&self, name: &str) -> Option<&ServedTool> {
        self.tools.iter().find(|served| served.tool.name == name)
    }

    /// The tool at the root of this host. `host` has no port.
    pub(in crate::web) fn tool_of_host(&self, host: &str) -> Option<&ServedTool> {
        if self.by_host.is_empty() {
            return None;
        }
        self.tools.get(*self.by_host.get(&host.to_ascii_lowercase())?)
    }

    /// The tool whose path is this path or contains it. No tool's path contains another's.
    fn tool_above(&self, path: &str) -> Option<&ServedTool> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let index = ends.take(self.deepest).find_map(|end| self.by_path.get(path.get(..end)?))?;
        self.tools.get(*index)
    }

    /// The route of a request. The time that this takes does not depend on the number of tools.
    pub(in crate::web) fn find<'g, 'r>(
        &'g self,
        host: &str,
        method: &Method,
        path: &'r str,
        query: Option<&str>,
    ) -> Option<ToolRoute<'g, 'r>> {
        let served = match self.tool_of_host(host) {
            Some(served) => served,
            None => self.tool_above(path)?,
        };
        let launch_rest = path
            .strip_prefix(served.tool.path.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let ServedTarget::Upstream(upstream) = &served.target else {
            return launch_rest
                .filter(|rest| matches!(*rest, "" | "/"))
                .map(|rest| ToolRoute::Launch(served, rest));
        };
        let has_ticket = query.is_some_and(|query| query.starts_with(TICKET_PARAMETER));
        let rest = path.get(served.base().len()..)?;
        let first = FirstSegment::of(rest);
        if first == FirstSegment::Reserved {
            return None;
        }
        match upstream.prefix {
            Prefix::Session => match first {
                FirstSegment::Id(id) => Some(session_route(served, upstream, path, id, has_ticket)),
                FirstSegment::Respelled(id, after) => {
                    let base = served.base();
                    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                    Some(ToolRoute::Respelled(format!("{base}{SESSION}{id}{after}{query}")))
                }
                FirstSegment::Tilde => Some(ToolRoute::NoSession(served)),
                FirstSegment::Other | FirstSegment::Reserved => {
                    launch_rest.map(|rest| ToolRoute::Launch(served, rest))
                }
            },
            Prefix::Tool => {
                let prefix = path.get(..served.base().len())?;
                let mount = Mount { served, upstream, id: "", prefix };
                Some(tool_prefix_route(mount, method, launch_rest, rest, has_ticket))
            }
        }
    }
}

/// What stands where a tool's URLs have a session id: in the first segment below its base path.
#[derive(Debug, PartialEq, Eq)]
enum FirstSegment<'r> {
    /// A session id.
    Id(&'r str),
    /// A session id in an equivalent spelling (RFC 3986 §6.2.2), and the path after its segment.
    Respelled(String, &'r str),
    /// A segment that is reserved for the gateway, in any equivalent spelling. It is neither a
    /// session nor a URL of the app.
    Reserved,
    /// Another segment that begins with `~`, in any spelling.
    Tilde,
    /// Anything else.
    Other,
}

impl<'r> FirstSegment<'r> {
    /// `rest` is the path below the base path.
    fn of(rest: &'r str) -> Self {
        let Some(after_slash) = rest.strip_prefix('/') else { return Self::Other };
        let (segment, after) =
            after_slash.split_at(after_slash.find('/').unwrap_or(after_slash.len()));
        if let Some(id) = segment.strip_prefix('~').filter(|id| is_session_id(id)) {
            return Self::Id(id);
        }
        // Most segments of deep launches and of apps.
        if !segment.starts_with('~') && !segment.contains('%') && segment.is_ascii() {
            return Self::Other;
        }
        if is_reserved(segment) {
            return Self::Reserved;
        }
        let decoded = decoded_once(segment.as_bytes());
        let name = decoded.strip_prefix(b"~").and_then(|name| std::str::from_utf8(name).ok());
        match name {
            Some(id) if is_session_id(id) => Self::Respelled(id.to_owned(), after),
            _ if begins_with_tilde(segment) => Self::Tilde,
            _ => Self::Other,
        }
    }
}

/// The route of a URL that contains a session id.
fn session_route<'g, 'r>(
    served: &'g ServedTool,
    upstream: &'g Upstream,
    path: &'r str,
    id: &'r str,
    has_ticket: bool,
) -> ToolRoute<'g, 'r> {
    let (prefix, rest) = path.split_at(served.base().len() + SESSION.len() + id.len());
    let mount = Mount { served, upstream, id, prefix };
    if rest.is_empty() && has_ticket {
        ToolRoute::Entry(mount)
    } else {
        ToolRoute::Session(mount, rest)
    }
}

/// The route of a URL of a tool with `prefix = "tool"`. Launches and sessions share its URLs.
fn tool_prefix_route<'g, 'r>(
    mount: Mount<'g, 'r>,
    method: &Method,
    launch_rest: Option<&'r str>,
    rest: &'r str,
    has_ticket: bool,
) -> ToolRoute<'g, 'r> {
    let is_own = mount.prefix.is_empty() && OWN_EVERYWHERE.contains(&rest);
    match launch_rest {
        _ if has_ticket && matches!(rest, "" | "/") => ToolRoute::Entry(mount),
        Some(launch_rest) if *method == Method::POST && !is_own => {
            ToolRoute::Shared { mount, rest, launch_rest }
        }
        _ => ToolRoute::Session(mount, rest),
    }
}

/// The path before an upstream's own paths in the session with this id.
pub(in crate::web) fn prefix(served: &ServedTool, upstream: &Upstream, id: &str) -> String {
    match upstream.prefix {
        Prefix::Session => format!("{}{SESSION}{id}", served.base()),
        Prefix::Tool => served.base().to_owned(),
    }
}

impl<'g, 'r> Mount<'g, 'r> {
    /// The URLs of the session with this id, which begin with its [`prefix`].
    pub(in crate::web) fn of(
        served: &'g ServedTool,
        upstream: &'g Upstream,
        id: &'r str,
        prefix: &'r str,
    ) -> Self {
        let id = match upstream.prefix {
            Prefix::Session => id,
            Prefix::Tool => "",
        };
        Self { served, upstream, id, prefix }
    }

    /// The `Path` of this session's cookie.
    pub(in crate::web) fn cookie_path(&self) -> &'r str {
        if self.prefix.is_empty() { "/" } else { self.prefix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_segments_are_not_session_ids() {
        for reserved in
            ["/~login", "/~login/", "/~links/a", "/~register", "/%7Elogin", "/~log%69n/a"]
        {
            assert_eq!(FirstSegment::of(reserved), FirstSegment::Reserved, "{reserved}");
        }
        for other in
            ["", "/", "/login", "/~", "/~loginx", "/~Login", "/a/~login", "//~login", "~login"]
        {
            assert_ne!(FirstSegment::of(other), FirstSegment::Reserved, "{other}");
        }
    }

    #[test]
    fn a_session_id_is_found_in_every_equivalent_spelling() {
        for (rest, after) in [
            ("/%7EAAAAAAAAAAAAAAA-", ""),
            ("/%7eAAAAAAAAAAAAAAA-/", "/"),
            ("/~%41AAAAAAAAAAAAAA-/a%2Fb", "/a%2Fb"),
            ("/~AAAAAAAAAAAAAAA%2d//%7Ex", "//%7Ex"),
            ("/%7E%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%2D/ü", "/ü"),
        ] {
            let expected = FirstSegment::Respelled("AAAAAAAAAAAAAAA-".to_owned(), after);
            assert_eq!(FirstSegment::of(rest), expected, "{rest}");
        }
        for rest in ["/~AAAAAAAAAAAAAAA-", "/~AAAAAAAAAAAAAAA-/", "/~AAAAAAAAAAAAAAA-/%7Ex/.."] {
            assert_eq!(FirstSegment::of(rest), FirstSegment::Id("AAAAAAAAAAAAAAA-"), "{rest}");
        }
    }

    #[test]
    fn a_segment_that_begins_with_a_tilde_in_any_spelling_is_nothing_else() {
        for rest in [
            "/~",
            "/~/",
            "/~ada",
            "/%7Eada/x",
            "/%7eada",
            "/%257Eada",
            "/%25257eAAAAAAAAAAAAAAA-",
            "/%u007eada",
            "/～ada",
            "/%EF%BD%9Eada",
            "/%c1%beada",
            "/~AAAAAAAAAAAAAAA",
            "/~AAAAAAAAAAAAAAA-A",
            "/~AAAAAAAAAAAAAAA-;x",
            "/~AAAAAAAAAAAAAAA%2Fx",
            "/~AAAAAAAAAAAAAAA-%2Fx",
            "/~%ff",
            "/~é",
        ] {
            assert_eq!(FirstSegment::of(rest), FirstSegment::Tilde, "{rest}");
        }
        for rest in ["", "/", "/a", "//~ada", "/a/~ada", "/a~", "/%41", "/é", "/%", "/%2F~a"] {
            assert_eq!(FirstSegment::of(rest), FirstSegment::Other, "{rest}");
        }
    }
}
