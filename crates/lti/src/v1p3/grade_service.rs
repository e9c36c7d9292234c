//! The messages of the Assignment and Grade Services (AGS 2.0): scores, results and line items.
//!
//! Numbers stay strings of digits, because a floating-point number cannot represent every decimal.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::decimal::ratio;
use super::json_items::{each_item, string};
use crate::progress::Progress;
use crate::score::Score;

/// The media type of a score.
pub const SCORE_TYPE: &str = "application/vnd.ims.lis.v1.score+json";
/// The media type of a list of results.
pub const RESULTS_TYPE: &str = "application/vnd.ims.lis.v2.resultcontainer+json";
/// The media type of a line item.
pub const LINE_ITEM_TYPE: &str = "application/vnd.ims.lis.v2.lineitem+json";
/// The media type of a list of line items.
pub const LINE_ITEMS_TYPE: &str = "application/vnd.ims.lis.v2.lineitemcontainer+json";
/// The largest response of the service, in bytes. edX returns the results of all learners at once.
pub const LARGEST_PAGE: usize = 4 * 1024 * 1024;

/// A score for a learner.
pub struct ScoreMessage<'a> {
    /// The platform's own id of the learner.
    pub user: &'a str,
    /// The score from 0 to 1; `None` to clear the result, or for a progress alone.
    pub score: Option<&'a Score>,
    /// A comment for the learner.
    pub comment: Option<&'a str>,
    /// The timestamp, in milliseconds since the epoch.
    pub timestamp: u64,
    /// The progress.
    pub progress: Progress,
    /// Whether an earlier attempt may have sent the same score. Canvas would otherwise count it as
    /// another submission of the learner.
    pub is_retry: bool,
}

/// The JSON of a score.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScoreJson<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_given: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_maximum: Option<u8>,
    /// Empty without a comment: edX would otherwise keep an older one beside the new score.
    comment: &'a str,
    timestamp: String,
    activity_progress: &'static str,
    grading_progress: &'static str,
    #[serde(
        rename = "https://canvas.instructure.com/lti/submission",
        skip_serializing_if = "Option::is_none"
    )]
    canvas_submission: Option<CanvasSubmission>,
}

/// Canvas's extension of a score.
#[derive(Serialize)]
struct CanvasSubmission {
    new_submission: bool,
}

impl ScoreMessage<'_> {
    /// The body of the request.
    ///
    /// # Errors
    /// Never: a score is a number in JSON, too.
    pub fn body(&self) -> serde_json::Result<String> {
        let digits: Option<&RawValue> =
            self.score.map(|score| serde_json::from_str(score.as_str())).transpose()?;
        serde_json::to_string(&ScoreJson {
            user_id: self.user,
            score_given: digits,
            score_maximum: digits.map(|_| 1),
            comment: self.comment.unwrap_or_default(),
            timestamp: timestamp(self.timestamp),
            activity_progress: self.progress.activity.name(),
            grading_progress: self.progress.grading.name(),
            canvas_submission: self.is_retry.then_some(CanvasSubmission { new_submission: false }),
        })
    }
}

/// A timestamp in milliseconds since the epoch as ISO 8601, in UTC. The latest is the end of the
/// year 9999.
pub fn timestamp(milliseconds: u64) -> String {
    const LATEST: u64 = 253_402_300_799;
    let seconds = (milliseconds / 1000).min(LATEST);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        milliseconds % 1000
    )
}

/// The date of a number of days since the epoch, in the Gregorian calendar. Its years begin in
/// March, so that a leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    /// The days from 0000-03-01 to the epoch.
    const BEFORE_EPOCH: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days.saturating_add(BEFORE_EPOCH);
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let (month, more) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + more, month, of_month)
}

/// A learner's result. `Debug` hides it, because it is personal data.
#[derive(Default, PartialEq, Eq)]
pub struct LearnerResult {
    /// The score, as a decimal; `None` if the platform has no score.
    pub score: Option<String>,
    /// The comment.
    pub comment: Option<String>,
}

/// Why a response is not a list of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GradeServiceError {
    /// It is too large.
    #[error("the response is larger than {} MiB", LARGEST_PAGE / 1024 / 1024)]
    TooLarge,
    /// It is not a JSON list of objects.
    #[error("the response is not a JSON list of results or line items")]
    NotAList,
    /// The score or its maximum is not a decimal, or the maximum is 0.
    #[error("the score in the platform's response is not a number")]
    NotANumber,
    /// A created line item has no URL.
    #[error("the platform's response names no line item")]
    NoLineItem,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson<'a> {
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result_score: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result_maximum: Option<&'a RawValue>,
    #[serde(borrow, default)]
    comment: Option<&'a RawValue>,
}

