//! The table of refusals: one row per variant.
//!
//! A row has the code (a heading of `docs/rejections.md`), the status, the fact and the advice for
//! the log, and the text of the page. Numbers come from the constants that they describe.

use std::borrow::Cow;

use lti::Rejection;
use rocket::http::Status;

use super::logged_path::logged_path;
use super::page_text::{self, PageText};
use crate::platform::{RegistrationError, RegistrationMismatch};
use crate::proxy::client::UpstreamError;
use crate::url::UrlParts;
use crate::web::body::BodyError;
use crate::web::limit::{FORM_TIMEOUT, HEAD_TIMEOUT, MOST_FIELDS, MOST_HEAD_BYTES};
use crate::web::proxy::session_load::{
    MOST_REQUESTS, MOST_STREAMS, MOST_WAITING, TooManyRequests, TooManyStreams, WAIT_TIMEOUT,
};
use crate::web::proxy::upload::{FIRST_BYTE_TIMEOUT, UPLOAD_TIMEOUT};

/// An error of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateFailure {
    /// The template, line and column.
    pub(crate) location: String,
    /// The message for the template's author. Empty outside development: it may quote the launch.
    pub(crate) details: String,
}

impl TemplateFailure {
    fn with_details(&self) -> String {
        let Self { location, details } = self;
        if details.is_empty() { location.clone() } else { format!("{location}: {details}") }
    }
}

/// Declares [`Refusal`] and one method per column.
macro_rules! refusals {
    ($(
        $(#[$doc:meta])*
        $variant:ident $(($value:ident: $type:ty))? => $code:expr, $status:expr,
            fact: $fact:literal $(, $($argument:expr),+)?;
            advice: $advice:expr;
            page: $page:expr;
    )+) => {
        /// Why the gateway refuses a request.
        #[derive(Debug, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[$doc])* $variant $(($type))?,)+
        }

        // Some columns do not use the value of their variant.
        #[allow(unused_variables)]
        impl Refusal {
            /// The stable code for logs; a heading of `docs/rejections.md`.
            pub(crate) fn code(&self) -> &'static str {
                match self { $(Self::$variant $(($value))? => $code,)+ }
            }

            /// The status of the response.
            pub(crate) fn status(&self) -> Status {
                match self { $(Self::$variant $(($value))? => $status,)+ }
            }

            /// The fact, for the log.
            pub(crate) fn fact(&self) -> String {
                match self {
                    $(Self::$variant $(($value))? => format!($fact $(, $($argument),+)?),)+
                }
            }

            /// The fix, for the admin who reads the log.
            pub(crate) fn advice(&self) -> Cow<'static, str> {
                match self { $(Self::$variant $(($value))? => Cow::from($advice),)+ }
            }

            /// The heading and the message of the page.
            pub(in crate::web) fn page_text(&self) -> PageText {
                match self { $(Self::$variant $(($value))? => $page,)+ }
            }
        }
    };
}

