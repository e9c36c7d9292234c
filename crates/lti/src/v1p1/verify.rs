//! What a launch is checked for, and in which order: the form's shape, the consumer, the signature, the
//! timestamp, the LTI parameters, the roles, and last, by the caller, the nonce.
//!
//! A key that is unknown costs the same base strings and HMACs as one that is known, so that time tells nothing.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::compat::{Variant, doubled_submit_button, query_pairs_copied_to_body};
use super::consumer::{Consumers, Known};
use super::fields::Fields;
use super::near_miss;
use super::signature_findings::SignatureFindings;
use crate::admission::{Candidate, Examination, Verdict};
use crate::oauth1::base_string::{base_string, base_uri};
use crate::oauth1::encode::decode;
use crate::oauth1::{Param, ParamError, Params, SignatureMethod, Source, decode_signature};
use crate::rejection::Rejection;
use crate::replay::Nonce;
use crate::replay::shortened;
use crate::role::Roles;
use crate::secret::KnownSecrets;
use crate::sender::Sender;

/// The longest nonce. Canvas sends 43 characters.
const LONGEST_NONCE: usize = 1024;

/// A launch as it came in. The URL's parts are those that the platform signed.
#[derive(Clone, Copy)]
pub struct LaunchRequest<'a> {
    /// `https` or `http`, as in the public URL.
    pub scheme: &'a str,
    /// Host and optional port of the public URL.
    pub authority: &'a str,
    /// The path exactly as received.
    pub path: &'a str,
    /// The query exactly as received, without its `?`.
    pub query: Option<&'a str>,
    /// What stands behind `OAuth ` in the `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The form, as received.
    pub body: &'a [u8],
}

/// What a tool asks of a launch.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Who may sign.
    pub consumers: Consumers,
    /// Who may launch; `None` for everyone.
    pub roles: Option<Roles>,
    /// The accepted distance of a timestamp from our clock, both ways, in seconds.
    pub clock_skew: u64,
    /// What must not be repeated when an unknown key is told of: the secrets of all tools.
    pub secrets: Arc<KnownSecrets>,
}

/// Examines a launch at `now`, in seconds since the epoch.
///
/// `admitted_before` is asked once the signature is valid, with the launch's
/// [fingerprint](crate::Launch::fingerprint): whether the caller can prove that it admitted this very form, sent by
/// this very browser. Only then do the timestamp and the nonce not count, so that a page can be reloaded.
pub fn examine(
    request: &LaunchRequest<'_>,
    terms: &Terms,
    now: u64,
    admitted_before: impl FnOnce(&[u8; 16]) -> bool,
) -> Examination<SignatureFindings> {
    let mut examination = Examination::of(SignatureFindings::default());
    examination.verdict = examination.pass(request, terms, now, admitted_before);
    examination
}

impl Examination<SignatureFindings> {
    fn pass(
        &mut self,
        request: &LaunchRequest<'_>,
        terms: &Terms,
        now: u64,
        admitted_before: impl FnOnce(&[u8; 16]) -> bool,
    ) -> Result<Verdict, Rejection> {
        let mut params = read(request)?;
        self.params = Some(params.iter().count());
        let claim = Claim::read(&params, terms)?;
        let Claim { protocol, known, .. } = &claim;
        self.findings.method = Some(protocol.method);
        self.timestamp = Some(protocol.timestamp);
        let attempt = Attempt::new(request, &params, terms, &claim);
        let signature = decode_signature(protocol.signature);
        let matched = attempt.find_match(&signature, claim.decoded_key.as_deref());
        // Whether the key is known makes no difference to the time that this takes.
        let (cause, is_secret) = match matched {
            Some(_) => (None, false),
            None => (
                near_miss::quick(&attempt, &claim, &signature),
                terms.secrets.occur_in(protocol.consumer_key),
            ),
        };
        self.claimed_sender = match known {
            Some(known) => Some(known.consumer.key.as_str().to_owned()),
            None if is_secret => None,
            None => Some(Rejection::quote(protocol.consumer_key)),
        };
        let Some(known) = *known else {
            return Err(Rejection::UnknownConsumer(self.claimed_sender.clone()));
        };
        if !known.consumer.methods.contains(&protocol.method) {
            return Err(Rejection::SignatureMethodNotAllowed(protocol.method.name()));
        }
        let Some((variant, dropped)) = matched else {
            self.findings.cause = cause;
            return Err(Rejection::BadSignature);
        };
        self.findings.variant = Some(variant);

        let acceptable_until = protocol.timestamp.saturating_add(terms.clock_skew);
        let nonce = Nonce::new(known.id, protocol.timestamp, protocol.nonce, acceptable_until);
        let fingerprint = shortened(Sha256::new().chain_update(known.id).chain_update(&signature));
        let (timestamp, method) = (protocol.timestamp, protocol.method);
        params.remove(&dropped);
        let (fields, conflict) = Fields::read(&params);
        self.return_url = fields.return_url();

        let again = admitted_before(&fingerprint);
        if !again && now.abs_diff(timestamp) > terms.clock_skew {
            let distance =
                i64::try_from(timestamp).unwrap_or(i64::MAX).saturating_sub_unsigned(now);
            return Err(Rejection::Stale { distance, accepted: terms.clock_skew });
        }
        if let Some(name) = conflict {
            return Err(Rejection::ConflictingParameter(Rejection::quote(name)));
        }
        fields.check()?;
        let roles = fields.roles();
        self.roles = Some(roles);
        if terms.roles.is_some_and(|allowed| !allowed.intersects(roles)) {
            return Err(Rejection::RoleNotAllowed(roles));
        }
        let sender = Sender::Consumer(known.consumer.key.clone());
        let mut launch = fields.into_launch(sender, method, fingerprint);
        launch.params = params;
        Ok(if again {
            Verdict::Again(launch)
        } else {
            Verdict::Once(Candidate::new(launch, nonce))
        })
    }
}

