//! The JSON body of `POST /grades`.

use lti::{ActivityProgress, GradingProgress, Progress, Score};
use rocket::Data;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::refusal::GradeRefusal;
use crate::state::Action;
use crate::web::body::{self, Arrival, BodyError};

/// The largest body, in bytes.
pub(in crate::web) const LARGEST_BODY: u64 = 64 * 1024;
/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 5000;

/// A score, and perhaps a comment and the progress of AGS.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GradeBody<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    score: Option<&'a RawValue>,
    comment: Option<String>,
    user: Option<String>,
    activity_progress: Option<String>,
    grading_progress: Option<String>,
}

/// A grade that an upstream sends.
pub(super) struct SentGrade {
    pub(super) action: Action,
    /// The learner whom the course staff grades.
    pub(super) user: Option<String>,
}

/// A field that is there, also if it is `null`.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(field).map(Some)
}

/// Reads the grade that an upstream sends.
///
/// # Errors
/// [`GradeRefusal::TooLarge`], [`GradeRefusal::Incomplete`], [`GradeRefusal::TooManyForms`] or
/// [`GradeRefusal::BadGrade`].
pub(super) async fn grade(arrival: Arrival, data: Data<'_>) -> Result<SentGrade, GradeRefusal> {
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
    let GradeBody { score, comment, user, activity_progress, grading_progress } =
        serde_json::from_slice(&body).map_err(|error| GradeRefusal::BadGrade(error.to_string()))?;
    let progress = progress(activity_progress.as_deref(), grading_progress.as_deref())?;
    // Keep a number's digits: a parsed number would be rounded.
    let digits = |score: &RawValue| match serde_json::from_str::<String>(score.get()) {
        Ok(string) => string,
        Err(_) => score.get().to_owned(),
    };
    let score = score.map(|score| Score::parse(&digits(score))).transpose();
    let score = score.map_err(|error| GradeRefusal::BadGrade(error.to_string()))?;
    let is_final = progress.is_none_or(|it| it.grading == GradingProgress::FullyGraded);
    if score.is_none() && is_final {
        return Err(GradeRefusal::BadGrade(match progress {
            None => "missing field `score`".to_owned(),
            Some(_) => {
                "missing field `score`: only another `grading_progress` than FullyGraded needs none"
                    .to_owned()
            }
        }));
    }
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
        return Err(GradeRefusal::BadGrade(format!(
            "the comment is longer than {LONGEST_COMMENT} characters"
        )));
    }
    Ok(SentGrade { action: Action::Replace { score, comment, progress }, user })
}

/// The progress of a body. `None` if it has none; one of its two fields implies the other.
fn progress(
    activity: Option<&str>,
    grading: Option<&str>,
) -> Result<Option<Progress>, GradeRefusal> {
    let unknown =
        |field: &str, all: String| GradeRefusal::BadGrade(format!("`{field}` is not one of {all}"));
    let names = |all: Vec<&'static str>| all.join(", ");
    if activity.is_none() && grading.is_none() {
        return Ok(None);
    }
    let Progress { activity: completed, grading: graded } = Progress::GRADED;
    let activity = match activity {
        Some(name) => ActivityProgress::named(name).ok_or_else(|| {
            let all = ActivityProgress::ALL.iter().map(|it| it.name()).collect();
            unknown("activity_progress", names(all))
        })?,
        None => completed,
    };
    let grading = match grading {
        Some(name) => GradingProgress::named(name).ok_or_else(|| {
            let all = GradingProgress::ALL.iter().map(|it| it.name()).collect();
            unknown("grading_progress", names(all))
        })?,
        None => graded,
    };
    Ok(Some(Progress { activity, grading }))
}
