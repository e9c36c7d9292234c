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
    /// Whether the input is only a token of LTI 1.3. The form then has no other field.
    pub(in crate::cli::explain) is_bare_token: bool,
}

/// The URL of a request, in its original spelling.
#[derive(Debug)]
pub(in crate::cli::explain) struct CapturedUrl {
    pub(in crate::cli::explain) scheme: String,
    pub(in crate::cli::explain) authority: String,
    pub(in crate::cli::explain) path: String,
    pub(in crate::cli::explain) query: Option<String>,
}

/// The beginnings of the names of parameters of LTI and OAuth.
const PARAMETERS: [&str; 15] = [
    "basiclti_",
    "context_",
    "custom_",
    "ext_",
    "id_token",
    "launch_presentation_",
    "lis_",
    "login_hint",
    "lti_",
    "oauth_",
    "resource_link_",
    "role",
    "tool_consumer_",
    "user_id",
    "user_image",
];

/// Whether this is the name of a parameter of LTI or OAuth.
pub(super) fn is_parameter(name: &str) -> bool {
    PARAMETERS.iter().any(|beginning| name.starts_with(beginning))
}

impl Capture {
    /// Whether the request has a URL, or its form has a parameter of LTI or OAuth. Any text with an
    /// equals sign looks like a form.
    pub(in crate::cli::explain) fn is_request(&self) -> bool {
        let mut pairs = self.body.split(|byte| *byte == b'&');
        let is_one =
            |pair: &[u8]| pair.starts_with(b"iss=") || is_parameter(&String::from_utf8_lossy(pair));
        self.url.is_some() || pairs.any(is_one)
    }

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
