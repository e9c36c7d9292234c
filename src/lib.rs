//! lti-gateway verifies LTI launches, renders a tool's template or proxies its web app, and returns
//! grades to the platform.
//!
//! Tests and benches use this interface. Admins use the command `lti-gateway`.
//!
//! Layers, from the lowest: `address`, [`cause`], [`clock`], `common_name`, [`log`](mod@log) and
//! [`url`]; [`config`]; [`session`], [`state`], [`platform`] and [`practice`]; [`proxy`],
//! [`template`] and [`grade`]; [`web`]; [`server`]; [`cli`]. Imports only go down.

mod address;
pub mod app;
pub mod cause;
pub mod cli;
pub mod clock;
mod common_name;
pub mod config;
pub mod grade;
pub mod log;
pub mod platform;
pub mod practice;
pub mod proxy;
pub mod server;
pub mod session;
pub mod state;
pub mod template;
pub mod url;
pub mod web;
