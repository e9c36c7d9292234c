//! One connection of a client: its requests, its timeouts and its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::EXPECT;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rocket::futures::FutureExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep_until};

use super::activity::{Activity, Busy, Phase};
use super::bridge::{Bridge, RocketRequest};
use super::connections::{Connections, Registration};
use super::form::{self, Form, FormMemory};
use super::guarded::Guarded;
use super::malformed;
use super::socket::Socket;
use crate::config::Institution;
use crate::web::{
    BodyError, Decision, Drains, FormRule, Hold, LARGEST_FORM, MOST_HEAD_BYTES, Refusal,
    RequestBody, ResponseBody, SessionCall, accept, answer_session, decide, is_launch,
    own_response, restore_origin,
};

/// The most bytes of a connection's buffers, in each direction. A request head must fit; the page
/// for a larger one must be ours.
const BUFFER: usize = MOST_HEAD_BYTES + 8 * 1024;
/// The idle timeout of a connection that closes after each response.
const NO_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What all connections share.
pub(super) struct Shared {
    pub(super) bridge: Arc<Bridge>,
    pub(super) connections: Arc<Connections>,
    pub(super) forms: FormMemory,
    pub(super) drains: Drains,
    /// One permit for each request of a session.
    pub(super) sessions: Arc<Semaphore>,
    pub(super) idle: Option<Duration>,
}

/// How a connection ended.
enum End {
    /// Normally, or because the client left.
    Closed,
    /// hyper refused the request head, with a response or without one.
    Failed { is_malformed: bool },
    /// The request head did not arrive in time.
    HeadSlow,
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    registration: Registration,
) {
    // Without it, a response waits for the client's acknowledgement of the last one.
    let _ = stream.set_nodelay(true);
    let activity = Arc::clone(&registration.activity);
    let socket = Socket::new(stream, registration);
    let idle = shared.idle.unwrap_or(NO_KEEP_ALIVE);
    let mut http = http1::Builder::new();
    http.keep_alive(shared.idle.is_some()).header_read_timeout(None).max_buf_size(BUFFER);
    let service = service_fn(|request| {
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        async move { Ok::<_, Infallible>(respond(&shared, &activity, peer, request).await) }
    });
    let mut connection = http.serve_connection(TokioIo::new(socket), service).with_upgrades();
    let mut timer = None;
    let end = poll_fn(|context| {
        activity.register(context.waker());
        if activity.must_close() {
            return Poll::Ready(End::Closed);
        }
        activity.set_polled(true);
        let polled = Pin::new(&mut connection).poll(context);
        activity.set_polled(false);
        if let Poll::Ready(result) = polled {
            return Poll::Ready(match result {
                Ok(()) => End::Closed,
                Err(error) => End::Failed { is_malformed: error.is_parse() },
            });
        }
        if activity.must_end() {
            match activity.phase() {
                Phase::Idle | Phase::Head => return Poll::Ready(End::Closed),
                _ => Pin::new(&mut connection).graceful_shutdown(),
            }
        }
        poll_deadline(&activity, idle, &mut timer, context)
    })
    .await;
    let socket = || connection.into_parts().map(|parts| parts.io.into_inner());
    match end {
        End::Closed => {}
        End::HeadSlow => {
            if let Some(mut socket) = socket() {
                malformed::respond(&shared.bridge, socket.stream(), &Refusal::HeadSlow).await;
            }
        }
        End::Failed { is_malformed } => {
            // hyper closes a connection that begins as HTTP/2 does, without a response.
            let is_silent = is_malformed && !activity.owes_response();
            if let Some(mut socket) = socket()
                && let Some(status) = socket.withheld_status().or(is_silent.then_some(400))
            {
                let refusal = malformed::refusal(status);
                malformed::respond(&shared.bridge, socket.stream(), &refusal).await;
            }
        }
    }
}

/// Ends a connection at the deadline of its phase. The timer is only moved to an earlier deadline:
/// an active connection moves its deadline with every request.
fn poll_deadline(
    activity: &Activity,
    idle: Duration,
    timer: &mut Option<Pin<Box<Sleep>>>,
    context: &mut Context<'_>,
) -> Poll<End> {
    loop {
        let Some(deadline) = activity.deadline(idle) else { return Poll::Pending };
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.is_elapsed() || timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        if activity.deadline(idle).is_some_and(|deadline| deadline <= timer.deadline()) {
            let is_head = activity.phase() == Phase::Head;
            return Poll::Ready(if is_head { End::HeadSlow } else { End::Closed });
        }
    }
}

