//! A request or a launch that is refused, and the answer to it.

mod reference;
mod response;
mod table;
mod words;

pub(super) use reference::reference;
pub(super) use response::{RejectionPage, malformed, unmatched};
pub(super) use table::Refusal;
