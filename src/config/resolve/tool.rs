//! One tool.

use std::time::Duration;

use figment::value::Dict;
use lti::Roles;
use lti::v1p1::Consumers;

use super::duration;
use super::endpoint::Endpoint;
use super::resolved_platforms::ResolvedPlatforms;
use super::resolver::Resolver;
use super::target::TargetTable;
use crate::config::document::Part;
use crate::config::fault::{Fault, Severity};
use crate::config::file::{GradesValue, ToolTable};
use crate::config::gateway::{Senders, Target, Tool};
use crate::config::key::FRAME_ANCESTORS;
use crate::config::limit::{LONGEST_PARAMS, LONGEST_TOOL_NAME};
use crate::config::table::Written;

impl Resolver<'_> {
    pub(super) fn tool(
        &mut self,
        table: ToolTable,
        endpoint: Option<Endpoint>,
        session: u64,
        platforms: &ResolvedPlatforms,
    ) -> Option<Tool> {
        let before = self.problems.len();
        let source = table.name.source;
        let name = table.name.value;
        if !is_tool_name(&name) {
            self.report(&source, Fault::ToolName(name.clone()));
        }
        if let (Some(links), Some(_)) = (&table.links, &table.upstream.picker) {
            self.report_at(&links.source, Part::Key, Fault::LinksAndPicker);
        }
        // Another fault explains an invalid value.
        let has_grades = !matches!(
            table.upstream.grades,
            None | Some(Written { value: GradesValue::Boolean(false), .. })
        ) || !table.completeness.lacks("grades")
            && table.upstream.grades.is_none();
        let targets = TargetTable {
            template: table.template,
            upstream: table.upstream,
            command: table.command,
            site: table.site,
            params: table.params.as_ref().map(|params| &params.source),
        };
        let target = self.target((&name, &source), &table.completeness, targets);
        let links = self.links(table.links, target.as_ref(), has_grades);
        let session = match table.session {
            Some(written) => self.duration(Some(written), &duration::SESSION),
            None => session,
        };
        let consumers = self.consumers(&name, &source, table.consumer, table.consumers);
        let consumers = Consumers::new(&name, consumers);
        let platforms = self.platforms_of_tool(table.platforms, consumers.keys(), platforms);
        let roles = self.roles(table.roles);
        let frame_ancestors = self.frame_ancestors(table.frame_ancestors);
        let icon = self.icon(table.icon);
        let position = source.position(self.document).unwrap_or_default();
        if let (Some(params), Some(Target::Upstream(_))) = (&table.params, &target) {
            self.check_length(params);
        }
        if self.problems[before..].iter().any(|problem| makes_unusable(&problem.fault)) {
            return None;
        }
        let Endpoint { host, path } = endpoint?;
        Some(Tool {
            title: table.title.filter(|title| !title.is_empty()).unwrap_or_else(|| name.clone()),
            description: table.description.unwrap_or_default(),
            icon,
            path,
            senders: Senders { consumers, platforms },
            roles,
            host,
            session: Duration::from_secs(session),
            target: target?,
            params: table.params.map(|params| params.value).unwrap_or_default(),
            links,
            frame_ancestors,
            position,
            name,
        })
    }

    /// Reports `params` that are too long for a header: each request to the upstream carries them.
    fn check_length(&mut self, params: &Written<Dict>) {
        let length = serde_json::to_string(&params.value).map_or(0, |text| text.len());
        if length > LONGEST_PARAMS {
            self.report_at(&params.source, Part::Key, Fault::ParamsLong(length));
        }
    }

    pub(super) fn roles(
        &mut self,
        written: Option<Written<Vec<Written<String>>>>,
    ) -> Option<Roles> {
        let written = written?;
        let mut roles = Roles::default();
        for one in written.value {
            match Roles::named(&one.value) {
                Some(named) => roles = roles.with(named),
                None => self.report(&one.source, Fault::Role(one.value)),
            }
        }
        Some(roles)
    }

    fn frame_ancestors(&mut self, written: Option<Written<Vec<Written<String>>>>) -> String {
        let Some(written) = written else { return FRAME_ANCESTORS.join(" ") };
        let mut sources = Vec::new();
        for one in written.value {
            if is_frame_source(&one.value) {
                sources.push(one.value);
            } else {
                self.report(&one.source, Fault::FrameAncestor);
            }
        }
        sources.join(" ")
    }

    fn icon(&mut self, written: Option<Written<String>>) -> String {
        let Some(written) = written else { return String::new() };
        if !written.value.starts_with("https://") && !written.value.starts_with("/static/") {
            self.report(&written.source, Fault::Icon);
        }
        written.value
    }
}

/// Whether a tool with this fault is not usable. `launch` and `explain` use a tool with a short
/// secret, but `serve` does not start.
fn makes_unusable(fault: &Fault) -> bool {
    fault.severity() == Severity::Error && !matches!(fault, Fault::ConsumerSecretTooShort(_))
}

/// Whether `name` is a valid tool name: a TOML key without quotes, and a path segment.
pub(crate) fn is_tool_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= LONGEST_TOOL_NAME && name.bytes().all(is_allowed)
}

/// Whether `text` is exactly one source of `frame-ancestors` (CSP 3 §6.3.2).
fn is_frame_source(text: &str) -> bool {
    if matches!(text, "*" | "'self'" | "'none'" | "https:" | "http:") {
        return true;
    }
    let host =
        text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    let host = host.strip_prefix("*.").unwrap_or(host);
    let (name, port) = host.split_once(':').unwrap_or((host, "*"));
    let name_is_valid = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    name_is_valid && (port == "*" || port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_source_is_exactly_one_source() {
        for good in [
            "*",
            "'self'",
            "https:",
            "https://lms.example",
            "https://*.lms.example:8443",
            "localhost:8000",
            "lms.example:*",
        ] {
            assert!(is_frame_source(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a;script-src",
            "a,b",
            "https://",
            "'unsafe-inline'",
            "https://a/b",
            "ü.example",
            "a:b",
            "javascript:",
        ] {
            assert!(!is_frame_source(bad), "{bad}");
        }
    }
}
