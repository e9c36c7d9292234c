//! A captured launch by LTI 1.3: a form with a token, or only the token.

use std::fs;

use lti::jose::Keyset;
use lti::oauth1::encode::encode;
use lti::oauth1::{Params, Source};
use lti::v1p3::{
    AnsweredLogin, ClaimedToken, Client, FetchedKeys, LaunchUrl, LoginRequest, TokenForm,
    TokenPolicy, TrustedPlatform, examine_token, examine_without_keys, find_client, read_token,
};
use lti::{PlatformName, Rejection};

use super::arguments::ExplainArguments;
use super::arrival::ArrivalTime;
use super::case::Case;
use super::token_report::{StateUse, TokenOutcome, TokenReport};
use crate::cli::machine::now;
use crate::cli::message::no_certificates;
use crate::clock::Clock;
use crate::platform::{KeysetCache, Platforms};
use crate::practice::v1p3::{ISSUER, practice_platform};
use crate::session::{LoginState, Logins};

/// The token of a capture, with the login that it answers as far as it is known.
struct CapturedToken {
    id_token: String,
    /// The state, if the capture has one and it opens.
    state: Option<LoginState>,
    claimed: Option<ClaimedToken>,
}

/// Examines a launch by LTI 1.3. `None` if the capture is another one, or if the tool has no
/// platforms.
///
/// # Errors
/// The message for the terminal, if the keys cannot be read.
pub(super) fn examine<'c>(
    case: &'c Case,
    explain: &ExplainArguments,
) -> Result<Option<TokenReport<'c>>, String> {
    let Ok(params) = Params::default().read_form(Source::Body, &case.capture.body) else {
        return Ok(None);
    };
    if !TokenForm::is_answer(&params) {
        return Ok(None);
    }
    let field = |name: &str| {
        let mut fields = params.iter().filter(|param| param.name == name);
        fields.next().map(|param| param.value)
    };
    let id_token = field("id_token").unwrap_or_default();
    let claimed = ClaimedToken::read(id_token).ok();
    let platforms = trusted(case, claimed.as_ref());
    if platforms.is_empty() {
        return Ok(None);
    }
    let state = field("state");
    let opened = state
        .and_then(|state| Logins::new(&case.config.secrets).open_state(state, &case.tool.name));
    let mut report = TokenReport {
        case,
        fields: params.iter().count(),
        platform: None,
        state: match (&opened, case.capture.is_bare_token) {
            (Some(state), _) => StateUse::Opened(state.expires),
            (None, true) => StateUse::Missing,
            (None, false) => StateUse::Unusable,
        },
        arrival: ArrivalTime::of(
            explain.at,
            case.capture.sent_at,
            claimed.as_ref().and_then(|claimed| claimed.issued),
            now(),
        ),
        outcome: TokenOutcome::Early(Rejection::NoState),
    };
    let form = TokenForm::read(&params);
    let token = match form {
        Ok(_) if opened.is_none() => Err(Rejection::BadState),
        Ok(form) => Ok(CapturedToken { id_token: form.id_token, state: opened, claimed }),
        Err(Rejection::NoState) if case.capture.is_bare_token => {
            Ok(CapturedToken { id_token: id_token.to_owned(), state: None, claimed })
        }
        Err(rejection) => Err(rejection),
    };
    report.outcome = match token {
        Ok(token) => match outcome(case, explain, &token, &platforms, &mut report) {
            Ok(outcome) => outcome,
            Err(TokenFailure::Rejected(rejection)) => TokenOutcome::Early(rejection),
            Err(TokenFailure::Unreadable(why)) => return Err(why),
        },
        Err(rejection) => TokenOutcome::Early(rejection),
    };
    Ok(Some(report))
}

/// Why a token is not examined.
enum TokenFailure {
    Rejected(Rejection),
    /// The keys cannot be read. Contains the message for the terminal.
    Unreadable(String),
}

impl From<Rejection> for TokenFailure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

fn outcome(
    case: &Case,
    explain: &ExplainArguments,
    token: &CapturedToken,
    platforms: &[TrustedPlatform],
    report: &mut TokenReport<'_>,
) -> Result<TokenOutcome, TokenFailure> {
    let (platform, client) = sender(case, token, platforms)?;
    report.platform = Some(format!("{}, client {}", platform.name, client.id.as_str()));
    let (expected, tool) = (&case.expected, &case.tool);
    let launch_url = LaunchUrl::new(&expected.scheme, &expected.authority, tool.path.as_str());
    let policy = TokenPolicy {
        tool: &tool.name,
        launch_url: &launch_url,
        platform,
        client,
        consumers: &tool.senders.consumers,
        roles: tool.roles,
        declares_line_item: tool.declares_line_item(),
        clock_skew: case.policy.clock_skew,
    };
    let claimed = token.claimed.as_ref().and_then(|claimed| claimed.nonce.as_deref());
    let state = token.state.as_ref();
    let login = AnsweredLogin {
        nonce: state.map_or(claimed, |state| Some(&state.nonce)).unwrap_or_default(),
        expires: state.map_or(u64::MAX, |state| state.expires),
        same_browser: true,
    };
    let at = report.arrival.seconds();
    let read = read_token(&token.id_token, &login, &policy, at, |_| false)?;
    Ok(match keys(case, explain, client, read.key_id())? {
        Some((keyset, age)) => {
            let keys = FetchedKeys { keyset: &keyset, age };
            let examination = examine_token(&read, keys, &login, &policy, at);
            let examination = examination.accepting_links_at(|url| case.accepts_links_at(url));
            TokenOutcome::Verified(Box::new(examination))
        }
        None => {
            TokenOutcome::Unverified(Box::new(examine_without_keys(&read, &login, &policy, at)))
        }
    })
}

