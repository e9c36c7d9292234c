use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use zeroize::Zeroizing;

use crate::oauth1::encode::decode;

/// A shared secret. It has no `Display`, hides itself in `Debug` and is wiped from memory on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text of a secret as it is: nothing is trimmed, because platforms trim nothing.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every call is a place to look at when asking where secrets go.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Recognises secrets in text from outside, so that they are not repeated in a log: keys and secrets get swapped, quoted,
/// padded with blanks and pasted as whole passports where a key belongs.
///
/// Holds keyed hashes only. Looking takes a time that grows with the text and with how many lengths secrets have, not
/// with how many secrets there are.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    hashes: HashSet<u64>,
    lengths: BTreeSet<usize>,
    hasher: RandomState,
}

impl KnownSecrets {
    /// Longer text is not looked into, and counts as holding a secret.
    const LONGEST: usize = 256;

    /// Shorter secrets are recognised only where the text is nothing else: they would occur everywhere.
    const SHORTEST_PART: usize = 6;

    /// Knows these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut known = Self::default();
        for secret in secrets.into_iter().map(|secret| secret.expose().trim().as_bytes()) {
            known.hashes.insert(known.hasher.hash_one(secret));
            known.lengths.insert(secret.len());
        }
        known
    }

    /// Whether a secret stands in `text`, as it is or percent-encoded.
    pub fn occur_in(&self, text: &str) -> bool {
        let known = |bytes: &[u8]| self.hashes.contains(&self.hasher.hash_one(bytes));
        let stands_in = |text: &str| {
            let long = self.lengths.range(Self::SHORTEST_PART..);
            known(text.trim().as_bytes())
                || long.into_iter().any(|length| text.as_bytes().windows(*length).any(known))
        };
        text.len() > Self::LONGEST
            || stands_in(text)
            || decode(text).is_some_and(|text| stands_in(&text))
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
    fn a_secret_is_recognised_in_every_guise_in_which_it_is_mistyped() {
        let secrets = ["s3cret/x y", "with:colon", "tiny"].map(Secret::new);
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
        ] {
            assert!(known.occur_in(text), "{text}");
        }
        assert!(known.occur_in(&"x".repeat(257)));
        for text in ["", "key-1", "my-id:key-1", "s3cret", "%zz", "a tiny key"] {
            assert!(!known.occur_in(text), "{text}");
        }
    }

    #[test]
    fn a_secret_hides_itself_in_debug() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
