//! The client for platforms: one for all of them.
//!
//! A platform's URL comes with a launch, from outside. The client therefore connects to public addresses
//! only, follows no redirect, and uses no proxy of the environment.

mod call;
mod client;
mod error;
mod grade;
mod mask;
mod outcome;
mod reach;
mod reply;
mod service;

pub use call::{PlatformCall, PlatformOperation, PlatformResponse};
pub use client::client;
pub use error::PlatformError;
pub use mask::masked;
pub use reach::OwnPlatform;
pub use service::Platforms;