/// The base string that a launch's signature is compared for, with the key as a known consumer has it. It holds personal
/// data. `None` where the launch cannot be read.
pub fn compared(request: &LaunchRequest<'_>, terms: &Terms) -> Option<String> {
    let params = read(request).ok()?;
    let claim = Claim::read(&params, terms).ok()?;
    let attempt = Attempt::new(request, &params, terms, &claim);
    Some(attempt.base_string(&[], claim.decoded_key.as_deref()))
}

/// A base string without the values of its parameters, which are personal data.
pub fn shape(base_string: &str) -> String {
    let Some((address, params)) = base_string.rsplit_once('&') else { return String::new() };
    let shaped: Vec<String> = params
        .split("%26")
        .map(|pair| match pair.split_once("%3D") {
            // In a form that was encoded twice, names hold values.
            Some((name, _)) if name.contains("%253D") => "…%3D…".to_owned(),
            Some((name, value)) if !value.is_empty() => format!("{name}%3D…"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{address}&{}", shaped.join("%26"))
}

/// All parameters of the request, in RFC 5849's order of sources.
pub(super) fn read(request: &LaunchRequest<'_>) -> Result<Params, Rejection> {
    let query = request.query.unwrap_or_default().as_bytes();
    let params = Params::default().read_form(Source::Query, query)?;
    let params = match request.authorization {
        Some(credentials) => params.read_authorization(credentials)?,
        None => params,
    };
    Ok(params.read_form(Source::Body, request.body)?)
}

impl From<ParamError> for Rejection {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::BrokenEscape(at) => Self::BrokenEscape(at),
            ParamError::NotUtf8 => Self::NotUtf8,
            ParamError::TooMany => Self::TooManyParameters,
            ParamError::BrokenHeader => Self::BrokenAuthorization,
        }
    }
}

/// The OAuth parameters of a launch, each there once and well formed.
pub(super) struct Protocol<'a> {
    pub(super) consumer_key: &'a str,
    pub(super) method: SignatureMethod,
    timestamp: u64,
    nonce: &'a str,
    pub(super) signature: &'a str,
}

/// Whom a launch claims to be from.
pub(super) struct Claim<'p, 't> {
    pub(super) protocol: Protocol<'p>,
    /// The consumer of that key.
    pub(super) known: Option<&'t Known>,
    /// The decoded key, where only that one is known.
    pub(super) decoded_key: Option<String>,
}

impl<'p, 't> Claim<'p, 't> {
    pub(super) fn read(params: &'p Params, terms: &'t Terms) -> Result<Self, Rejection> {
        let protocol = Protocol::read(params)?;
        if let Some(known) = terms.consumers.get(protocol.consumer_key) {
            return Ok(Self { protocol, known: Some(known), decoded_key: None });
        }
        let decoded = decode(protocol.consumer_key);
        let known = decoded.as_deref().and_then(|key| terms.consumers.get(key));
        Ok(Self { protocol, known, decoded_key: decoded.filter(|_| known.is_some()) })
    }
}

impl<'a> Protocol<'a> {
    fn read(params: &'a Params) -> Result<Self, Rejection> {
        let oauth: Vec<Param<'a>> =
            params.iter().filter(|param| param.name.starts_with("oauth_")).collect();
        let Some(first) = oauth.first() else { return Err(Rejection::Unsigned) };
        if first.source == Source::Query || oauth.iter().any(|param| param.source != first.source) {
            return Err(Rejection::MisplacedOauthParameters);
        }
        let mut names: Vec<&str> = oauth.iter().map(|param| param.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Rejection::RepeatedOauthParameter(Rejection::quote(twice[0])));
        }
        let value =
            |name: &str| oauth.iter().find(|param| param.name == name).map(|param| param.value);
        let required = |name: &'static str| {
            value(name)
                .filter(|value| !value.is_empty())
                .ok_or(Rejection::MissingOauthParameter(name))
        };

        let consumer_key = required("oauth_consumer_key")?;
        let method = required("oauth_signature_method")?;
        let timestamp = required("oauth_timestamp")?;
        let nonce = required("oauth_nonce")?;
        let signature = required("oauth_signature")?;
        let method = SignatureMethod::named(method)
            .ok_or_else(|| Rejection::SignatureMethod(Rejection::quote(method)))?;
        if let Some(version) = value("oauth_version").filter(|version| *version != "1.0") {
            return Err(Rejection::OauthVersion(Rejection::quote(version)));
        }
        if value("oauth_token").is_some_and(|token| !token.is_empty()) {
            return Err(Rejection::TokenNotAllowed);
        }
        let timestamp = seconds(timestamp)
            .ok_or_else(|| Rejection::MalformedTimestamp(Rejection::quote(timestamp)))?;
        if nonce.len() > LONGEST_NONCE {
            return Err(Rejection::NonceTooLong);
        }
        Ok(Self { consumer_key, method, timestamp, nonce, signature })
    }
}

