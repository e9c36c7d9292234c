//! Why a signature does not match, found by making each of the known mistakes and comparing.
//!
//! One thing is done otherwise at a time, but for the parts of the address, of which a proxy changes several at once. A
//! cause is named only where the HMAC matches, so that it cannot be a wrong one. Of several that match the first is named,
//! in the order in which they stand here.

mod address;
mod draft;
mod pairs;
mod secret;

use super::cause::{Cause, SignatureText};
use super::verify::{Attempt, Claim, LaunchRequest, Terms, read};
use crate::oauth1::encode::{decode, encode};
use crate::oauth1::{SignatureMethod, decode_hex, decode_signature, decode_url_safe};
use crate::{Rejection, Secret};
use draft::{Draft, Pair};

/// The largest form, with its query, that is searched while a launch is answered, in bytes. Real ones have 2 to 8 KiB.
const LARGEST_QUICK: usize = 16 * 1024;
/// The most parameters of one that is.
const MOST_QUICK: usize = 100;

/// A mistake that makes exactly the signature that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// What it is.
    pub cause: Cause,
    /// The base string that was signed, where it is another than the one that is compared. It holds personal data.
    pub base_string: Option<String>,
}

/// What platforms may have mixed up with a tool's own: whatever else is known where there is time to search.
#[derive(Clone, Debug, Default)]
pub struct Suspects {
    /// The tool that was launched.
    pub tool: String,
    /// Other launch URLs.
    pub addresses: Vec<OtherAddress>,
    /// The keys and secrets of every tool, this one's among them.
    pub passports: Vec<Passport>,
    /// Secrets that are no tool's, and what people call them.
    pub replaced: Vec<(String, Secret)>,
}

/// A launch URL without its query.
#[derive(Clone, Debug)]
pub struct OtherAddress {
    /// The tool that is launched there; `None` for an address that is only known to have been used.
    pub tool: Option<String>,
    /// Its scheme.
    pub scheme: String,
    /// Its host and port.
    pub authority: String,
    /// Its path.
    pub path: String,
}

/// A key and its secrets.
#[derive(Clone, Debug)]
pub struct Passport {
    /// The tool that they are for.
    pub tool: String,
    /// The consumer's key.
    pub key: String,
    /// The consumer's secrets.
    pub secrets: Vec<Secret>,
}

/// The part of the search that needs nothing but the launch and the consumer's signing keys, and is short.
///
/// How many base strings are tried depends on the form alone, so that for a key that is unknown it takes as long.
pub(super) fn quick(attempt: &Attempt<'_>, claim: &Claim<'_, '_>, signature: &[u8]) -> Option<Cause> {
    let LaunchRequest { query, body, .. } = attempt.request;
    let large = body.len() + query.map_or(0, str::len) > LARGEST_QUICK;
    if large || attempt.params.iter().count() > MOST_QUICK {
        return None;
    }
    let search = Search::new(attempt, claim);
    let found = search.base_strings(None).find(|(_, base)| attempt.matches(base, signature));
    found.map(|(cause, _)| cause)
}

/// The whole search. It takes its time: some thousand base strings over a form with many parameters.
///
/// `None` where the launch is refused for what is no matter of signatures, is not refused at all, or has no cause that is
/// known.
pub fn near_miss(request: &LaunchRequest<'_>, terms: &Terms, suspects: &Suspects) -> Option<NearMiss> {
    let params = match read(request) {
        Ok(params) => params,
        Err(Rejection::NotUtf8) => return sent_in_latin1(request, terms),
        Err(_) => return None,
    };
    let claim = Claim::read(&params, terms).ok()?;
    let attempt =
        Attempt { request, params: &params, terms, known: claim.known, method: claim.protocol.method };
    let signature = decode_signature(claim.protocol.signature);
    if claim.known.is_none() {
        return key(claim.protocol.consumer_key, suspects).map(|cause| NearMiss { cause, base_string: None });
    }
    if attempt.find_match(&signature, claim.decoded_key.as_deref()).is_some() {
        return None;
    }
    let search = Search::new(&attempt, &claim);
    let found = search.base_strings(Some(suspects)).find(|(_, base)| attempt.matches(base, &signature));
    if let Some((cause, base)) = found {
        return Some(NearMiss { cause, base_string: Some(base) });
    }
    let own_bases: Vec<String> = search.sets.iter().map(|pairs| search.draft(pairs).base_string()).collect();
    let found = own_bases
        .iter()
        .find_map(|base| search.signature(base).or_else(|| search.secret(base, &signature, suspects)));
    found.map(|cause| NearMiss { cause, base_string: None })
}

/// A launch against which mistakes are tried.
struct Search<'a> {
    attempt: &'a Attempt<'a>,
    claim: &'a Claim<'a, 'a>,
    /// The parameters in each of the ways that would have been accepted, the strict one first.
    sets: Vec<Vec<Pair>>,
}

impl<'a> Search<'a> {
    fn new(attempt: &'a Attempt<'a>, claim: &'a Claim<'a, 'a>) -> Self {
        let set = |dropped: &[usize]| {
            let kept = attempt.params.iter().enumerate().filter(|(place, _)| !dropped.contains(place));
            kept.filter(|(_, param)| param.name != "oauth_signature")
                .map(|(_, param)| {
                    let decoded = claim.decoded_key.as_deref().filter(|_| param.name == "oauth_consumer_key");
                    Pair {
                        source: param.source,
                        name: param.name.to_owned(),
                        value: decoded.unwrap_or(param.value).to_owned(),
                    }
                })
                .collect()
        };
        let deviant = attempt.deviations().into_iter().map(|(_, dropped)| dropped);
        let sets = deviant.filter(|dropped| !dropped.is_empty()).map(|dropped| set(&dropped));
        Self { attempt, claim, sets: std::iter::once(set(&[])).chain(sets).collect() }
    }

