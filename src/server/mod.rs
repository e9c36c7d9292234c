//! The listener: it accepts, bounds and times every connection.
//!
//! It passes the requests of sessions to `web::proxy`, and all others to Rocket, in memory
//! ([decision 28](../../docs/decisions/0028-listener.md)).

mod activity;
mod bridge;
mod connection;
mod connections;
mod descriptor;
mod form;
mod guarded;
mod listener;
mod malformed;
mod settings;
mod socket;
mod stop;

pub(crate) use descriptor::raised;
pub use listener::{Listener, ServeError};
pub use settings::Settings;
pub use stop::{Stopped, signal};
