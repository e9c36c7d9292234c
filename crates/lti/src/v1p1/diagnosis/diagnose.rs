use std::iter::{once, once_with};

use zeroize::Zeroizing;

use super::context::{ConsumerCredentials, DiagnosisContext};
use super::draft::Draft;
use super::search::Search;
use super::{params, secret, spelling};
use crate::oauth1::decode_signature;
use crate::oauth1::encode::decode;
use crate::rejection::Rejection;
use crate::secret::Secret;
use crate::v1p1::cause::{Cause, SignatureText};
use crate::v1p1::claimed_consumer::ClaimedConsumer;
use crate::v1p1::launch_request::{LaunchRequest, ReadLaunch, ReceivedOrigin};
use crate::v1p1::policy::LaunchPolicy;
use crate::v1p1::signature_trial::SignatureTrial;

/// The proven cause of a wrong signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureDiagnosis {
    /// The cause.
    pub cause: Cause,
    /// The signed base string, if it differs from the expected one. It contains personal data.
    pub base_string: Option<String>,
}

/// The maximum length of a base string for the quick search, in bytes. edX's have about 4 KiB.
const LONGEST_QUICK: usize = 12 * 1024;
/// The maximum number of parameters for the quick search. edX sends about 40.
const MOST_QUICK: usize = 64;

/// The quick search, which runs during a launch. It needs only the launch and the consumer's
/// signing keys, and tries the most likely other URLs and other parameters.
///
/// The number of base strings depends on the request alone. A known and an unknown key take the
/// same time, and both ask `may_search`, the caller's budget.
pub(in crate::v1p1) fn quick(
    trial: &SignatureTrial<'_>,
    claim: &ClaimedConsumer<'_, '_>,
    received: Option<ReceivedOrigin<'_>>,
    signature: &[u8],
    may_search: impl FnOnce() -> bool,
) -> Option<Cause> {
    if trial.params.iter().count() > MOST_QUICK || !may_search() || !is_short(trial) {
        return None;
    }
    let search = Search::new(trial, claim, received);
    let draft = search.draft(search.params(&[]));
    let found = search.near(&draft, None).find(|(_, base)| trial.matches(base, signature));
    found.map(|(cause, _)| cause)
}

/// Whether a base string is short enough for the quick search. The limit applies to the form as
/// sent. A decoded key would shorten it for a known consumer only, which would be a timing side
/// channel.
fn is_short(trial: &SignatureTrial<'_>) -> bool {
    trial.base_string(&[], None).len() <= LONGEST_QUICK
}

/// The full search: some hundred base strings, and one for each parameter. It is too slow for a
/// launch.
///
/// `None` if the launch is accepted, if it is rejected for a reason other than its signature or
/// key, or if the cause is unknown.
pub fn diagnose(
    launch: &ReadLaunch<'_>,
    policy: &LaunchPolicy,
    context: &DiagnosisContext,
) -> Option<SignatureDiagnosis> {
    let params = match launch.v1p1_params() {
        Ok(params) => params,
        Err(Rejection::NotUtf8) => return sent_in_latin1(&launch.request, policy),
        Err(_) => return None,
    };
    let claim = ClaimedConsumer::read(params, policy).ok()?;
    let trial = SignatureTrial::new(&launch.request, params, policy, &claim);
    let signature = decode_signature(claim.oauth.signature);
    if claim.known.is_none() {
        return unknown_key_cause(claim.oauth.consumer_key, context)
            .map(|cause| SignatureDiagnosis { cause, base_string: None });
    }
    // A rejected signature method is a reason of its own.
    let may_sign = claim.known.is_some_and(|known| known.consumer.methods.contains(&trial.method));
    if !may_sign || trial.find_match(&signature, claim.decoded_key.as_deref()).is_some() {
        return None;
    }
    let search = Search::new(&trial, &claim, launch.received);
    let draft = search.draft(search.params(&[]));
    let compared = draft.base_string();
    let misencoded = once_with(|| {
        spelling::misencoded(&trial.base_uri(), &search.params(&[]).collect::<Vec<_>>())
    });
    let mut others = search.near(&draft, Some(context)).chain(misencoded.flatten());
    if let Some((cause, base)) =
        others.find(|(_, base)| *base != compared && trial.matches(base, &signature))
    {
        return Some(SignatureDiagnosis { cause, base_string: Some(base) });
    }
    let variants =
        search.deviations.iter().map(|dropped| search.draft(search.params(dropped)).base_string());
    let mut expected = once(compared).chain(variants);
    let found = expected.find_map(|base| {
        search.signature(&base).or_else(|| search.secret(&base, &signature, context))
    });
    found.map(|cause| SignatureDiagnosis { cause, base_string: None })
}

