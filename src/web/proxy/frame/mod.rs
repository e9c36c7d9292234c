//! Response headers of an upstream, rewritten for its prefix and for the platform's iframe.

mod app;
mod cookie;
mod headers;
mod host_wide;
mod policy;
mod url;
mod url_header;

pub(super) use app::Frame;
pub(super) use headers::trailers;
