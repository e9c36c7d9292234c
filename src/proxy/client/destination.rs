//! The connections that may carry a request.

use std::net::SocketAddr;
use std::pin::Pin;

/// The connections that may carry a request to an upstream. By default, all to its address.
#[derive(Clone, Copy, Default)]
pub struct Destination<'d> {
    /// The run of the upstream's program, if the gateway started it. A connection to another run
    /// carries no request.
    pub run: Option<u64>,
    /// Whether an open connection leads to the upstream, by the connection's local address. The
    /// client asks before it sends a byte.
    pub is_own: Option<&'d (dyn Fn(SocketAddr) -> IsOwn<'d> + Send + Sync)>,
}

/// The answer to [`Destination::is_own`], as soon as the system has given it.
pub type IsOwn<'d> = Pin<Box<dyn Future<Output = bool> + Send + 'd>>;
