//! lti-gateway: verifies LTI launches, then renders a tool's template.
//!
//! This is the program's face for its tests and benches; people meet it as the command `lti-gateway`.
//! Floors, from below: [`config`], [`session`] and [`state`], [`target`], [`web`], [`cli`]. Imports go down only.

pub mod cli;
pub mod config;
pub mod session;
pub mod state;
pub mod target;
pub mod web;
