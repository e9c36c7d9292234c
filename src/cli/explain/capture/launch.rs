//! A captured launch.

use reqwest::Url;

use crate::url::UrlParts;

/// A captured launch.
#[derive(Debug, Default)]
pub(in crate::cli::explain) struct Capture {
    /// The URL of the request. `None` for a form without its request.
    pub(in crate::cli::explain) url: Option<CapturedUrl>,
    /// The value after `OAuth ` in the `Authorization` header.
    pub(in crate::cli::explain) authorization: Option<String>,
    /// The form body.
    pub(in crate::cli::explain) body: Vec<u8>,
    /// The time at which the browser sent the launch, in seconds since the epoch, if the capture
    /// contains it.
    pub(in crate::cli::explain) sent_at: Option<u64>,
    /// Why the form may differ from the one that was sent.
    pub(in crate::cli::explain) doubt: Option<&'static str>,
}

/// The URL of a request, in its original spelling.
#[derive(Debug)]
pub(in crate::cli::explain) struct CapturedUrl {
    pub(in crate::cli::explain) scheme: String,
    pub(in crate::cli::explain) authority: String,
    pub(in crate::cli::explain) path: String,
    pub(in crate::cli::explain) query: Option<String>,
}

impl Capture {
    /// Whether the request looks like a launch, and not like another request of the same page.
    pub(super) fn is_launch(&self) -> bool {
        const NAMES: [&[u8]; 5] =
            [b"oauth_", b"lti_message_type=", b"id_token=", b"login_hint=", b"lti_version="];
        let contains = |name: &[u8]| self.body.windows(name.len()).any(|bytes| bytes == name);
        self.authorization.is_some()
            || NAMES.iter().any(|name| contains(name))
            || self
                .url
                .as_ref()
                .and_then(|url| url.query.as_deref())
                .is_some_and(lti::is_v1p3_query)
    }
}

impl CapturedUrl {
    /// Parses an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// The reason. It does not contain the URL.
    pub(in crate::cli::explain) fn parse(text: &str) -> Result<Self, String> {
        let valid = Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // `Url` normalizes, but the signature covers the original spelling.
        let parts = UrlParts::split(text).filter(|_| valid);
        let url = parts.ok_or("the URL is not a valid http or https URL")?;
        if url.user.is_some() {
            return Err("the URL has a user name or password".to_owned());
        }
        Ok(Self {
            scheme: url.scheme.to_ascii_lowercase(),
            authority: url.authority.to_owned(),
            path: if url.path().is_empty() { "/" } else { url.path() }.to_owned(),
            query: url.query().map(str::to_owned),
        })
    }
}
