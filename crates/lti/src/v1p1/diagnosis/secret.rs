//! Wrong forms of a secret, and secrets of other consumers.

use zeroize::Zeroizing;

use super::context::{ConsumerCredentials, DiagnosisContext};
use crate::oauth1::SigningKey;
use crate::oauth1::encode::encode;
use crate::secret::Secret;
use crate::v1p1::cause::Cause;

/// Leading and trailing whitespace that is often copied with a secret.
const WHITESPACE: [(&str, &str); 11] = [
    ("", " "),
    (" ", ""),
    (" ", " "),
    ("", "\n"),
    ("", "\r\n"),
    ("", "\r"),
    ("", "\t"),
    ("\t", ""),
    ("\n", ""),
    ("", "\u{a0}"),
    ("\u{a0}", ""),
];
/// The characters of a secret that Brightspace keeps.
const KEPT: usize = 100;
/// Quotes that are often copied with a secret.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Every HMAC key that may have signed for the consumer with this key, each with its mistake.
pub(super) fn signing_keys(
    key: &str,
    context: &DiagnosisContext,
) -> impl Iterator<Item = (Cause, SigningKey)> {
    let is_own = move |credentials: &&ConsumerCredentials| {
        credentials.tool == context.tool && credentials.key == key
    };
    let own =
        context.credentials.iter().filter(is_own).flat_map(|credentials| &credentials.secrets);
    let others = context
        .credentials
        .iter()
        .filter(|credentials| credentials.tool != context.tool)
        .flat_map(|credentials| {
            let cause = Cause::SecretOfTool(credentials.tool.clone());
            credentials.secrets.iter().map(move |secret| (cause.clone(), SigningKey::new(secret)))
        });
    let replaced = context
        .replaced
        .iter()
        .map(|(name, secret)| (Cause::SecretReplaced(name.clone()), SigningKey::new(secret)));
    own.flat_map(|secret| wrong_forms(secret.expose()).chain(in_other_cases(secret.expose())))
        .chain(replaced)
        .chain(others)
}

/// The wrong forms of one secret of the consumer.
fn wrong_forms(secret: &str) -> impl Iterator<Item = (Cause, SigningKey)> + use<> {
    let mut found = Vec::new();
    let mut push = |cause: Cause, text: Zeroizing<String>| {
        if *text != secret {
            found.push((cause, SigningKey::new(&Secret::new(text.as_str()))));
        }
    };
    push(Cause::SecretWhiteSpace, Zeroizing::new(secret.trim().to_owned()));
    for (before, after) in WHITESPACE {
        push(Cause::SecretWhiteSpace, Zeroizing::new(format!("{before}{secret}{after}")));
    }
    push(Cause::SecretQuotes, Zeroizing::new(secret.trim_matches(QUOTES).to_owned()));
    for quote in QUOTES {
        push(Cause::SecretQuotes, Zeroizing::new(format!("{quote}{secret}{quote}")));
    }
    push(Cause::SecretCut, Zeroizing::new(secret.chars().take(KEPT).collect()));
    let escaped = Zeroizing::new(encode(secret));
    if *escaped != secret {
        let bare = Zeroizing::new(format!("{secret}&"));
        found.push((Cause::SecretNotEscaped, SigningKey::of_bytes(bare.as_bytes())));
    }
    found.push((Cause::SecretAmpersand, SigningKey::of_bytes(escaped.as_bytes())));
    found.push((Cause::SecretAmpersand, SigningKey::of_bytes(secret.as_bytes())));
    found.into_iter()
}

/// The most letters of a secret for which every combination of cases is tried: 4096.
const MOST_LETTERS: usize = 12;

/// The letters of a secret whose case is changed, by their numbers.
#[derive(Clone, Copy)]
enum Flip {
    /// The letters of the set bits.
    Mask(usize),
    Two(usize, usize),
    From(usize),
    Until(usize),
}

impl Flip {
    fn contains(self, number: usize) -> bool {
        match self {
            Self::Mask(mask) => mask >> number & 1 == 1,
            Self::Two(one, other) => number == one || number == other,
            Self::From(at) => number >= at,
            Self::Until(at) => number < at,
        }
    }
}

