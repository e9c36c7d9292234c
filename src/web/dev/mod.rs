//! `/dev`: the practice platform and the rejected launches. It exists only in development mode.

mod consumer;
mod gradebook;
mod launch;
mod own_page;
mod platform;
mod practice;
mod refusals;
mod routes;

pub(super) use platform::routes as platform_routes;
pub(super) use routes::{practise, routes};
