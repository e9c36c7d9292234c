//! The types of platforms: products with known URLs.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::key::PLATFORM_TYPES;
use crate::url::{BaseUrl, UrlParts};

/// A product whose URLs and quirks the gateway knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformType {
    /// Open edX.
    Edx,
    /// Moodle.
    Moodle,
    /// Canvas.
    Canvas,
    /// Blackboard Learn.
    Blackboard,
    /// D2L Brightspace.
    Brightspace,
    /// Schoology.
    Schoology,
}

/// The URLs of a platform, as far as its type knows them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PlatformUrls {
    pub(crate) issuer: Option<String>,
    pub(crate) auth_url: Option<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) jwks_url: Option<String>,
    /// The audience of token requests, if it is not the token URL.
    pub(crate) token_audience: Option<String>,
}

/// The characters of a client id that a path segment cannot contain.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl PlatformType {
    /// Every type, in the order of their list in `config::key`.
    pub const ALL: [Self; 6] = [
        Self::Edx,
        Self::Moodle,
        Self::Canvas,
        Self::Blackboard,
        Self::Brightspace,
        Self::Schoology,
    ];

    /// The name in a file.
    pub fn name(self) -> &'static str {
        PLATFORM_TYPES[self as usize]
    }

    /// The type with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether a user's `sub` is the `user_id` of LTI 1.1. In Moodle, both are that of the account.
    pub(super) fn keeps_ids(self) -> bool {
        self == Self::Moodle
    }

    /// An example of `url`, if the type needs one.
    pub fn base_example(self) -> Option<&'static str> {
        match self {
            Self::Moodle => Some("https://moodle.example.edu"),
            Self::Canvas => Some("https://school.instructure.com"),
            Self::Brightspace => Some("https://school.brightspace.com"),
            Self::Edx | Self::Blackboard | Self::Schoology => None,
        }
    }

    /// Whether this is a base URL of the product, and not that of one of its pages. Only Moodle may
    /// be below a path.
    pub(super) fn accepts(self, url: &BaseUrl) -> bool {
        match self {
            Self::Moodle => !url.path.ends_with(".php") && !url.path.contains("/mod/lti"),
            _ => url.path.is_empty(),
        }
    }

    /// The URLs of a platform with this base URL (without a trailing slash), keyset and client.
    pub(super) fn urls(
        self,
        base: Option<&str>,
        jwks_url: Option<&str>,
        client_id: &str,
    ) -> PlatformUrls {
        let below = |path: &str| base.map(|base| format!("{base}{path}"));
        let fixed = |url: &str| Some(url.to_owned());
        match self {
            Self::Edx => edx_urls(jwks_url),
            Self::Moodle => PlatformUrls {
                issuer: below(""),
                auth_url: below("/mod/lti/auth.php"),
                token_url: below("/mod/lti/token.php"),
                jwks_url: below("/mod/lti/certs.php"),
                token_audience: None,
            },
            Self::Canvas => match base.map(canvas_environment) {
                None => PlatformUrls::default(),
                Some(None) => PlatformUrls {
                    issuer: None,
                    auth_url: below("/api/lti/authorize_redirect"),
                    token_url: below("/login/oauth2/token"),
                    jwks_url: below("/api/lti/security/jwks"),
                    token_audience: None,
                },
                Some(Some(environment)) => {
                    let sso = format!("https://sso.{environment}canvaslms.com/api/lti");
                    PlatformUrls {
                        issuer: Some(format!("https://canvas.{environment}instructure.com")),
                        auth_url: Some(format!("{sso}/authorize_redirect")),
                        token_url: below("/login/oauth2/token"),
                        jwks_url: Some(format!("{sso}/security/jwks")),
                        token_audience: None,
                    }
                }
            },
            Self::Blackboard => {
                let client_id = utf8_percent_encode(client_id, ESCAPED);
                PlatformUrls {
                    issuer: fixed("https://blackboard.com"),
                    auth_url: fixed("https://developer.blackboard.com/api/v1/gateway/oidcauth"),
                    token_url: fixed(
                        "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
                    ),
                    jwks_url: Some(format!(
                        "https://developer.blackboard.com/api/v1/management/applications/\
                         {client_id}/jwks.json"
                    )),
                    token_audience: None,
                }
            }
            Self::Brightspace => PlatformUrls {
                issuer: below(""),
                auth_url: below("/d2l/lti/authenticate"),
                token_url: fixed("https://auth.brightspace.com/core/connect/token"),
                jwks_url: below("/d2l/.well-known/jwks"),
                token_audience: fixed("https://api.brightspace.com/auth/token"),
            },
            Self::Schoology => {
                let service = "https://lti-service.svc.schoology.com/lti-service";
                PlatformUrls {
                    issuer: fixed("https://schoology.schoology.com"),
                    auth_url: Some(format!("{service}/authorize-redirect")),
                    token_url: Some(format!("{service}/access-token")),
                    jwks_url: Some(format!("{service}/.well-known/jwks")),
                    token_audience: None,
                }
            }
        }
    }
}

/// The product's name, for people.
impl fmt::Display for PlatformType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edx => "edX",
            Self::Moodle => "Moodle",
            Self::Canvas => "Canvas",
            Self::Blackboard => "Blackboard",
            Self::Brightspace => "Brightspace",
            Self::Schoology => "Schoology",
        })
    }
}

/// edX signs each block or configuration with a key of its own, at a URL of its own.
fn edx_urls(jwks_url: Option<&str>) -> PlatformUrls {
    const KEYSETS: &str = "/public_keysets/";
    let Some((jwks_url, url)) = jwks_url.and_then(|text| Some((text, UrlParts::split(text)?)))
    else {
        return PlatformUrls::default();
    };
    let origin = format!("{}://{}", url.scheme, url.authority);
    PlatformUrls {
        auth_url: Some(format!("{origin}/api/lti_consumer/v1/launch/")),
        token_url: jwks_url.contains(KEYSETS).then(|| jwks_url.replacen(KEYSETS, "/token/", 1)),
        jwks_url: Some(jwks_url.to_owned()),
        issuer: Some(origin),
        token_audience: None,
    }
}

/// The part that names a Canvas in the cloud: empty, `beta.` or `test.`. `None` for a Canvas
/// elsewhere.
fn canvas_environment(base: &str) -> Option<&'static str> {
    let host = UrlParts::split(base)?.host().to_ascii_lowercase();
    let name = host.strip_suffix(".instructure.com")?;
    Some(match name.rsplit('.').next() {
        Some("beta") => "beta.",
        Some("test") => "test.",
        _ => "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_have_the_names_of_the_key() {
        for kind in PlatformType::ALL {
            assert_eq!(kind.to_string().to_ascii_lowercase(), kind.name());
            assert_eq!(PlatformType::named(kind.name()), Some(kind));
        }
        assert_eq!(PlatformType::named("Moodle"), None);
    }

    #[test]
    fn a_canvas_of_the_cloud_has_an_environment() {
        let check = |base: &str, expected: Option<&str>| {
            assert_eq!(canvas_environment(base), expected, "{base}");
        };
        check("https://school.instructure.com", Some(""));
        check("https://SCHOOL.Instructure.com", Some(""));
        check("https://school.beta.instructure.com", Some("beta."));
        check("https://school.test.instructure.com", Some("test."));
        check("https://beta.school.instructure.com", Some(""));
        check("https://canvas.school.example", None);
        check("https://instructure.com.example", None);
        check("https://evilinstructure.com", None);
    }
}
