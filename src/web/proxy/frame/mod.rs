//! An upstream's response made to work below its prefix and in the platform's iframe.

mod app;
mod cookie;
mod headers;
mod policy;
mod url;

pub(super) use app::Frame;
