//! `lti-gateway explain`: why the gateway rejects a captured launch.

mod captures;
mod fixtures;
mod grade_token;
mod mistake;
mod program;
mod token;
