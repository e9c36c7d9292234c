//! `lti-gateway explain`: why a launch that somebody captured was refused.

mod fixtures;
mod mistake;
mod program;
