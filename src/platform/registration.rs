//! The requests of a dynamic registration: the platform's OpenID configuration, and the
//! registration itself.
//!
//! An admin of the platform chooses the URLs, so the rules of all platforms hold: public network
//! addresses or hosts of the file only, and no redirects. The URLs are https, or at hosts that the
//! file names.

use std::fmt;
use std::time::Duration;

use lti::Secret;
use lti::v1p3::{DocumentFault, OpenidConfiguration, Registered, refusal_code, refusal_message};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Url};

use super::error::PlatformError;
use super::mask::masked;
use super::reply::{Reply, failure};
use super::service::Platforms;
use crate::url::UrlParts;

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The largest response, in bytes.
const LARGEST: usize = 64 * 1024;

/// Why a platform did not answer a request of a registration.
#[derive(PartialEq, Eq)]
pub struct RegistrationError {
    /// What failed, as a sentence for the log: without the platform's own words.
    pub reason: String,
    /// The platform's message, which may contain personal data. May be empty.
    message: String,
}

impl RegistrationError {
    /// A parameter of the request is repeated or too long.
    pub fn of_parameter(name: &str) -> Self {
        Self::new(format!("`{name}` is repeated or too long"))
    }

    /// What failed, with the platform's message: for the admin who registers.
    pub fn with_message(&self) -> String {
        let Self { reason, message } = self;
        match message.is_empty() || reason.ends_with(message.as_str()) {
            true => reason.clone(),
            false => format!("{reason}: {message}"),
        }
    }

    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: String::new() }
    }

    fn of(error: &PlatformError, url: &str) -> Self {
        let reason = match error {
            PlatformError::NotAllowed(why) => {
                // The path and the query are the platform's own words.
                let origin = UrlParts::of_web(url).and_then(|url| url.origin());
                let place = origin.map_or_else(|| "the URL".to_owned(), |it| it.to_string());
                format!("the gateway does not use {place}: {why}")
            }
            other => other.to_string(),
        };
        Self::new(masked(&reason, ""))
    }

    /// The platform refused with this status and body.
    fn refused(status: u16, body: &[u8]) -> Self {
        let code = refusal_code(body).map(|code| format!(": {code}")).unwrap_or_default();
        let message = refusal_message(body).map(|message| masked(&message, ""));
        Self {
            reason: format!("the platform refused with status {status}{code}"),
            message: message.unwrap_or_default(),
        }
    }
}

impl fmt::Debug for RegistrationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RegistrationError").field(&self.reason).finish()
    }
}

impl Platforms {
    /// Fetches the OpenID configuration of a platform. Canvas requires the token.
    ///
    /// # Errors
    /// A [`RegistrationError`].
    pub async fn openid_configuration(
        &self,
        url: &str,
        token: Option<&Secret>,
    ) -> Result<OpenidConfiguration, RegistrationError> {
        let request = self.client.get(self.registration_url(url)?);
        let body = call(request, token, url).await?;
        OpenidConfiguration::read(&body).map_err(|fault| unusable("OpenID configuration", fault))
    }

    /// Registers the gateway at this URL of a platform.
    ///
    /// # Errors
    /// A [`RegistrationError`]. The platform may have registered it anyway.
    pub async fn register(
        &self,
        url: &str,
        token: Option<&Secret>,
        registration: String,
    ) -> Result<Registered, RegistrationError> {
        let request = self.client.post(self.registration_url(url)?);
        let request = request.header(CONTENT_TYPE, "application/json").body(registration);
        let body = call(request, token, url).await?;
        Registered::read(&body).map_err(|fault| unusable("response to the registration", fault))
    }

    /// The request URL for a URL of a registration.
    fn registration_url(&self, url: &str) -> Result<Url, RegistrationError> {
        let allowed = self.url(url).and_then(|allowed| {
            let is_named = allowed.host_str().is_some_and(|host| self.names(host));
            match allowed.scheme() {
                "https" => Ok(allowed),
                _ if is_named => Ok(allowed),
                _ => Err(PlatformError::NotAllowed(
                    "it is not https, and neither the platform's table nor `outcome_hosts` names \
                     its host",
                )),
            }
        });
        allowed.map_err(|error| RegistrationError::of(&error, url))
    }
}

/// Sends a request, and returns the body of a successful response.
async fn call(
    request: RequestBuilder,
    token: Option<&Secret>,
    url: &str,
) -> Result<Vec<u8>, RegistrationError> {
    let mut request = request
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .timeout(TIMEOUT);
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut value = value
            .map_err(|_| RegistrationError::new("the registration token fits into no header"))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let of = |error: PlatformError| RegistrationError::of(&error, url);
    let reply = request.send().await.map_err(|error| of(failure(error)))?;
    let reply = Reply::read(reply, LARGEST).await.map_err(of)?;
    let Some(body) = reply.body.as_deref() else {
        return Err(RegistrationError::new(format!(
            "the platform's response is larger than {} KiB",
            LARGEST / 1024
        )));
    };
    match reply.status {
        200..=299 => Ok(body.to_vec()),
        300..=399 => Err(reply
            .judge()
            .err()
            .map_or_else(|| RegistrationError::new("the platform redirected"), of)),
        status => {
            let body = String::from_utf8_lossy(body);
            // The platform may repeat the token.
            let body = match token {
                Some(token) => body.replace(token.expose(), "…"),
                None => body.into_owned(),
            };
            Err(RegistrationError::refused(status, body.as_bytes()))
        }
    }
}

fn unusable(document: &str, fault: DocumentFault) -> RegistrationError {
    RegistrationError::new(format!("the platform's {document} is unusable: {fault}"))
}
