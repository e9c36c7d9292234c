//! Refused requests, rejected launches, and their responses.

mod logged_path;
mod page_text;
mod reference;
mod response;
mod table;

pub(super) use reference::reference;
pub(crate) use response::accept;
pub(super) use response::{RejectionPage, unmatched};
pub(crate) use table::Refusal;
pub(super) use table::TemplateFailure;
