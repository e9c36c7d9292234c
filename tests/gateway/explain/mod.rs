//! `lti-gateway explain`: why the gateway rejects a captured launch.

mod captures;
mod fixtures;
mod mistake;
mod program;
