//! The line items of the practice course: the columns of its gradebook.

use std::collections::VecDeque;

use serde_json::Number;

use super::course::{is_block, resource_link_id};

/// The largest number of line items. The oldest are dropped.
const MOST: usize = 100;
/// The maximum of a block's line item without another one, as in Moodle.
const MAXIMUM: u64 = 100;

/// A line item of the course.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseLineItem {
    /// The name of the tool.
    pub tool: String,
    /// The id: the block, or an id that no block has.
    pub id: String,
    /// The title of the column.
    pub label: String,
    /// The largest score, as a user sees it.
    pub maximum: Number,
    /// The tool's own id of the graded resource; may be empty.
    pub resource_id: String,
    /// The tool's own tag; may be empty.
    pub tag: String,
    /// The platform's id of the block; may be empty.
    pub resource_link_id: String,
}

impl CourseLineItem {
    /// The line item that a block has by itself.
    pub fn of_block(tool: &str, block: &str) -> Self {
        Self {
            tool: tool.to_owned(),
            id: block.to_owned(),
            label: block.to_owned(),
            maximum: MAXIMUM.into(),
            resource_id: String::new(),
            tag: String::new(),
            resource_link_id: resource_link_id(block),
        }
    }
}

/// All line items, the newest first.
#[derive(Default)]
pub struct CourseLineItems {
    items: VecDeque<CourseLineItem>,
    /// The number of line items that tools have created.
    created: u64,
}

impl CourseLineItems {
    /// The line items of a tool, the oldest first.
    pub fn of<'a>(&'a self, tool: &'a str) -> impl Iterator<Item = &'a CourseLineItem> {
        self.items.iter().rev().filter(move |item| item.tool == tool)
    }

    /// The line item with this id. Each block has one, also after a restart.
    pub fn find(&mut self, tool: &str, id: &str) -> Option<CourseLineItem> {
        if let Some(item) = self.of(tool).find(|item| item.id == id) {
            return Some(item.clone());
        }
        is_block(id).then(|| {
            let item = CourseLineItem::of_block(tool, id);
            self.push(item.clone());
            item
        })
    }

    /// Adds the line item of a block.
    pub fn add_block(&mut self, item: CourseLineItem) {
        self.items.retain(|known| known.tool != item.tool || known.id != item.id);
        self.push(item);
    }

    /// Adds the line item that a tool creates, under a new id.
    pub fn create(&mut self, item: CourseLineItem) -> CourseLineItem {
        self.created = self.created.saturating_add(1);
        let item = CourseLineItem { id: format!("column.{}", self.created), ..item };
        self.push(item.clone());
        item
    }

    fn push(&mut self, item: CourseLineItem) {
        self.items.truncate(MOST - 1);
        self.items.push_front(item);
    }
}
