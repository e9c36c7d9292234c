//! Base strings with the mistakes of other libraries.

use crate::oauth1::Param;
use crate::oauth1::encode::encode;
use crate::v1p1::cause::Cause;

/// The encoding of a library for base strings.
#[derive(Clone, Copy)]
struct Spelling {
    /// Characters that stay unchanged, in addition to letters, digits and `-._`.
    unescaped: &'static str,
    plus_for_space: bool,
    lower_case: bool,
}

/// RFC 5849 §3.6.
const RFC: Spelling = Spelling { unescaped: "~", plus_for_space: false, lower_case: false };

/// Encodings of other libraries: JavaScript's two functions, Python's old and new `quote`, the form
/// encodings of Java and PHP, and each of their deviations alone.
const SPELLINGS: [Spelling; 10] = [
    Spelling { plus_for_space: true, ..RFC },
    Spelling { unescaped: "", plus_for_space: true, ..RFC },
    Spelling { unescaped: "*", plus_for_space: true, ..RFC },
    Spelling { unescaped: "~!*'()", ..RFC },
    Spelling { unescaped: "~/", ..RFC },
    Spelling { unescaped: "/", ..RFC },
    Spelling { unescaped: "*", ..RFC },
    Spelling { unescaped: "~;,/?:@&=+$#!*'()", ..RFC },
    Spelling { unescaped: "", ..RFC },
    Spelling { lower_case: true, ..RFC },
];

impl Spelling {
    /// The first deviation from RFC 5849 that affects this string.
    fn mistake(self, text: &str) -> Option<Cause> {
        if self.plus_for_space && text.contains(' ') {
            return Some(Cause::PlusForSpace);
        }
        let unescaped = self
            .unescaped
            .chars()
            .filter(|letter| !RFC.unescaped.contains(*letter) && text.contains(*letter));
        let unescaped: Vec<String> = unescaped.map(String::from).collect();
        if !unescaped.is_empty() {
            return Some(Cause::Unescaped(unescaped.join(" ")));
        }
        if !self.unescaped.contains('~') && text.contains('~') {
            return Some(Cause::Tilde);
        }
        self.lower_case.then_some(Cause::LowerCaseEscapes)
    }

    fn encode(self, text: &str) -> String {
        let mut encoded = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_ascii_alphanumeric()
                || "-._".contains(letter)
                || self.unescaped.contains(letter)
            {
                encoded.push(letter);
            } else if letter == ' ' && self.plus_for_space {
                encoded.push('+');
            } else {
                let mut buffer = [0; 4];
                self.escape(letter.encode_utf8(&mut buffer).as_bytes(), &mut encoded);
            }
        }
        encoded
    }

    fn escape(self, bytes: &[u8], encoded: &mut String) {
        for byte in bytes {
            let escaped =
                if self.lower_case { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
            encoded.push_str(&escaped);
        }
    }
}

/// Base strings of the URL and the parameters (in sent order) with every known deviation from RFC
/// 5849.
pub(super) fn misencoded(uri: &str, params: &[Param<'_>]) -> Vec<(Cause, String)> {
    let head = format!("POST&{}&", encode(uri));
    let signed = |params: &str| format!("{head}{}", encode(params));
    let mut by_name = encoded(params, encode);
    by_name.sort_by(|a, b| a.0.cmp(&b.0));
    let mut before_encoding = params.to_vec();
    before_encoding.sort_by_key(|param| (param.name, param.value));
    let orders = [encoded(params, encode), by_name, encoded(&before_encoding, encode)];
    let mut found: Vec<(Cause, String)> =
        orders.into_iter().map(|order| (Cause::Order, signed(&joined(&order)))).collect();
    let sorted = |spell: &dyn Fn(&str) -> String| {
        let mut params = encoded(params, spell);
        params.sort_unstable();
        joined(&params)
    };
    let texts: String = params.iter().flat_map(|param| [param.name, param.value]).collect();
    for spelling in SPELLINGS {
        let spell = |text: &str| spelling.encode(text);
        let params = sorted(&spell);
        // Some libraries encode the whole with the same function, and some with the right one.
        let whole = format!("POST&{}&{}", spell(uri), spell(&params));
        found.extend(spelling.mistake(&texts).map(|cause| (cause, signed(&params))));
        found
            .extend(spelling.mistake(&format!("{texts}{uri}{params}")).map(|cause| (cause, whole)));
    }
    found
}

fn encoded(params: &[Param<'_>], encode: impl Fn(&str) -> String) -> Vec<(String, String)> {
    params.iter().map(|param| (encode(param.name), encode(param.value))).collect()
}

fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}
