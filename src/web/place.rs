//! Which tool's address a path is, and what of it.

use rocket::http::Method;

use super::gateway::{Gateway, ServedTarget, ServedTool};
use crate::config::{Prefix, Upstream};

/// What the query of a session's door begins with.
pub(super) const TICKET: &str = "lti_ticket";

/// A place below a tool's address.
pub(super) enum Place<'g, 'r> {
    /// Where it is launched, and what follows of the path: nothing, or more that begins with `/`.
    Launch(&'g ServedTool, &'r str),
    /// Where a session comes in.
    Door(Room<'g, 'r>),
    /// Inside a session, and what follows of the path: nothing, or more that begins with `/`.
    Inside(Room<'g, 'r>, &'r str),
}

/// An upstream, as it is seen at one session's addresses.
#[derive(Clone, Copy)]
pub(super) struct Room<'g, 'r> {
    pub(super) served: &'g ServedTool,
    pub(super) upstream: &'g Upstream,
    /// The session's id, or nothing where addresses do not name it.
    pub(super) id: &'r str,
    /// What stands before the upstream's own paths.
    pub(super) prefix: &'r str,
}

impl Gateway {
    /// What stands at a path of a host. The number of tools does not matter.
    pub(super) fn place<'g, 'r>(
        &'g self,
        host: &str,
        method: Method,
        path: &'r str,
        query: Option<&str>,
    ) -> Option<Place<'g, 'r>> {
        let (served, base) = match self.tool_of_host(host) {
            Some(served) => (served, ""),
            None => {
                let served = self.tool_above(path)?;
                (served, served.tool.path.as_str())
            }
        };
        let launch_path = served.tool.path.as_str();
        let launched = path.strip_prefix(launch_path).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let ServedTarget::Upstream(upstream) = &served.target else {
            return launched.filter(|rest| matches!(*rest, "" | "/")).map(|rest| Place::Launch(served, rest));
        };
        let with_ticket = query.is_some_and(|query| query.starts_with(TICKET));
        let inside = path.get(base.len()..)?;
        match upstream.prefix {
            Prefix::Session => {
                let Some(session) = inside.strip_prefix("/~") else {
                    return launched.map(|rest| Place::Launch(served, rest));
                };
                let id = session.split('/').next().unwrap_or_default();
                let (prefix, rest) = path.split_at(base.len() + "/~".len() + id.len());
                let room = Room { served, upstream, id, prefix };
                Some(if rest.is_empty() && with_ticket {
                    Place::Door(room)
                } else {
                    Place::Inside(room, rest)
                })
            }
            Prefix::Tool => {
                let room = Room { served, upstream, id: "", prefix: path.get(..base.len())? };
                let is_root = matches!(inside, "" | "/");
                if is_root && with_ticket {
                    return Some(Place::Door(room));
                }
                match launched {
                    Some(rest @ ("" | "/")) if method == Method::Post => Some(Place::Launch(served, rest)),
                    _ => Some(Place::Inside(room, inside)),
                }
            }
        }
    }
}

impl Room<'_, '_> {
    /// The path of this session's cookie.
    pub(super) fn cookie_path(&self) -> &str {
        if self.prefix.is_empty() { "/" } else { self.prefix }
    }
}
