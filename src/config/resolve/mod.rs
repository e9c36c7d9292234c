//! Converts the written form of a file to its meaning. Collects every problem: no problem stops the
//! search for others.

mod command;
mod consumers;
mod credential;
mod development;
mod duration;
mod endpoint;
mod gateway;
mod headers;
mod links;
mod outcomes;
mod platforms;
mod resolved_platforms;
mod resolver;
mod sharing;
mod site;
mod state;
mod target;
mod tool;
mod upstream;

pub(super) use resolver::resolve;
pub(crate) use tool::is_tool_name;
