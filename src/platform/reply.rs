use hyper::ext::ReasonPhrase;
use lti::Secret;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url};

use super::certificate::untrusted_issuer;
use super::error::PlatformError;
use super::gzip::gunzipped;
use super::mask::LONGEST_MESSAGE;
use super::reach::NotPublic;
use crate::cause::{causes, message_chain};

/// A platform's response with its body.
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether the body is plain text or JSON.
    is_text: bool,
    retry_after: Option<u64>,
    /// The `max-age` of the response, in seconds.
    pub(super) max_age: Option<u64>,
    /// The values of `Link`.
    pub(super) links: Vec<String>,
    /// The reason phrase, if it is not that of the status. Moodle writes its message there.
    reason: String,
    /// The origin of the target of a redirect.
    target: Option<String>,
    /// The body. `None` if it is too large.
    pub(super) body: Option<Vec<u8>>,
    /// The credential of the request, which no message may repeat. May be empty.
    credential: Secret,
}

impl Reply {
    /// Reads a response. Stops at a body of more than `largest` bytes.
    pub(super) async fn read(
        mut response: Response,
        largest: usize,
    ) -> Result<Self, PlatformError> {
        let headers = response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_text = text(CONTENT_TYPE).is_some_and(|media_type| {
            let media_type = media_type.split(';').next().unwrap_or_default().trim_end();
            matches!(media_type, "text/plain" | "application/json") || media_type.ends_with("+json")
        });
        let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        let max_age = text(CACHE_CONTROL).and_then(max_age);
        let target = text(LOCATION).and_then(|location| origin(response.url(), location));
        let links = headers.get_all(LINK).into_iter();
        let links = links.filter_map(|link| Some(link.to_str().ok()?.to_owned())).collect();
        let status = response.status().as_u16();
        let reason = response.extensions().get::<ReasonPhrase>();
        let reason = reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
        let mut reply = Self {
            status,
            is_text,
            retry_after,
            max_age,
            links,
            reason: reason.unwrap_or_default(),
            target,
            body: None,
            credential: Secret::new(""),
        };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len().saturating_add(chunk.len()) > largest {
                return Ok(reply);
            }
            body.extend_from_slice(&chunk);
        }
        reply.body = gunzipped(body, largest);
        Ok(reply)
    }

    /// The result by the status alone.
    pub(super) fn judge(&self) -> Result<(), PlatformError> {
        let Self { status, retry_after, ref target, .. } = *self;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(PlatformError::Redirected { status, target: target.clone() }),
            408 | 425 | 429 | 500.. => {
                Err(PlatformError::Unavailable { status, description: self.message(), retry_after })
            }
            _ => Err(PlatformError::RefusedByStatus { status, description: self.message() }),
        }
    }

    /// The same response to a request with this credential. A platform may repeat it in a message.
    pub(super) fn without(self, credential: &str) -> Self {
        Self { credential: Secret::new(credential), ..self }
    }

    /// A platform's message: without the credential, and short enough for a log.
    pub(super) fn shown(&self, message: &str) -> String {
        let message = match self.credential.expose() {
            "" => message.trim().to_owned(),
            credential => message.trim().replace(credential, "…"),
        };
        message.chars().take(LONGEST_MESSAGE).collect()
    }

    /// The `Retry-After` of the response, in seconds.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Whether the platform limits the rate with 403, as Canvas does.
    pub(super) fn is_rate_limit(&self) -> bool {
        let message = self.service_message().to_ascii_lowercase();
        self.status == 403 && message.contains("rate limit exceeded")
    }

    /// The message of a service of LTI 1.3: the text of the response, or its reason phrase.
    pub(super) fn service_message(&self) -> String {
        match self.message() {
            message if message.is_empty() => self.shown(&self.reason),
            message => message,
        }
    }

    /// The message of a text response. Empty for an HTML page.
    fn message(&self) -> String {
        let text = self.body.as_deref().filter(|_| self.is_text).unwrap_or_default();
        self.shown(&String::from_utf8_lossy(text))
    }
}

/// The `max-age` of a `Cache-Control` header.
fn max_age(value: &str) -> Option<u64> {
    value.split(',').find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        let is_max_age = name.trim().eq_ignore_ascii_case("max-age");
        is_max_age.then(|| seconds.trim().trim_matches('"').parse().ok()).flatten()
    })
}

/// The origin of the target of a redirect. The rest of the target may contain personal data.
fn origin(url: &Url, location: &str) -> Option<String> {
    let target = url.join(location).ok().filter(|target| target.has_host())?;
    let origin = target.origin();
    (!location.is_empty() && origin.is_tuple()).then(|| origin.ascii_serialization())
}

/// The error for a request without a response.
pub(super) fn failure(error: reqwest::Error) -> PlatformError {
    if let Some(untrusted) = untrusted_issuer(&error) {
        let host = error.url().and_then(Url::host_str).unwrap_or("HOST");
        let port = error.url().and_then(Url::port_or_known_default).unwrap_or(443);
        return PlatformError::Unreachable(untrusted.message(&format!("{host}:{port}")));
    }
    // The URL may contain personal data.
    let error = error.without_url();
    if causes(&error).any(|cause| cause.is::<NotPublic>()) {
        return PlatformError::NOT_PUBLIC;
    }
    PlatformError::Unreachable(message_chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_found_among_other_directives() {
        for (value, expected) in [
            ("max-age=300", Some(300)),
            ("public, Max-Age = 864000", Some(864_000)),
            ("no-cache, max-age=\"60\"", Some(60)),
            ("no-cache, no-store", None),
            ("s-maxage=300", None),
            ("max-age=-1", None),
            ("max-age=99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(max_age(value), expected, "{value}");
        }
    }
}
