//! The gateway's own page on which a user picks links. It needs neither script nor cookie: the form
//! contains the sealed request of the platform.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::Response;
use rocket::http::Status;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::config::{Tool, ToolLink};
use crate::session::{LinkRequest, PickedLink};
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;

/// The name of the field with the sealed request.
pub(super) const REQUEST_FIELD: &str = "lti_selection";
/// The name of the fields with links.
pub(super) const LINK_FIELD: &str = "link";
/// The name of the button that picks nothing.
pub(super) const CANCEL_FIELD: &str = "cancel";

#[derive(Serialize)]
struct PickerContext<'a> {
    title: &'a str,
    description: &'a str,
    request: &'a str,
    several: bool,
    links: Vec<LinkContext<'a>>,
    /// What to do about the last attempt. Empty for the first one.
    problem: &'a str,
    status: &'a str,
}

#[derive(Serialize)]
struct LinkContext<'a> {
    key: String,
    title: &'a str,
    description: &'a str,
}

/// The page. `problem` says what was wrong with the last attempt; it is empty for the first one.
pub(in crate::web) fn picker(
    gateway: &Gateway,
    served: &ServedTool,
    request: &LinkRequest,
    problem: &str,
) -> Result<Response<'static>, Refusal> {
    let tool = &served.tool;
    let now = gateway.clock.now();
    let sealed = gateway.link_requests.seal_form(request, now).ok_or(Refusal::PageFailed)?;
    let context = PickerContext {
        title: &tool.title,
        description: &tool.description,
        request: &sealed,
        several: request.terms.accepts_several,
        links: tool
            .links
            .iter()
            .map(|one| LinkContext {
                key: key(one),
                title: &one.title,
                description: &one.description,
            })
            .collect(),
        problem,
        status: if problem.is_empty() { "" } else { "Error: " },
    };
    let page = page::render("picker.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::picking(page, &tool.frame_ancestors).into_response(Status::Ok))
}

/// The value of a link in the form. Another configuration may have the links in another order.
pub(super) fn key(link: &ToolLink) -> String {
    let path = link.path.as_ref().map(|path| path.as_str()).unwrap_or_default();
    let custom = link.custom.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let mut digest = Sha256::new();
    for part in [link.title.as_str(), path].into_iter().chain(custom) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    URL_SAFE_NO_PAD.encode(&digest.finalize()[..12])
}

/// A declared link as the user picks it.
pub(super) fn picked(link: &ToolLink) -> PickedLink {
    PickedLink {
        title: link.title.clone(),
        path: link.path.as_ref().map(|path| path.as_str().to_owned()),
        text: Some(link.description.clone()).filter(|text| !text.is_empty()),
        custom: link.custom.clone(),
        points: link.points.map(|points| points.number()),
    }
}

/// The tool itself, the only choice of a tool without links.
pub(super) fn whole_tool(tool: &Tool) -> PickedLink {
    PickedLink {
        title: tool.title.clone(),
        path: None,
        text: Some(tool.description.clone()).filter(|text| !text.is_empty()),
        custom: Vec::new(),
        points: None,
    }
}
