//! Where a session comes in: the launch's redirect leads here with a ticket, to see whether the browser kept the cookie.
//!
//! Where it did not, as in a frame whose cookies are all blocked, the page has a button that takes a ticket to a window of
//! its own, in which the cookie is first-party. A ticket counts once and for a short time; none is ever made from an
//! address alone.

use lti::{Nonce, Rejection, Spent};
use rocket::http::{Method, Status};
use rocket::{Data, Request, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::route::Mount;
use crate::session::{BUTTON, COOKIE, TICKET, TICKET_PARAMETER, Ticket, set_cookie};
use crate::web::body;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// The largest form with a ticket.
const LARGEST_BODY: u64 = 64 * 1024;

#[derive(Serialize)]
struct NewWindowContext<'a> {
    title: &'a str,
    action: String,
    parameter: &'a str,
    ticket: String,
}

/// Answers at the door of a session.
pub(in crate::web) async fn answer(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
    data: Data<'_>,
) -> Result<Response<'static>, Refusal> {
    let now = gateway.clock.now();
    match request.method() {
        Method::Get => {
            let query = request.uri().query().map(|query| query.as_str()).unwrap_or_default();
            let ticket =
                spend(gateway, mount, value(query).ok_or(Refusal::BadTicket)?, now).await?;
            match gateway.session_cache.find(&mount, request.headers().get("Cookie"), now) {
                // In one browser, launches of other blocks may have come in since, or a moment before.
                Some(open) if open.session.minted + TICKET.as_secs() >= ticket.session.minted => {
                    Ok(redirect(mount, &ticket.destination))
                }
                _ => new_window(gateway, mount, &ticket, now),
            }
        }
        Method::Post => {
            let body = body::read(data, LARGEST_BODY).await?;
            let body = std::str::from_utf8(&body).map_err(|_| Refusal::BadTicket)?;
            let ticket = spend(gateway, mount, value(body).ok_or(Refusal::BadTicket)?, now).await?;
            let session = &ticket.session;
            let sealed = gateway
                .session_cache
                .sessions
                .seal(session, &mount.served.tool.name, mount.id)
                .ok_or(Refusal::PageFailed)?;
            let seconds = session.expires.saturating_sub(now);
            let mut response = redirect(mount, &ticket.destination);
            response.set_raw_header(
                "Set-Cookie",
                set_cookie(COOKIE, &sealed, mount.cookie_path(), seconds),
            );
            Ok(response)
        }
        _ => Err(Refusal::NotEntered),
    }
}

/// The value of the ticket in a query or a form that has nothing else.
fn value(pairs: &str) -> Option<&str> {
    pairs.strip_prefix(TICKET_PARAMETER)?.strip_prefix('=')
}

/// Opens a ticket that is none of another place, not late, and not used before.
async fn spend(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    text: &str,
    now: u64,
) -> Result<Ticket, Refusal> {
    let tool = &mount.served.tool.name;
    let ticket = gateway
        .session_cache
        .sessions
        .open_ticket(text, tool, mount.id, now)
        .ok_or(Refusal::BadTicket)?;
    if !gateway.session_cache.admits(mount.served, &ticket.session, now) {
        return Err(Refusal::NoSession);
    }
    // Tickets share the memory of launches, under a name that no consumer has.
    let mut giver = [0; 16];
    giver.copy_from_slice(&Sha256::digest(format!("ticket {tool}"))[..16]);
    match gateway.replay.spend(&Nonce::new(giver, ticket.expires, text, ticket.expires), now).await
    {
        Spent::Now => Ok(ticket),
        Spent::Before => Err(Refusal::BadTicket),
        Spent::Unknown => Err(Refusal::Rejected(Rejection::ReplayStoreFull)),
    }
}

/// On to the app.
pub(in crate::web) fn redirect(mount: Mount<'_, '_>, destination: &str) -> Response<'static> {
    page::see_other(format!("{}{destination}", mount.prefix))
}

/// The page for a browser that did not keep the cookie.
fn new_window(
    gateway: &Gateway,
    mount: Mount<'_, '_>,
    ticket: &Ticket,
    now: u64,
) -> Result<Response<'static>, Refusal> {
    let tool = &mount.served.tool;
    let expires = now + BUTTON.as_secs();
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
