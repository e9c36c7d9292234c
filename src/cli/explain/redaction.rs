//! Redaction: `explain` prints no secret of the tools file.

use lti::Secret;
use lti::oauth1::encode::encode;

use crate::cli::limit::SHORTEST_REDACTED;

/// How many levels of percent-encoding are searched.
const TIMES_ENCODED: usize = 4;

/// The secrets to redact.
pub(super) struct Redaction(Vec<Secret>);

impl Redaction {
    /// Redacts these secrets, except very short ones.
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let long = |secret: &Secret| secret.expose().trim().chars().count() >= SHORTEST_REDACTED;
        let mut secrets: Vec<Secret> = secrets.into_iter().filter(long).collect();
        // Longest first: a secret may be a prefix of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// Whether the launch contains a secret: also in other case, percent-encoded several times, or
    /// escaped for HTML.
    pub(super) fn is_needed_for(&self, sent: &[u8]) -> bool {
        let with_spaces =
            sent.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        let mut spelt = Vec::new();
        // `+` is a space in a form, also at inner levels of encoding.
        for mut text in [sent.to_vec(), with_spaces] {
            for _ in 0..TIMES_ENCODED {
                let lower = String::from_utf8_lossy(&text).to_lowercase();
                spelt.push(lower.replace('+', " "));
                spelt.push(lower);
                text = decoded(&text);
            }
        }
        let written = |text: &str| {
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            text.replace("&#39;", "'").replace("&#039;", "'").replace("&amp;", "&")
        };
        spelt.extend(spelt.clone().iter().map(|text| written(text)));
        self.0.iter().any(|secret| {
            let secret = secret.expose().trim().to_lowercase();
            spelt.iter().any(|text| text.contains(&secret))
        })
    }

    /// Replaces every secret in the text, also if it is escaped or percent-encoded.
    pub(super) fn masked(&self, mut text: String) -> String {
        for secret in &self.0 {
            let secret = secret.expose().trim();
            let mut spelt = vec![secret.escape_debug().to_string(), secret.to_owned()];
            for _ in 1..TIMES_ENCODED {
                spelt.extend(spelt.last().map(|spelt| encode(spelt)));
            }
            for spelt in &spelt {
                text = text.replace(spelt, "(a secret)");
            }
        }
        text
    }
}

/// Percent-decodes once. Invalid escapes stay.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escaped =
            digit(text.get(at + 1)).zip(digit(text.get(at + 2))).filter(|_| *byte == b'%');
        let escaped = escaped.and_then(|(high, low)| u8::try_from(16 * high + low).ok());
        decoded.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let redaction = Redaction::new(["my pass+w%rd", "tom&jerry", "short"].map(Secret::new));
        for sent in [
            "a=my%20pass%2Bw%25rd",
            "a=my+pass%2Bw%25rd",
            "a=id%3AMY%2520PASS%252bw%2525rd&b=1",
            "a=tom%26amp%3Bjerry",
            "xtom&jerryx",
            "%ZZ%tom%26jerry%",
        ] {
            assert!(redaction.is_needed_for(sent.as_bytes()), "{sent}");
        }
        for sent in ["", "a=my+pass&b=w%25rd", "tom%26jerr", "short", "%"] {
            assert!(!redaction.is_needed_for(sent.as_bytes()), "{sent}");
        }
    }

    #[test]
    fn a_secret_with_another_as_prefix_is_masked_whole() {
        let redaction = Redaction::new(["course-secret", "course-secret-2026"].map(Secret::new));
        let text = "a course-secret-2026, a course-secret and course-secret%2D2026".to_owned();
        assert_eq!(redaction.masked(text), "a (a secret), a (a secret) and (a secret)%2D2026");
    }
}
