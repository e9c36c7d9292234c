//! Which tool's address a path is, and what of it.

use std::collections::HashMap;

use rocket::http::Method;

use crate::config::{Prefix, Tool, Upstream};
use crate::session::TICKET_PARAMETER;
use crate::web::served::{ServedTarget, ServedTool};

/// What stands between a tool's base and a session's id.
const SESSION: &str = "/~";
/// Segments behind `~` that are the gateway's own. A session's id has 16 characters; these never do.
const RESERVED: [&str; 3] = ["login", "links", "register"];

/// A place below a tool's address.
pub(in crate::web) enum ToolRoute<'g, 'r> {
    /// Where it is launched, and what follows of the path: nothing, or more that begins with `/`.
    Launch(&'g ServedTool, &'r str),
    /// Where a session comes in.
    Entry(Mount<'g, 'r>),
    /// Inside a session, and what follows of the path: nothing, or more that begins with `/`.
    Session(Mount<'g, 'r>, &'r str),
}

/// An upstream at the URLs of one session.
#[derive(Clone, Copy)]
pub(in crate::web) struct Mount<'g, 'r> {
    pub(in crate::web) served: &'g ServedTool,
    pub(in crate::web) upstream: &'g Upstream,
    /// The session's id, or nothing where addresses do not name it.
    pub(in crate::web) id: &'r str,
    /// What stands before the upstream's own paths.
    pub(in crate::web) prefix: &'r str,
}

/// All tools, by their addresses.
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

    /// The tool that answers at the root of this host, given without its port.
    pub(in crate::web) fn tool_of_host(&self, host: &str) -> Option<&ServedTool> {
        if self.by_host.is_empty() {
            return None;
        }
        self.tools.get(*self.by_host.get(&host.to_ascii_lowercase())?)
    }

    /// The tool at whose path, or below it, a path lies. No tool lies inside another.
    fn tool_above(&self, path: &str) -> Option<&ServedTool> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let index = ends.take(self.deepest).find_map(|end| self.by_path.get(path.get(..end)?))?;
        self.tools.get(*index)
    }

    /// What stands at a path of a host. The number of tools does not matter.
    pub(in crate::web) fn find<'g, 'r>(
        &'g self,
        host: &str,
        method: Method,
        path: &'r str,
        query: Option<&str>,
    ) -> Option<ToolRoute<'g, 'r>> {
        let served = match self.tool_of_host(host) {
            Some(served) => served,
            None => self.tool_above(path)?,
        };
        let base = served.base();
        let launch_path = served.tool.path.as_str();
        let launched =
            path.strip_prefix(launch_path).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let ServedTarget::Upstream(upstream) = &served.target else {
            return launched
                .filter(|rest| matches!(*rest, "" | "/"))
                .map(|rest| ToolRoute::Launch(served, rest));
        };
        let with_ticket = query.is_some_and(|query| query.starts_with(TICKET_PARAMETER));
        let inside = path.get(base.len()..)?;
        if is_reserved(inside) {
            return None;
        }
        match upstream.prefix {
            Prefix::Session => {
                let Some(session) = inside.strip_prefix(SESSION) else {
                    return launched.map(|rest| ToolRoute::Launch(served, rest));
                };
                let id = session.split('/').next().unwrap_or_default();
                let (prefix, rest) = path.split_at(base.len() + SESSION.len() + id.len());
                let mount = Mount { served, upstream, id, prefix };
                Some(if rest.is_empty() && with_ticket {
                    ToolRoute::Entry(mount)
                } else {
                    ToolRoute::Session(mount, rest)
                })
            }
            Prefix::Tool => {
                let mount = Mount { served, upstream, id: "", prefix: path.get(..base.len())? };
                let is_root = matches!(inside, "" | "/");
                if is_root && with_ticket {
                    return Some(ToolRoute::Entry(mount));
                }
                match launched {
                    Some(rest @ ("" | "/")) if method == Method::Post => {
                        Some(ToolRoute::Launch(served, rest))
                    }
                    _ => Some(ToolRoute::Session(mount, inside)),
                }
            }
        }
    }
}

/// Whether a path below a tool's base is reserved for the gateway, and neither a session nor the app's.
fn is_reserved(inside: &str) -> bool {
    let segment = inside.strip_prefix(SESSION).and_then(|rest| rest.split('/').next());
    segment.is_some_and(|segment| RESERVED.contains(&segment))
}

/// What stands before an upstream's own paths in the session with this id.
pub(in crate::web) fn prefix(served: &ServedTool, upstream: &Upstream, id: &str) -> String {
    match upstream.prefix {
        Prefix::Session => format!("{}{SESSION}{id}", served.base()),
        Prefix::Tool => served.base().to_owned(),
    }
}

impl<'g, 'r> Mount<'g, 'r> {
    /// The addresses of the session with this id, which begin with its [`prefix`].
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

    /// The path of this session's cookie.
    pub(in crate::web) fn cookie_path(&self) -> &'r str {
        if self.prefix.is_empty() { "/" } else { self.prefix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_segments_are_no_sessions() {
        for own in ["/~login", "/~login/", "/~links/a", "/~register"] {
            assert!(is_reserved(own), "{own}");
        }
        for other in
            ["", "/", "/login", "/~", "/~loginx", "/~Login", "/a/~login", "//~login", "~login"]
        {
            assert!(!is_reserved(other), "{other}");
        }
    }
}
