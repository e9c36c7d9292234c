//! The response to a refused request: a status, a page or JSON, and a log line.

use std::io::Cursor;

use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use lti::ReturnUrl;
use rocket::http::{ContentType, Header, Status};
use rocket::response::Responder;
use rocket::{Request, Response, catch};
use serde::Serialize;
use serde_json::json;

use super::logged_path::logged_path;
use super::page_text;
use super::reference::reference;
use super::table::Refusal;
use crate::config::{Institution, Tool};
use crate::proxy::client::UpstreamError;
use crate::web::current::RequestGateway;
use crate::web::development::AppFailure;
use crate::web::gateway::Gateway;
use crate::web::institution::InstitutionContext;
use crate::web::log_budget::{LogBudget, NO_TOOL};
use crate::web::page::{self, Html, RenderedPage};

/// The seconds after which a browser reloads the page of an app that starts. Apps need 2 to 12
/// seconds.
const RELOAD_SECONDS: u8 = 3;
/// The seconds after which a program may retry a request to an app that refuses connections.
const RETRY_SECONDS: u8 = 10;
/// The longest method that the log shows. Those in IANA's registry are shorter.
const LONGEST_METHOD: usize = 20;

/// The page of a launch that was rejected or refused.
pub(in crate::web) struct RejectionPage<'a> {
    pub(in crate::web) refusal: &'a Refusal,
    pub(in crate::web) institution: &'a Institution,
    /// Empty if the log has no line with it.
    pub(in crate::web) reference: &'a str,
    pub(in crate::web) return_url: Option<&'a ReturnUrl>,
    pub(in crate::web) frame_ancestors: &'a str,
    /// The authentication scheme of the launch's protocol, if it has one in HTTP.
    pub(in crate::web) challenge: Option<&'static str>,
}

/// The parts of a refusal page that depend on the request.
#[derive(Clone, Copy, Default)]
struct RequestPart<'a> {
    /// Empty if the log has no line with it.
    reference: &'a str,
    return_url: &'a str,
    leaves_frame: bool,
    /// In development, the app that failed.
    app: Option<&'a AppFailure>,
    /// The URL that works in a window of its own. Empty if none does.
    window_url: &'a str,
}

#[derive(Serialize)]
struct RefusalContext<'a> {
    institution: InstitutionContext<'a>,
    heading: &'a str,
    message: &'a str,
    reference: &'a str,
    return_url: &'a str,
    /// Whether the link to the return URL leaves the frame.
    leaves_frame: bool,
    /// The URL that works. Empty if the gateway does not know one.
    right_url: &'a str,
    /// In development, the errors of a template. Otherwise empty.
    details: String,
    /// In development, the app that failed.
    app: Option<&'a AppFailure>,
    /// The URL that works in a window of its own. Empty if none does.
    window_url: &'a str,
}

