//! The pages of a registration. The platform shows them in a frame.

use std::collections::BTreeSet;

use lti::v1p3::ToolDescription;
use rocket::Response;
use rocket::http::Status;
use serde::Serialize;

use super::call::RegisterCall;
use crate::config::{Platform, PlatformType};
use crate::platform::RegistrationMismatch;
use crate::session::RegistrationRequest;
use crate::url::UrlParts;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// The page that asks the admin. Without a form, it says where the link belongs.
#[derive(Serialize)]
struct ConfirmContext<'a> {
    title: &'a str,
    tool: &'a str,
    platform: &'a str,
    /// The host of the platform's configuration. Empty without a form.
    host: &'a str,
    field: &'a str,
    sealed: &'a str,
    values: Vec<SentValue>,
}

/// A value that the platform would receive.
#[derive(Serialize)]
struct SentValue {
    label: &'static str,
    values: Vec<String>,
}

#[derive(Serialize)]
struct RegisteredContext<'a> {
    title: &'a str,
    platform: &'a str,
    table: &'a str,
    is_moodle: bool,
}

#[derive(Serialize)]
struct RefusedContext<'a> {
    heading: &'a str,
    message: &'a str,
    code: &'a str,
    fact: &'a str,
    advice: &'a str,
    reference: &'a str,
}

/// The page for a browser that the platform did not send.
pub(super) fn without_platform(call: &RegisterCall<'_>) -> Result<Response<'static>, Refusal> {
    let context = confirm_context(call, "", "", "");
    let page = page::render("register.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::registering(page, "'none'").into_response(Status::Ok))
}

/// The page that shows what the platform would receive, and asks the admin.
pub(super) fn confirm(
    call: &RegisterCall<'_>,
    request: &RegistrationRequest,
    field: &str,
    sealed: &str,
) -> Result<Response<'static>, Refusal> {
    let parts = UrlParts::of_web(&request.configuration_url).ok_or(Refusal::PageFailed)?;
    let context = confirm_context(call, parts.authority, field, sealed);
    let page = page::render("register.html.tera", &context).ok_or(Refusal::PageFailed)?;
    let ancestors = frame_ancestors(call, Some(&request.configuration_url));
    Ok(Html::registering(page, &ancestors).into_response(Status::Ok))
}

fn confirm_context<'a>(
    call: &'a RegisterCall<'_>,
    host: &'a str,
    field: &'a str,
    sealed: &'a str,
) -> ConfirmContext<'a> {
    let ToolDescription {
        title,
        launch_url,
        login_url,
        keyset_url,
        scopes,
        wants_name,
        wants_email,
        ..
    } = description(call);
    let mut about = vec!["the user's id and roles".to_owned()];
    about.extend(wants_name.then(|| "the user's name".to_owned()));
    about.extend(wants_email.then(|| "the user's e-mail address".to_owned()));
    let short = |scope: &&str| scope.rsplit('/').next().unwrap_or_default().to_owned();
    let services = match scopes.as_slice() {
        [] => vec!["none".to_owned()],
        scopes => scopes.iter().map(short).collect(),
    };
    let values = [
        ("Name", vec![title]),
        ("Launch URL, redirect URI and content selection", vec![launch_url]),
        ("Login URL", vec![login_url]),
        ("Keyset URL", vec![keyset_url]),
        ("The tool asks for", about),
        ("Services", services),
    ];
    ConfirmContext {
        title: &call.tool.title,
        tool: &call.tool.name,
        platform: call.platform.name.as_str(),
        host,
        field,
        sealed,
        values: values.into_iter().map(|(label, values)| SentValue { label, values }).collect(),
    }
}

/// The page with the table to paste.
pub(super) fn registered(
    call: &RegisterCall<'_>,
    request: &RegistrationRequest,
    table: &str,
) -> Result<Response<'static>, Refusal> {
    let context = RegisteredContext {
        title: &call.tool.title,
        platform: call.platform.name.as_str(),
        table,
        is_moodle: call.platform.kind == Some(PlatformType::Moodle),
    };
    let page = page::render("registered.html.tera", &context).ok_or(Refusal::PageFailed)?;
    let ancestors = frame_ancestors(call, Some(&request.configuration_url));
    Ok(Html::registering(page, &ancestors).into_response(Status::Ok))
}

/// The page of a refused registration. It is for admins, so it shows code and reason.
pub(super) fn refused(
    call: Option<&RegisterCall<'_>>,
    refusal: &Refusal,
    reference: &str,
) -> Option<Response<'static>> {
    let (heading, message) = refusal.page_text();
    let fact = match refusal {
        // The log must not have the platform's message, which may name people.
        Refusal::RegistrationRefused(error) => error.with_message(),
        Refusal::RegistrationMismatch(RegistrationMismatch::Issuer { found, .. }) => {
            let issuer: String = found.chars().take(100).collect();
            format!("{}: {issuer}", refusal.fact())
        }
        refusal => refusal.fact(),
    };
    let (fact, advice) = (&*fact, &*refusal.advice());
    let code = refusal.code();
    let context = RefusedContext { heading, message, code, fact, advice, reference };
    let page = page::render("register_refused.html.tera", &context)?;
    let ancestors = match call {
        Some(call) => frame_ancestors(call, None),
        // The platform of a link that does not open is unknown. The page has no button.
        None => "*".to_owned(),
    };
    Some(Html::registering(page, &ancestors).into_response(refusal.status()))
}

/// The tool for its registration.
pub(super) fn description(call: &RegisterCall<'_>) -> ToolDescription {
    let public_url = &call.gateway.public_url;
    call.tool.description(call.platform, public_url, Some(&call.authority))
}

/// Whether the table says that the platform is Canvas.
pub(super) fn is_canvas(platform: &Platform) -> bool {
    platform.kind == Some(PlatformType::Canvas)
}

/// The sites that may frame a page: those of the platform. Canvas's pages are at another host than
/// its configuration.
fn frame_ancestors(call: &RegisterCall<'_>, configuration_url: Option<&str>) -> String {
    if call.gateway.development.is_some() {
        // The practice platform has several names.
        return "http: https:".to_owned();
    }
    let platform = call.platform;
    let of_table = [platform.written.url.as_deref(), platform.auth_url.as_deref()];
    let urls = configuration_url.into_iter().chain(of_table.into_iter().flatten());
    let origins: BTreeSet<String> =
        urls.filter_map(|url| Some(UrlParts::of_web(url)?.origin()?.to_string())).collect();
    match origins.is_empty() {
        true => "'none'".to_owned(),
        false => origins.into_iter().collect::<Vec<_>>().join(" "),
    }
}
