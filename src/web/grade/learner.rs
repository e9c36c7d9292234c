//! The learner of a grade call: the one of a grade token, or the one whom the course staff names.

use std::sync::Arc;

use lti::Sender;
use tokio::time::timeout;

use super::bearer::GradeAuthority;
use super::refusal::GradeRefusal;
use crate::config::Platform;
use crate::platform::{MembersError, NamedCourse, PlatformError};
use crate::session::{CourseGradeToken, GradeToken};
use crate::web::gateway::Gateway;

/// The grade token of the learner. `user` is the learner whom the request names.
///
/// # Errors
/// [`GradeRefusal::UserNotAllowed`], [`GradeRefusal::UserMissing`], [`GradeRefusal::OwnResultOnly`],
/// [`GradeRefusal::UnknownUser`], [`GradeRefusal::MembersFailed`], and [`GradeRefusal::BadToken`] if
/// the configuration has changed.
pub(super) async fn learner(
    gateway: &Gateway,
    authority: &GradeAuthority,
    user: Option<&str>,
) -> Result<GradeToken, GradeRefusal> {
    let token = match (authority, user) {
        (GradeAuthority::Learner(token), None) => return Ok(token.clone()),
        (GradeAuthority::Learner(_), Some(_)) => return Err(GradeRefusal::UserNotAllowed),
        (GradeAuthority::Course(token), _) => token,
    };
    if !token.has_line_item() {
        return Err(GradeRefusal::OwnResultOnly);
    }
    let user = user.ok_or(GradeRefusal::UserMissing)?;
    let sub = sub(gateway, token, user).await?.ok_or(GradeRefusal::UnknownUser)?;
    token.for_learner(&sub, user).ok_or(GradeRefusal::BadToken)
}

/// The platform's own id of a user, who is a member of the course if the platform lists its
/// members. `None` for any other user.
async fn sub(
    gateway: &Gateway,
    token: &CourseGradeToken,
    user: &str,
) -> Result<Option<String>, GradeRefusal> {
    let served = gateway.routes.tool(&token.tool).ok_or(GradeRefusal::BadToken)?;
    let platform = platform(&served.tool.senders.platforms, &token.sender);
    let platform = platform.ok_or(GradeRefusal::BadToken)?;
    let upstream = served.tool.upstream().ok_or(GradeRefusal::BadToken)?;
    let client = gateway.service_clients.of(&token.sender).ok_or(GradeRefusal::BadToken)?;
    let Some(url) = &token.memberships else { return Ok(platform.users().sub(user)) };
    let course = NamedCourse {
        client: Arc::clone(client),
        platform: Arc::clone(platform),
        url: url.clone(),
    };
    let platforms = gateway.grades.platforms();
    let find = gateway.known_members.find(platforms, &course, user, &gateway.clock);
    match timeout(upstream.timeout, find).await.unwrap_or(Err(MembersError::Slow)) {
        Ok(sub) => Ok(sub),
        // The platform names a list, and grants no access to it. This is a platform without a list.
        Err(MembersError::Platform(PlatformError::ScopeRefused { .. })) => {
            Ok(platform.users().sub(user))
        }
        Err(error) => Err(GradeRefusal::MembersFailed(error)),
    }
}

/// The platform of a sender.
fn platform<'p>(platforms: &'p [Arc<Platform>], sender: &Sender) -> Option<&'p Arc<Platform>> {
    let Sender::Platform { name, .. } = sender else { return None };
    platforms.iter().find(|platform| platform.name == *name)
}
