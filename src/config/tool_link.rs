use super::link_path::LinkPath;
use super::points::Points;

/// A link that instructors can pick in deep linking.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolLink {
    /// The title that instructors and learners see.
    pub title: String,
    /// The text below the title; may be empty.
    pub description: String,
    /// The place in the tool. `None` for the tool itself.
    pub path: Option<LinkPath>,
    /// Values that each launch of the link sends back as `custom_…`, in the order of their names.
    pub custom: Vec<(String, String)>,
    /// The maximum of the grades. `None` for a link without a gradebook column.
    pub points: Option<Points>,
}
