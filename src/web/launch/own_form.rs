//! Forms that a template's own page sends to the launch path.
//!
//! A form without an `action` goes to the URL of its page, which is the launch path. It is no
//! launch, and key and secret in the platform are not the fix.

use lti::Rejection;

use super::call::LaunchCall;
use crate::web::guard;
use crate::web::refusal::Refusal;

/// The refusal of a launch, or [`Refusal::TemplateForm`] if it is a form of the template's own
/// page.
pub(super) fn explained(call: &LaunchCall<'_>, refusal: Refusal) -> Refusal {
    let is_no_launch = matches!(refusal, Refusal::NotForm | Refusal::Rejected(Rejection::Unsigned));
    if is_no_launch && is_of_own_page(call) { Refusal::TemplateForm } else { refusal }
}

/// Whether the template's own page sent the request, according to the browser. Only the text of the
/// refusal depends on it.
pub(super) fn is_of_own_page(call: &LaunchCall<'_>) -> bool {
    if call.served.session_target().is_ok() {
        return false;
    }
    let tool = &call.served.tool;
    let origin = call.gateway.public_url.origin_of(tool, &guard::authority(call.request));
    let origin = origin.to_string();
    let header = |name| call.request.headers().get_one(name);
    let referer = header("Referer").map(|referer| referer.strip_prefix(&*origin));
    let is_same_origin = match (header("Sec-Fetch-Site"), header("Origin"), referer) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(sender), _) => sender == origin,
        // Older browsers send no `Origin` with a GET.
        (None, None, referer) => matches!(referer, Some(Some(_))),
    };
    // Other pages of this origin are those of other tools, and the practice platform.
    let is_own_path = match referer {
        Some(Some(path)) => {
            let path = path.split(['?', '#']).next().unwrap_or_default();
            path.trim_end_matches('/') == tool.path.as_str().trim_end_matches('/')
        }
        Some(None) => false,
        None => true,
    };
    is_same_origin && is_own_path
}
