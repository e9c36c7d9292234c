//! The JSON body of `POST /grades`.

use lti::Score;
use rocket::Data;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::GradeRefusal;
use crate::state::Action;
use crate::web::body::{self, Arrival, BodyError};

/// The largest body, in bytes.
pub(in crate::web) const LARGEST_BODY: u64 = 64 * 1024;
/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 5000;

/// A score, and perhaps a comment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GradeBody<'a> {
    #[serde(borrow)]
    score: &'a RawValue,
    comment: Option<String>,
}

/// Reads the grade that an upstream sends.
///
/// # Errors
/// [`GradeRefusal::TooLarge`], [`GradeRefusal::Incomplete`], [`GradeRefusal::TooManyForms`] or
/// [`GradeRefusal::BadGrade`].
pub(super) async fn action(arrival: Arrival, data: Data<'_>) -> Result<Action, GradeRefusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge(limit) => GradeRefusal::TooLarge(limit),
        BodyError::Incomplete => GradeRefusal::Incomplete,
        BodyError::NoSpace => GradeRefusal::TooManyForms,
    })?;
    // Serde also accepts an array in place of the object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(GradeRefusal::BadGrade(
            "the body is not a JSON object such as {\"score\": 0.92}".to_owned(),
        ));
    }
    let GradeBody { score, comment } =
        serde_json::from_slice(&body).map_err(|error| GradeRefusal::BadGrade(error.to_string()))?;
    // Keep a number's digits: a parsed number would be rounded.
    let digits = match serde_json::from_str::<String>(score.get()) {
        Ok(string) => string,
        Err(_) => score.get().to_owned(),
    };
    let score = Score::parse(&digits).map_err(|error| GradeRefusal::BadGrade(error.to_string()))?;
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
        return Err(GradeRefusal::BadGrade(format!(
            "the comment is longer than {LONGEST_COMMENT} characters"
        )));
    }
    Ok(Action::Replace { score, comment })
}