refusals! {
    /// The gateway examined the launch and rejected it.
    Rejected(rejection: Rejection) => rejection.code(), rejected(rejection).0,
        fact: "{rejection}";
        advice: rejection.advice();
        page: rejected(rejection).1;

    /// A launch path received something other than a POST.
    NotPosted => "not-posted", Status::MethodNotAllowed,
        fact: "the request to a launch path is not a POST";
        advice: "open the tool from a course";
        page: page_text::OPEN_FROM_COURSE;

    /// A session's entry URL received a method other than GET and POST.
    NotEntered => "not-posted", Status::MethodNotAllowed,
        fact: "the entry URL of a session accepts only GET and POST";
        advice: "open the tool from a course";
        page: page_text::OPEN_FROM_COURSE;

    /// The launch is not a form.
    NotForm => "not-a-form", Status::UnsupportedMediaType,
        fact: "the body is not application/x-www-form-urlencoded";
        advice: "let the platform send a form, not JSON";
        page: page_text::NOT_OPENED;

    /// A page of a template sent its own form to the launch path.
    TemplateForm => "template-form", Status::BadRequest,
        fact: "a page of the template sent a form to the launch path";
        advice: "a template cannot take answers: let the form's `action` be an app of your own, or \
                 serve the tool with `upstream` instead of `template`";
        page: page_text::TEMPLATE_FORM;

    /// The body is larger than this limit, in bytes.
    TooLarge(limit: u64) => "too-large", Status::PayloadTooLarge,
        fact: "the body is larger than {} KiB", limit / 1024;
        advice: "send less: a launch has 2 to 8 KiB";
        page: page_text::NOT_OPENED;

    /// A form did not arrive in time, or the connection broke.
    Incomplete => "incomplete", Status::RequestTimeout,
        fact: "the body did not arrive within {} seconds, or the connection broke",
            FORM_TIMEOUT.as_secs();
        advice: "launch again; if it affects many users, \
                 check the network between browsers and the gateway";
        page: page_text::NOT_ARRIVED;

    /// The forms that are arriving use all the memory for forms.
    TooManyForms => "too-many-forms", Status::ServiceUnavailable,
        fact: "too many forms are arriving at once";
        advice: "check the log for clients that send forms slowly; \
                 a front router that buffers requests protects against them";
        page: page_text::TOO_MANY;

    /// All connections for requests of sessions are in use.
    TooBusy => "too-busy", Status::ServiceUnavailable,
        fact: "all connections for requests of sessions are in use";
        advice: "raise the limit of open files (`ulimit -n`), or close streams that nobody reads";
        page: page_text::TOO_MANY;

    /// The `Host` header is missing, empty, malformed or repeated.
    NoHost => "no-host", Status::BadRequest,
        fact: "the Host header is missing, empty, malformed or repeated";
        advice: "let the proxy in front of the gateway send exactly one Host header";
        page: page_text::INVALID_HOST;

    /// The `Host` ends with a dot. Holds the URL without it.
    TrailingDot(url: String) => "trailing-dot", Status::BadRequest,
        fact: "the host name ends with a dot";
        advice: format!(
            "open {}: cookies and signatures are for the name without a dot",
            logged_path(url)
        );
        page: page_text::TRAILING_DOT;

    /// In development, the `Host` is neither loopback nor `dev_host`.
    ForeignHost => "foreign-host", Status::BadRequest,
        fact: "in development, the gateway answers only loopback hosts and `dev_host`";
        advice: "open it as localhost, set `dev_host` to the origin in the browser, \
                 or run a release build without --dev";
        page: page_text::INVALID_HOST;

    /// A page of another site opened a practice launch, or posted a token.
    ForeignPractice => "foreign-practice", Status::Forbidden,
        fact: "a page of another site opened a URL of the practice platform (CSRF)";
        advice: "open /dev in the browser, and launch from there";
        page: page_text::FOREIGN_PRACTICE;

    /// `/dev` asks for a token, and this is another one.
    WrongToken => "wrong-token", Status::Unauthorized,
        fact: "this is not the token of /dev";
        advice: "enter the token that the gateway printed at its last start";
        page: page_text::WRONG_TOKEN;

    /// Too many tokens came before.
    TooManyTokens => "too-many-tokens", Status::TooManyRequests,
        fact: "too many tokens were sent to /dev; this one was not compared";
        advice: "wait a minute; if others guess, forward the port to yourself only";
        page: page_text::TOO_MANY_TOKENS;

    /// The `Host` is not the one of the tool's URL, and the tool has `pass_host_header = true`.
    OtherHost => "other-host", Status::BadRequest,
        fact: "the Host header is not the host of the tool's URL, which the app would receive";
        advice: "open the tool at its launch URL; let the proxy in front of the gateway pass Host \
                 with its port; or correct `public_url`, or remove the tool's `pass_host_header`";
        page: page_text::INVALID_HOST;

    /// The tool's template failed for this launch.
    TemplateFailed(failure: TemplateFailure) => "template-failed", Status::InternalServerError,
        fact: "the template failed at {}", failure.with_details();
        advice: "fix the template: it uses a value that this launch does not have; \
                 `or` sets a default";
        page: page_text::TOOL_ERROR;

    /// The tool's template has errors. Only a later configuration of a running gateway has such a
    /// template.
    TemplateBroken(failure: TemplateFailure) => "template-broken", Status::InternalServerError,
        fact: "the template has errors, the first at {}", failure.location;
        advice: "fix the template: `lti-gateway check` shows each error";
        page: page_text::TOOL_ERROR;

    /// One of the gateway's own pages could not be rendered.
    PageFailed => "page-failed", Status::InternalServerError,
        fact: "a built-in page could not be rendered";
        advice: "report this bug";
        page: page_text::TOOL_ERROR;

    /// No tool has this launch path.
    NoTool => "no-tool", Status::NotFound,
        fact: "no tool has this launch path";
        advice: "compare the launch URL in the platform with the launch URLs at /";
        page: page_text::NOT_FOUND;

    /// A launch to a segment that begins with `~` and is no session id.
    TildePath => "tilde-path", Status::NotFound,
        fact: "the launch URL has a segment with ~ where sessions have their id";
        advice: "launch the tool's own URL, or a path below it whose first segment \
                 does not begin with ~; with `prefix = \"tool\"`, such paths belong to the app";
        page: page_text::NOT_FOUND;

    /// The ids of a launch do not fit into the session cookie.
    SessionTooLong => "session-too-long", Status::BadRequest,
        fact: "user id, context id and resource link id do not fit into a cookie";
        advice: "let the platform send shorter ids; real ids have about 100 characters in total";
        page: page_text::NOT_OPENED;

    /// No cookie of the request opens a session at this URL.
    NoSession => "no-session", Status::Unauthorized,
        fact: "the request has no cookie that opens a session at this URL";
        advice: "launch again from the course; if it happens right after a launch, \
                 the browser does not store cookies";
        page: page_text::SESSION_EXPIRED;

    /// The ticket is invalid, expired or used.
    BadTicket => "bad-ticket", Status::Unauthorized,
        fact: "the ticket belongs to another session, was used before or has expired";
        advice: "launch again from the course";
        page: page_text::TICKET_USED;

    /// The request for links is not ours, has expired, or was used.
    BadSelection => "bad-selection", Status::Unauthorized,
        fact: "the request for links belongs to another gateway, was used before or has expired, \
               or its tool or consumer is gone";
        advice: "open the tool again where the platform adds links to a course";
        page: page_text::SELECT_AGAIN;

    /// Another site's page sent a request that only the tool's own pages may send (CSRF).
    ForeignOrigin => "foreign-origin", Status::Forbidden,
        fact: "a page of another site requested a change or a WebSocket (CSRF)";
        advice: "send such requests from the app's own pages; \
                 if these are the app's pages, check `public_url`";
        page: page_text::OTHER_SITE;

    /// The path has a dot segment (path traversal), or is malformed.
    BadPath => "bad-path", Status::BadRequest,
        fact: "the path has a dot segment, in some encoding, or an invalid character";
        advice: "request a path without dot segments";
        page: page_text::INVALID;

    /// The body's length is ambiguous (request smuggling).
    AmbiguousLength => "ambiguous-length", Status::BadRequest,
        fact: "the body has two lengths, or an invalid one";
        advice: "check the proxy in front of the gateway: no browser sends this";
        page: page_text::INVALID;

    /// A service worker's script at the prefix itself: its scope would contain other tools.
    WorkerScope => "worker-scope", Status::Forbidden,
        fact: "a service worker's script is at the session's URL without a path, \
               so its scope would contain other tools";
        advice: "let the app register a script below the session's URL, \
                 with a relative URL such as `./sw.js`";
        page: page_text::INVALID;

    /// The request head is larger than [`MOST_HEAD_BYTES`], or has too many headers.
    HeadersTooLarge => "headers-too-large", Status::RequestHeaderFieldsTooLarge,
        fact: "the request head is larger than {} KiB, or has more than {MOST_FIELDS} headers",
            MOST_HEAD_BYTES / 1024;
        advice: "let the app set fewer or smaller cookies: they are most of what browsers send";
        page: page_text::INVALID;

    /// In a session, the body did not begin or go on in time.
    UploadSlow => "upload-slow", Status::RequestTimeout,
        fact: "the browser sent no data of its body for {} seconds ({} for the first byte)",
            UPLOAD_TIMEOUT.as_secs(), FIRST_BYTE_TIMEOUT.as_secs();
        advice: "try again; if it affects many users, \
                 check the network between browsers and the gateway";
        page: page_text::UPLOAD_CUT;

    /// In a session, the body ended early.
    UploadBroken => "incomplete", Status::RequestTimeout,
        fact: "the browser aborted its upload";
        advice: "try again; if it affects many users, \
                 check the network between browsers and the gateway";
        page: page_text::UPLOAD_CUT;

    /// The upstream's response broke off. Holds the error message. The browser sees a broken
    /// connection.
    ResponseBroken(message: String) => "response-broken", Status::BadGateway,
        fact: "the upstream's response broke off: {message}";
        advice: "check the upstream's log: it closed the connection within a response, \
                 or was silent for longer than the tool's `timeout`";
        page: page_text::UNAVAILABLE;

    /// A method that only upstreams receive.
    MethodNotAllowed => "method-not-allowed", Status::MethodNotAllowed,
        fact: "outside sessions, no URL accepts this method";
        advice: "send this method only to the app, in a session";
        page: page_text::INVALID;

    /// The request head is not HTTP/1.1. Holds the status of the response.
    Malformed(status: Status) => "malformed", *status,
        fact: "the request head is malformed";
        advice: "check the client, or the proxy in front of the gateway: no browser sends this";
        page: page_text::INVALID;

    /// The request head did not arrive in time.
    HeadSlow => "head-slow", Status::RequestTimeout,
        fact: "the request head did not arrive within {} seconds", HEAD_TIMEOUT.as_secs();
        advice: "check the network between browsers and the gateway; \
                 many such lines from one address are an attack";
        page: page_text::NOT_ARRIVED;

    /// The request target is too long.
    TargetTooLong => "target-too-long", Status::UriTooLong,
        fact: "the URL is longer than 64 KiB";
        advice: "let the app send long values in a form, not in the URL";
        page: page_text::INVALID;

    /// A site has no file at this URL, or one that it does not serve.
    FileMissing => "file-missing", Status::NotFound,
        fact: "the site has no file at this URL";
        advice: "compare the link with the names of files, which distinguish upper and lower case; \
                 a site serves no names that begin with a dot, and a directory only by its \
                 index.html";
        page: page_text::NO_FILE;

    /// A link of a site leads out of its folder.
    FileOutside => "file-outside", Status::NotFound,
        fact: "a link in the site's folder leads out of the folder, or is absolute";
        advice: "copy the file into the folder, or make the link relative: \
                 `find FOLDER -type l` lists the links";
        page: page_text::NO_FILE;

    /// The system does not let the gateway read a site's folder or file. Holds its message.
    FileUnreadable(message: String) => "file-unreadable", Status::InternalServerError,
        fact: "the site's folder or file cannot be read: {message}";
        advice: "let the gateway's user read the folder and everything in it; \
                 replace a file by renaming the new one, not by writing into it";
        page: page_text::TOOL_ERROR;

    /// A site received a method other than GET and HEAD.
    FileMethod => "file-method", Status::MethodNotAllowed,
        fact: "a site accepts only GET and HEAD";
        advice: "a site cannot take answers: serve pages that send forms with `upstream` or \
                 `command`";
        page: page_text::NO_ANSWERS;

    /// The session has too many requests in flight and waiting, or one has waited for too long.
    TooManyRequests => "too-many-requests", Status::TooManyRequests,
        fact: "the session has {} requests in flight, and {} wait or one waited for {} seconds",
            MOST_REQUESTS, MOST_WAITING, WAIT_TIMEOUT.as_secs();
        advice: "find out why the app sends so many requests at once, \
                 or why the upstream responds slowly";
        page: page_text::TOO_MANY_REQUESTS;

    /// The session has too many WebSockets and event streams.
    TooManyStreams => "too-many-streams", Status::TooManyRequests,
        fact: "the session has {} WebSockets and event streams", MOST_STREAMS;
        advice: "let the app close WebSockets and event streams that it no longer needs, \
                 and share them between its parts";
        page: page_text::TOO_MANY_STREAMS;

    /// A method that the gateway does not forward.
    MethodUnknown => "method-unknown", Status::NotImplemented,
        fact: "the gateway does not forward this method";
        advice: "use another method than CONNECT: the gateway opens no tunnels for it";
        page: page_text::INVALID;

    /// The upstream sent no response, or an invalid one.
    Upstream(error: UpstreamError) => error.code(), upstream(error).0,
        fact: "{error}";
        advice: error.advice();
        page: upstream(error).1;

    /// The upstream refuses connections, but not for longer than an app needs to start.
    UpstreamStarting(error: UpstreamError) => error.code(), upstream(error).0,
        fact: "{error}";
        advice: error.advice();
        page: page_text::STARTING;

    /// The upstream did not respond within the tool's `timeout`.
    UpstreamSlow => "upstream-slow", Status::GatewayTimeout,
        fact: "the upstream did not respond within the tool's timeout";
        advice: "find out what the upstream waits for, or raise the tool's `timeout`";
        page: page_text::TOO_SLOW;

    /// A link of a registration does not open, or was used.
    RegistrationLink => "registration-link", Status::Unauthorized,
        fact: "the registration link is not the gateway's, was used before or has expired";
        advice: "`lti-gateway register` creates another link, which is valid for an hour";
        page: page_text::REGISTRATION_LINK;

    /// A value of a platform does not belong to the platform of a registration.
    RegistrationMismatch(mismatch: RegistrationMismatch) => "registration-mismatch",
        Status::BadRequest,
        fact: "{}", mismatch_fact(mismatch);
        advice: mismatch_advice(mismatch);
        page: page_text::REGISTRATION_MISMATCH;

    /// A platform refused a registration, or sent no usable answer.
    RegistrationRefused(error: RegistrationError) => "registration-refused", Status::BadGateway,
        fact: "{}", error.reason;
        advice: "read the platform's message on the page; then create another link with \
                 `lti-gateway register` and try again, or enter the values of `lti-gateway \
                 platforms` by hand";
        page: page_text::REGISTRATION_REFUSED;

    /// Rocket refused the request with this status.
    Other(status: Status) => "other", *status,
        fact: "Rocket refused the request";
        advice: "report this bug";
        page: page_text::of_status(*status);
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => Self::TooLarge(limit),
            BodyError::Incomplete => Self::Incomplete,
            BodyError::NoSpace => Self::TooManyForms,
        }
    }
}

