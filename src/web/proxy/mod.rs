//! The bytes between a browser and an upstream, in both directions, and the entry into a session.

pub(super) mod admission;
pub(super) mod call;
pub(super) mod door;
mod download;
mod frame;
pub(super) mod passage;
mod relay;
pub(super) mod route;
pub(super) mod session_load;
pub(super) mod stray;
mod tunnel;
pub(super) mod upload;
pub(super) mod visit;
mod websocket_frame;
