//! The grade token in a request's `Authorization` header.

use std::convert::Infallible;

use rocket::Request;
use rocket::request::{FromRequest, Outcome};

use super::refusal::GradeRefusal;
use crate::session::GradeToken;
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

impl<'r> Bearer<'r> {
    /// The token, which may be any text.
    pub(in crate::web) fn sealed(&self) -> Option<&'r str> {
        self.0
    }

    /// Opens the grade token.
    ///
    /// # Errors
    /// [`GradeRefusal::NoToken`], or [`GradeRefusal::BadToken`] if the token is invalid, expired or
    /// revoked.
    pub(super) fn token(&self, gateway: &Gateway) -> Result<GradeToken, GradeRefusal> {
        let sealed = self.0.ok_or(GradeRefusal::NoToken)?;
        let token = gateway.grade_tokens.open(sealed, gateway.clock.now());
        token.filter(|token| gateway.grades.admits(token)).ok_or(GradeRefusal::BadToken)
    }
}