/// The platforms that may launch the tool. In development, the practice platform is one of them.
fn trusted(case: &Case, claimed: Option<&ClaimedToken>) -> Vec<TrustedPlatform> {
    let mut platforms: Vec<TrustedPlatform> =
        case.config.platforms.iter().filter_map(|platform| platform.trusted()).collect();
    let is_practice = claimed.is_some_and(|claimed| claimed.issuer.as_deref() == Some(ISSUER));
    if case.config.development && is_practice {
        platforms.extend(practice_platform([case.tool.name.as_str()]).trusted());
    } else if case.tool.senders.platforms.is_empty() {
        platforms.clear();
    }
    platforms
}

/// Platform and client: those of the state. Without a state, those that the token names.
fn sender<'p>(
    case: &Case,
    token: &CapturedToken,
    platforms: &'p [TrustedPlatform],
) -> Result<(&'p TrustedPlatform, &'p Client), Rejection> {
    let is_allowed = |name: &PlatformName| {
        case.tool.senders.platform(name).is_some()
            || case.config.platforms.iter().all(|platform| platform.name != *name)
    };
    if let Some(state) = &token.state {
        let platform = platforms.iter().find(|platform| platform.name == state.platform);
        let platform = platform.filter(|platform| is_allowed(&platform.name));
        let platform =
            platform.ok_or_else(|| Rejection::PlatformNotAllowed(state.platform.clone()))?;
        let client = platform.clients.iter().find(|client| client.id == state.client);
        return match client {
            Some(client) => Ok((platform, client)),
            None => Err(Rejection::UnknownPlatform {
                issuer: platform.issuer.clone(),
                client: state.client.as_str().to_owned(),
                near: Some(platform.name.clone()),
            }),
        };
    }
    let claimed = match &token.claimed {
        Some(claimed) => claimed,
        None => match ClaimedToken::read(&token.id_token) {
            Err(fault) => return Err(Rejection::NotToken(fault)),
            Ok(_) => return Err(Rejection::NoState),
        },
    };
    let issuer = claimed.issuer.as_deref().unwrap_or("(none)");
    let mut found = Err(Rejection::WrongAudience { found: None, authorized: None });
    for audience in &claimed.audiences {
        let login = format!(
            "iss={}&login_hint=-&target_link_uri=-&client_id={}",
            encode(issuer),
            encode(audience)
        );
        let params = Params::default().read_form(Source::Query, login.as_bytes())?;
        found = find_client(&LoginRequest::read(&params)?, platforms, is_allowed);
        if found.is_ok() {
            break;
        }
    }
    found
}

/// The keyset and its age in seconds; `None` without an option that names it.
fn keys(
    case: &Case,
    explain: &ExplainArguments,
    client: &Client,
    key_id: &str,
) -> Result<Option<(Keyset, u64)>, TokenFailure> {
    if let Some(file) = &explain.keys {
        let shown = file.display();
        let read = fs::read(file).map_err(|error| {
            TokenFailure::Unreadable(format!(
                "error: {shown} cannot be read: {error}\n  \
                 = help: save the platform's keyset in it: {}\n",
                client.jwks_url
            ))
        })?;
        let keyset = Keyset::read(&read).map_err(|fault| {
            TokenFailure::Unreadable(format!(
                "error: {shown} is no keyset: {fault}\n  \
                 = help: save the platform's keyset in it: {}\n",
                client.jwks_url
            ))
        })?;
        return Ok(Some((keyset, 0)));
    }
    if !explain.ask {
        return Ok(None);
    }
    let with_tls = case.config.needs_certificates();
    let platforms = Platforms::new(case.config.outcomes.clone(), with_tls)
        .map_err(|error| TokenFailure::Unreadable(no_certificates(&error)))?;
    let cache = KeysetCache::new(platforms, Clock::new(now));
    let url = &client.jwks_url;
    match rocket::execute(cache.keyset(url, key_id)) {
        Ok(cached) => Ok(Some((Keyset::clone(&cached.keyset), cached.age))),
        Err(message) => {
            Err(Rejection::PlatformKeysUnreachable { url: url.clone(), message }.into())
        }
    }
}
