//! `/dev`: the practice platform and the rejected launches. It exists only in development mode.

mod auth;
mod consumer;
mod gate;
mod gradebook;
mod launch;
mod links;
mod login;
mod platform;
mod practice;
mod refusals;
mod registration;
mod routes;
mod selection;
mod services;
mod token;

pub(super) use platform::routes as platform_routes;
pub(super) use routes::{practise, routes};
