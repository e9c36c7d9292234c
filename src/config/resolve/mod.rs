//! From the written form to the meaning. Every problem is collected, and none stops the search for
//! more.

mod address;
mod consumers;
mod duration;
mod gateway;
mod headers;
mod outcomes;
mod resolver;
mod state;
mod tool;
mod upstream;

pub use resolver::PLACEHOLDER_SECRET;
pub(super) use resolver::resolve;
pub(crate) use tool::is_tool_name;
