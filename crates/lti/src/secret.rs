use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use zeroize::Zeroizing;

use crate::oauth1::encode::decode;

/// A shared secret. It has no `Display`, `Debug` hides it, and it is zeroized on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret from a string. It keeps leading and trailing whitespace, as platforms do.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret as a string. Review every call to see where secrets go.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Detects secrets in untrusted strings, so that no log repeats them. Admins swap key and secret,
/// add quotes or spaces, or paste a whole LTI passport into the field for the key.
///
/// It contains only keyed hashes. The duration of a search depends on the length of the string and
/// on the number of different lengths of secrets, and is bounded. It does not depend on the number
/// of secrets.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    hashes: HashSet<u64>,
    lengths: BTreeSet<usize>,
    hasher: RandomState,
}

impl KnownSecrets {
    /// A longer string counts as one that contains a secret.
    const LONGEST: usize = 256;

    /// The same is true if the search would compare more parts of a string. With secrets of eight
    /// different lengths, this is a string of about 100 bytes.
    const MOST_PARTS: usize = 512;

    /// A shorter secret is detected only if it is the whole string, because it would occur by
    /// chance.
    const SHORTEST_PART: usize = 6;

    /// A detector of these secrets, and of their parts before the last colon: edX splits a passport
    /// there, and sends that part in the key.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut known = Self::default();
        for secret in secrets.into_iter().map(|secret| secret.expose().trim()) {
            let before = secret.rsplit_once(':').map(|(before, _)| before.trim());
            let before = before.filter(|before| before.len() >= Self::SHORTEST_PART);
            for part in [Some(secret), before].into_iter().flatten() {
                known.hashes.insert(known.hasher.hash_one(part.as_bytes()));
                known.lengths.insert(part.len());
            }
        }
        known
    }

    /// Whether `text` contains a secret, as it is or percent-encoded.
    pub fn occur_in(&self, text: &str) -> bool {
        let known = |bytes: &[u8]| self.hashes.contains(&self.hasher.hash_one(bytes));
        let long = || self.lengths.range(Self::SHORTEST_PART..);
        let parts = |length: &usize| (text.len() + 1).saturating_sub(*length);
        let contains_secret = |text: &str| {
            known(text.trim().as_bytes())
                || long().any(|length| text.as_bytes().windows(*length).any(known))
        };
        text.len() > Self::LONGEST
            || long().map(parts).sum::<usize>() > Self::MOST_PARTS
            || contains_secret(text)
            || (text.contains('%') && decode(text).is_some_and(|text| contains_secret(&text)))
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KnownSecrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_detected_in_every_mistyped_form() {
        let secrets = ["s3cret/x y", "with:colon", "tiny", "before:the:last"].map(Secret::new);
        let known = KnownSecrets::new(&secrets);
        for text in [
            "s3cret/x y",
            " s3cret/x y\n",
            "s3cret%2Fx%20y",
            "my-id:key-1:s3cret/x y",
            "my-id: key-1: s3cret/x y ",
            "my-id%3Akey-1%3As3cret%2Fx%20y",
            "my-id:key-1:with:colon",
            "\"my-id:key-1:s3cret/x y\"",
            "key-1 s3cret/x y",
            "key-1/s3cret/x%20y",
            " tiny ",
            "key-1:before:the",
        ] {
            assert!(known.occur_in(text), "{text}");
        }
        assert!(known.occur_in(&"x".repeat(257)));
        let lengths: Vec<Secret> = (6..40).map(|length| Secret::new("x".repeat(length))).collect();
        let many = KnownSecrets::new(&lengths);
        assert!(!many.occur_in("a key of twenty char"));
        assert!(many.occur_in("a key of sixty characters, with many lengths of secrets here"));
        for text in [
            "",
            "key-1",
            "my-id:key-1",
            "s3cret",
            "%zz",
            "a tiny key",
            "key-1:with",
            "key-1:before",
        ] {
            assert!(!known.occur_in(text), "{text}");
        }
    }

    #[test]
    fn debug_hides_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
