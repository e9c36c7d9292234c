//! The entry URL of a session. A launch redirects here with a ticket, to see whether the browser
//! kept the session cookie.
//!
//! If the browser blocked the cookie, as in some frames, the page shows a button. The button posts
//! a ticket to a new window, where the cookie is first-party.
//!
//! A ticket is valid once and for a short time. A GET sets no cookie, so a link with a ticket
//! cannot put another user's session into a browser (session fixation). A form can, like any
//! launch.

use lti::{Nonce, Rejection, Spent};
use rocket::http::{Method, Status};
use rocket::{Data, Request, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::route::Mount;
use crate::session::{
    BUTTON_LIFETIME, COOKIE, TICKET_LIFETIME, TICKET_PARAMETER, Ticket, set_cookie,
};
use crate::web::body::{self, Arrival};
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// The largest form with a ticket, in bytes.
pub(in crate::web) const LARGEST_TICKET_FORM: u64 = 64 * 1024;

#[derive(Serialize)]
struct NewWindowContext<'a> {
    title: &'a str,
    action: String,
    parameter: &'a str,
    ticket: String,
}

/// Answers a request to an entry URL.
///
/// # Errors
/// [`Refusal::BadTicket`] for an invalid ticket, [`Refusal::NoSession`] if its session is no longer
/// valid, and [`Refusal::NotEntered`] for another method than GET and POST.
pub(in crate::web) async fn answer(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
    data: Data<'_>,
) -> Result<Response<'static>, Refusal> {
    match request.method() {
        Method::Get => enter_with_cookie(gateway, mount, request).await,
        Method::Post => {
            let arrival = *request.local_cache(Arrival::default);
            enter_in_new_window(gateway, mount, arrival, data).await
        }
        _ => Err(Refusal::NotEntered),
    }
}

/// Redirects a browser that kept the session cookie to the app. Otherwise returns the page with the
/// button.
async fn enter_with_cookie(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
) -> Result<Response<'static>, Refusal> {
    let now = gateway.clock.now();
    let query = request.uri().query().map(|query| query.as_str()).unwrap_or_default();
    let ticket = spend(gateway, mount, sealed_ticket(query)?, now).await?;
    match gateway.session_cache.find(
        &mount,
        request.headers().get("Cookie").map(str::as_bytes),
        now,
    ) {
        // The cookie may be of another launch in this browser: a newer one, or one of a moment ago.
        Some(open) if open.session.minted + TICKET_LIFETIME.as_secs() >= ticket.session.minted => {
            Ok(redirect(mount, &ticket.destination))
        }
        _ => new_window(gateway, mount, &ticket, now),
    }
}

/// Sets the session cookie in the window that the button opened, and redirects to the app.
async fn enter_in_new_window(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<Response<'static>, Refusal> {
    let now = gateway.clock.now();
    let body = body::read(arrival, data, LARGEST_TICKET_FORM).await?;
    let body = std::str::from_utf8(&body).map_err(|_| Refusal::BadTicket)?;
    let ticket = spend(gateway, mount, sealed_ticket(body)?, now).await?;
    let session = &ticket.session;
    let sealed = gateway
        .session_cache
        .sessions
        .seal(session, &mount.served.tool.name, mount.id)
        .ok_or(Refusal::PageFailed)?;
    let seconds = session.expires.saturating_sub(now);
    let mut response = redirect(mount, &ticket.destination);
    response
        .set_raw_header("Set-Cookie", set_cookie(COOKIE, &sealed, mount.cookie_path(), seconds));
    Ok(response)
}

/// The sealed ticket in a query or a form that contains nothing else.
fn sealed_ticket(pairs: &str) -> Result<&str, Refusal> {
    pairs
        .strip_prefix(TICKET_PARAMETER)
        .and_then(|rest| rest.strip_prefix('='))
        .ok_or(Refusal::BadTicket)
}

/// Opens a ticket and spends it. It must be of this mount, not expired, and not spent before.
async fn spend(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    sealed: &str,
    now: u64,
) -> Result<Ticket, Refusal> {
    let tool = &mount.served.tool.name;
    let ticket = gateway
        .session_cache
        .sessions
        .open_ticket(sealed, tool, mount.id, now)
        .ok_or(Refusal::BadTicket)?;
    if !gateway.session_cache.admits(mount.served, &ticket.session, now) {
        return Err(Refusal::NoSession);
    }
    // Tickets share the replay store of launches, under a name that no consumer has.
    let mut namespace = [0; 16];
    namespace.copy_from_slice(&Sha256::digest(format!("ticket {tool}"))[..16]);
    let nonce = Nonce::new(namespace, ticket.expires, sealed, ticket.expires);
    match gateway.replay.spend(&nonce, now).await {
        Spent::Now => Ok(ticket),
        Spent::Before => Err(Refusal::BadTicket),
        Spent::Unknown => Err(Refusal::Rejected(Rejection::ReplayStoreFull)),
    }
}

/// Redirects to the app.
pub(in crate::web) fn redirect(mount: Mount<'_, '_>, destination: &str) -> Response<'static> {
    page::see_other(format!("{}{destination}", mount.prefix))
}

/// The page with the button, for a browser that did not keep the cookie.
fn new_window(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    ticket: &Ticket,
    now: u64,
) -> Result<Response<'static>, Refusal> {
    let tool = &mount.served.tool;
    let expires = now + BUTTON_LIFETIME.as_secs();
    let context = NewWindowContext {
        title: &tool.title,
        action: format!("{}?{TICKET_PARAMETER}", mount.cookie_path()),
        parameter: TICKET_PARAMETER,
        ticket: gateway
            .session_cache
            .sessions
            .ticket(&ticket.session, &ticket.destination, &tool.name, mount.id, expires)
            .ok_or(Refusal::PageFailed)?,
    };
    let page = page::render("new_window.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::framed(page, &tool.frame_ancestors).into_response(Status::Ok))
}