    /// The base string in the making that the gateway compares over these parameters.
    fn draft<'p>(&self, pairs: &'p [Pair]) -> Draft<'p> {
        Draft::new(self.attempt.base_uri(), pairs)
    }

    /// Every base string that a known mistake makes, with the mistake. Other tools' addresses are among them where there is
    /// time to search.
    fn base_strings(&self, suspects: Option<&Suspects>) -> impl Iterator<Item = (Cause, String)> {
        let strict = &self.sets[0];
        let addresses = self.addresses(suspects);
        let addresses = self.sets.iter().flat_map(move |pairs| {
            let tail = self.draft(pairs).tail();
            let signed =
                |(cause, uri): &(Cause, String)| (cause.clone(), format!("POST&{}{tail}", encode(uri)));
            addresses.iter().map(signed).collect::<Vec<_>>()
        });
        let in_address = self.query_in_address(strict).into_iter().map(|base| (Cause::QueryInAddress, base));
        let pairs = self.query(strict).into_iter().chain(pairs::rewritten(strict));
        let of_pairs = pairs.map(|(cause, pairs)| (cause, self.draft(&pairs).base_string()));
        let later = std::iter::once_with(|| self.draft(strict).mistakes())
            .chain(std::iter::once_with(|| self.draft(strict).without_each()));
        addresses.chain(in_address).chain(of_pairs).chain(later.flatten())
    }

    /// What may have happened to the signature itself: it is right for this base string, but for its text or its method.
    fn signature(&self, base: &str) -> Option<Cause> {
        let text = self.claim.protocol.signature;
        let signature = decode_signature(text);
        let other = SignatureMethod::ALL.into_iter().find(|method| *method != self.attempt.method)?;
        if self.attempt.matches_by(other, base, &signature) {
            return Some(Cause::SignatureMethod(other));
        }
        let unescaped = decode(text).unwrap_or_default();
        let readings = [
            (SignatureText::BlankForPlus, decode_signature(&text.replace(' ', "+"))),
            (SignatureText::WhiteSpace, decode_signature(text.trim())),
            (SignatureText::Hexadecimal, decode_hex(text)),
            (SignatureText::Hexadecimal, decode_hex(std::str::from_utf8(&signature).unwrap_or_default())),
            (SignatureText::EscapedTwice, decode_signature(&unescaped)),
            (SignatureText::UrlSafe, decode_url_safe(text)),
        ];
        let found = readings.into_iter().find(|(_, signature)| self.attempt.matches(base, signature));
        found.map(|(reading, _)| Cause::SignatureText(reading))
    }

    /// Whose secret made the signature, or in which guise.
    fn secret(&self, base: &str, signature: &[u8], suspects: &Suspects) -> Option<Cause> {
        let key = self.claim.known.map(|known| known.consumer.key.as_str())?;
        let mut guises = secret::guises(key, suspects);
        guises.find(|(_, guise)| guise.verify(self.attempt.method, base, signature)).map(|(cause, _)| cause)
    }
}

/// What a key is that is none of the tool's.
fn key(sent: &str, suspects: &Suspects) -> Option<Cause> {
    let decoded = decode(sent).unwrap_or_default();
    let same =
        |key: &str| [sent, &decoded].into_iter().any(|sent| sent.trim().eq_ignore_ascii_case(key.trim()));
    let own = |passport: &&Passport| passport.tool == suspects.tool;
    if let Some(passport) = suspects.passports.iter().filter(own).find(|passport| same(&passport.key)) {
        return Some(Cause::KeySpelling(passport.key.clone()));
    }
    let secrets = || suspects.passports.iter().flat_map(|passport| &passport.secrets);
    let ends_in = |secret: &Secret| {
        let secret = secret.expose().trim();
        let before = [sent.trim(), decoded.trim()].into_iter().find_map(|sent| sent.strip_suffix(secret));
        !secret.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with(':'))
    };
    if secrets().any(ends_in) {
        return Some(Cause::SecretAsKey);
    }
    let other = suspects.passports.iter().find(|passport| passport.key == sent || passport.key == decoded)?;
    Some(Cause::KeyOfTool(other.tool.clone()))
}

/// Whether a form that is no UTF-8 was signed as what it is in ISO-8859-1.
fn sent_in_latin1(request: &LaunchRequest<'_>, terms: &Terms) -> Option<NearMiss> {
    let body = pairs::from_latin1(request.body)?;
    let request = LaunchRequest { body: &body, ..*request };
    let params = read(&request).ok()?;
    let claim = Claim::read(&params, terms).ok()?;
    claim.known?;
    let attempt = Attempt {
        request: &request,
        params: &params,
        terms,
        known: claim.known,
        method: claim.protocol.method,
    };
    let signature = decode_signature(claim.protocol.signature);
    attempt.find_match(&signature, claim.decoded_key.as_deref())?;
    let search = Search::new(&attempt, &claim);
    let base = search.draft(&search.sets[0]).base_string();
    Some(NearMiss { cause: Cause::FormCharset, base_string: Some(base) })
}
