//! The connections that may carry a request.

use std::pin::Pin;

/// The connections that may carry a request to an upstream. By default, all to its address.
#[derive(Clone, Copy, Default)]
pub struct Destination<'d> {
    /// The run of the upstream's program, if the gateway started it. A connection to another run
    /// carries no request.
    pub run: Option<u64>,
    /// Whether the listener at the address is the upstream's own, at this moment. The client asks
    /// after it has opened a connection, and before it sends a byte.
    pub is_own: Option<&'d (dyn Fn() -> IsOwn<'d> + Send + Sync)>,
}

/// The answer to [`Destination::is_own`], as soon as the system has given it.
pub type IsOwn<'d> = Pin<Box<dyn Future<Output = bool> + Send + 'd>>;
