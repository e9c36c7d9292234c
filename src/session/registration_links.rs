//! The sealed one-time links of dynamic registration.
//!
//! A link authorizes exactly one registration: of one tool at one platform, within an hour. The
//! page that it opens has a sealed form with what the platform sent, so that no other page can
//! choose another platform.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::{PlatformName, Secret};
use serde::{Deserialize, Serialize};

use super::seal::{Seal, deflated};

/// The lifetime of a link, in seconds.
pub const REGISTRATION_LIFETIME: u64 = 3600;

/// What a link authorizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationLink {
    /// The platform.
    pub platform: PlatformName,
    /// The name of the tool.
    pub tool: String,
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
    /// A random string, by which the link is spent.
    pub id: String,
}

/// What the platform sent with a link. It has no `Debug`, because the token is a secret.
pub struct RegistrationRequest {
    /// The URL of the platform's OpenID configuration.
    pub configuration_url: String,
    /// The platform's token for the registration, if it sent one.
    pub token: Option<Secret>,
}

/// The serialized link: expires, platform, tool, id.
#[derive(Serialize, Deserialize)]
struct LinkContent<'a>(u64, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

/// The serialized request: configuration URL, token.
#[derive(Serialize, Deserialize)]
struct RegistrationContent<'a>(Cow<'a, str>, Option<Cow<'a, str>>);

/// Seals and opens links and their forms. Its keys are derived from `gateway.secret`: the first key
/// seals, every key opens.
pub struct RegistrationLinks {
    links: Seal,
    requests: Seal,
}

impl RegistrationLink {
    /// A new link at `now`, in seconds since the epoch. `None` only without randomness.
    pub fn new(platform: &PlatformName, tool: &str, now: u64) -> Option<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).ok()?;
        Some(Self {
            platform: platform.clone(),
            tool: tool.to_owned(),
            expires: now.saturating_add(REGISTRATION_LIFETIME),
            id: URL_SAFE_NO_PAD.encode(id),
        })
    }
}

impl RegistrationLinks {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            links: Seal::new(secrets, "lti-gateway registration link 1"),
            requests: Seal::new(secrets, "lti-gateway registration request 1"),
        }
    }

    /// Seals a link. `None` only without a key or without randomness.
    pub fn seal(&self, link: &RegistrationLink) -> Option<String> {
        let content = LinkContent(
            link.expires,
            link.platform.as_str().into(),
            link.tool.as_str().into(),
            link.id.as_str().into(),
        );
        self.links.close(&deflated(&serde_json::to_vec(&content).ok()?), &[])
    }

    /// Opens a link. `None` if it has expired at `now`, was altered, or is from another gateway.
    /// The caller must make sure that it registers only once.
    pub fn open(&self, text: &str, now: u64) -> Option<RegistrationLink> {
        let content = self.links.open(text, &[])?;
        let LinkContent(expires, platform, tool, id) = serde_json::from_slice(&content).ok()?;
        (expires >= now).then(|| RegistrationLink {
            platform: platform.into_owned().into(),
            tool: tool.into_owned(),
            expires,
            id: id.into_owned(),
        })
    }

    /// Seals what a platform sent with a link. It opens only with the same link.
    pub fn seal_request(&self, request: &RegistrationRequest, link: &str) -> Option<String> {
        let token = request.token.as_ref().map(|token| token.expose().into());
        let content = RegistrationContent(request.configuration_url.as_str().into(), token);
        self.requests.close(&deflated(&serde_json::to_vec(&content).ok()?), &[link])
    }

    /// Opens what a platform sent with this link.
    pub fn open_request(&self, text: &str, link: &str) -> Option<RegistrationRequest> {
        let content = self.requests.open(text, &[link])?;
        let RegistrationContent(configuration_url, token) =
            serde_json::from_slice(&content).ok()?;
        Some(RegistrationRequest {
            configuration_url: configuration_url.into_owned(),
            token: token.map(Cow::into_owned).map(Secret::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(secret: &str) -> RegistrationLinks {
        RegistrationLinks::new(&[Secret::new(secret)])
    }

    #[test]
    fn a_link_is_valid_for_an_hour_and_only_here() {
        let (links, others) = (links("one"), links("two"));
        let link = RegistrationLink::new(&"moodle".into(), "nb", 1000).expect("randomness");
        let sealed = links.seal(&link).expect("a link");
        assert!(sealed.len() < 220, "{}", sealed.len());
        for (now, is_valid) in [(0, true), (1000, true), (4600, true), (4601, false)] {
            assert_eq!(links.open(&sealed, now), is_valid.then(|| link.clone()), "{now}");
        }
        assert_eq!(others.open(&sealed, 1000), None);
        for other in ["", "x", &sealed[1..], &sealed[..sealed.len() - 1]] {
            assert_eq!(links.open(other, 1000), None, "{other}");
        }
        let again = RegistrationLink::new(&"moodle".into(), "nb", 1000).expect("randomness");
        assert_ne!(link.id, again.id);
    }

    #[test]
    fn a_form_belongs_to_its_link() {
        let links = links("one");
        let request = RegistrationRequest {
            configuration_url: "https://lms.example/openid?a=b".to_owned(),
            token: Some(Secret::new("a.b.c")),
        };
        let sealed = links.seal_request(&request, "link").expect("a form");
        let opened = links.open_request(&sealed, "link").expect("a form");
        assert_eq!(opened.configuration_url, request.configuration_url);
        assert_eq!(opened.token.as_ref().map(Secret::expose), Some("a.b.c"));
        assert!(links.open_request(&sealed, "other").is_none());
        assert!(links.open(&sealed, 0).is_none(), "a form is no link");
    }
}
