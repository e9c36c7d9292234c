//! `POST` to a tool's path: the launch.

use std::time::{Duration, Instant};

use lti::v1p1::{Examination, LaunchRequest, Verdict, examine};
use lti::{Launch, Rejection, ReturnUrl};
use rocket::data::ToByteUnit as _;
use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};

use super::Gateway;
use super::gateway::{ServedTarget, ServedTool};
use super::guard;
use super::page;
use super::refusal::{Refusal, RefusedLaunch};
use crate::config::Origin;
use crate::target::template::RenderError;

/// The largest launch form. Real ones have 2 to 8 KiB.
const LARGEST_BODY: u64 = 256 * 1024;
/// How long a form may take to arrive, from its 15th byte on: for the first 14 Rocket itself waits, before any route,
/// and for ever.
const SLOWEST_BODY: Duration = Duration::from_secs(15);

/// One route for every path that nothing else answers, so that nothing grows with the number of tools. `HEAD`
/// is left out: Rocket answers it as a `GET` without a body, here and for every other route.
pub(super) fn routes() -> Vec<Route> {
    /// Behind Rocket's own rank of static files.
    const LAST: isize = 20;
    const METHODS: [Method; 8] = [
        Method::Post,
        Method::Get,
        Method::Put,
        Method::Delete,
        Method::Options,
        Method::Patch,
        Method::Trace,
        Method::Connect,
    ];
    METHODS.into_iter().map(|method| Route::ranked(LAST, method, "/<_..>", LaunchHandler)).collect()
}

#[derive(Clone)]
struct LaunchHandler;

#[rocket::async_trait]
impl Handler for LaunchHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let served = request
            .rocket()
            .state::<Gateway>()
            .and_then(|gateway| Some((gateway, gateway.tool_at(request.uri().path().as_str())?)));
        let Some((gateway, served)) = served else {
            // A launch that misses its tool is worth a line; what crawlers look for is not.
            return Outcome::Success(match request.method() {
                Method::Post => Refusal::NoTool.respond_and_log(request),
                _ => Refusal::NoTool.respond(),
            });
        };
        if request.method() != Method::Post {
            return Outcome::Success(Refusal::NotPosted.respond());
        }
        let attempt = Attempt { gateway, served, request, started: Instant::now() };
        Outcome::Success(attempt.answer(data).await)
    }
}

/// One launch, from its first byte to its line in the log.
struct Attempt<'a> {
    gateway: &'a Gateway,
    served: &'a ServedTool,
    request: &'a Request<'a>,
    started: Instant,
}

/// What a launch came to, as far as it is told.
#[derive(Default)]
struct Account {
    consumer_key: Option<String>,
    variant: Option<&'static str>,
    return_url: Option<ReturnUrl>,
    receipt: Option<String>,
}

