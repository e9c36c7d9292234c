//! Who asks, as the gateway says it.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

pub struct Visitor {
    /// One per person and place in a course.
    pub place: String,
    /// `<consumer key>:<user id>`, which alone identifies a person; empty if the platform keeps it to itself.
    pub person: String,
    pub is_staff: bool,
    /// Allows a grade for this person and place, if the course takes one. It belongs to no browser.
    pub grade_token: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header = |name| request.headers.get(name)?.to_str().ok().map(str::to_owned);
        let outside = (
            StatusCode::BAD_REQUEST,
            "This exercise is opened from a course, through lti-gateway.",
        );
        let roles = header("X-Forwarded-Groups").unwrap_or_default();
        Ok(Self {
            place: header("X-Forwarded-Prefix").ok_or(outside)?,
            person: header("X-Forwarded-User").unwrap_or_default(),
            is_staff: roles.split(',').any(|role| role == "instructor" || role == "administrator"),
            grade_token: header("X-LTI-Grade-Token"),
        })
    }
}

impl Visitor {
    pub fn shares_consumer_with(&self, person: &str) -> bool {
        person.split(':').next() == self.person.split(':').next()
    }
}
