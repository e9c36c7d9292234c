//! `POST` to a tool's path: the launch.

use std::time::Instant;

use lti::admission::{Examination, Verdict};
use lti::oauth1::{Params, Source};
use lti::v1p1::{Cause, LaunchRequest, SignatureFindings, compared, examine, near_miss, shape};
use lti::{Launch, Rejection, ReturnUrl};
use rocket::http::Status;
use rocket::{Data, Request, Response};

use super::Gateway;
use super::dev::Refused;
use super::proxy::place::Room;
use super::proxy::visit::Visits;
use super::proxy::{door, place};
use super::refusal::{self, Refusal, RefusedLaunch};
use super::served::{ServedTarget, ServedTool};
use super::{form, guard, page};
use crate::config::{Origin, Upstream};
use crate::proxy::path::has_dot_segment;
use crate::session::{COOKIE, Session, TICKET, TICKET_PARAMETER, TooLong, set_cookie};
use crate::template::{Page, RenderError};

/// The largest launch form. Real ones have 2 to 8 KiB.
const LARGEST_BODY: u64 = 256 * 1024;

/// The most parameters of a launch whose cause is searched for at length, in development: the search tries each of them. edX
/// sends some 40.
const MOST_SEARCHED: usize = 100;

/// Answers a launch. `sub_path` is what follows the launch path.
pub(super) async fn answer(
    gateway: &Gateway,
    served: &ServedTool,
    sub_path: &str,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    Attempt { gateway, served, sub_path, request, started: Instant::now() }.answer(data).await
}

/// One launch, from its first byte to its line in the log.
struct Attempt<'a> {
    gateway: &'a Gateway,
    served: &'a ServedTool,
    sub_path: &'a str,
    request: &'a Request<'a>,
    started: Instant,
}

/// What a launch came to, as far as it is told.
#[derive(Default)]
struct Account {
    /// The name of the sender that it claims to have.
    sender: Option<String>,
    variant: Option<&'static str>,
    /// Why its signature does not match, where that was quickly found; in development, where it was found at all.
    cause: Option<Cause>,
    return_url: Option<ReturnUrl>,
    cookies: Vec<String>,
    /// In development, names of parameters and lengths of their values.
    params: Vec<(String, usize)>,
    /// In development, what the signature was compared for, without values.
    compared: Option<String>,
}

impl Account {
    /// What an admin can do: of a cause that is known more than of the refusal.
    fn help(&self, refusal: &Refusal) -> &'static str {
        self.cause.as_ref().map_or(refusal.advice(), Cause::advice)
    }
}