impl Refusal {
    /// The response to a request that belongs to no tool. The log line helps an admin to find a
    /// mistake in the setup.
    pub(crate) fn respond_and_log(
        &self,
        budget: &LogBudget,
        institution: &Institution,
        method: &str,
        path: &str,
    ) -> Response<'static> {
        self.log(budget, method, path);
        self.respond(institution)
    }

    /// The log line of a request that belongs to no tool.
    pub(in crate::web) fn log(&self, budget: &LogBudget, method: &str, path: &str) {
        let code = self.code();
        if budget.admits(NO_TOOL, code) {
            let path: String = logged_path(path).chars().take(200).collect();
            let method = shown_method(method);
            let (reason, help) = (self.fact(), &*self.advice());
            tracing::warn!(
                target: "request", outcome = "refused", code, method, path, reason, help
            );
        }
    }

    /// The response in a tool's session: a page, or JSON for a script that asks for it. Page and
    /// log line have the same reference. Without a line there is no reference. `accept` contains
    /// the request's `Accept` headers. `window_url` works in a window of its own.
    pub(crate) fn respond_in_session(
        &self,
        budget: &LogBudget,
        institution: &Institution,
        tool: &Tool,
        method: &str,
        accept: &[&str],
    ) -> Response<'static> {
        let reference = self.log_in_session(budget, tool, method);
        self.session_response(institution, tool, reference.as_deref(), accept, None, None)
    }

    /// The response in a tool's session, without a log line. In development, `app` is the app that
    /// failed. `window_url` is the URL that works in a window of its own.
    pub(in crate::web) fn session_response(
        &self,
        institution: &Institution,
        tool: &Tool,
        reference: Option<&str>,
        accept: &[&str],
        app: Option<&AppFailure>,
        window_url: Option<&str>,
    ) -> Response<'static> {
        if !asks_for_json(accept) {
            // A page that reloads itself asks for no help, except in development.
            let reference = reference.filter(|_| !self.reloads() || app.is_some());
            let reference = reference.unwrap_or_default();
            let window_url = window_url.unwrap_or_default();
            let part = RequestPart { reference, app, window_url, ..RequestPart::default() };
            return self.page(institution, part, &tool.frame_ancestors);
        }
        let (heading, _) = self.page_text();
        let mut body = json!({ "error": self.code(), "message": heading });
        if let Some(reference) = reference {
            body["reference"] = reference.into();
        }
        let body = body.to_string();
        let mut response = Response::build()
            .status(self.status())
            .header(ContentType::JSON)
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(body.len(), Cursor::new(body))
            .finalize();
        self.allow(&mut response);
        self.retry(&mut response);
        response
    }

    /// The log line of a request in a tool's session, and its reference. It has no path, because a
    /// path can contain personal data.
    pub(in crate::web) fn log_in_session(
        &self,
        budget: &LogBudget,
        tool: &Tool,
        method: &str,
    ) -> Option<String> {
        let (code, tool) = (self.code(), tool.name.as_str());
        if !budget.admits(tool, code) {
            return None;
        }
        let (reference, reason, help) = (reference(), self.fact(), &*self.advice());
        let method = shown_method(method);
        // An admin can fix a 5xx. Browsers often cause the others.
        if self.status().code >= 500 {
            tracing::warn!(
                target: "request", tool, outcome = "refused", code, method, reference, reason, help
            );
        } else {
            tracing::info!(
                target: "request", tool, outcome = "refused", code, method, reference, reason, help
            );
        }
        Some(reference)
    }

    /// The response to a request that belongs to no tool, without a log line.
    pub(crate) fn respond(&self, institution: &Institution) -> Response<'static> {
        // A platform also shows the page of a misspelled launch URL in a frame.
        self.page(institution, RequestPart::default(), "*")
    }

    fn page(
        &self,
        institution: &Institution,
        part: RequestPart<'_>,
        frame_ancestors: &str,
    ) -> Response<'static> {
        let RequestPart { reference, return_url, leaves_frame, app, window_url } = part;
        let (heading, message) =
            if window_url.is_empty() { self.page_text() } else { page_text::OPEN_IN_WINDOW };
        let right_url = match self {
            Self::TrailingDot(url) => url,
            _ => "",
        };
        let institution = if self.reloads() {
            InstitutionContext::without_contact(institution)
        } else {
            InstitutionContext::of(institution)
        };
        let context = RefusalContext {
            institution,
            heading,
            message,
            reference,
            return_url,
            leaves_frame,
            right_url,
            details: self.details(),
            app,
            window_url,
        };
        let rendered = page::render("refusal.html.tera", &context);
        let rendered = rendered.unwrap_or_else(|| RenderedPage::plain(heading));
        let mut response = Html::framed(rendered, frame_ancestors).into_response(self.status());
        self.allow(&mut response);
        self.retry(&mut response);
        response
    }

    /// The message for the author of a template, in development.
    fn details(&self) -> String {
        match self {
            Self::TemplateFailed(failure) if !failure.details.is_empty() => {
                format!("{}\n  = help: {}", failure.details.trim_end(), self.advice())
            }
            Self::TemplateBroken(failure) => failure.details.trim_end().to_owned(),
            _ => String::new(),
        }
    }

    /// Whether the page reloads itself. It then asks for no help: it has no contact and no
    /// reference.
    fn reloads(&self) -> bool {
        matches!(self, Self::UpstreamStarting(_))
    }

    /// Sets `Retry-After` for an app that refuses connections, and `Refresh` for a page that
    /// reloads itself. The page needs no script.
    fn retry(&self, response: &mut Response<'_>) {
        let seconds = match self {
            Self::UpstreamStarting(_) => RELOAD_SECONDS,
            Self::Upstream(
                UpstreamError::Refused { .. }
                | UpstreamError::NotReady(_)
                | UpstreamError::Foreign { .. },
            ) => RETRY_SECONDS,
            _ => return,
        };
        response.set_header(Header::new("Retry-After", seconds.to_string()));
        if self.reloads() {
            response.set_header(Header::new("Refresh", seconds.to_string()));
        }
    }

    /// Sets `Allow` for a 405 (RFC 9110 §15.5.6).
    fn allow(&self, response: &mut Response<'_>) {
        let methods = match self {
            Self::NotEntered => "GET, POST",
            Self::FileMethod => "GET, HEAD",
            _ if self.status() == Status::MethodNotAllowed => "POST",
            _ => return,
        };
        response.set_header(Header::new("Allow", methods));
    }
}