impl Attempt<'_> {
    async fn answer(&self, data: Data<'_>) -> Response<'static> {
        let reference = reference();
        let mut account = Account::default();
        let answer = self.launch(data, &mut account).await;
        let tool = self.served.tool.name.as_str();
        let consumer = account.consumer_key.as_deref().unwrap_or("-");
        let variant = account.variant.unwrap_or("-");
        let micros = self.started.elapsed().as_micros();
        let mut response = match answer {
            Ok((response, outcome)) => {
                tracing::info!(target: "launch", tool, consumer, outcome, code = "-", variant, reference, micros);
                response
            }
            Err(refusal) => {
                let (code, reason, help) = (refusal.code(), refusal.reason(), refusal.advice());
                tracing::warn!(target: "launch", tool, consumer, outcome = "refused", code, variant, reference, micros, reason, help);
                RefusedLaunch {
                    refusal: &refusal,
                    reference: &reference,
                    return_url: account.return_url.as_ref(),
                    frame_ancestors: &self.served.tool.frame_ancestors,
                }
                .respond()
            }
        };
        if let Some(receipt) = account.receipt {
            response.set_raw_header("Set-Cookie", receipt);
        }
        response
    }

    async fn launch(
        &self,
        data: Data<'_>,
        account: &mut Account,
    ) -> Result<(Response<'static>, &'static str), Refusal> {
        let body = self.form(data).await?;
        let now = self.gateway.clock.now();
        let examination = self.examine(&body, now)?;
        account.consumer_key = examination.consumer_key().map(str::to_owned);
        account.variant = examination.variant().map(lti::v1p1::Variant::name);
        account.return_url = examination.return_url().cloned();
        match examination.verdict().map_err(Refusal::Rejected)? {
            Verdict::Again(launch) => Ok((self.page(&launch)?, "again")),
            Verdict::Once(candidate) => {
                let spent = self.gateway.replay.spend(candidate.nonce(), now);
                let launch = candidate.admit(spent).map_err(Refusal::Rejected)?;
                let tool = &self.served.tool;
                // Also where the template fails: the nonce is spent, and a reload is to fail the same way.
                account.receipt = self.gateway.receipts.set_cookie(tool, &launch, now);
                Ok((self.page(&launch)?, "accepted"))
            }
        }
    }

    /// The bytes of the form, bounded in size and time.
    async fn form(&self, data: Data<'_>) -> Result<Vec<u8>, Refusal> {
        let headers = self.request.headers();
        let media_type = headers.get_one("Content-Type").and_then(|value| value.split(';').next());
        if !media_type
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        {
            return Err(Refusal::NotForm);
        }
        let announced = headers.get_one("Content-Length").and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > LARGEST_BODY) {
            return Err(Refusal::TooLarge);
        }
        let read = data.open(LARGEST_BODY.bytes()).into_bytes();
        match rocket::tokio::time::timeout(SLOWEST_BODY, read).await {
            Ok(Ok(body)) if body.is_complete() => Ok(body.into_inner()),
            Ok(Ok(_)) => Err(Refusal::TooLarge),
            Ok(Err(_)) | Err(_) => Err(Refusal::Incomplete),
        }
    }

    fn examine(&self, body: &[u8], now: u64) -> Result<Examination, Refusal> {
        let Origin { scheme, authority } = self.gateway.public_url.origin(&guard::authority(self.request));
        let headers = self.request.headers();
        let mut authorizations = headers.get("Authorization").filter_map(oauth_credentials);
        let authorization = authorizations.next();
        if authorizations.next().is_some() {
            return Err(Refusal::Rejected(Rejection::BrokenAuthorization));
        }
        let uri = self.request.uri();
        let request = LaunchRequest {
            scheme,
            authority: &authority,
            path: uri.path().as_str(),
            query: uri.query().map(|query| query.as_str()),
            authorization,
            body,
        };
        Ok(examine(&request, &self.served.tool.terms, now, |fingerprint| {
            self.gateway.receipts.prove(headers.get("Cookie"), fingerprint, now)
        }))
    }

    fn page(&self, launch: &Launch) -> Result<Response<'static>, Refusal> {
        let ServedTarget::Template(page) = &self.served.target else { return Err(Refusal::PageFailed) };
        match self.gateway.templates.render(page, launch) {
            Ok(text) => {
                let policy = format!("frame-ancestors {}", self.served.tool.frame_ancestors);
                Ok(page::respond(Status::Ok, text, policy))
            }
            Err(RenderError { place, words }) => {
                Err(Refusal::TemplateFailed(if self.gateway.development() {
                    format!("{place}: {words}")
                } else {
                    place
                }))
            }
        }
    }
}

/// What stands behind `OAuth ` in an `Authorization` header; other schemes are not LTI's.
fn oauth_credentials(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("OAuth").then_some(credentials)
}

/// Eight characters that lead from a page to its line in the log. Easy to read aloud: no I, L, O or U.
fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = [0; 8];
    // Without randomness there is no reference, which is no reason to refuse a launch.
    if getrandom::fill(&mut random).is_err() {
        return "--------".to_owned();
    }
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