/// Whole seconds since the epoch, digits only. Thirteen digits are milliseconds, which is a mistake worth
/// its own message.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.len() < 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// One request and one consumer, against which base strings are tried.
pub(super) struct Attempt<'a> {
    pub(super) request: &'a LaunchRequest<'a>,
    pub(super) params: &'a Params,
    pub(super) terms: &'a Terms,
    pub(super) known: Option<&'a Known>,
    pub(super) method: SignatureMethod,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        request: &'a LaunchRequest<'a>,
        params: &'a Params,
        terms: &'a Terms,
        claim: &Claim<'_, 'a>,
    ) -> Self {
        Self { request, params, terms, known: claim.known, method: claim.protocol.method }
    }

    /// The first variant whose base string carries the signature, and the places of the parameters that it
    /// leaves out. Which variants are tried depends on the form alone, but for the edX one, which
    /// takes the strict one's place where the key is known only when decoded.
    pub(super) fn find_match(
        &self,
        signature: &[u8],
        decoded_key: Option<&str>,
    ) -> Option<(Variant, Vec<usize>)> {
        let first = if decoded_key.is_some() { Variant::EdxEncodedKey } else { Variant::Strict };
        if self.matches(&self.base_string(&[], decoded_key), signature) {
            return Some((first, Vec::new()));
        }
        self.deviations().into_iter().find(|(_, dropped)| {
            !dropped.is_empty() && self.matches(&self.base_string(dropped, None), signature)
        })
    }

    /// The deviations that leave parameters out, and the places of these.
    pub(super) fn deviations(&self) -> [(Variant, Vec<usize>); 2] {
        [
            (Variant::CanvasQueryOnce, query_pairs_copied_to_body(self.params)),
            (Variant::DoubledSubmitButton, doubled_submit_button(self.params)),
        ]
    }

    /// The address as it is signed.
    pub(super) fn base_uri(&self) -> String {
        base_uri(self.request.scheme, self.request.authority, self.request.path)
    }

    /// The parameters but for the dropped ones, with the decoded key where only that one is known.
    pub(super) fn params<'d>(
        &self,
        dropped: &'d [usize],
        decoded_key: Option<&'a str>,
    ) -> impl Iterator<Item = Param<'a>> + use<'a, 'd> {
        let kept = self.params.iter().enumerate().filter(|(place, _)| !dropped.contains(place));
        kept.map(move |(_, param)| match decoded_key {
            Some(value) if param.name == "oauth_consumer_key" => Param { value, ..param },
            _ => param,
        })
    }

    /// The base string over these.
    pub(super) fn base_string(&self, dropped: &[usize], decoded_key: Option<&str>) -> String {
        base_string("POST", &self.base_uri(), self.params(dropped, decoded_key))
    }

    /// Whether one of the consumer's secrets made the signature over a base string.
    pub(super) fn matches(&self, base: &str, signature: &[u8]) -> bool {
        self.matches_by(self.method, base, signature)
    }

    /// The same with another method.
    pub(super) fn matches_by(&self, method: SignatureMethod, base: &str, signature: &[u8]) -> bool {
        let consumers = &self.terms.consumers;
        let keys =
            self.known.map(|known| known.consumer.signing_keys.as_slice()).unwrap_or_default();
        // As many secrets are tried as any consumer of the tool has, so that the time says nothing of the key.
        (0..consumers.most_secrets()).any(|place| match keys.get(place) {
            Some(key) => key.verify(method, base, signature),
            None => {
                std::hint::black_box(consumers.dummy().verify(method, base, signature));
                false
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_base_string_has_names_and_no_values() {
        let base =
            "POST&https%3A%2F%2Ftools.example%2Flti&a%3D%26b%3Done%2520two%26b%3D2%26c%2540%3Dx";
        let expected = "POST&https%3A%2F%2Ftools.example%2Flti&a%3D%26b%3D…%26b%3D…%26c%2540%3D…";
        assert_eq!(shape(base), expected);
        assert_eq!(shape(""), "");
    }
}