/// Responds to a request. A panic ends the request, not its connection.
async fn respond(
    shared: &Arc<Shared>,
    activity: &Arc<Activity>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Guarded> {
    let busy = Arc::new(Busy::new(activity, Phase::Own));
    let answer = AssertUnwindSafe(answer(shared, &busy, peer, request)).catch_unwind().await;
    let (response, hold) = match answer {
        Ok(answer) => answer,
        Err(_) => {
            let page = match shared.bridge.gateway() {
                Some(gateway) => Refusal::PageFailed.respond(gateway.institution()),
                None => Refusal::PageFailed.respond(&Institution::default()),
            };
            (own_response(page).await, busy as _)
        }
    };
    response.map(|body| Guarded::new(body, hold))
}

/// The response to a request, and what its body holds.
async fn answer(
    shared: &Arc<Shared>,
    busy: &Arc<Busy>,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> (Response<ResponseBody>, Hold) {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (mut head, incoming) = request.into_parts();
    let hold: Hold = Arc::clone(busy) as _;
    let expects_continue = head.headers.contains_key(EXPECT);
    let mut body =
        RequestBody::new(incoming, expects_continue, shared.drains.clone(), Arc::clone(&hold));
    let Some(gateway) = shared.bridge.gateway_for(&head, busy).await else {
        let page = Refusal::PageFailed.respond(&Institution::default());
        return (own_response(page).await, hold);
    };
    restore_origin(&gateway, &mut head.headers);
    let call = |mount, rest| SessionCall {
        gateway: &gateway,
        mount,
        rest,
        head: &head,
        peer: peer.ip(),
        shutdown: shared.bridge.shutdown(),
        hold: Arc::clone(busy) as _,
    };
    let form = match decide(&gateway, &head) {
        Decision::Refused { refusal, tool } => {
            let (budget, method) = (gateway.log_budget(), head.method.as_str());
            let (institution, accept) = (gateway.institution(), accept(&head));
            let response = match tool {
                Some(tool) => {
                    refusal.respond_in_session(budget, institution, tool, method, &accept)
                }
                None => refusal.respond_and_log(budget, institution, method, head.uri.path()),
            };
            return (own_response(response).await, hold);
        }
        Decision::Redirected(redirect) => return (own_response(redirect).await, hold),
        Decision::Session(mount, rest) => {
            return answer_in_session(shared, busy, call(mount, rest), body, upgrade).await;
        }
        Decision::LaunchOrSession(mount, rest) => {
            match launch_form(shared, busy, &head, &mut body).await {
                Some(form) => form,
                None => {
                    return answer_in_session(shared, busy, call(mount, rest), body, upgrade).await;
                }
            }
        }
        Decision::Own(FormRule::Skip) => Ok(Form::default()),
        Decision::Own(FormRule::TooLarge(largest)) => Err(BodyError::TooLarge(largest)),
        Decision::Own(FormRule::Read(largest)) => {
            busy.enter(Phase::Form);
            let form = form::read(&mut body, largest, &shared.forms).await;
            busy.enter(Phase::Own);
            form
        }
    };
    let dispatched = shared.connections.dispatch();
    let request = RocketRequest { head, gateway, form, peer, dispatched };
    (Arc::clone(&shared.bridge).answer(request).await, hold)
}

/// The form of a launch, or why it did not arrive. `None` if the request is no launch: the body is
/// then as before.
async fn launch_form(
    shared: &Shared,
    busy: &Busy,
    head: &Parts,
    body: &mut RequestBody,
) -> Option<Result<Form, BodyError>> {
    busy.enter(Phase::Form);
    let mut form = Form::default();
    let read = form::read_into(&mut form, body, LARGEST_FORM, &shared.forms).await;
    let is_other = match &read {
        Ok(()) => !is_launch(head, &form.bytes()),
        Err(BodyError::TooLarge(_)) => true,
        Err(BodyError::Incomplete | BodyError::NoSpace) => false,
    };
    let form = match is_other {
        true => Err(form.unread(body, &shared.forms).err()?),
        false => read.map(|()| form),
    };
    busy.enter(Phase::Own);
    Some(form)
}

/// The response to a request of a session, and what its body holds.
async fn answer_in_session(
    shared: &Shared,
    busy: &Busy,
    mut call: SessionCall<'_>,
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> (Response<ResponseBody>, Hold) {
    busy.enter(Phase::Session);
    let Ok(permit) = Arc::clone(&shared.sessions).try_acquire_owned() else {
        let (tool, method) = (&call.mount.served.tool, call.head.method.as_str());
        let (budget, accept) = (call.gateway.log_budget(), accept(call.head));
        let institution = call.gateway.institution();
        let response =
            Refusal::TooBusy.respond_in_session(budget, institution, tool, method, &accept);
        return (own_response(response).await, call.hold);
    };
    call.hold = Arc::new((call.hold, permit));
    let hold = Arc::clone(&call.hold);
    (answer_session(call, body, upgrade).await, hold)
}
