use super::limit::LONGEST_CUSTOM_NAME;
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

/// Whether every platform keeps this name of a custom parameter.
pub fn is_custom_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_CUSTOM_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
