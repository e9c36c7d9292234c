//! What the log says about a failed operation: no free text of a platform, which may name people.

use serde::Deserialize;

use super::error::PlatformError;

/// The longest code of a platform that a log line has, in characters.
const LONGEST_CODE: usize = 40;
/// Messages that platforms send to everybody in the same words. `docs/grades.md` explains them.
const KNOWN: [&str; 8] = [
    "403 Forbidden (Rate Limit Exceeded)",
    "Grade is past due",
    "Grade replace response",
    "Message signature not valid",
    "OAuth signature verification has failed.",
    "Rate Limit Exceeded",
    "Tool does not accept grades",
    "User not found.",
];

/// The code in the JSON of an error.
#[derive(Deserialize)]
struct ErrorJson {
    error: String,
}

impl PlatformError {
    /// The reason for a log line. From the platform's message, it has only a code, or the whole
    /// message if it is one that everybody receives.
    pub fn log_reason(&self) -> String {
        let mut error = self.clone();
        match &mut error {
            Self::ScopeRefused { description, code, .. }
            | Self::ClientRefused { description, code, .. } => {
                *description = code.take().unwrap_or_default();
            }
            Self::Refused { description, .. }
            | Self::RefusedByStatus { description, .. }
            | Self::Conflict { description, .. }
            | Self::Unavailable { description, .. } => *description = loggable(description),
            Self::NotAllowed(_)
            | Self::NoResults
            | Self::Removed
            | Self::Redirected { .. }
            | Self::InvalidResponse { .. }
            | Self::Unreachable(_) => {}
        }
        error.to_string()
    }
}

/// A code if it looks like one of OAuth: lower-case letters and underscores.
pub(super) fn error_code(code: &str) -> Option<String> {
    let is_code = (1..=LONGEST_CODE).contains(&code.len())
        && code.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    is_code.then(|| code.to_owned())
}

/// The part of a message that a log line may have. May be empty.
fn loggable(message: &str) -> String {
    if KNOWN.contains(&message.trim()) {
        return message.trim().to_owned();
    }
    let json: Option<ErrorJson> = serde_json::from_str(message).ok();
    json.and_then(|json| error_code(&json.error)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_has_a_code_or_a_known_message_and_no_other_text() {
        for (message, expected) in [
            ("Grade is past due", "Grade is past due"),
            (" User not found. ", "User not found."),
            ("User not found. Ada", ""),
            ("Ada Lovelace is not enrolled", ""),
            ("ada", ""),
            (r#"{"error": "above_response_limit", "detail": "Ada"}"#, "above_response_limit"),
            (r#"{"error": "Ada"}"#, ""),
            (r#"{"error": "ada lovelace"}"#, ""),
            (r#"{"error": "user4711"}"#, ""),
            (r#"{"error": ""}"#, ""),
            (r#"{"error": {"message": "ada"}}"#, ""),
            (r#"{"message": "Ada"}"#, ""),
            ("", ""),
        ] {
            assert_eq!(loggable(message), expected, "{message}");
        }
        assert!(error_code(&"x".repeat(40)).is_some() && error_code(&"x".repeat(41)).is_none());
    }

    #[test]
    fn every_message_of_a_platform_stays_out_of_the_log() {
        let description = || "Ada Lovelace is not enrolled".to_owned();
        let status = 418;
        let code = Some("invalid_client".to_owned());
        for error in [
            PlatformError::Refused { status, description: description() },
            PlatformError::RefusedByStatus { status, description: description() },
            PlatformError::Conflict { status, description: description() },
            PlatformError::Unavailable { status, description: description(), retry_after: None },
            PlatformError::ScopeRefused {
                status,
                description: description(),
                code: code.clone(),
                kind: None,
            },
            PlatformError::ClientRefused {
                status,
                description: description(),
                code: code.clone(),
                platform: "moodle".to_owned(),
                keyset_url: "https://tool.example/keys".to_owned(),
            },
        ] {
            assert!(error.to_string().contains("status 418: Ada Lovelace"), "{error}");
            let reason = error.log_reason();
            assert!(reason.contains("status 418") && !reason.contains("Ada"), "{reason}");
            let has_code = matches!(
                error,
                PlatformError::ScopeRefused { .. } | PlatformError::ClientRefused { .. }
            );
            assert_eq!(reason.contains("status 418: invalid_client"), has_code, "{reason}");
        }
    }
}
