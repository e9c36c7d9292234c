//! The launch endpoints of tools: host and path.

use std::collections::HashMap;

use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::file::ToolTable;
use crate::config::host_name;
use crate::config::public_url::PublicUrl;
use crate::config::tool_path::ToolPath;

/// The launch endpoint of a tool.
pub(super) struct Endpoint {
    /// The tool's own host; `None` for the host of the public URL.
    pub(super) host: Option<String>,
    /// The launch path.
    pub(super) path: ToolPath,
}

impl Resolver<'_> {
    /// The endpoint of each tool, `None` for an invalid one. Reports endpoints that collide.
    pub(super) fn endpoints(
        &mut self,
        tools: &[ToolTable],
        public_url: &PublicUrl,
    ) -> Vec<Option<Endpoint>> {
        let endpoints: Vec<_> = tools.iter().map(|tool| self.endpoint(tool)).collect();
        self.hosts(tools, &endpoints, public_url);
        self.paths(tools, &endpoints);
        endpoints
    }

    fn endpoint(&mut self, tool: &ToolTable) -> Option<Endpoint> {
        let host = tool.host.as_ref().map(|written| {
            if written.value.is_empty() {
                self.report(&written.source, Fault::EmptyText("host"));
                return None;
            }
            let host = host_name::parse_tool_host(&written.value);
            host.map_err(|why| self.report(&written.source, Fault::Host(why))).ok()
        });
        let path = match &tool.path {
            Some(written) => {
                let path = ToolPath::parse(&written.value);
                path.map_err(|why| self.report(&written.source, Fault::Path(why))).ok()?
            }
            None if tool.host.is_some() => ToolPath::root(),
            None => ToolPath::of_tool(&tool.name.value),
        };
        if tool.host.is_none() && !tool.completeness.lacks("host") {
            // The host has another problem, and decides which paths are reserved.
            return None;
        }
        if path.is_reserved(tool.host.is_some()) {
            let source = tool.path.as_ref().map_or(&tool.name.source, |path| &path.source);
            self.report(source, Fault::ReservedPath(path.to_string()));
            return None;
        }
        match host {
            None => Some(Endpoint { host: None, path }),
            Some(host) => Some(Endpoint { host: Some(host?), path }),
        }
    }

    /// Reports hosts that two tools share, or that a tool shares with the gateway.
    fn hosts(
        &mut self,
        tools: &[ToolTable],
        endpoints: &[Option<Endpoint>],
        public_url: &PublicUrl,
    ) {
        let public_host = match public_url {
            PublicUrl::Fixed(origin) => Some(origin.host()),
            PublicUrl::FromHost(_) => None,
        };
        let mut known = HashMap::new();
        for (tool, endpoint) in tools.iter().zip(endpoints) {
            let Some(written) = &tool.host else { continue };
            let Some(Endpoint { host: Some(host), .. }) = endpoint else { continue };
            if Some(host.as_str()) == public_host {
                self.report(&written.source, Fault::PublicHost(host.clone()));
            } else if let Some(other) = known.insert(host, &tool.name.value) {
                self.report(&written.source, Fault::SameHost(host.clone(), other.clone()));
            }
        }
    }

    /// Reports tools below the public URL with the same path, or with a path inside another tool's.
    fn paths(&mut self, tools: &[ToolTable], endpoints: &[Option<Endpoint>]) {
        let mut known: HashMap<&str, &str> = HashMap::new();
        let mut unique = Vec::new();
        for (tool, endpoint) in tools.iter().zip(endpoints) {
            let Some(Endpoint { host: None, path }) = endpoint else { continue };
            let source = tool.path.as_ref().map_or(&tool.name.source, |path| &path.source);
            match known.get(path.as_str()) {
                Some(other) => {
                    self.report(source, Fault::SamePath(path.to_string(), (*other).to_owned()))
                }
                None => {
                    known.insert(path.as_str(), &tool.name.value);
                    unique.push((path, source));
                }
            }
        }
        for (path, source) in unique {
            if let Some(other) = path.ancestors().find_map(|ancestor| known.get(ancestor)) {
                self.report(source, Fault::NestedPath(path.to_string(), (*other).to_owned()));
            }
        }
    }
}