impl RejectionPage<'_> {
    pub(crate) fn respond(&self) -> Response<'static> {
        let (heading, _) = self.refusal.page_text();
        let return_url = self.return_url.map(|url| url.with_message(heading)).unwrap_or_default();
        let part = RequestPart {
            reference: self.reference,
            return_url: &return_url,
            leaves_frame: self.return_url.is_some_and(|url| !url.stays_in_frame()),
            ..RequestPart::default()
        };
        let mut response = self.refusal.page(self.institution, part, self.frame_ancestors);
        // A 401 names the authentication scheme (RFC 9110 §15.5.2).
        let is_rejected = matches!(self.refusal, Refusal::Rejected(_));
        if let Some(scheme) = self.challenge.filter(|_| is_rejected)
            && self.refusal.status() == Status::Unauthorized
        {
            response.set_header(Header::new("WWW-Authenticate", scheme));
        }
        response
    }
}

impl<'r> Responder<'r, 'static> for Refusal {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        let institution = RequestGateway::of(request).map(Gateway::institution);
        Ok(self.respond(institution.unwrap_or(&Institution::default())))
    }
}

/// The response if no route matches.
#[catch(default)]
pub(in crate::web) fn unmatched(status: Status, _: &Request<'_>) -> Refusal {
    Refusal::Other(status)
}

/// The method for the log: clients may send methods of any length.
fn shown_method(method: &str) -> &str {
    method.get(..LONGEST_METHOD).unwrap_or(method)
}

/// The `Accept` headers of a request.
pub(crate) fn accept(head: &Parts) -> Vec<&str> {
    head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect()
}

/// Whether the client is a script that asks for JSON.
fn asks_for_json(accept: &[&str]) -> bool {
    let accepts = |media_type: &str| {
        accept.iter().any(|value| value.to_ascii_lowercase().contains(media_type))
    };
    (accepts("application/json") || accepts("+json")) && !accepts("text/html")
}

#[cfg(test)]
mod tests {
    use lti::Rejection;

    use super::*;

    #[test]
    fn a_401_names_the_scheme_of_the_launch_protocol() {
        let check = |refusal: Refusal, challenge, expected: Option<&str>| {
            let launch = RejectionPage {
                refusal: &refusal,
                institution: &Institution::default(),
                reference: "",
                return_url: None,
                frame_ancestors: "*",
                challenge,
            };
            let response = launch.respond();
            assert_eq!(response.headers().get_one("WWW-Authenticate"), expected, "{refusal:?}");
        };
        check(Refusal::Rejected(Rejection::BadSignature), Some("OAuth"), Some("OAuth"));
        check(Refusal::Rejected(Rejection::BadSignature), None, None);
        check(Refusal::Rejected(Rejection::Unsigned), Some("OAuth"), None);
        check(Refusal::NoSession, Some("OAuth"), None);
    }
}
