//! Deep linking: a user picks links to a tool, and the browser posts them to the platform.
//!
//! - `picker` is the gateway's own page, `form` reads what it sends.
//! - `upstream` is `POST /links`, by which an upstream's own picker gets a URL for the browser.
//! - `response` is the page that posts the links to the platform.

mod call;
mod form;
mod item;
mod picker;
mod refusal;
mod response;
mod return_url;
mod routes;
mod upstream;

pub(super) use item::LARGEST_BODY;
pub(super) use picker::picker;
pub(super) use return_url::is_allowed;
pub(super) use routes::{browser_routes, upstream_routes};
pub(super) use upstream::PATH;
