use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::error::PlatformError;
use super::mask::LONGEST_MESSAGE;
use super::reach::NotPublic;
use crate::cause::{causes, message_chain};

/// A platform's response, completely read.
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether the body is text for people.
    is_text: bool,
    retry_after: Option<u64>,
    /// `None` if it is too large.
    pub(super) body: Option<Vec<u8>>,
}

impl Reply {
    /// Reads a response with a body of at most `largest` bytes.
    pub(super) async fn read(
        mut response: Response,
        largest: usize,
    ) -> Result<Self, PlatformError> {
        let headers = response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_text = text(CONTENT_TYPE).is_some_and(|media_type| {
            media_type.starts_with("text/plain") || media_type.starts_with("application/json")
        });
        let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > largest {
                return Ok(Self { status, is_text, retry_after, body: None });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, is_text, retry_after, body: Some(body) })
    }

    /// Whether the status alone means success.
    pub(super) fn judge(&self) -> Result<(), PlatformError> {
        let Self { status, retry_after, .. } = *self;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(PlatformError::Redirected(status)),
            408 | 425 | 429 | 500.. => {
                Err(PlatformError::Unavailable { status, description: self.message(), retry_after })
            }
            _ => Err(PlatformError::TurnedAway { status, description: self.message() }),
        }
    }

    /// The message of a text response. A page has no message that a program could pass on.
    fn message(&self) -> String {
        let text = self.body.as_deref().filter(|_| self.is_text).unwrap_or_default();
        String::from_utf8_lossy(text).trim().chars().take(LONGEST_MESSAGE).collect()
    }
}

/// Why there was no response.
pub(super) fn failure(error: reqwest::Error) -> PlatformError {
    // The URL is the platform's and may name a person.
    let error = error.without_url();
    if causes(&error).any(|cause| cause.is::<NotPublic>()) {
        return PlatformError::NOT_PUBLIC;
    }
    PlatformError::Unreachable(message_chain(&error))
}
