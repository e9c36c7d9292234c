//! `/grades`: an upstream sends, reads or clears one learner's grade.
//!
//! Programs read the responses, so every response is JSON.

mod bearer;
mod body;
mod call;
mod learner;
mod refusal;
mod report;
mod response;
mod routes;

pub(super) use bearer::Bearer;
pub(super) use body::LARGEST_BODY;
pub(super) use response::JsonResponse;
pub(super) use routes::{PATH, routes};