/// Finds the result of one learner in a page of results. Platforms may return those of all
/// learners.
///
/// # Errors
/// Any [`GradeServiceError`].
pub fn find_result(body: &[u8], user: &str) -> Result<Option<LearnerResult>, GradeServiceError> {
    let is_of_user = |result: &ResultJson<'_>| is_text(result.user_id, user);
    let Some(found) = find(body, is_of_user)? else { return Ok(None) };
    let comment = string(found.comment).filter(|comment| !comment.is_empty());
    let score = found.result_score.map(digits).filter(|digits| !digits.is_empty());
    let Some(score) = score else { return Ok(Some(LearnerResult { score: None, comment })) };
    // Without a maximum, it is 1 (AGS §3.3.4.2).
    let maximum = found.result_maximum.map(digits).filter(|digits| !digits.is_empty());
    let score = ratio(&score, maximum.as_deref().unwrap_or("1"));
    Ok(Some(LearnerResult { score: Some(score.ok_or(GradeServiceError::NotANumber)?), comment }))
}

/// The digits of a JSON number, also inside a string.
fn digits(value: &RawValue) -> String {
    match string(Some(value)) {
        Some(text) => text.trim().to_owned(),
        None => value.get().to_owned(),
    }
}

/// Whether a JSON value is this text. Some platforms write ids as numbers.
fn is_text(value: Option<&RawValue>, text: &str) -> bool {
    let is_number = |value: &RawValue| {
        value.get() == text && text.starts_with(|letter: char| letter.is_ascii_digit())
    };
    value.is_some_and(is_number) || string(value).is_some_and(|value| value == text)
}

/// A line item that the gateway declares.
pub struct LineItemMessage<'a> {
    /// The title of the column.
    pub label: &'a str,
    /// The maximum of its grades, as a decimal.
    pub maximum: &'a str,
    /// The gateway's id for it.
    pub resource_id: &'a str,
    /// The resource link.
    pub resource_link_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineItemJson<'a> {
    label: &'a str,
    score_maximum: &'a RawValue,
    resource_id: &'a str,
    resource_link_id: &'a str,
}

impl LineItemMessage<'_> {
    /// The body of the request that creates the line item.
    ///
    /// # Errors
    /// The error for a maximum that is not a number in JSON.
    pub fn body(&self) -> serde_json::Result<String> {
        serde_json::to_string(&LineItemJson {
            label: self.label,
            score_maximum: serde_json::from_str(self.maximum)?,
            resource_id: self.resource_id,
            resource_link_id: self.resource_link_id,
        })
    }
}

/// The gateway's id of the line item of a tool at a resource link: a hash, so that the gateway
/// stores nothing.
pub fn resource_id(tool: &str, resource_link_id: &str) -> String {
    let mut digest = Sha256::new();
    for part in [tool, resource_link_id] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedLineItem<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resource_id: Option<&'a RawValue>,
}

/// Finds the line item with the gateway's id in a page of line items, and returns its URL.
/// Platforms may ignore the filter of the request.
///
/// # Errors
/// [`GradeServiceError::NotAList`].
pub fn find_line_item(body: &[u8], resource_id: &str) -> Result<Option<String>, GradeServiceError> {
    let is_ours = |item: &ListedLineItem<'_>| is_text(item.resource_id, resource_id);
    Ok(find(body, is_ours)?.and_then(|item| string(item.id)))
}

/// The URL of the line item that a platform created.
///
/// # Errors
/// [`GradeServiceError::NoLineItem`].
pub fn created_line_item(body: &[u8]) -> Result<String, GradeServiceError> {
    let item: Option<ListedLineItem<'_>> = serde_json::from_slice(body).ok();
    item.and_then(|item| string(item.id)).ok_or(GradeServiceError::NoLineItem)
}

