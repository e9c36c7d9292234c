//! Reloads: files that change while a gateway runs.
//!
//! [`development`] and [`program`] test what a developer sees. [`swap`] tests that requests,
//! sessions and state survive a change of the configuration.

mod development;
mod program;
mod state;
mod swap;
