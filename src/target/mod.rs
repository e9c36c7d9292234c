//! What a tool launches into.

mod absolute;
pub mod address;
pub mod assertion;
mod cookie;
mod diagnosis;
pub mod headers;
pub mod identity;
pub mod template;
pub mod upstream;
