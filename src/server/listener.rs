//! The listener: it binds the port, accepts connections, and stops.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rocket::{Build, Rocket};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::bridge::Bridge;
use super::connection::{Shared, serve};
use super::connections::Connections;
use super::descriptor;
use super::form::FormMemory;
use super::settings::Settings;
use super::stop::{Stopped, drain};
use crate::web::Drains;

/// The pause after an error of the system, such as a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound port that accepts no connections yet.
pub struct Listener {
    listener: TcpListener,
    settings: Settings,
}

/// Why the gateway does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Rocket does not launch: two routes collide, or a setting is invalid.
    #[error("{0}")]
    Rocket(Box<rocket::Error>),
}

impl Listener {
    /// Binds the port.
    ///
    /// # Errors
    /// The error of the system, such as that the port is in use.
    pub async fn bind(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.address).await?;
        Ok(Self { listener, settings })
    }

    /// The bound address.
    ///
    /// # Errors
    /// The error of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, and until the requests in progress have their responses.
    ///
    /// # Errors
    /// A [`ServeError`] if Rocket does not launch.
    pub async fn serve(
        self,
        rocket: Rocket<Build>,
        stop: impl Future<Output = ()>,
    ) -> Result<Stopped, ServeError> {
        let bounds = descriptor::raised();
        let bridge = Bridge::launch(rocket).await.map_err(ServeError::Rocket)?;
        let shared = Arc::new(Shared {
            bridge: Arc::new(bridge),
            connections: Arc::new(Connections::new(bounds.connections)),
            forms: FormMemory::default(),
            drains: Drains::default(),
            sessions: Arc::new(Semaphore::new(bounds.sessions)),
            idle: self.settings.idle,
        });
        tokio::select! {
            () = accept(&self.listener, &shared) => {}
            () = stop => {}
        }
        // New connections are refused from here on.
        drop(self.listener);
        Ok(drain(shared, &self.settings).await)
    }
}

/// Accepts connections.
async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without room, the connection closes.
                if let Some(registration) = shared.connections.register() {
                    tokio::spawn(serve(Arc::clone(shared), stream, peer, registration));
                    shared.connections.room().await;
                }
            }
            // The client left before the gateway accepted it.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionRefused
                        | ErrorKind::Interrupted
                ) => {}
            Err(_) => {
                shared.connections.make_room();
                sleep(PAUSE).await;
            }
        }
    }
}
