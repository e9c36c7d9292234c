//! `/dev`: a platform to practise with, and the newest refusals. Only development has it.

mod consumer;
mod gradebook;
mod launch;
mod platform;
mod practice;
mod refusals;
mod routes;

pub(super) use platform::routes as platform_routes;
pub(super) use routes::{practise, routes};