impl From<TooManyRequests> for Refusal {
    fn from(_: TooManyRequests) -> Self {
        Self::TooManyRequests
    }
}

impl From<TooManyStreams> for Refusal {
    fn from(_: TooManyStreams) -> Self {
        Self::TooManyStreams
    }
}

/// The columns that `web` adds to a rejection: the status and the text of the page.
///
/// An unknown key and a wrong signature have the same page, so that a client cannot find out which
/// keys exist.
fn rejected(rejection: &Rejection) -> (Status, PageText) {
    match rejection {
        Rejection::UnknownConsumer(_)
        | Rejection::SignatureMethodNotAllowed(_)
        | Rejection::BadSignature => (Status::Unauthorized, page_text::NOT_OPENED),
        uniform if uniform.is_uniform() => (Status::Unauthorized, page_text::NOT_OPENED),
        Rejection::UnknownPlatform { .. }
        | Rejection::PlatformNotAllowed(_)
        | Rejection::UnknownDeployment(_) => (Status::Unauthorized, page_text::NOT_OPENED),
        Rejection::Stale { .. } | Rejection::StateExpired => {
            (Status::Unauthorized, page_text::OPEN_TOO_LONG)
        }
        Rejection::BadState | Rejection::OtherBrowser => {
            (Status::Unauthorized, page_text::OTHER_LOGIN)
        }
        Rejection::PlatformError { error, .. } => {
            let text = match error.as_str() {
                "login_required" => page_text::SIGN_IN,
                "launch_no_longer_valid" => page_text::OPEN_TOO_LONG,
                _ => page_text::NOT_OPENED,
            };
            (Status::Unauthorized, text)
        }
        Rejection::MalformedLogin(_) => (Status::BadRequest, page_text::OPEN_FROM_COURSE),
        Rejection::CookiesBlocked => (Status::BadRequest, page_text::COOKIES_BLOCKED),
        Rejection::Replayed => (Status::Unauthorized, page_text::USED_BEFORE),
        Rejection::RoleNotAllowed(_) => (Status::Forbidden, page_text::OTHER_ROLE),
        Rejection::MayNotPick(_) => (Status::Forbidden, page_text::MAY_NOT_PICK),
        Rejection::LinksNotAccepted(_) => (Status::BadRequest, page_text::NO_LINKS),
        Rejection::ReplayStoreFull(_) => (Status::ServiceUnavailable, page_text::TOO_MANY),
        Rejection::ClockSetBack
        | Rejection::ReplayStoreUnavailable
        | Rejection::PlatformKeysUnreachable { .. } => {
            (Status::ServiceUnavailable, page_text::NOT_NOW)
        }
        _ => (Status::BadRequest, page_text::NOT_OPENED),
    }
}