/// The cause of an unknown key.
fn unknown_key_cause(sent: &str, context: &DiagnosisContext) -> Option<Cause> {
    let decoded = decode(sent).unwrap_or_default();
    let is_sent = |key: &str| {
        [sent, &decoded].into_iter().any(|sent| sent.trim().eq_ignore_ascii_case(key.trim()))
    };
    let is_of_tool = |credentials: &&ConsumerCredentials| credentials.tool == context.tool;
    if let Some(credentials) =
        context.credentials.iter().filter(is_of_tool).find(|credentials| is_sent(&credentials.key))
    {
        return Some(Cause::KeySpelling(credentials.key.clone()));
    }
    // edX splits `id:key:secret` at the last colon. A secret with a colon ends up in the key.
    let is_split = |credentials: &ConsumerCredentials| {
        credentials.secrets.iter().filter_map(|secret| secret.expose().rsplit_once(':')).any(
            |(head, _)| {
                let key = Zeroizing::new(format!("{}:{head}", credentials.key));
                [sent, &decoded].contains(&key.as_str())
            },
        )
    };
    if context.credentials.iter().any(is_split) {
        return Some(Cause::SecretAsKey);
    }
    let current = context.credentials.iter().flat_map(|credentials| &credentials.secrets);
    let mut secrets = current.chain(context.replaced.iter().map(|(_, secret)| secret));
    let spellings =
        [sent, &decoded, &decoded.replace('+', " ")].map(|sent| sent.trim().to_lowercase());
    let is_in_key = |secret: &Secret| {
        let secret = Zeroizing::new(secret.expose().trim().to_lowercase());
        let ends_in_secret = |sent: &String| {
            let before = sent.strip_suffix(secret.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with(':'))
        };
        !secret.is_empty() && spellings.iter().any(ends_in_secret)
    };
    if secrets.any(is_in_key) {
        return Some(Cause::SecretAsKey);
    }
    let other = context
        .credentials
        .iter()
        .find(|credentials| credentials.key == sent || credentials.key == decoded)?;
    Some(Cause::KeyOfTool(other.tool.clone()))
}

/// The cause, if a form that is not UTF-8 was sent in ISO-8859-1 and signed in UTF-8.
fn sent_in_latin1(
    request: &LaunchRequest<'_>,
    policy: &LaunchPolicy,
) -> Option<SignatureDiagnosis> {
    let body = params::from_latin1(request.body)?;
    let launch = LaunchRequest { body: &body, ..*request }.read();
    let params = launch.v1p1_params().ok()?;
    let claim = ClaimedConsumer::read(params, policy).ok()?;
    claim.known?;
    let trial = SignatureTrial::new(&launch.request, params, policy, &claim);
    let signature = decode_signature(claim.oauth.signature);
    trial.find_match(&signature, claim.decoded_key.as_deref())?;
    let search = Search::new(&trial, &claim, None);
    let base = search.draft(search.params(&[])).base_string();
    Some(SignatureDiagnosis { cause: Cause::FormCharset, base_string: Some(base) })
}

