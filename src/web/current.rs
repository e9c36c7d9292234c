//! The current configuration, and the one that each request finds.
//!
//! A request loads the current configuration once. It keeps this configuration until its response,
//! even if another one takes its place in the meantime.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use super::gateway::Gateway;

/// The current configuration. Another one can take its place at any time.
pub(crate) struct CurrentGateway(ArcSwap<Gateway>);

impl CurrentGateway {
    pub(super) fn new(gateway: Gateway) -> Self {
        Self(ArcSwap::from_pointee(gateway))
    }

    /// The configuration for a new request. It neither waits nor locks.
    pub(crate) fn load(&self) -> Arc<Gateway> {
        self.0.load_full()
    }

    /// Replaces the configuration. Requests in progress keep theirs.
    pub(super) fn replace(&self, gateway: Gateway) {
        let gateway = Arc::new(gateway);
        let former = self.0.swap(Arc::clone(&gateway));
        gateway.apps.replace(&former.own_apps(), &gateway.own_apps());
        // The retries of grades may wait for a host or a consumer that the new one has.
        gateway.grades.wake();
    }
}

/// The configuration of a request. `None` only if `web::rocket` did not create its Rocket.
pub(crate) struct RequestGateway(pub(crate) Option<Arc<Gateway>>);

impl RequestGateway {
    /// The configuration that the listener loaded for this request. Without a listener, as in some
    /// tests, the first caller loads it.
    pub(super) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Gateway> {
        let loaded = request.local_cache(|| {
            let current = request.rocket().state::<Arc<CurrentGateway>>();
            Self(current.map(|current| current.load()))
        });
        loaded.0.as_deref()
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Gateway {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        match RequestGateway::of(request) {
            Some(gateway) => Outcome::Success(gateway),
            None => Outcome::Forward(Status::InternalServerError),
        }
    }
}
