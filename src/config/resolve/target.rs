//! The target of a tool: its template, its upstream, its command or its site.

use super::resolver::Resolver;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{CommandTable, UpstreamTable};
use crate::config::gateway::Target;
use crate::config::table::{Completeness, ValueSource, Written};

/// The keys of a tool's table that decide or belong to its target.
pub(super) struct TargetTable<'t> {
    pub(super) template: Option<Written<String>>,
    pub(super) upstream: UpstreamTable,
    pub(super) command: CommandTable,
    pub(super) site: Option<Written<String>>,
    /// The source of `params`.
    pub(super) params: Option<&'t ValueSource>,
}

impl TargetTable<'_> {
    /// The targets that the file sets, with the sources of their values.
    fn written(&self) -> Vec<(&'static str, ValueSource)> {
        let targets = [
            ("template", self.template.as_ref().map(|written| &written.source)),
            ("upstream", self.upstream.url.as_ref().map(|written| &written.source)),
            ("command", self.command.command.as_ref().map(|written| &written.source)),
            ("site", self.site.as_ref().map(|written| &written.source)),
        ];
        targets.into_iter().filter_map(|(key, source)| Some((key, source?.clone()))).collect()
    }
}

impl Resolver<'_> {
    /// The one target. Reports a tool with several or none.
    pub(super) fn target(
        &mut self,
        (tool, source): (&str, &ValueSource),
        completeness: &Completeness,
        table: TargetTable<'_>,
    ) -> Option<Target> {
        let written = table.written();
        if let Some(((first, _), others)) = written.split_first() {
            let mut conflicts = others
                .iter()
                // `upstream` beside `command` is the base path of the app.
                .filter(|(other, _)| (*first, *other) != ("upstream", "command"))
                .peekable();
            if conflicts.peek().is_some() {
                for (other, source) in conflicts {
                    self.report_at(source, Part::Key, Fault::BothTargets(first, other));
                }
                self.all_targets(tool, table);
                return None;
            }
        } else if completeness.lacks_all(&["template", "upstream", "command", "site"]) {
            self.report(source, Fault::NoTarget);
        }
        // A misspelled target may be the one to which the other keys belong.
        let lacks = |targets: &[&str]| completeness.lacks_all(targets);
        match written.first().map(|(key, _)| *key) {
            Some("template") => {
                if lacks(&["upstream", "command", "site"]) {
                    self.without_effect(&table, "template");
                }
                let template = table.template?;
                self.not_empty("template", &template);
                Some(Target::Template(template.value))
            }
            Some("site") => {
                if lacks(&["template", "upstream", "command"]) {
                    self.without_effect(&table, "site");
                }
                self.site(table.site?, table.upstream).map(Target::Site)
            }
            Some("upstream") if table.command.command.is_none() => {
                if lacks(&["command"]) {
                    self.without_effect(&table, "upstream");
                }
                self.upstream(tool, table.upstream, None).map(Box::new).map(Target::Upstream)
            }
            _ => {
                let is_missing = table.command.command.is_none();
                let command = self.command(tool, table.command);
                let upstream = self.upstream(tool, table.upstream, Some(command))?;
                (!is_missing).then(|| Target::Upstream(Box::new(upstream)))
            }
        }
    }

    /// Reports the problems of all targets of a tool that has several.
    fn all_targets(&mut self, tool: &str, table: TargetTable<'_>) {
        let command = table.command.command.is_some();
        let command = command.then(|| self.command(tool, table.command));
        self.upstream(tool, table.upstream, command);
    }

    /// Reports the keys that have no effect on a tool with this target.
    fn without_effect(&mut self, table: &TargetTable<'_>, target: &'static str) {
        let TargetTable { upstream, command, params, .. } = table;
        let of_pages = [
            ("prefix", upstream.prefix.as_ref().map(|written| &written.source)),
            ("open", upstream.open.as_ref().map(|written| &written.source)),
            ("downloads", upstream.downloads.as_ref().map(|written| &written.source)),
        ];
        let of_apps = [
            ("identity", upstream.identity.as_ref().map(|written| &written.source)),
            ("headers", upstream.headers.as_ref().map(|written| &written.source)),
            ("timeout", upstream.timeout.as_ref().map(|written| &written.source)),
            ("grades", upstream.grades.as_ref().map(|written| &written.source)),
            ("grade_lifetime", upstream.grade_lifetime.as_ref().map(|written| &written.source)),
            ("line_item", upstream.line_item.as_ref().map(|written| &written.source)),
            ("members", upstream.members.as_ref().map(|written| &written.source)),
            ("picker", upstream.picker.as_ref().map(|written| &written.source)),
            ("pass_host_header", upstream.pass_host_header.as_ref().map(|written| &written.source)),
        ];
        let of_commands = [
            ("directory", command.directory.as_ref().map(|written| &written.source)),
            ("environment", command.environment.as_ref().map(|written| &written.source)),
            ("idle", command.idle.as_ref().map(|written| &written.source)),
        ];
        let mut found = Vec::new();
        let mut add = |keys: &[(&'static str, Option<&ValueSource>)], home: &'static str| {
            let written = keys.iter().filter_map(|(key, source)| Some((*key, (*source)?.clone())));
            found.extend(written.map(|(key, source)| (key, source, home)));
        };
        if target == "template" {
            add(&of_pages, "upstream");
        }
        if target != "upstream" {
            add(&of_apps, "upstream");
        }
        if target == "site" {
            add(&[("params", *params)], "upstream");
        }
        add(&of_commands, "command");
        for (key, source, home) in found {
            self.report_at(&source, Part::Key, Fault::WithoutEffect(key, target, home));
        }
    }
}