impl<'a> Search<'a> {
    /// Base strings for other URLs and with other parameters, each with the mistake that makes it.
    /// `draft` is the expected base string. A context adds more URLs.
    fn near<'s>(
        &'s self,
        draft: &'s Draft<'a>,
        context: Option<&DiagnosisContext>,
    ) -> impl Iterator<Item = (Cause, String)> + 's {
        let urls = self.urls(context);
        let variants = self.deviations.iter().map(|dropped| self.draft(self.params(dropped)));
        let for_urls = once_with(|| draft.clone()).chain(variants).flat_map(move |draft| {
            urls.clone().into_iter().map(move |(cause, uri)| (cause, draft.at(&uri)))
        });
        let of_query = once_with(|| self.query(draft)).flatten();
        for_urls.chain(of_query).chain(params::others(draft))
    }

    /// The cause, if the signature is right for this base string except for its encoding.
    fn signature(&self, base: &str) -> Option<Cause> {
        let text = self.claim.oauth.signature;
        let unescaped = decode(text).unwrap_or_default();
        let readings = [
            (SignatureText::BlankForPlus, decode_signature(&text.replace(' ', "+"))),
            (SignatureText::EscapedTwice, decode_signature(&unescaped)),
        ];
        let found = readings.into_iter().find(|(_, signature)| self.trial.matches(base, signature));
        found.map(|(reading, _)| Cause::SignatureText(reading))
    }

    /// The cause, if another secret, or another form of the secret, made the signature.
    fn secret(&self, base: &str, signature: &[u8], context: &DiagnosisContext) -> Option<Cause> {
        let key = self.claim.known.map(|known| known.consumer.key.as_str())?;
        let mut candidates = secret::signing_keys(key, context);
        candidates
            .find(|(_, candidate)| candidate.verify(self.trial.method, base, signature))
            .map(|(cause, _)| cause)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::oauth1::SignatureMethod;
    use crate::v1p1::consumer::{Consumer, Consumers};

    /// An origin that differs from the expected one.
    const RECEIVED: Option<ReceivedOrigin<'_>> =
        Some(ReceivedOrigin { scheme: Some("https"), authority: "lti.school.example:8443" });

    /// Calls `ask` with a launch of the consumer `key-1`, or of an unknown consumer.
    fn with<T>(
        key: &str,
        filling: usize,
        ask: impl FnOnce(&SignatureTrial<'_>, &ClaimedConsumer<'_, '_>) -> T,
    ) -> T {
        let filling = "x".repeat(filling);
        let body = format!(
            "user_id=u1&context_title=a%20%26+b&x={filling}\
             &oauth_consumer_key={key}&oauth_nonce=n&oauth_signature=QUI%3D\
             &oauth_signature_method=HMAC-SHA1&oauth_timestamp=1"
        );
        let request = LaunchRequest {
            scheme: "https",
            authority: "tools.example",
            path: "/lti/a",
            query: Some("a=1"),
            authorization: None,
            body: body.as_bytes(),
        };
        let consumer = Consumer::new("key-1", [Secret::new("s3cret")], SignatureMethod::ALL);
        let consumers = Consumers::new("a", [consumer]);
        let policy =
            LaunchPolicy { consumers, roles: None, clock_skew: 300, secrets: Arc::default() };
        let launch = request.read();
        let params = launch.v1p1_params().expect("a form");
        let claim = ClaimedConsumer::read(params, &policy).expect("signed");
        assert_eq!(claim.known.is_some(), key.ends_with('1'));
        ask(&SignatureTrial::new(&request, params, &policy, &claim), &claim)
    }

    /// The base strings of the quick search.
    fn tried(key: &str) -> Vec<String> {
        tried_at(key, RECEIVED)
    }

    fn tried_at(key: &str, received: Option<ReceivedOrigin<'static>>) -> Vec<String> {
        with(key, 0, |trial, claim| {
            let search = Search::new(trial, claim, received);
            let draft = search.draft(search.params(&[]));
            search.near(&draft, None).map(|(_, base)| base.replace(key, "KEY")).collect()
        })
    }

    #[test]
    fn the_quick_search_tries_the_same_for_known_and_unknown_keys() {
        let known = tried("key-1");
        assert_eq!(tried("key-2"), known);
        assert!((50..80).contains(&known.len()), "{}", known.len());
        // If a key is known after decoding, the base strings differ, but not their number.
        assert_eq!(
            (tried("%256Bey-1").len(), tried("%256Bey-2").len()),
            (known.len(), known.len())
        );
    }

    #[test]
    fn the_origin_of_a_request_adds_at_most_eight_base_strings() {
        let without = tried_at("key-1", None).len();
        let added = |authority| {
            let received = ReceivedOrigin { scheme: None, authority };
            let known = tried_at("key-1", Some(received));
            assert_eq!(tried_at("key-2", Some(received)), known);
            known.len().checked_sub(without).expect("more")
        };
        for (authority, expected) in [
            ("tools.example", 0),
            ("Tools.Example:443", 0),
            ("tools.example:8443", 2),
            ("lti.school.example", 2),
            ("lti.school.example:8443", 6),
            ("[::1]:8443", 6),
            ("", 2),
        ] {
            assert_eq!(added(authority), expected, "{authority}");
        }
    }

    #[test]
    fn known_and_unknown_keys_spend_the_same_budget() {
        for key in ["key-1", "key-2", "%256Bey-1", "%256Bey-2"] {
            let mut asked = 0;
            let found = with(key, 0, |trial, claim| {
                quick(trial, claim, RECEIVED, b"AB", || {
                    asked += 1;
                    true
                })
            });
            assert_eq!((found, asked), (None, 1), "{key}");
        }
    }

    #[test]
    fn the_size_limit_does_not_depend_on_whether_the_key_is_known() {
        let is_short = |key: &str, filling| with(key, filling, |trial, _| is_short(trial));
        let seen: Vec<bool> = (LONGEST_QUICK - 500..LONGEST_QUICK)
            .map(|filling| {
                let known = is_short("%256B%2565%2579-1", filling);
                assert_eq!(is_short("%256B%2565%2579-2", filling), known, "{filling}");
                known
            })
            .collect();
        assert!(seen.contains(&true) && seen.contains(&false), "the limit is in this range");
    }
}
