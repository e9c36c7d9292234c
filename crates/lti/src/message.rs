use crate::launch::Launch;
use crate::selection::Selection;

/// A verified message of a platform. Only a successful examination creates it.
#[derive(Debug)]
pub enum Message {
    /// A user opens the tool.
    Launch(Launch),
    /// A user picks links to the tool (deep linking).
    Selection(Selection),
}

impl Message {
    /// Sender, user, roles and course. Only a launch has a resource link.
    pub fn launch(&self) -> &Launch {
        match self {
            Self::Launch(launch) => launch,
            Self::Selection(selection) => &selection.request,
        }
    }

    /// The launch. `None` for another message.
    pub fn into_launch(self) -> Option<Launch> {
        match self {
            Self::Launch(launch) => Some(launch),
            Self::Selection(_) => None,
        }
    }
}
