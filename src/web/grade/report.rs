//! The JSON of a grade: the platform's result, or the state of a stored grade.

use serde_json::{Value, json};

use super::refusal::GradeRefusal;
use crate::platform::{PlatformError, PlatformResponse};
use crate::state::StoredGrade;

/// The result that the platform returned, with the platform's digits.
///
/// # Errors
/// [`GradeRefusal::PlatformResponse`] if the score is not a number.
pub(super) fn result(response: &PlatformResponse) -> Result<String, GradeRefusal> {
    let score = match &response.score {
        Some(digits) => number(digits).ok_or(GradeRefusal::PlatformResponse(
            PlatformError::InvalidResponse {
                status: response.status,
                fault: "the score in the platform's response is not a number".to_owned(),
            },
        ))?,
        None => "null".to_owned(),
    };
    Ok(match &response.comment {
        Some(comment) => format!("{{\"score\":{score},\"comment\":{}}}", json!(comment)),
        None => format!("{{\"score\":{score}}}"),
    })
}

/// A JSON number with the same digits. Some platforms write the decimal comma of their language.
fn number(digits: &str) -> Option<String> {
    let digits = digits.trim();
    // With a second separator, a comma may also separate thousands.
    let is_decimal_comma = digits.matches([',', '.', '\'']).count() == 1 && digits.contains(',');
    let decimal = digits.replace(',', ".");
    let digits = if is_decimal_comma { &decimal } else { digits };
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    let number = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    serde_json::from_str::<serde_json::Number>(&number).is_ok().then_some(number)
}

/// The state of a stored grade.
pub(super) fn stored(grade: &StoredGrade) -> Value {
    json!({
        "id": grade.id(),
        "status": grade.status().name(),
        "accepted": grade.accepted().seconds(),
        "tries": grade.tries(),
        "next_try": grade.next_try(),
        "platform": grade.message(),
    })
}
