//! `GET /members`: an upstream lists the members of a course.
//!
//! Programs read the responses, so every response is JSON.

mod call;
mod list;
mod refusal;
mod routes;

pub(super) use routes::routes;
