//! `lti-gateway explain`: why the gateway rejects a captured launch.

mod fixtures;
mod mistake;
mod program;
