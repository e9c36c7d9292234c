//! The page for a browser that stored no cookie in the platform's frame.
//!
//! Its button opens the login in a window of its own, where the cookie is first-party. If the
//! platform offers storage, the page tries that first (1EdTech `lti-cs-oidc`).

use rocket::Response;
use rocket::http::Status;
use serde::Serialize;

use super::call::{KnownLogin, LoginCall};
use super::redirect::to_platform;
use crate::session::Binding;
use crate::web::page::{self, Html};
use crate::web::platform_storage::{PlatformStorage, is_frame};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct BlockedContext<'a> {
    title: &'a str,
    /// The URL of the button.
    window_url: &'a str,
    /// The storage of the platform, if it offers one.
    storage: Option<StoredBinding>,
}

/// What the page stores, and where it goes then.
#[derive(Serialize)]
struct StoredBinding {
    place: PlatformStorage,
    value: String,
    next: String,
}

/// The page. `window_url` starts the login again in a window.
pub(super) fn blocked(
    call: &LoginCall<'_>,
    known: &KnownLogin<'_>,
    window_url: &str,
) -> Result<Response<'static>, Refusal> {
    let tool = &known.served.tool;
    let frame = known.login.storage_target.as_deref().filter(|frame| is_frame(frame));
    let storage = frame.map(|frame| stored(call, known, frame)).transpose()?;
    let name = match storage {
        Some(_) => "login_storage.html.tera",
        None => "login_window.html.tera",
    };
    let context = BlockedContext { title: &tool.title, window_url, storage };
    let page = page::render(name, &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::framed(page, &tool.frame_ancestors).into_response(Status::Ok))
}

fn stored(
    call: &LoginCall<'_>,
    known: &KnownLogin<'_>,
    frame: &str,
) -> Result<StoredBinding, Refusal> {
    let binding = Binding::random().ok_or(Refusal::PageFailed)?;
    let redirect = to_platform(call, known, &binding, Some(frame))?;
    let place = PlatformStorage::new(frame, &known.platform.auth_url, &redirect.state);
    Ok(StoredBinding {
        place: place.ok_or(Refusal::PageFailed)?,
        value: binding.value().to_owned(),
        next: redirect.url,
    })
}
