//! The user of a request, from the gateway's headers.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

pub struct Visitor {
    /// The prefix of the session: one per user and resource link.
    pub place: String,
    /// Identifies the user: `<consumer key>:<user id>`, or by LTI 1.3 `<platform>:<user id>`. Empty
    /// if the platform sends no user id.
    pub user: String,
    pub is_staff: bool,
    /// Allows a grade for this user and resource link, if the course accepts one. No browser may
    /// see it.
    pub grade_token: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header = |name| request.headers.get(name)?.to_str().ok().map(str::to_owned);
        let outside = (StatusCode::BAD_REQUEST, "Open this exercise from your course.");
        let roles = header("X-Forwarded-Groups").unwrap_or_default();
        Ok(Self {
            place: header("X-Forwarded-Prefix").ok_or(outside)?,
            user: header("X-Forwarded-User").unwrap_or_default(),
            is_staff: roles.split(',').any(|role| role == "instructor" || role == "administrator"),
            grade_token: header("X-LTI-Grade-Token"),
        })
    }
}

impl Visitor {
    /// Whether a user launched with the same consumer key, or from the same platform.
    pub fn shares_sender_with(&self, user: &str) -> bool {
        user.split(':').next() == self.user.split(':').next()
    }
}
