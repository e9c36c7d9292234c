use super::claimed_consumer::ClaimedConsumer;
use super::compat::{Variant, doubled_submit_button, query_pairs_copied_to_body};
use super::consumer::KnownConsumer;
use super::launch_request::LaunchRequest;
use super::policy::LaunchPolicy;
use crate::oauth1::base_string::{base_string_of_sorted, base_uri, is_signed, order};
use crate::oauth1::{Param, Params, SignatureMethod};

/// A request and its consumer. It finds the base string that the request's signature covers.
pub(super) struct SignatureTrial<'a> {
    pub(super) request: &'a LaunchRequest<'a>,
    pub(super) params: &'a Params,
    pub(super) policy: &'a LaunchPolicy,
    pub(super) known: Option<&'a KnownConsumer>,
    pub(super) method: SignatureMethod,
    /// The parameters that a signature covers, with their indexes, in the order of a base string.
    sorted: Vec<(usize, Param<'a>)>,
}

/// The base string that a signature matches.
pub(super) struct SignatureMatch {
    pub(super) variant: Variant,
    /// The indexes of the parameters that the variant omits.
    pub(super) dropped: Vec<usize>,
    /// The index of the consumer's secret.
    pub(super) secret: usize,
}

impl<'a> SignatureTrial<'a> {
    pub(super) fn new(
        request: &'a LaunchRequest<'a>,
        params: &'a Params,
        policy: &'a LaunchPolicy,
        claim: &ClaimedConsumer<'_, 'a>,
    ) -> Self {
        let signed = params.iter().enumerate().filter(|(_, param)| is_signed(param));
        let mut sorted: Vec<(usize, Param<'a>)> = signed.collect();
        sorted.sort_unstable_by(|(_, a), (_, b)| order(a, b));
        Self { request, params, policy, known: claim.known, method: claim.oauth.method, sorted }
    }

    /// The first variant with a matching base string.
    ///
    /// The form alone decides which variants are tried, with one exception: the edX variant
    /// replaces the strict one if the key is known only after decoding.
    pub(super) fn find_match(
        &self,
        signature: &[u8],
        decoded_key: Option<&str>,
    ) -> Option<SignatureMatch> {
        let first = if decoded_key.is_some() { Variant::EdxEncodedKey } else { Variant::Strict };
        let secret_for = |base: &str| self.matching_secret(self.method, base, signature);
        let secret = secret_for(&self.base_string(&[], decoded_key));
        if let Some(secret) = secret {
            return Some(SignatureMatch { variant: first, dropped: Vec::new(), secret });
        }
        self.deviations().find_map(|(variant, dropped)| {
            let secret = secret_for(&self.base_string(&dropped, None))?;
            Some(SignatureMatch { variant, dropped, secret })
        })
    }

    /// The variants that omit parameters of this form, and the indexes of these parameters. Each is
    /// computed when it is needed.
    pub(super) fn deviations(&self) -> impl Iterator<Item = (Variant, Vec<usize>)> {
        type Omission = (Variant, fn(&Params) -> Vec<usize>);
        const OMISSIONS: [Omission; 2] = [
            (Variant::CanvasQueryOnce, query_pairs_copied_to_body),
            (Variant::DoubledSubmitButton, doubled_submit_button),
        ];
        let of_form = OMISSIONS.into_iter().map(|(variant, find)| (variant, find(self.params)));
        of_form.filter(|(_, dropped)| !dropped.is_empty())
    }

    /// The base string URI.
    pub(super) fn base_uri(&self) -> String {
        base_uri(self.request.scheme, self.request.authority, self.request.path)
    }

    /// The signed parameters as sent, except the dropped ones, with the decoded key if there is
    /// one. `dropped` is in ascending order.
    pub(super) fn params<'d>(
        &self,
        dropped: &'d [usize],
        decoded_key: Option<&'a str>,
    ) -> impl Iterator<Item = Param<'a>> + use<'a, 'd> {
        let signed = self.params.iter().enumerate().filter(|(_, param)| is_signed(param));
        kept(signed, dropped, decoded_key)
    }

    /// The base string over these parameters.
    pub(super) fn base_string(&self, dropped: &[usize], decoded_key: Option<&str>) -> String {
        // A decoded key keeps its place: no other parameter has its name.
        let params = kept(self.sorted.iter().copied(), dropped, decoded_key);
        base_string_of_sorted("POST", &self.base_uri(), params)
    }

    /// Whether a secret of the consumer makes this signature over a base string.
    pub(super) fn matches(&self, base: &str, signature: &[u8]) -> bool {
        self.matches_by(self.method, base, signature)
    }

    /// Like [`matches`](Self::matches), with this method instead of the request's.
    pub(super) fn matches_by(&self, method: SignatureMethod, base: &str, signature: &[u8]) -> bool {
        self.matching_secret(method, base, signature).is_some()
    }

    /// The index of the consumer's first secret that makes this signature over a base string.
    fn matching_secret(
        &self,
        method: SignatureMethod,
        base: &str,
        signature: &[u8],
    ) -> Option<usize> {
        let consumers = &self.policy.consumers;
        let keys =
            self.known.map(|known| known.consumer.signing_keys.as_slice()).unwrap_or_default();
        // The number of HMACs is that of the tool's consumer with the most secrets, even after a
        // match. So there is no timing side channel, neither for the key nor for the secret.
        (0..consumers.most_secrets()).fold(None, |found, index| match keys.get(index) {
            Some(key) => {
                let matches = std::hint::black_box(key.verify(method, base, signature));
                found.or(matches.then_some(index))
            }
            None => {
                std::hint::black_box(consumers.dummy().verify(method, base, signature));
                found
            }
        })
    }
}

/// These parameters except the dropped ones, with the decoded key if there is one.
fn kept<'p>(
    params: impl Iterator<Item = (usize, Param<'p>)> + Clone,
    dropped: &[usize],
    decoded_key: Option<&'p str>,
) -> impl Iterator<Item = Param<'p>> + Clone {
    let kept = params.filter(|(index, _)| dropped.binary_search(index).is_err());
    kept.map(move |(_, param)| match decoded_key {
        Some(value) if param.name == "oauth_consumer_key" => Param { value, ..param },
        _ => param,
    })
}
