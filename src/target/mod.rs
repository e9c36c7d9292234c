//! What a tool launches into.

pub(crate) mod absolute;
pub mod address;
pub mod assertion;
pub(crate) mod cookie;
mod diagnosis;
pub mod headers;
pub mod identity;
pub mod template;
pub mod upstream;
