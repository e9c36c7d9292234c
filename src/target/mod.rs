//! What a tool launches into.

pub(crate) mod absolute;
pub mod address;
pub(crate) mod cookie;
mod diagnosis;
pub mod headers;
pub mod template;
