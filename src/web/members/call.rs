//! One call of `GET /members`, from its first byte to its log line.

use std::sync::Arc;
use std::time::Instant;

use lti::{Roles, Sender};
use rocket::http::Status;

use super::list::{ListedMembers, list};
use super::refusal::MembersRefusal;
use crate::config::{GradeAccess, Platform, Upstream};
use crate::platform::{NamedCourse, ServiceClient};
use crate::session::MembersToken;
use crate::web::gateway::Gateway;
use crate::web::grade::{Bearer, JsonResponse};
use crate::web::log_budget::NO_TOOL;
use crate::web::refusal::reference;

/// A call in progress.
pub(super) struct MembersCall<'g> {
    gateway: &'g Gateway,
    started: Instant,
}

/// What a valid token permits.
struct Permission<'g> {
    token: MembersToken,
    upstream: &'g Upstream,
    client: &'g Arc<ServiceClient>,
    platform: &'g Arc<Platform>,
}

impl<'g> MembersCall<'g> {
    /// Starts the clock of a call.
    pub(super) fn begin(gateway: &'g Gateway) -> Self {
        Self { gateway, started: Instant::now() }
    }

    /// Lists the members, logs the outcome and responds.
    pub(super) async fn answer(self, bearer: &Bearer<'_>, role: Option<&str>) -> JsonResponse {
        let permission = match self.permission(bearer) {
            Ok(permission) => permission,
            Err(refusal) => return self.refuse(None, &refusal),
        };
        let token = &permission.token;
        match self.members(&permission, role).await {
            Ok(ListedMembers { json, members }) => {
                let (tool, consumer) = (&token.tool, token.sender.log_name());
                let micros = self.started.elapsed().as_micros();
                tracing::info!(
                    target: "members", tool, consumer, outcome = "listed", members, micros
                );
                JsonResponse::new(Status::Ok, json)
            }
            Err(refusal) => self.refuse(Some(token), &refusal),
        }
    }

    /// Opens the token.
    fn permission(&self, bearer: &Bearer<'_>) -> Result<Permission<'g>, MembersRefusal> {
        let (gateway, now) = (self.gateway, self.gateway.clock.now());
        let sealed = bearer.sealed().ok_or(MembersRefusal::NoToken)?;
        let Some(token) = gateway.members_tokens.open(sealed, now) else {
            let is_grade_token = gateway.grade_tokens.open(sealed, now).is_some()
                || gateway.course_grade_tokens.open(sealed, now).is_some();
            return Err(match is_grade_token {
                true => MembersRefusal::NoMembers,
                false => MembersRefusal::BadToken,
            });
        };
        self.permitted(token).ok_or(MembersRefusal::BadToken)
    }

    /// What the token permits. `None` if the configuration or a newer launch ended it.
    fn permitted(&self, token: MembersToken) -> Option<Permission<'g>> {
        let tool = &self.gateway.routes.tool(&token.tool)?.tool;
        let upstream = tool.upstream()?;
        let Sender::Platform { name, .. } = &token.sender else { return None };
        let is_superseded =
            || self.gateway.session_cache.latest_launches.supersedes_launch(&token.mark);
        let may_launch = tool.roles.is_none_or(|roles| roles.intersects(token.mark.roles));
        if !may_launch
            || !upstream.members.intersects(token.mark.roles)
            || !tool.senders.contains(&token.sender)
            || is_superseded()
        {
            return None;
        }
        let client = self.gateway.service_clients.of(&token.sender)?;
        let platform = tool.senders.platforms.iter().find(|platform| platform.name == *name)?;
        Some(Permission { token, upstream, client, platform })
    }

    async fn members(
        &self,
        permission: &Permission<'_>,
        role: Option<&str>,
    ) -> Result<ListedMembers, MembersRefusal> {
        let Permission { token, upstream, client, platform } = permission;
        let named = |role: &str| Roles::named(role).ok_or(MembersRefusal::UnknownRole);
        let roles = role.map(named).transpose()?;
        let Gateway { grades, known_members, clock, .. } = self.gateway;
        let reading = known_members.begin_reading();
        let course = grades.platforms().members(client, &token.url, clock).await;
        let course = course.map_err(MembersRefusal::Failed)?;
        // From now on, the course staff may grade everybody in the response.
        if upstream.grades == GradeAccess::Course {
            let named = NamedCourse {
                client: Arc::clone(client),
                platform: Arc::clone(platform),
                url: token.url.clone(),
            };
            known_members.remember(&named, reading, &course, clock);
        }
        Ok(list(&token.context, &course, &platform.users(), upstream.identity, roles))
    }

    /// Logs a refused call and responds. Anyone on the internet can send one without a token, so
    /// these lines have a budget.
    pub(super) fn refuse(
        self,
        token: Option<&MembersToken>,
        refusal: &MembersRefusal,
    ) -> JsonResponse {
        let code = refusal.code();
        if token.is_none() && !self.gateway.log_budget().admits(NO_TOOL, code) {
            return refusal.respond(None);
        }
        let (reference, reason) = (reference(), refusal.log_reason());
        let tool = token.map_or(NO_TOOL, |token| token.tool.as_str());
        let consumer = token.map_or("-", |token| token.sender.log_name());
        let micros = self.started.elapsed().as_micros();
        match token {
            Some(_) => tracing::warn!(
                target: "members", tool, consumer, outcome = "refused", code, reference, micros,
                reason
            ),
            // Not a warning: anyone on the internet can cause this line.
            None => tracing::info!(
                target: "members", tool, consumer, outcome = "refused", code, reference, micros,
                reason
            ),
        }
        refusal.respond(Some(&reference))
    }
}
