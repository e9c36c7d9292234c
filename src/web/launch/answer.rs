//! The response to a launch: read the form, examine it, open the tool.

use std::time::Instant;

use lti::Rejection;
use lti::admission::Verdict;
use rocket::{Data, Request, Response};

use super::call::LaunchCall;
use super::record::LaunchRecord;
use super::v1p3::{self, TokenAnswer, TokenParams};
use super::{open, own_form, v1p1};
use crate::proxy::path::has_dot_segment;
use crate::web::form;
use crate::web::gateway::Gateway;
use crate::web::login_path::is_login;
use crate::web::page;
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;

/// The end of a request to a launch path that is not refused.
enum LaunchEnd {
    /// The tool is open. Contains the outcome for the log.
    Opened(Response<'static>, &'static str),
    /// The browser sends another request.
    Unfinished(Response<'static>),
}

/// Responds to a launch. `sub_path` is the rest of the path after the launch path.
pub(in crate::web) async fn answer(
    gateway: &Gateway,
    served: &ServedTool,
    sub_path: &str,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    let call = LaunchCall { gateway, served, sub_path, request, started: Instant::now() };
    let (mut record, mut cookies) = (LaunchRecord::default(), Vec::new());
    let mut response = match launch(&call, data, &mut record, &mut cookies).await {
        Ok(LaunchEnd::Opened(response, outcome)) => {
            record.accept(&call, outcome);
            response
        }
        Ok(LaunchEnd::Unfinished(response)) => response,
        Err(refusal) => record.refuse(&call, &own_form::explained(&call, refusal)),
    };
    for cookie in cookies {
        response.adjoin_raw_header("Set-Cookie", cookie);
    }
    response
}

/// Responds to a GET of a launch path. An LTI 1.3 login goes to the login's own URL; it is rejected
/// if the tool has no platform. A form of the template's own page gets its own refusal.
/// Every other GET gets a page: open this from your course.
pub(in crate::web) fn answer_get(
    gateway: &Gateway,
    served: &ServedTool,
    request: &Request<'_>,
) -> Response<'static> {
    let query = request.uri().query().map(|query| query.as_str());
    if !is_login(query) {
        let call = LaunchCall { gateway, served, sub_path: "", request, started: Instant::now() };
        if query.is_some() && own_form::is_of_own_page(&call) {
            return LaunchRecord::default().refuse(&call, &Refusal::TemplateForm);
        }
        return Refusal::NotPosted.respond(gateway.institution());
    }
    match query.filter(|_| !served.tool.senders.platforms.is_empty()) {
        Some(query) => page::login_redirect(Some(query)),
        None => {
            refuse(gateway, served, request, &Refusal::Rejected(Rejection::Lti1p3NotConfigured))
        }
    }
}

/// Rejects a launch without reading its form: its nonce is not spent.
pub(in crate::web) fn refuse(
    gateway: &Gateway,
    served: &ServedTool,
    request: &Request<'_>,
    refusal: &Refusal,
) -> Response<'static> {
    let call = LaunchCall { gateway, served, sub_path: "", request, started: Instant::now() };
    LaunchRecord::default().refuse(&call, refusal)
}

/// The response to a launch. The caller sets the cookies even for an
/// error.
async fn launch(
    call: &LaunchCall<'_>,
    data: Data<'_>,
    record: &mut LaunchRecord,
    cookies: &mut Vec<String>,
) -> Result<LaunchEnd, Refusal> {
    if has_dot_segment(call.sub_path) {
        return Err(Refusal::BadPath);
    }
    let form = form::read(call.request, data).await?;
    let now = call.gateway.clock.now();
    let verified = match v1p3::read(call, &form) {
        Some(TokenParams::Answer(params)) => {
            match v1p3::examine(call, &params, now, record).await? {
                TokenAnswer::Verified(verified) => *verified,
                TokenAnswer::Storage(page) => return Ok(LaunchEnd::Unfinished(page)),
            }
        }
        Some(TokenParams::Login) => {
            return Ok(LaunchEnd::Unfinished(page::login_redirect(None)));
        }
        None => v1p1::examine(call, &form, now, record)?,
    };
    match verified.verdict {
        Verdict::Reload(message) => {
            let response = open::reload(call, &message, &verified.destination, now)?;
            Ok(LaunchEnd::Opened(response, "again"))
        }
        Verdict::New(candidate) => {
            let spent = call.gateway.replay.spend(candidate.nonce(), now).await;
            let message = candidate.admit(spent).map_err(Refusal::Rejected)?;
            let response = open::first(call, &message, &verified.destination, now, cookies)?;
            Ok(LaunchEnd::Opened(response, "accepted"))
        }
    }
}
