//! Response headers of an upstream, rewritten for its prefix and for the platform's iframe.

mod app;
mod cookie;
mod cookie_limit;
mod headers;
mod host_wide;
mod person;
mod policy;
mod url;
mod url_header;

pub(super) use app::Frame;
pub(super) use cookie_limit::remove_long_cookies;
pub(super) use headers::trailers;
pub(super) use person::PersonFrame;
