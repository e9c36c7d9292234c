//! The client: sends a request, and sends it once more if its connection was stale.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response};

use super::connect::connect;
use super::connection::{Connection, FailedExchange, Retry};
use super::destination::Destination;
use super::error::UpstreamError;
use super::meter::UpstreamBody;
use super::peer::Peer;
use super::pool::Pool;
use super::tls::Tls;

/// The client for all upstreams.
pub struct Upstreams {
    pool: Arc<Pool>,
    tls: Option<Arc<Tls>>,
}

impl Upstreams {
    /// A client without connections. `with_tls` loads the system's root certificates, or those of
    /// `SSL_CERT_FILE`, to verify `https` upstreams.
    ///
    /// # Errors
    /// The system's message, if it has no certificates.
    pub fn new(with_tls: bool) -> Result<Self, String> {
        Ok(Self { pool: Arc::default(), tls: tls(with_tls)? })
    }

    /// A client for another configuration. It takes over the idle connections and, if they are
    /// loaded, the root certificates.
    ///
    /// # Errors
    /// The system's message, if it has no certificates.
    pub fn reconfigured(&self, with_tls: bool) -> Result<Self, String> {
        let tls = match &self.tls {
            Some(tls) => Some(Arc::clone(tls)),
            None => tls(with_tls)?,
        };
        Ok(Self { pool: Arc::clone(&self.pool), tls })
    }

    /// Sends a request and waits for the response head, without a timeout of its own.
    ///
    /// `request` builds the request, with an absolute URL. The client calls it a second time if a
    /// keep-alive connection failed before a response and the request may be sent again: no byte of
    /// it was written, or its method is idempotent and no byte of its body was handed on. `request`
    /// then returns `None` if it cannot build the request again.
    ///
    /// Only connections to `destination` carry the request.
    ///
    /// # Errors
    /// An [`UpstreamError`] if no response head arrives.
    pub async fn send(
        &self,
        destination: Destination<'_>,
        mut request: impl FnMut() -> Option<Request<UpstreamBody>>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        const NO_REQUEST: &str = "there is no request to send";
        let first = request().ok_or_else(|| UpstreamError::Gone(NO_REQUEST.to_owned()))?;
        let peer = Peer::of(first.uri())
            .ok_or_else(|| UpstreamError::Gone("the URL is not absolute".to_owned()))?;
        let Some(kept) = self.pool.take(&peer, destination.run) else {
            return self.send_afresh(peer, destination, first).await;
        };
        let FailedExchange { error, retry, .. } = match self.exchange(&peer, kept, first).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        let again = match retry {
            Retry::Unsent(request) => Some(*request),
            Retry::Allowed => request(),
            Retry::Forbidden => None,
        };
        match again {
            // Other idle connections may be as old as the one that failed.
            Some(request) => self.send_afresh(peer, destination, request).await,
            None => Err(error),
        }
    }

    /// Sends a request on a new connection.
    async fn send_afresh(
        &self,
        peer: Peer,
        destination: Destination<'_>,
        request: Request<UpstreamBody>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let connection = self.open(&peer, destination).await?;
        match self.exchange(&peer, connection, request).await {
            Ok(response) => Ok(response),
            Err(failure) => Err(self.cause(&peer, failure).await),
        }
    }

    /// The cause of a failure on a new connection.
    async fn cause(&self, peer: &Peer, failure: FailedExchange) -> UpstreamError {
        let FailedExchange { error, is_silent, .. } = failure;
        let may_expect_tls = matches!(error, UpstreamError::Gone(_)) && is_silent && !peer.is_tls;
        if may_expect_tls && self.pool.expects_tls(peer).await {
            UpstreamError::SpeaksTls
        } else {
            error
        }
    }

    /// Sends a request on a connection, and keeps the connection after its response.
    async fn exchange(
        &self,
        peer: &Peer,
        mut connection: Connection,
        request: Request<UpstreamBody>,
    ) -> Result<Response<Incoming>, FailedExchange> {
        let response = connection.exchange(request).await?;
        self.pool.keep(peer.clone(), connection);
        Ok(response)
    }

    /// Opens a connection to this destination.
    async fn open(
        &self,
        peer: &Peer,
        destination: Destination<'_>,
    ) -> Result<Connection, UpstreamError> {
        let tcp = connect(peer.host(), peer.port()).await?;
        if let Some(is_own) = destination.is_own {
            let leads_there = match tcp.local_addr() {
                Ok(near) => is_own(near).await,
                Err(_) => false,
            };
            if !leads_there {
                return Err(UpstreamError::Foreign { port: peer.port() });
            }
        }
        let run = destination.run;
        match &self.tls {
            Some(tls) if peer.is_tls => {
                Connection::open(tls.connect(peer.host(), tcp).await?, run).await
            }
            // Never in clear text: the client was built without TLS.
            None if peer.is_tls => Err(UpstreamError::Gone("the client has no TLS".to_owned())),
            _ => Connection::open(tcp, run).await,
        }
    }
}

/// TLS, if the client needs it.
fn tls(with_tls: bool) -> Result<Option<Arc<Tls>>, String> {
    Ok(with_tls.then(Tls::new).transpose()?.map(Arc::new))
}
