//! An upstream's response made to work below its prefix and in the platform's iframe.

mod address;
mod app;
mod cookie;
mod headers;
mod policy;

pub(super) use app::Frame;