/// The first such item of a JSON list.
fn find<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    is_found: impl Fn(&T) -> bool,
) -> Result<Option<T>, GradeServiceError> {
    let mut found = None;
    // Serde also reads an object from a list of its values.
    let each = |item| {
        if found.is_none() && is_found(&item) {
            found = Some(item);
        }
    };
    each_item(body, each).map_err(|_| GradeServiceError::NotAList)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::{ActivityProgress, GradingProgress};

    #[test]
    fn a_score_keeps_its_digits() {
        for digits in ["0", "1", "0.30000000000000004", "0.10", "1.000"] {
            let score = Score::parse(digits).expect("a score");
            let message = ScoreMessage {
                user: "u\"1",
                score: Some(&score),
                comment: None,
                timestamp: 1_700_000_000_007,
                progress: Progress::GRADED,
                is_retry: false,
            };
            let expected = format!(
                "{{\"userId\":\"u\\\"1\",\"scoreGiven\":{digits},\"scoreMaximum\":1,\
                 \"comment\":\"\",\"timestamp\":\"2023-11-14T22:13:20.007Z\",\
                 \"activityProgress\":\"Completed\",\"gradingProgress\":\"FullyGraded\"}}"
            );
            assert_eq!(message.body().expect("JSON"), expected);
        }
    }

    #[test]
    fn a_retry_is_no_new_submission_and_a_cleared_result_has_no_score() {
        let message = ScoreMessage {
            user: "u",
            score: None,
            comment: Some("é"),
            timestamp: 0,
            progress: Progress {
                activity: ActivityProgress::Submitted,
                grading: GradingProgress::PendingManual,
            },
            is_retry: true,
        };
        assert_eq!(
            message.body().expect("JSON"),
            "{\"userId\":\"u\",\"comment\":\"é\",\"timestamp\":\"1970-01-01T00:00:00.000Z\",\
             \"activityProgress\":\"Submitted\",\"gradingProgress\":\"PendingManual\",\
             \"https://canvas.instructure.com/lti/submission\":{\"new_submission\":false}}"
        );
    }

    #[test]
    fn a_timestamp_is_in_utc() {
        for (milliseconds, expected) in [
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.615Z"),
        ] {
            assert_eq!(timestamp(milliseconds), expected);
        }
    }

    #[test]
    fn only_the_result_of_the_learner_counts() {
        let check = |body: &str, expected: Result<Option<&str>, GradeServiceError>| {
            let found = find_result(body.as_bytes(), "42");
            let found = found.map(|found| found.and_then(|found| found.score));
            assert_eq!(found.as_ref().map(Option::as_deref), expected.as_ref().copied(), "{body}");
        };
        check("[]", Ok(None));
        check(r#"[{"userId":"7","resultScore":1}]"#, Ok(None));
        check(
            r#"[{"userId":"7","resultScore":1},{"userId":"42","resultScore":0.50}]"#,
            Ok(Some("0.50")),
        );
        check(r#"[{"userId":42,"resultScore":"8.3","resultMaximum":10.0}]"#, Ok(Some("0.83")));
        check(r#"[{"userId":"42","resultScore":2,"resultMaximum":3}]"#, Ok(Some("0.6667")));
        check(r#"[{"userId":"42","resultScore":null,"resultMaximum":10}]"#, Ok(None));
        check(r#"[{"userId":"42"}]"#, Ok(None));
        check(
            r#"[{"userId":"42","resultScore":1,"resultMaximum":0}]"#,
            Err(GradeServiceError::NotANumber),
        );
        check(r#"[{"userId":"42","resultScore":"good"}]"#, Err(GradeServiceError::NotANumber));
        for other in ["", "{}", "null", "[1]", "<html>"] {
            check(other, Err(GradeServiceError::NotAList));
        }
    }

    #[test]
    fn a_comment_is_part_of_the_result() {
        let body = br#"[{"userId":"42","comment":"good"}]"#;
        let found = find_result(body, "42").ok().flatten().expect("a result");
        assert!(found == LearnerResult { score: None, comment: Some("good".to_owned()) });
    }

    #[test]
    fn a_line_item_is_found_by_the_gateways_id() {
        let id = resource_id("nb", "rl-1");
        assert_eq!(id.len(), 32);
        assert_ne!(id, resource_id("nbr", "l-1"));
        let body = format!(
            r#"[{{"id":"https://lms.example/1","label":"x"}},
                {{"id":"https://lms.example/2","resourceId":"{id}"}},
                {{"id":"https://lms.example/3","resourceId":"{id}"}}]"#
        );
        let found = find_line_item(body.as_bytes(), &id);
        assert_eq!(found, Ok(Some("https://lms.example/2".to_owned())));
        assert_eq!(find_line_item(b"[]", &id), Ok(None));
        assert_eq!(created_line_item(br#"{"id":"https://l/1"}"#), Ok("https://l/1".to_owned()));
        for other in ["", "{}", r#"{"id":1}"#] {
            let created = created_line_item(other.as_bytes());
            assert_eq!(created, Err(GradeServiceError::NoLineItem), "{other}");
        }
        let message = LineItemMessage {
            label: "Lab \"1\"",
            maximum: "10",
            resource_id: "r",
            resource_link_id: "l",
        };
        assert_eq!(
            message.body().expect("JSON"),
            r#"{"label":"Lab \"1\"","scoreMaximum":10,"resourceId":"r","resourceLinkId":"l"}"#
        );
    }

    #[test]
    fn only_the_first_result_of_the_learner_counts() {
        let tree = r#"{"userId": {"": [{"": 0}]}, "comment": [{"": 0}]},"#.repeat(10_000);
        let own = r#"{"userId": 7, "resultScore": 1, "comment": {"": 0}}"#;
        let other = r#"{"userId": "7", "resultScore": 0}"#;
        let page = format!("[{tree}{own},{other}]");
        let found = find_result(page.as_bytes(), "7").expect("a list").expect("a result");
        assert_eq!((found.score.as_deref(), found.comment), (Some("1"), None));
        for other in ["0", "07", "70", "true", "7.0"] {
            assert!(find_result(page.as_bytes(), other).expect("a list").is_none(), "{other}");
        }
    }
}
