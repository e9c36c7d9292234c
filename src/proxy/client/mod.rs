//! The HTTP client for upstreams, with a pool of keep-alive connections to each.
//!
//! It sends the URL byte for byte. A client that follows the WHATWG URL standard would resolve dot
//! segments and encode characters anew, so a request could leave the path that was checked.

mod certificate;
mod connect;
mod connection;
mod destination;
mod error;
mod meter;
mod peer;
mod pool;
mod presence;
mod probe;
mod tls;
mod upstreams;

pub use certificate::CertificateFault;
pub use destination::{Destination, IsOwn};
pub use error::{ConnectStep, UpstreamError};
pub use meter::UpstreamBody;
pub use presence::Presence;
pub use upstreams::Upstreams;
