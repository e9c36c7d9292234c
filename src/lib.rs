//! lti-gateway: verifies LTI launches, then renders a tool's template or stands before its web app, and carries grades back.
//!
//! This is the program's interface for its tests and benches; people use the command `lti-gateway`.
//! Layers, from below: [`cause`] and [`clock`]; [`config`]; [`session`], [`state`], [`platform`] and [`practice`]; [`proxy`],
//! [`template`] and [`grade`]; [`web`]; [`cli`]. Imports go down only.

pub mod cause;
pub mod cli;
pub mod clock;
pub mod config;
pub mod grade;
pub mod platform;
pub mod practice;
pub mod proxy;
pub mod session;
pub mod state;
pub mod template;
pub mod url;
pub mod web;
