//! What a tool launches into.

pub mod template;
