//! The entry URL of a session. A launch redirects here with a ticket, to see whether the browser
//! kept the session cookie.
//!
//! If the browser blocked the cookie, as in some frames, the page shows a button. The button posts
//! a ticket of its own to a new window, where the cookie is first-party.
//!
//! A ticket is valid once and for a short time. So one launch spends at most three nonces: its own,
//! that of its ticket and that of the button's.
//!
//! A GET sets no cookie, so a link with a ticket cannot put another user's session into a browser
//! (session fixation). Nor can a form of another site (login CSRF): `web/decision` refuses it
//! before the ticket is spent.

use lti::{Account, Nonce, Rejection, Spent};
use rocket::http::{Method, Status};
use rocket::{Data, Request, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::frame::PersonFrame;
use super::route::Mount;
use crate::config::Opening;
use crate::proxy::own_page::WINDOW;
use crate::proxy::person_cookie::PersonCookies;
use crate::session::{
    BUTTON_LIFETIME, COOKIE, TICKET_LIFETIME, TICKET_PARAMETER, Ticket, TicketKind, set_cookie,
};
use crate::web::body::{self, Arrival};
use crate::web::cookie_headers::CookieHeaders;
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
    /// Whether the tool's `open` is the reason for the page, and not the browser.
    is_setting: bool,
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
        Method::Post => enter_in_new_window(gateway, mount, request, data).await,
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
    let sealed = sealed_ticket(query)?;
    let (tool, clock_skew) = (&mount.served.tool.name, mount.served.policy.clock_skew);
    let sessions = &gateway.session_cache.sessions;
    let ticket = sessions.open_launch_ticket(sealed, tool, mount.id, now, clock_skew);
    let ticket = spend(gateway, mount, sealed, ticket, now).await?;
    let opens_window = opens_window(mount, request) && ticket.kind == TicketKind::Launch;
    let cookies = request.headers().get("Cookie").map(str::as_bytes);
    let found = gateway.session_cache.find(&mount, cookies, now);
    match found.filter(|_| !opens_window) {
        // The cookie may be of another launch in this browser: a newer one, or one of a moment ago.
        Some(open)
            if open.session.minted.saturating_add(TICKET_LIFETIME.as_secs())
                >= ticket.session.minted =>
        {
            let mut response = redirect(mount, &ticket.destination);
            delete_cookies(&mut response, gateway, mount, request, &ticket);
            Ok(response)
        }
        // It creates no other ticket, so there is no button.
        _ if ticket.kind == TicketKind::Older => Err(Refusal::NoSession),
        _ => new_window(gateway, mount, &ticket, now, opens_window),
    }
}

/// Sets the session cookie in the window that the button opened, and redirects to the app.
async fn enter_in_new_window(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
    data: Data<'_>,
) -> Result<Response<'static>, Refusal> {
    let now = gateway.clock.now();
    let arrival = *request.local_cache(Arrival::default);
    let body = body::read(arrival, data, LARGEST_TICKET_FORM).await?;
    let body = std::str::from_utf8(&body).map_err(|_| Refusal::BadTicket)?;
    let sealed = sealed_ticket(body)?;
    let (tool, clock_skew) = (&mount.served.tool.name, mount.served.policy.clock_skew);
    let sessions = &gateway.session_cache.sessions;
    let ticket = sessions.open_page_ticket(sealed, tool, mount.id, now, clock_skew);
    let ticket = spend(gateway, mount, sealed, ticket, now).await?;
    let session = &ticket.session;
    let sealed = sessions.seal(session, tool, mount.id).ok_or(Refusal::PageFailed)?;
    let seconds = session.expires.saturating_sub(now);
    let mut response = redirect(mount, &ticket.destination);
    response
        .set_raw_header("Set-Cookie", set_cookie(COOKIE, &sealed, mount.cookie_path(), seconds));
    delete_cookies(&mut response, gateway, mount, request, &ticket);
    Ok(response)
}

/// Deletes the app's cookies that are another person's, as far as they have no name of their own.
fn delete_cookies(
    response: &mut Response<'_>,
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
    ticket: &Ticket,
) {
    let Some(tag) = gateway.session_cache.person(&mount, &ticket.session) else { return };
    let headers = request.local_cache(CookieHeaders::default);
    let cookies = PersonCookies::read(tag, headers.values());
    let person = PersonFrame { cookies: &cookies, root: mount.cookie_path() };
    for line in person.deletions(&[person.root]) {
        if let Ok(line) = line.to_str() {
            response.adjoin_raw_header("Set-Cookie", line.to_owned());
        }
    }
}

/// The sealed ticket in a query or a form that contains nothing else.
fn sealed_ticket(pairs: &str) -> Result<&str, Refusal> {
    pairs
        .strip_prefix(TICKET_PARAMETER)
        .and_then(|rest| rest.strip_prefix('='))
        .ok_or(Refusal::BadTicket)
}

/// Spends an opened ticket. Its session must still be valid, and it must not be spent before.
async fn spend(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    sealed: &str,
    opened: Option<Ticket>,
    now: u64,
) -> Result<Ticket, Refusal> {
    let tool = &mount.served.tool.name;
    let ticket = opened.ok_or(Refusal::BadTicket)?;
    if !gateway.session_cache.admits(mount.served, &ticket.session, now) {
        return Err(Refusal::NoSession);
    }
    // Tickets share the replay store of launches, under an issuer that no consumer is. They count
    // for the consumer that launched.
    let mut issuer = [0; 16];
    issuer.copy_from_slice(&Sha256::digest(format!("ticket {tool}"))[..16]);
    let account = Account::new(tool, &ticket.session.sender);
    let nonce = Nonce::new(account, issuer, ticket.expires, sealed, ticket.acceptable_until);
    match gateway.replay.spend(&nonce, now).await {
        Spent::Now => Ok(ticket),
        Spent::Before | Spent::Expired => Err(Refusal::BadTicket),
        Spent::Full(share) => Err(Refusal::Rejected(Rejection::ReplayStoreFull(share))),
        Spent::ClockSetBack => Err(Refusal::Rejected(Rejection::ClockSetBack)),
        Spent::Unavailable => Err(Refusal::Rejected(Rejection::ReplayStoreUnavailable)),
    }
}

/// Redirects to the app.
pub(in crate::web) fn redirect(mount: Mount<'_, '_>, destination: &str) -> Response<'static> {
    page::see_other(format!("{}{destination}", mount.prefix))
}

/// Whether the tool opens in a window of its own, and the request comes from a frame.
pub(in crate::web) fn opens_window(mount: Mount<'_, '_>, request: &Request<'_>) -> bool {
    let destination = request.headers().get_one("Sec-Fetch-Dest");
    mount.target.open() == Opening::Window && destination != Some(WINDOW)
}

/// The page with the button: for a browser that did not keep the cookie, or for a tool that opens
/// in a window of its own.
fn new_window(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    ticket: &Ticket,
    now: u64,
    is_setting: bool,
) -> Result<Response<'static>, Refusal> {
    let tool = &mount.served.tool;
    let expires = now.saturating_add(BUTTON_LIFETIME.as_secs());
    let context = NewWindowContext {
        title: &tool.title,
        action: format!("{}?{TICKET_PARAMETER}", mount.cookie_path()),
        parameter: TICKET_PARAMETER,
        ticket: gateway
            .session_cache
            .sessions
            .page_ticket(ticket, &tool.name, mount.id, expires)
            .ok_or(Refusal::PageFailed)?,
        is_setting,
    };
    let page = page::render("new_window.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::framed(page, &tool.frame_ancestors).into_response(Status::Ok))
}
