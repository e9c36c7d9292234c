//! Links that instructors picked in a tool, as blocks of the practice course.

use std::collections::VecDeque;

use serde_json::Number;

/// The largest number of links. The oldest are dropped.
const MOST: usize = 100;

/// A line item that a picked link asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedLineItem {
    /// The title of the column; empty for the link's.
    pub label: String,
    /// The largest score.
    pub maximum: Number,
    /// The tool's own id of the graded resource; may be empty.
    pub resource_id: String,
    /// The tool's own tag; may be empty.
    pub tag: String,
}

/// A link that a tool returned.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseLink {
    /// The title; may be empty.
    pub title: String,
    /// The description; may be empty.
    pub text: String,
    /// Its place in the tool: the rest of the URL after the launch URL.
    pub place: String,
    /// Custom parameters, without their prefix.
    pub custom: Vec<(String, String)>,
    /// The line item, if the link has one.
    pub line_item: Option<WantedLineItem>,
}

/// A picked link as a block of the course.
#[derive(Clone)]
pub struct LinkBlock {
    /// The name of the tool.
    pub tool: String,
    /// The name of the block.
    pub block: String,
    /// The link.
    pub link: CourseLink,
}

/// The picked links of the course, the newest first.
#[derive(Default)]
pub struct CourseLinks {
    links: VecDeque<LinkBlock>,
    /// The number of links that were ever picked.
    picked: u64,
}

impl CourseLinks {
    /// Adds a link, and returns the name of its block.
    pub fn add(&mut self, tool: &str, link: CourseLink) -> String {
        self.picked = self.picked.saturating_add(1);
        let block = format!("link-{}", self.picked);
        self.links.truncate(MOST - 1);
        self.links.push_front(LinkBlock { tool: tool.to_owned(), block: block.clone(), link });
        block
    }

    /// The link of a block.
    pub fn find(&self, tool: &str, block: &str) -> Option<&CourseLink> {
        let is_it = |known: &&LinkBlock| known.tool == tool && known.block == block;
        self.links.iter().find(is_it).map(|known| &known.link)
    }

    /// The links of a tool, the oldest first.
    pub fn of<'a>(&'a self, tool: &'a str) -> impl Iterator<Item = &'a LinkBlock> {
        self.links.iter().rev().filter(move |known| known.tool == tool)
    }
}
