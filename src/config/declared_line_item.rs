use super::points::Points;

/// The gradebook column that the gateway creates if the platform has none (AGS).
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredLineItem {
    /// The title of the column.
    pub label: String,
    /// The maximum of its grades.
    pub points: Points,
}
