//! Secrets in the guises in which platforms and people hold them, and other people's secrets.

use zeroize::Zeroizing;

use super::context::{ConsumerCredentials, DiagnosisContext};
use crate::oauth1::SigningKey;
use crate::oauth1::encode::{decode, encode};
use crate::secret::Secret;
use crate::v1p1::cause::Cause;

/// White space that gets copied with a secret, before and behind it.
const WHITE_SPACE: [(&str, &str); 11] = [
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
/// Quotes that get copied with it.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Every key of an HMAC that may have signed for the consumer of this key, with the mistake behind it.
pub(super) fn guises(
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
        .filter(move |credentials| !is_own(credentials))
        .flat_map(|credentials| {
            let cause = if credentials.tool == context.tool {
                Cause::SecretOfConsumer(credentials.key.clone())
            } else {
                Cause::SecretOfTool(credentials.tool.clone())
            };
            credentials.secrets.iter().map(move |secret| (cause.clone(), SigningKey::new(secret)))
        });
    let replaced = context
        .replaced
        .iter()
        .map(|(name, secret)| (Cause::SecretReplaced(name.clone()), SigningKey::new(secret)));
    let known = [(Cause::SecretEmpty, ""), (Cause::KeyAsSecret, key)]
        .map(|(cause, text)| (cause, SigningKey::new(&Secret::new(text))));
    own.flat_map(move |secret| guises_of(key, secret.expose()))
        .chain(known)
        .chain(replaced)
        .chain(others)
}

/// The guises of one secret of the consumer's own.
fn guises_of(key: &str, secret: &str) -> Vec<(Cause, SigningKey)> {
    let mut found = Vec::new();
    let mut entered = |cause: Cause, text: Zeroizing<String>| {
        if *text != secret {
            found.push((cause, SigningKey::new(&Secret::new(text.as_str()))));
        }
    };
    entered(Cause::SecretWhiteSpace, Zeroizing::new(secret.trim().to_owned()));
    for (before, behind) in WHITE_SPACE {
        entered(Cause::SecretWhiteSpace, Zeroizing::new(format!("{before}{secret}{behind}")));
    }
    entered(Cause::SecretQuotes, Zeroizing::new(secret.trim_matches(QUOTES).to_owned()));
    for quote in QUOTES {
        entered(Cause::SecretQuotes, Zeroizing::new(format!("{quote}{secret}{quote}")));
    }
    entered(Cause::SecretCase, Zeroizing::new(secret.to_lowercase()));
    entered(Cause::SecretCase, Zeroizing::new(secret.to_uppercase()));
    entered(Cause::SecretEscaped, Zeroizing::new(encode(secret)));
    if let Some(decoded) = decode(secret) {
        entered(Cause::SecretEscaped, Zeroizing::new(decoded));
    }
    for separator in [":", " "] {
        entered(Cause::PassportAsSecret, Zeroizing::new(format!("{key}{separator}{secret}")));
    }
    let escaped = Zeroizing::new(encode(secret));
    if *escaped != secret {
        let bare = Zeroizing::new(format!("{secret}&"));
        found.push((Cause::SecretNotEscaped, SigningKey::of_bytes(bare.as_bytes())));
    }
    found.push((Cause::SecretAmpersand, SigningKey::of_bytes(escaped.as_bytes())));
    found.push((Cause::SecretAmpersand, SigningKey::of_bytes(secret.as_bytes())));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::SignatureMethod;

    #[test]
    fn no_guise_is_the_secret_itself() {
        let signed = |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, "base");
        for secret in
            ["s3cret", " padded ", "\"quoted\"", "a&b", "a%26b", "UPPER", "lower", "12", "é"]
        {
            let right = signed(&SigningKey::new(&Secret::new(secret)));
            for (cause, guise) in guises_of("key", secret) {
                assert_ne!(signed(&guise), right, "{} of {secret}", cause.code());
            }
        }
    }
}
