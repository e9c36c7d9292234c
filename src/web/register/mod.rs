//! `/~register/<link>`: dynamic registration. The platform opens the link, and its admin confirms.

mod answer;
mod call;
mod page;
mod record;
mod routes;

pub(super) use routes::routes;
