//! The types of platforms: products with known URLs.

/// A product whose URLs and quirks the gateway knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformType {
    /// Open edX.
    Edx,
    /// Moodle.
    Moodle,
    /// Canvas.
    Canvas,
    /// Blackboard Learn.
    Blackboard,
    /// D2L Brightspace.
    Brightspace,
    /// Schoology.
    Schoology,
}

impl PlatformType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::Edx,
        Self::Moodle,
        Self::Canvas,
        Self::Blackboard,
        Self::Brightspace,
        Self::Schoology,
    ];

    /// The name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edx => "edx",
            Self::Moodle => "moodle",
            Self::Canvas => "canvas",
            Self::Blackboard => "blackboard",
            Self::Brightspace => "brightspace",
            Self::Schoology => "schoology",
        }
    }

    /// The type with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
