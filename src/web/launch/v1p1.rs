//! LTI 1.0 to 1.2: an OAuth 1.0a signature over the form.

use lti::Rejection;
use lti::admission::Examination;
use lti::oauth1::{Params, Source};
use lti::v1p1::{
    Cause, DiagnosisContext, LaunchPolicy, LaunchRequest, ReadLaunch, ReceivedOrigin,
    SignatureFindings, diagnose, examine_read, expected_base_string, redact_base_string,
};

use super::call::LaunchCall;
use super::record::LaunchRecord;
use super::verified::VerifiedLaunch;
use crate::url::{Origin, Scheme};
use crate::web::guard;
use crate::web::links::is_allowed;
use crate::web::refusal::Refusal;

/// The maximum of parameters for the long search of a cause in development. The search tries each
/// parameter. edX sends about 40.
const MOST_SEARCHED: usize = 100;

/// Examines a launch.
///
/// # Errors
/// [`Refusal::Rejected`].
pub(super) fn examine(
    call: &LaunchCall<'_>,
    form: &[u8],
    now: u64,
    record: &mut LaunchRecord,
) -> Result<VerifiedLaunch, Refusal> {
    record.challenge = Some("OAuth");
    let examination = examination(call, form, now, record)?;
    let examination = examination.accepting_links_at(|url| is_allowed(call.gateway, url));
    record.sender = examination.claimed_sender().map(str::to_owned);
    record.variant = examination.variant();
    record.return_url = examination.return_url().cloned();
    let verdict = examination.verdict().map_err(Refusal::Rejected)?;
    Ok(VerifiedLaunch { verdict, destination: destination(call) })
}

fn examination(
    call: &LaunchCall<'_>,
    body: &[u8],
    now: u64,
    record: &mut LaunchRecord,
) -> Result<Examination<SignatureFindings>, Refusal> {
    let LaunchCall { gateway, served, request, .. } = call;
    let received = guard::authority(request);
    let Origin { scheme, authority } = gateway.public_url.origin_of(&served.tool, &received);
    let headers = request.headers();
    let mut authorizations = headers.get("Authorization").filter_map(oauth_credentials);
    let authorization = authorizations.next();
    if authorizations.next().is_some() {
        return Err(Refusal::Rejected(Rejection::BrokenAuthorization));
    }
    let uri = request.uri();
    let launch = LaunchRequest {
        scheme: scheme.as_str(),
        authority: &authority,
        path: uri.path().as_str(),
        query: uri.query().map(|query| query.as_str()),
        authorization,
        body,
    };
    let launch = launch.read().received_at(ReceivedOrigin {
        scheme: headers.get_one("X-Forwarded-Proto").and_then(forwarded_scheme),
        authority: &received,
    });
    let policy = &served.policy;
    let proves = |fingerprint: &[u8; 16]| {
        gateway.receipts.prove(headers.get("Cookie").map(str::as_bytes), fingerprint, now)
    };
    let development = gateway.development.as_ref();
    record.params = development.and(launch.params().map(lengths)).unwrap_or_default();
    let examination = match development.filter(|_| !gateway.is_exposed()) {
        None => {
            let may_search = || gateway.cause_budget.spend(gateway.clock.now_in_millis());
            examine_read(launch, policy, now, proves, may_search)
        }
        Some(development) => {
            let examination = examine_read(launch.clone(), policy, now, proves, || true);
            let context =
                || development.context(&served.tool.name, gateway.launch_urls(&authority));
            explained(&launch, policy, context, examination, record)
        }
    };
    record.cause = examination.cause().cloned();
    record.secret = examination.secret();
    Ok(examination)
}

/// The examination, with the cause that the long search finds.
///
/// Only development runs this search: it is slow, and its duration depends on the secrets (a timing
/// side channel).
fn explained(
    launch: &ReadLaunch<'_>,
    policy: &LaunchPolicy,
    context: impl FnOnce() -> DiagnosisContext,
    examination: Examination<SignatureFindings>,
    record: &mut LaunchRecord,
) -> Examination<SignatureFindings> {
    record.compared = expected_base_string(launch, policy).map(|base| redact_base_string(&base));
    if examination.rejection().is_none() || record.params.len() > MOST_SEARCHED {
        return examination;
    }
    let cause = diagnose(launch, policy, &context()).map(|diagnosis| diagnosis.cause);
    if cause == Some(Cause::SecretAsKey) {
        record.compared = None;
    }
    examination.with_cause(cause)
}

/// The names of the parameters in query and form, and the lengths of their values.
fn lengths(params: &Params) -> Vec<(String, usize)> {
    params
        .iter()
        .filter(|param| param.source != Source::Header)
        .map(|param| (param.name.to_owned(), param.value.len()))
        .collect()
}

/// The path and query at the upstream. A query with OAuth parameters is not part of it.
fn destination(call: &LaunchCall<'_>) -> String {
    let path = if call.sub_path.is_empty() { "/" } else { call.sub_path };
    match call.request.uri().query().map(|query| query.as_str()) {
        Some(query) if !query.split('&').any(|pair| pair.starts_with("oauth_")) => {
            format!("{path}?{query}")
        }
        _ => path.to_owned(),
    }
}

/// The credentials of an `Authorization` header with the scheme `OAuth`, the only scheme of LTI.
pub(in crate::web) fn oauth_credentials(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("OAuth").then_some(credentials)
}

/// The scheme of an `X-Forwarded-Proto` header. If several proxies wrote it, the first is the
/// browser's. Anyone can send it: it only helps to name the cause of a wrong signature.
fn forwarded_scheme(value: &str) -> Option<&'static str> {
    let first = value.split(',').next().unwrap_or_default();
    Scheme::named(first.trim()).map(Scheme::as_str)
}
