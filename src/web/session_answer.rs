//! The response to a request in a session, by the kind of the session's target.

use hyper::Response;
use hyper::upgrade::OnUpgrade;

use super::proxy::call::SessionCall;
use super::proxy::passage;
use super::request_body::RequestBody;
use super::response_body::ResponseBody;
use super::session_target::SessionTarget;
use super::site;

/// Answers a request in a session. A site needs no body, and has no WebSockets.
pub(crate) async fn answer(
    call: SessionCall<'_>,
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> Response<ResponseBody> {
    match call.mount.target {
        SessionTarget::Upstream(upstream) => passage::answer(call, upstream, body, upgrade).await,
        SessionTarget::Site(site) => site::answer(call, site).await,
    }
}