impl From<UpstreamError> for Refusal {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

/// What does not match. The log must not have a text of the platform, which may name people: only
/// hosts and origins.
fn mismatch_fact(mismatch: &RegistrationMismatch) -> String {
    match mismatch {
        RegistrationMismatch::NotUrl(key) => format!("`{key}` is not an absolute URL"),
        RegistrationMismatch::Host { key, found, expected } => {
            let (found, expected) = (quoted(found), quoted(expected));
            format!("`{key}` is at another host than {expected}: {found}")
        }
        RegistrationMismatch::Issuer { found, expected } => {
            let origin = UrlParts::of_web(found).and_then(|url| url.origin());
            let origin = origin.map(|it| format!(", at {}", quoted(&it.to_string())));
            let (origin, expected) = (origin.unwrap_or_default(), quoted(expected));
            format!("the issuer of the platform{origin} is not that of its table, {expected}")
        }
    }
}

/// The start of a line without control characters, as the reader of the configuration leaves it.
fn quoted(text: &str) -> String {
    text.chars().take(100).collect()
}

fn mismatch_advice(mismatch: &RegistrationMismatch) -> &'static str {
    match mismatch {
        RegistrationMismatch::NotUrl(_) => {
            "let the platform open the link: it adds the URL of its configuration"
        }
        RegistrationMismatch::Host { .. } => {
            "make sure that this is your platform; if it is, write `url`, `issuer` or the URLs \
             with these hosts into the platform's table"
        }
        RegistrationMismatch::Issuer { .. } => {
            "make sure that this is your platform; if it is, write its `issuer` into its table, \
             character for character"
        }
    }
}

