//! The links of a tool, and its gradebook column.

use std::collections::BTreeMap;

use super::resolver::Resolver;
use crate::config::declared_line_item::DeclaredLineItem;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{CustomTable, LineItemTable, LinkTable};
use crate::config::gateway::Target;
use crate::config::link_path::LinkPath;
use crate::config::points::Points;
use crate::config::table::{Completeness, Written};
use crate::config::tool_link::{ToolLink, is_custom_name};

impl Resolver<'_> {
    /// The links of a tool with this target, which is `None` if it is invalid.
    pub(super) fn links(
        &mut self,
        written: Option<Written<Vec<Written<LinkTable>>>>,
        target: Option<&Target>,
        has_grades: bool,
    ) -> Vec<ToolLink> {
        let tables = written.map(|written| written.value).unwrap_or_default();
        tables.into_iter().filter_map(|table| self.link(table, target, has_grades)).collect()
    }

    fn link(
        &mut self,
        Written { value: table, source }: Written<LinkTable>,
        target: Option<&Target>,
        has_grades: bool,
    ) -> Option<ToolLink> {
        if table.title.is_none() && table.completeness.lacks("title") {
            self.report(&source, Fault::Missing("title"));
        }
        if let Some(title) = &table.title {
            self.not_empty("title", title);
        }
        let path = table.path.as_ref().and_then(|path| self.link_path(path, target));
        let points = table.points.as_ref().and_then(|points| self.points(points));
        if let Some(written) = table.points.as_ref().filter(|_| !has_grades) {
            self.report_at(&written.source, Part::Key, Fault::WithoutGrades("points"));
        }
        Some(ToolLink {
            title: table.title?.value,
            description: table.description.map(|written| written.value).unwrap_or_default(),
            path,
            custom: self.custom(table.custom),
            points,
        })
    }

    fn link_path(
        &mut self,
        written: &Written<String>,
        target: Option<&Target>,
    ) -> Option<LinkPath> {
        if let Some(Target::Template(_)) = target {
            self.report_at(&written.source, Part::Key, Fault::LinkPathOfTemplate);
            return None;
        }
        match LinkPath::parse(&written.value) {
            Ok(path) => Some(path),
            Err(why) => {
                self.report(&written.source, Fault::LinkPath(why));
                None
            }
        }
    }

    fn custom(&mut self, table: CustomTable) -> Vec<(String, String)> {
        let mut custom = BTreeMap::new();
        for (name, written) in table {
            if !is_custom_name(&name) {
                self.report_at(&written.source, Part::Key, Fault::CustomName(name));
            } else if written.value.chars().any(char::is_control) {
                self.report(&written.source, Fault::CustomValue(name));
            } else {
                custom.insert(name, written.value);
            }
        }
        custom.into_iter().collect()
    }

    /// The path of the app's own page for picking links.
    pub(super) fn picker(&mut self, written: Option<Written<String>>) -> Option<LinkPath> {
        let written = written?;
        match LinkPath::parse(&written.value) {
            Ok(path) => Some(path),
            Err(why) => {
                self.report(&written.source, Fault::PickerPath(why));
                None
            }
        }
    }

    /// The gradebook column of a tool.
    pub(super) fn line_item(
        &mut self,
        written: Option<Written<LineItemTable>>,
    ) -> Option<DeclaredLineItem> {
        let Written { value: LineItemTable { label, points, completeness }, source } = written?;
        let mut lacks = |key, is_written: bool, completeness: &Completeness| {
            if !is_written && completeness.lacks(key) {
                self.report(&source, Fault::Missing(key));
            }
        };
        lacks("label", label.is_some(), &completeness);
        lacks("points", points.is_some(), &completeness);
        if let Some(label) = &label {
            self.not_empty("label", label);
        }
        let points = points.as_ref().and_then(|points| self.points(points));
        Some(DeclaredLineItem { label: label?.value, points: points? })
    }

    fn points(&mut self, written: &Written<f64>) -> Option<Points> {
        let points = Points::new(written.value);
        if points.is_none() {
            self.report(&written.source, Fault::Points);
        }
        points
    }
}
