//! Refused requests, rejected launches, and their responses.

mod page_text;
mod reference;
mod response;
mod table;

pub(super) use reference::reference;
pub(super) use response::{RejectionPage, malformed, unmatched};
pub(super) use table::Refusal;
