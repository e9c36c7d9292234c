//! What a tool launches into.

mod diagnosis;
pub mod template;
