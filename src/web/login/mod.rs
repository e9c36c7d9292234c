//! `/~login`: the first request of an LTI 1.3 launch, by which the platform asks for a redirect.

mod answer;
mod call;
mod page;
mod record;
mod redirect;
mod routes;

pub(super) use routes::routes;
