//! The whole upstream request: where it goes, what it carries and who sends it.
//!
//! This is the one module that chooses a request header. A reviewer who asks "can a browser forge
//! this header?" reads only these files.

pub mod assertion;
pub mod client;
pub(crate) mod cookie;
pub mod headers;
pub mod identity;
pub mod path;
pub mod request;
pub mod session_headers;
