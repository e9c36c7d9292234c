use lti::Secret;
use lti::oauth1::base_string::{base_string, split_url};
use lti::oauth1::{Credentials, ParamError, Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::sign;

/// A mistake that platforms, and those who set them up, make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Signed with another secret than the tool's.
    Secret,
    /// Signed by a clock that is ten minutes late.
    Clock,
    /// A second form with the nonce and timestamp of the first (Canvas, on a quick second click).
    Nonce,
    /// Signed for the other of http and https (platforms behind a proxy).
    Scheme,
    /// Signed with a slash at the end of the launch URL, sent without, or the other way round.
    Slash,
    /// A role that was changed after signing.
    Role,
    /// The query of the launch URL sent in the form, too, and signed once (Canvas).
    Query,
}

/// A signed form, and what was signed.
pub struct Form {
    /// Where it is posted.
    pub url: String,
    /// Names and values, in order.
    pub params: Vec<(String, String)>,
    /// What the signature covers.
    pub base_string: String,
}

/// How far the late clock is behind, in seconds.
const LATE: u64 = 600;

impl Mistake {
    /// Every mistake.
    pub const ALL: [Self; 7] = [
        Self::Secret,
        Self::Clock,
        Self::Nonce,
        Self::Scheme,
        Self::Slash,
        Self::Role,
        Self::Query,
    ];

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Clock => "clock",
            Self::Nonce => "nonce",
            Self::Scheme => "scheme",
            Self::Slash => "slash",
            Self::Role => "role",
            Self::Query => "query",
        }
    }

    /// The mistake of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mistake| mistake.name() == name)
    }

    /// What people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Secret => "Wrong secret",
            Self::Clock => "Clock ten minutes late",
            Self::Nonce => "Same nonce again",
            Self::Scheme => "http and https mixed up",
            Self::Slash => "Slash at the end",
            Self::Role => "Role changed after signing",
            Self::Query => "Query doubled, as Canvas does",
        }
    }

    /// The code of the refusal that it leads to, as long as `clock_skew` is shorter than ten minutes; `None` for a mistake that
    /// the gateway understands.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Secret | Self::Scheme | Self::Slash | Self::Role => Some("bad-signature"),
            Self::Clock => Some("stale"),
            Self::Nonce => Some("replayed"),
            Self::Query => None,
        }
    }
}

impl Form {
    /// Signs a launch of `url` at `now`, in seconds since the epoch, with a mistake or without.
    ///
    /// # Errors
    /// A [`ParamError`] where the query of `url` is malformed.
    pub fn sign(
        url: &str,
        params: &[(String, String)],
        (key, secret): (&str, &str),
        nonce: &str,
        now: u64,
        mistake: Option<Mistake>,
    ) -> Result<Self, ParamError> {
        let mut posted = url.to_owned();
        let mut signed = url.to_owned();
        let mut params: Vec<(&str, &str)> =
            params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match mistake {
            Some(Mistake::Scheme) => {
                signed = match url.strip_prefix("http://") {
                    Some(rest) => format!("https://{rest}"),
                    None => url.replacen("https://", "http://", 1),
                };
            }
            Some(Mistake::Slash) => {
                signed = url.strip_suffix('/').map_or_else(|| format!("{url}/"), str::to_owned);
            }
            Some(Mistake::Query) => {
                posted.push_str("?unit=1");
                params.push(("unit", "1"));
            }
            _ => {}
        }
        let secret = if mistake == Some(Mistake::Secret) { "not-the-secret" } else { secret };
        let credentials = Credentials {
            key,
            signing_key: &SigningKey::new(&Secret::new(secret)),
            method: SignatureMethod::HmacSha1,
            timestamp: if mistake == Some(Mistake::Clock) { now.saturating_sub(LATE) } else { now },
            nonce,
        };
        let body = sign(&signed, &params, &credentials)?;
        let read = Params::default().read_form(Source::Body, body.as_bytes())?;
        let (base_uri, _) = split_url(&signed);
        let base_string = base_string("POST", &base_uri, read.iter());
        let mut params: Vec<(String, String)> =
            read.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect();
        if mistake == Some(Mistake::Role) {
            for (_, value) in params.iter_mut().filter(|(name, _)| name == "roles") {
                let role = if value == "Instructor" { "Administrator" } else { "Instructor" };
                role.clone_into(value);
            }
        }
        Ok(Self { url: posted, params, base_string })
    }
}
