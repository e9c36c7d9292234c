//! The grade token in a request's `Authorization` header.

use std::convert::Infallible;

use lti::Sender;
use rocket::Request;
use rocket::request::{FromRequest, Outcome};

use super::refusal::GradeRefusal;
use crate::session::{CourseGradeToken, GradeToken};
use crate::web::gateway::Gateway;

/// The token of `Authorization: Bearer <token>` (RFC 6750 §2.1), if there is exactly one header.
pub(in crate::web) struct Bearer<'r>(Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Bearer<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let mut values = request.headers().get("Authorization");
        let value = values.next().filter(|_| values.next().is_none());
        let value = value.and_then(|value| value.split_once(' '));
        let bearer = value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
        Outcome::Success(Self(bearer.map(|(_, token)| token.trim())))
    }
}

/// What a token permits.
pub(super) enum GradeAuthority {
    /// The grade of one learner.
    Learner(GradeToken),
    /// The grades of all learners at one resource link.
    Course(CourseGradeToken),
}

impl<'r> Bearer<'r> {
    /// The token, which may be any text.
    pub(in crate::web) fn sealed(&self) -> Option<&'r str> {
        self.0
    }

    /// Opens the grade token or the course grade token.
    ///
    /// # Errors
    /// [`GradeRefusal::NoToken`], or [`GradeRefusal::BadToken`] if the token is invalid, expired or
    /// revoked.
    pub(super) fn authority(&self, gateway: &Gateway) -> Result<GradeAuthority, GradeRefusal> {
        let sealed = self.0.ok_or(GradeRefusal::NoToken)?;
        let now = gateway.clock.now();
        let authority = match gateway.grade_tokens.open(sealed, now) {
            Some(token) => gateway.grades.admits(&token).then_some(GradeAuthority::Learner(token)),
            None => {
                let token = gateway.course_grade_tokens.open(sealed, now);
                token.filter(|token| admits(gateway, token)).map(GradeAuthority::Course)
            }
        };
        authority.ok_or(GradeRefusal::BadToken)
    }
}

/// Whether a course grade token is still valid: the tool may grade the course and has its sender,
/// and no newer launch gave its user other roles.
fn admits(gateway: &Gateway, token: &CourseGradeToken) -> bool {
    let Some(served) = gateway.routes.tool(&token.tool) else { return false };
    let tool = &served.tool;
    tool.upstream().is_some_and(|upstream| upstream.grades.is_course())
        && tool.senders.contains(&token.sender)
        && tool.roles.is_none_or(|roles| roles.intersects(token.mark.roles))
        && !gateway.session_cache.latest_launches.supersedes_launch(&token.mark)
}

impl GradeAuthority {
    /// The name of the tool.
    pub(super) fn tool(&self) -> &str {
        match self {
            Self::Learner(token) => &token.tool,
            Self::Course(token) => &token.tool,
        }
    }

    /// The sender of the launch.
    pub(super) fn sender(&self) -> &Sender {
        match self {
            Self::Learner(token) => &token.sender,
            Self::Course(token) => &token.sender,
        }
    }

    /// The platform's identifier of the learner. Empty for the course.
    pub(super) fn learner_reference(&self) -> &str {
        match self {
            Self::Learner(token) => token.place.learner_reference(),
            Self::Course(_) => "",
        }
    }
}
