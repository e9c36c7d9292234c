//! The outcome of a rejected login: its log line and, in development, its entry at
//! `/dev/refusals`. An accepted login has none, because its launch has one.

use rocket::Response;

use super::call::LoginCall;

use crate::web::development::RejectedLaunch;
use crate::web::guard;
use crate::web::log_budget::NO_TOOL;
use crate::web::login_path::LOGIN_PATH;
use crate::web::refusal::{Refusal, RejectionPage, reference};
use crate::web::served::ServedTool;

/// The facts of a login, for the log.
#[derive(Default)]
pub(super) struct LoginRecord<'g> {
    /// The tool, if the login names one.
    pub(super) served: Option<&'g ServedTool>,
    /// The platform, if the login is from a configured one.
    pub(super) sender: Option<String>,
    /// In development, the names of the parameters and the lengths of their values.
    pub(super) params: Vec<(String, usize)>,
}

impl LoginRecord<'_> {
    /// Logs a rejected login within the budget, adds it to the list of development, and responds.
    pub(super) fn refuse(self, call: &LoginCall<'_>, refusal: &Refusal) -> Response<'static> {
        let gateway = call.gateway;
        let tool = self.served.map_or(NO_TOOL, |served| served.tool.name.as_str());
        let code = refusal.code();
        let is_logged = gateway.log_budget.admits(tool, code);
        let is_listed = gateway.development.is_some();
        let reference = if is_logged || is_listed { reference() } else { String::new() };
        let (reason, help) = (refusal.fact(), refusal.advice());
        if is_logged {
            let consumer = self.sender.as_deref().unwrap_or("-");
            let micros = call.started.elapsed().as_micros();
            let (reason, help) = (&*reason, &*help);
            tracing::warn!(
                target: "login", tool, consumer, outcome = "refused", code, reference, micros,
                reason, help
            );
        }
        let response = RejectionPage {
            refusal,
            institution: gateway.institution(),
            reference: &reference,
            return_url: None,
            frame_ancestors: self.served.map_or("*", |served| &served.tool.frame_ancestors),
            challenge: None,
        }
        .respond();
        if let Some(development) = &gateway.development {
            development.refusals.add_launch(RejectedLaunch {
                reference,
                at: gateway.clock.now(),
                tool: tool.to_owned(),
                consumer: self.sender,
                code,
                reason,
                cause: None,
                help,
                url: guard::url(&gateway.public_url, &call.authority, LOGIN_PATH),
                params: self.params,
                compared: None,
            });
        }
        response
    }
}
