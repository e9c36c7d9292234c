//! lti-gateway: verifies LTI launches, then renders a tool's template or stands before its web app, and carries grades back.
//!
//! This is the program's face for its tests and benches; people meet it as the command `lti-gateway`.
//! Floors, from below: [`cause`], [`clock`] and [`config`]; [`session`], [`state`] and [`platform`]; [`target`] and [`grade`]; [`web`]; [`cli`].
//! Imports go down only.

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
