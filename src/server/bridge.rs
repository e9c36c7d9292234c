//! Rocket, in memory: it answers everything except the requests of sessions.
//!
//! Rocket's documentation calls its local client a tool for tests. It fits here because the
//! version is fixed, and the tests of this file and of `tests/gateway/server` check everything that
//! the gateway relies on ([decision 28](../../docs/decisions/0028-listener.md)).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::channel::{Channel, Sender};
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{COOKIE, HeaderMap};
use hyper::http::request::Parts;
use rocket::http::uri::{Host, Origin};
use rocket::http::{Header, Method, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::tokio::io::AsyncReadExt as _;
use rocket::{Build, Ignite, Rocket, Shutdown};
use tokio::sync::oneshot;

use super::activity::{Busy, Phase};
use super::connections::Dispatched;
use super::form::Form;
use crate::session::own_cookies;
use crate::web::{
    Arrival, BodyError, CookieHeaders, CurrentGateway, Decision, Gateway, Refusal, Reloader,
    RequestGateway, ResponseBody, complete, decide, own_head, own_response, streamed, stripped,
};

/// The largest response, in bytes, that is sent complete. Larger ones are streamed.
const LARGEST_COMPLETE: usize = 64 * 1024;

/// Rocket, ready to answer.
pub(super) struct Bridge {
    client: Client,
    current: Option<Arc<CurrentGateway>>,
    /// Only in development.
    reloader: Option<Arc<Reloader>>,
}

/// A request for Rocket.
pub(super) struct RocketRequest {
    pub(super) head: Parts,
    /// The configuration that answers it.
    pub(super) gateway: Arc<Gateway>,
    /// Its form, or why it did not arrive.
    pub(super) form: Result<Form, BodyError>,
    pub(super) peer: SocketAddr,
    /// Keeps the gateway from stopping before the response.
    pub(super) dispatched: Dispatched,
}

impl Bridge {
    /// Launches Rocket, which runs its liftoff fairings: the port must be bound before.
    ///
    /// # Errors
    /// Rocket's error, if it cannot launch.
    pub(super) async fn launch(rocket: Rocket<Build>) -> Result<Self, Box<rocket::Error>> {
        let client = Client::untracked(rocket).await.map_err(Box::new)?;
        let current = client.rocket().state().map(Arc::clone);
        let reloader = client.rocket().state().map(Arc::clone);
        Ok(Self { client, current, reloader })
    }

    /// The current configuration. `None` only if `web::rocket` did not create this Rocket.
    pub(super) fn gateway(&self) -> Option<Arc<Gateway>> {
        self.current.as_ref().map(|current| current.load())
    }

    /// The configuration for a request. In development, one of the newest files if it is a request
    /// of the gateway's own pages or a launch.
    pub(super) async fn gateway_for(&self, head: &Parts, busy: &Busy) -> Option<Arc<Gateway>> {
        let gateway = self.gateway()?;
        match &self.reloader {
            Some(reloader) if matches!(decide(&gateway, head), Decision::Own(_)) => {
                // Until it has looked for changes, the connection may close for another one.
                busy.enter(Phase::Form);
                reloader.refresh().await;
                busy.enter(Phase::Own);
                self.gateway()
            }
            _ => Some(gateway),
        }
    }

    pub(super) fn shutdown(&self) -> Shutdown {
        self.client.rocket().shutdown()
    }

    /// Runs the shutdown fairings.
    pub(super) async fn terminate(self) -> Rocket<Ignite> {
        self.client.terminate().await
    }

    /// Answers a request, in a task of its own: a client that disconnects does not cancel it.
    pub(super) async fn answer(self: Arc<Self>, request: RocketRequest) -> Response<ResponseBody> {
        let gateway = Arc::clone(&request.gateway);
        let (sender, response) = oneshot::channel();
        tokio::spawn(async move { self.dispatch(request, sender).await });
        match response.await {
            Ok(response) => response,
            // The task panicked.
            Err(_) => own_response(Refusal::PageFailed.respond(gateway.institution())).await,
        }
    }

    async fn dispatch(
        &self,
        request: RocketRequest,
        sender: oneshot::Sender<Response<ResponseBody>>,
    ) {
        let RocketRequest { head, gateway, form, peer, dispatched } = request;
        let method = head.method.as_str().parse().unwrap_or(Method::Get);
        // The client parses URIs more strictly than Rocket's server did. A path that it refuses
        // would lose the response that it has today, so set the URI after the check.
        let mut local = self.client.req(method, "/");
        let inner = local.inner_mut();
        inner.set_uri(Origin::new(head.uri.path(), head.uri.query()));
        inner.set_remote(peer);
        let host =
            head.headers.get("host").and_then(|host| Host::parse_bytes(host.as_bytes()).ok());
        if let Some(host) = host {
            inner.set_host(host);
        }
        for (name, value) in &head.headers {
            // Rocket's headers are strings.
            if name != COOKIE
                && let Ok(value) = std::str::from_utf8(value.as_bytes())
            {
                inner.add_header(Header::new(name.as_str(), value));
            }
        }
        if let Some(cookies) = own_cookie_header(&head.headers) {
            inner.add_header(Header::new("Cookie", cookies));
        }
        let (form, error) = match form {
            Ok(form) => (form, None),
            Err(error) => (Form::default(), Some(error)),
        };
        inner.local_cache(|| Arrival(error));
        inner.local_cache(|| RequestGateway(Some(gateway)));
        let cookies = head.headers.get_all(COOKIE).iter().map(|value| value.as_bytes().to_vec());
        inner.local_cache(|| CookieHeaders(cookies.collect()));
        let (bytes, memory) = form.into_parts();
        let local = local.body(&bytes);
        drop(bytes);
        let response = local.dispatch().await;
        drop((memory, dispatched));
        respond(response, method == Method::Head, sender).await;
    }
}

/// The gateway's own cookies as one well-formed header. Cookies of other apps can contain any byte.
fn own_cookie_header(headers: &HeaderMap) -> Option<String> {
    let pairs: Vec<String> =
        own_cookies(headers).map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// Sends Rocket's response to hyper.
async fn respond(
    mut response: LocalResponse<'_>,
    is_head: bool,
    sender: oneshot::Sender<Response<ResponseBody>>,
) {
    let status = response.status();
    let head = own_head(status, response.headers());
    let size = response.body().preset_size();
    if is_head || status == Status::NotModified {
        let _ = sender.send(head.map(|()| stripped()));
    } else if response.body().is_none() {
        let _ = sender.send(head.map(|()| complete(Bytes::new())));
    } else if let Some(size) = size.filter(|size| *size <= LARGEST_COMPLETE) {
        let mut bytes = Vec::with_capacity(size);
        // A file can end early or fail. The response then breaks off.
        let body = match response.read_to_end(&mut bytes).await {
            Ok(length) if length == size => complete(bytes),
            Ok(_) | Err(_) => streamed(aborted()),
        };
        // Rocket's part ends before the client has the response.
        drop(response);
        let _ = sender.send(head.map(|()| body));
    } else {
        let (writer, body) = Channel::new(1);
        if sender.send(head.map(|()| streamed(body))).is_ok() {
            stream(&mut response, writer).await;
        }
    }
}

/// A body that breaks off at once.
fn aborted() -> Channel<Bytes, io::Error> {
    let (writer, body) = Channel::new(1);
    writer.abort(io::ErrorKind::UnexpectedEof.into());
    body
}

/// Streams a body, until its end or until the client has left.
async fn stream(response: &mut LocalResponse<'_>, mut writer: Sender<Bytes, io::Error>) {
    loop {
        let mut chunk = Vec::with_capacity(LARGEST_COMPLETE);
        match response.read_buf(&mut chunk).await {
            Ok(0) => return,
            Ok(_) if writer.send_data(chunk.into()).await.is_ok() => {}
            Ok(_) => return,
            Err(error) => return writer.abort(error),
        }
    }
}
