//! Everything between a browser and an upstream: bytes in both directions, and the way into a session.

pub(super) mod door;
mod download;
mod frame;
pub(super) mod passage;
pub(super) mod place;
mod relay;
mod tunnel;
pub(super) mod upload;
pub(super) mod visit;