/// The columns that `web` adds to an upstream's failure: the status and the text of the page.
fn upstream(error: &UpstreamError) -> (Status, PageText) {
    match error {
        UpstreamError::ConnectTimeout(_) => (Status::GatewayTimeout, page_text::TOO_SLOW),
        UpstreamError::Refused { .. }
        | UpstreamError::NotReady(_)
        | UpstreamError::Foreign { .. } => (Status::ServiceUnavailable, page_text::UNAVAILABLE),
        _ => (Status::BadGateway, page_text::UNAVAILABLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_and_a_wrong_signature_have_the_same_page() {
        let shown = |rejection| {
            let refusal = Refusal::Rejected(rejection);
            (refusal.status(), refusal.page_text())
        };
        let unknown = shown(Rejection::UnknownConsumer(Some("key".into())));
        assert_eq!(unknown, shown(Rejection::UnknownConsumer(None)));
        assert_eq!(unknown, shown(Rejection::BadSignature));
        assert_eq!(unknown, shown(Rejection::SignatureMethodNotAllowed("HMAC-SHA1")));
    }

    #[test]
    fn a_fact_states_its_limit() {
        assert_eq!(Refusal::TooLarge(64 * 1024).fact(), "the body is larger than 64 KiB");
        assert_eq!(
            Refusal::HeadersTooLarge.fact(),
            "the request head is larger than 64 KiB, or has more than 100 headers"
        );
        assert_eq!(
            Refusal::Incomplete.fact(),
            "the body did not arrive within 15 seconds, or the connection broke"
        );
        assert_eq!(
            Refusal::UploadSlow.fact(),
            "the browser sent no data of its body for 30 seconds (15 for the first byte)"
        );
        assert_eq!(
            Refusal::from(TooManyRequests).fact(),
            "the session has 64 requests in flight, and 256 wait or one waited for 15 seconds"
        );
        assert_eq!(
            Refusal::from(TooManyStreams).fact(),
            "the session has 32 WebSockets and event streams"
        );
    }
}