/// The HMAC keys of a secret in other cases.
///
/// For a short secret, it tries every combination. For a long one, it tries the mistakes of people
/// and programs: one case, a capital at the beginning or for each word, Caps Lock (all of it, or
/// from or until some letter), and one or two wrong letters.
fn in_other_cases(secret: &str) -> impl Iterator<Item = (Cause, SigningKey)> {
    let lower = Zeroizing::new(secret.to_lowercase());
    let whole = [
        Zeroizing::new(secret.to_uppercase()),
        Zeroizing::new(capitalized(&lower, |before| before.is_none())),
        Zeroizing::new(capitalized(&lower, |before| !before.is_some_and(char::is_alphanumeric))),
        lower,
    ];
    let count = secret.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_short = count <= MOST_LETTERS;
    let combinations = 1..if is_short { 1_usize << count } else { 1 };
    let numbers = 0..if is_short { 0 } else { count };
    let pairs = numbers.clone().flat_map(move |one| (one..count).map(move |other| (one, other)));
    let flips = combinations
        .map(Flip::Mask)
        .chain(numbers.flat_map(|at| [Flip::From(at), Flip::Until(at)]))
        .chain(pairs.map(|(one, other)| Flip::Two(one, other)));
    let flipped = flips.map(move |flip| {
        let mut number = 0_usize;
        let flip_case = |letter: char| {
            if !letter.is_ascii_alphabetic() {
                return letter;
            }
            number = number.saturating_add(1);
            let is_flipped = flip.contains(number.saturating_sub(1));
            match letter.is_ascii_lowercase() {
                _ if !is_flipped => letter,
                true => letter.to_ascii_uppercase(),
                false => letter.to_ascii_lowercase(),
            }
        };
        Zeroizing::new(secret.chars().map(flip_case).collect::<String>())
    });
    let others = whole.into_iter().chain(flipped).filter(move |other| **other != secret);
    others.map(|other| (Cause::SecretCase, SigningKey::new(&Secret::new(other.as_str()))))
}

/// The text with a capital for each letter that begins something. `begins` receives the character
/// before it.
fn capitalized(text: &str, begins: impl Fn(Option<char>) -> bool) -> String {
    let mut before = None;
    let mut capitalized = String::with_capacity(text.len());
    for letter in text.chars() {
        if begins(before) {
            capitalized.extend(letter.to_uppercase());
        } else {
            capitalized.push(letter);
        }
        before = Some(letter);
    }
    capitalized
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::SignatureMethod;

    #[test]
    fn no_wrong_form_equals_the_secret() {
        let signed = |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, "base");
        for secret in
            ["s3cret", " padded ", "\"quoted\"", "a&b", "a%26b", "UPPER", "lower", "12", "é"]
        {
            let right = signed(&SigningKey::new(&Secret::new(secret)));
            for (cause, candidate) in wrong_forms(secret).chain(in_other_cases(secret)) {
                assert_ne!(signed(&candidate), right, "{} of {secret}", cause.code());
            }
        }
    }

    #[test]
    fn a_secret_in_another_case_is_found() {
        let is_found = |secret: &str, typed: &str| {
            let signature =
                SigningKey::new(&Secret::new(typed)).sign(SignatureMethod::HmacSha1, "base");
            in_other_cases(secret).any(|(cause, key)| {
                cause == Cause::SecretCase
                    && key.sign(SignatureMethod::HmacSha1, "base") == signature
            })
        };
        // Every combination of a short secret.
        for typed in ["salt & pepper/7", "SALT & PEPPER/7", "sALT & pEPPER/7", "sAlT & PePpEr/7"] {
            assert!(is_found("Salt & pepper/7", typed), "{typed}");
        }
        let long = "Correct-horse-Battery-staple-2026";
        for typed in [
            "correct-horse-battery-staple-2026",
            "CORRECT-HORSE-BATTERY-STAPLE-2026",
            "Correct-horse-battery-staple-2026",
            "Correct-Horse-Battery-Staple-2026",
            "cORRECT-HORSE-bATTERY-STAPLE-2026",
            "correct-horse-Battery-staple-2026",
            "Correct-horse-Battery-stApLe-2026",
            "Correct-horse-bATTERY-STAPLE-2026",
            "cORRECT-HORSE-Battery-staple-2026",
        ] {
            assert!(is_found(long, typed), "{typed}");
        }
        for other in
            [long, "Correct-horse-Battery-staple-2027", "correct-Horse-bAttery-sTaple-2026"]
        {
            assert!(!is_found(long, other), "{other}");
        }
        assert!(is_found("übung-Übung", "Übung-übung") && !is_found("1234", "1234"));
        // The number of HMACs is bounded: `a` to the limit, and beyond it.
        assert_eq!(in_other_cases(&"a".repeat(MOST_LETTERS)).count(), 4096 + 2);
        assert!(in_other_cases(&"a1".repeat(100)).count() < 5500);
    }
}