impl Attempt<'_> {
    async fn answer(&self, data: Data<'_>) -> Response<'static> {
        let reference = refusal::reference();
        let mut account = Account::default();
        let answer = self.launch(data, &mut account).await;
        let tool = self.served.tool.name.as_str();
        let consumer = account.sender.as_deref().unwrap_or("-");
        let variant = account.variant.unwrap_or("-");
        let micros = self.started.elapsed().as_micros();
        let mut response = match answer {
            Ok((response, outcome)) => {
                tracing::info!(target: "launch", tool, consumer, outcome, code = "-", variant, reference, micros);
                response
            }
            Err(refusal) => {
                let (code, reason) = (refusal.code(), refusal.reason());
                let cause = account.cause.as_ref().map_or("-", Cause::code);
                let help = account.help(&refusal);
                tracing::warn!(target: "launch", tool, consumer, outcome = "refused", code, variant, reference, micros, cause, reason, help);
                self.remember(&refusal, &reference, &mut account);
                RefusedLaunch {
                    refusal: &refusal,
                    reference: &reference,
                    return_url: account.return_url.as_ref(),
                    frame_ancestors: &self.served.tool.frame_ancestors,
                }
                .respond()
            }
        };
        for cookie in account.cookies {
            response.adjoin_raw_header("Set-Cookie", cookie);
        }
        response
    }

    async fn launch(
        &self,
        data: Data<'_>,
        account: &mut Account,
    ) -> Result<(Response<'static>, &'static str), Refusal> {
        if has_dot_segment(self.sub_path) {
            return Err(Refusal::BadPath);
        }
        let body = self.form(data).await?;
        if self.gateway.development() {
            account.params = self.params(&body);
        }
        let now = self.gateway.clock.now();
        let examination = self.examine(&body, now, account)?;
        account.sender = examination.claimed_sender().map(str::to_owned);
        account.variant = examination.variant().map(lti::v1p1::Variant::name);
        account.return_url = examination.return_url().cloned();
        match examination.verdict().map_err(Refusal::Rejected)? {
            Verdict::Again(launch) => Ok((self.again(&launch, now)?, "again")),
            Verdict::Once(candidate) => {
                let spent = self.gateway.replay.spend(candidate.nonce(), now).await;
                let launch = candidate.admit(spent).map_err(Refusal::Rejected)?;
                Ok((self.open(&launch, now, account)?, "accepted"))
            }
        }
    }

    /// Keeps a refusal for whoever develops.
    fn remember(&self, refusal: &Refusal, reference: &str, account: &mut Account) {
        let Some(refusals) = &self.gateway.refusals else { return };
        let tool = &self.served.tool;
        let origin = self.gateway.public_url.origin_of(tool, &guard::authority(self.request));
        refusals.remember(Refused {
            reference: reference.to_owned(),
            at: self.gateway.clock.now(),
            tool: tool.name.clone(),
            consumer: account.sender.clone(),
            code: refusal.code(),
            reason: refusal.reason(),
            cause: account.cause.as_ref().map(|cause| (cause.code(), cause.to_string())),
            help: account.help(refusal),
            url: format!("{origin}{}", self.request.uri().path()),
            params: std::mem::take(&mut account.params),
            compared: account.compared.take(),
        });
    }

    /// Names of all parameters and the lengths of their values. Of what is malformed nothing can be told.
    fn params(&self, body: &[u8]) -> Vec<(String, usize)> {
        let query = self.request.uri().query().map(|query| query.as_str()).unwrap_or_default();
        let params = Params::default()
            .read_form(Source::Query, query.as_bytes())
            .and_then(|params| params.read_form(Source::Body, body));
        params.map_or_else(
            |_| Vec::new(),
            |params| {
                params.iter().map(|param| (param.name.to_owned(), param.value.len())).collect()
            },
        )
    }

    /// What a launch that counts for the first time leads to.
    fn open(
        &self,
        launch: &Launch,
        now: u64,
        account: &mut Account,
    ) -> Result<Response<'static>, Refusal> {
        let Gateway { ids, receipts, .. } = self.gateway;
        let tool = &self.served.tool;
        let id = ids.id(&tool.name, launch).ok_or(Refusal::PageFailed)?;
        // Also where the page fails: the nonce is spent, and a reload is to fail the same way.
        let path = tool.path.to_string();
        account.cookies.extend(receipts.set_cookie(
            &id,
            &path,
            tool.session.as_secs(),
            &launch.fingerprint,
            now,
        ));
        match &self.served.target {
            ServedTarget::Template(page) => self.page(page, launch),
            ServedTarget::Upstream(upstream) => self.session(upstream, launch, id, now, account),
        }
    }

    /// What the same form, sent again by the browser that sent it first, leads to.
    fn again(&self, launch: &Launch, now: u64) -> Result<Response<'static>, Refusal> {
        match &self.served.target {
            ServedTarget::Template(page) => self.page(page, launch),
            ServedTarget::Upstream(upstream) => {
                let tool = &self.served.tool;
                let id = self.gateway.ids.id(&tool.name, launch).ok_or(Refusal::PageFailed)?;
                // What could not become a session the first time cannot now.
                let takes_grade = self.takes_grade(upstream, launch);
                let minted = Session::mint(
                    launch,
                    id.clone(),
                    upstream.identity,
                    takes_grade,
                    tool.session,
                    now,
                );
                minted.map_err(|TooLong| Refusal::SessionTooLong)?;
                let prefix = place::prefix(self.served, upstream, &id);
                Ok(door::redirect(
                    Room::of(self.served, upstream, &id, &prefix),
                    &self.destination(),
                ))
            }
        }
    }

    /// Opens a session: the way to its door, with a ticket.
    fn session(
        &self,
        upstream: &Upstream,
        launch: &Launch,
        id: String,
        now: u64,
        account: &mut Account,
    ) -> Result<Response<'static>, Refusal> {
        let Visits { sessions, newest, .. } = &self.gateway.visits;
        let tool = &self.served.tool;
        let prefix = place::prefix(self.served, upstream, &id);
        let room = Room::of(self.served, upstream, &id, &prefix);
        let takes_grade = self.takes_grade(upstream, launch);
        let minted =
            Session::mint(launch, id.clone(), upstream.identity, takes_grade, tool.session, now);
        let (session, left_out) = minted.map_err(|TooLong| Refusal::SessionTooLong)?;
        if !left_out.is_empty() {
            let names: String = left_out.join(" ").chars().take(500).collect();
            tracing::warn!(target: "launch", tool = tool.name, left_out = names, "a session has space for 900 characters");
        }
        let sealed = sessions.seal(&session, &tool.name, room.id).ok_or(Refusal::PageFailed)?;
        let ticket = sessions
            .ticket(&session, &self.destination(), &tool.name, room.id, now + TICKET.as_secs())
            .ok_or(Refusal::PageFailed)?;
        newest.launched(&session);
        account.cookies.push(set_cookie(
            COOKIE,
            &sealed,
            room.cookie_path(),
            tool.session.as_secs(),
        ));
        Ok(page::see_other(format!("{}?{TICKET_PARAMETER}={ticket}", room.cookie_path())))
    }

    /// Whether the tool may send a grade to where this launch takes one.
    fn takes_grade(&self, upstream: &Upstream, launch: &Launch) -> bool {
        let Some(place) = launch.grade_place.as_ref().filter(|_| upstream.grades) else {
            return false;
        };
        let tool = self.served.tool.name.as_str();
        let accepts = self.gateway.grades.accepts(tool, place);
        if !accepts {
            tracing::warn!(target: "launch", tool, "grades cannot be sent where this launch takes them: its outcome URL is malformed, or not one that `outcome_hosts` allows");
        }
        accepts
    }

    /// Where in the upstream the launch URL leads. What of its query is OAuth's stays here.
    fn destination(&self) -> String {
        let path = if self.sub_path.is_empty() { "/" } else { self.sub_path };
        match self.request.uri().query().map(|query| query.as_str()) {
            Some(query) if !query.split('&').any(|pair| pair.starts_with("oauth_")) => {
                format!("{path}?{query}")
            }
            _ => path.to_owned(),
        }
    }

    /// The bytes of the form, bounded in size and time.
    async fn form(&self, data: Data<'_>) -> Result<Vec<u8>, Refusal> {
        let headers = self.request.headers();
        let media_type = headers.get_one("Content-Type").and_then(|value| value.split(';').next());
        if !media_type.is_some_and(|value| {
            value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }) {
            return Err(Refusal::NotForm);
        }
        let announced =
            headers.get_one("Content-Length").and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > LARGEST_BODY) {
            return Err(Refusal::TooLarge);
        }
        form::read(data, LARGEST_BODY).await
    }

    fn examine(
        &self,
        body: &[u8],
        now: u64,
        account: &mut Account,
    ) -> Result<Examination<SignatureFindings>, Refusal> {
        let Origin { scheme, authority } =
            self.gateway.public_url.origin_of(&self.served.tool, &guard::authority(self.request));
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
        let terms = &self.served.tool.terms(self.gateway.clock_skew, &self.gateway.known_secrets);
        let mut examination = examine(&request, terms, now, |fingerprint| {
            self.gateway.receipts.prove(headers.get("Cookie"), fingerprint, now)
        });
        if self.gateway.development() {
            account.compared = compared(&request, terms).map(|base| shape(&base));
            // Here there is time for the whole search, and it does no harm that its duration tells something.
            if examination.rejection().is_some() && account.params.len() <= MOST_SEARCHED {
                let suspects = self.gateway.suspects(&self.served.tool, &authority);
                let cause = near_miss(&request, terms, &suspects).map(|near_miss| near_miss.cause);
                if cause == Some(Cause::SecretAsKey) {
                    account.compared = None;
                }
                examination = examination.explained(cause);
            }
        }
        account.cause = examination.cause().cloned();
        Ok(examination)
    }

    fn page(&self, page: &Page, launch: &Launch) -> Result<Response<'static>, Refusal> {
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
