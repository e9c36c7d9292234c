//! Base strings as other people's libraries put them together.

use super::latin1;
use crate::oauth1::Param;
use crate::oauth1::encode::encode;
use crate::v1p1::cause::Cause;

/// How a library encodes a text that is to be signed.
#[derive(Clone, Copy)]
struct Spelling {
    /// Characters that it leaves as they are, beside letters, digits and `-._`.
    left: &'static str,
    plus_for_space: bool,
    lower_case: bool,
    latin1: bool,
}

/// RFC 5849 §3.6.
const RFC: Spelling =
    Spelling { left: "~", plus_for_space: false, lower_case: false, latin1: false };

/// Those of other libraries: JavaScript's two functions, Python's old and new `quote`, Java's and PHP's for forms; and what
/// each of them does by itself.
const SPELLINGS: [Spelling; 11] = [
    Spelling { plus_for_space: true, ..RFC },
    Spelling { left: "", plus_for_space: true, ..RFC },
    Spelling { left: "*", plus_for_space: true, ..RFC },
    Spelling { left: "~!*'()", ..RFC },
    Spelling { left: "~/", ..RFC },
    Spelling { left: "/", ..RFC },
    Spelling { left: "*", ..RFC },
    Spelling { left: "~;,/?:@&=+$#!*'()", ..RFC },
    Spelling { left: "", ..RFC },
    Spelling { lower_case: true, ..RFC },
    Spelling { latin1: true, ..RFC },
];

impl Spelling {
    /// What it does otherwise than RFC 5849 to this text, if anything; of several the first.
    fn mistake(self, text: &str) -> Option<Cause> {
        if self.plus_for_space && text.contains(' ') {
            return Some(Cause::PlusForSpace);
        }
        let left = self
            .left
            .chars()
            .filter(|letter| !RFC.left.contains(*letter) && text.contains(*letter));
        let left: Vec<String> = left.map(String::from).collect();
        if !left.is_empty() {
            return Some(Cause::Unescaped(left.join(" ")));
        }
        if !self.left.contains('~') && text.contains('~') {
            return Some(Cause::Tilde);
        }
        let others = [(self.lower_case, Cause::LowerCaseEscapes), (self.latin1, Cause::Charset)];
        others.into_iter().find_map(|(is_so, cause)| is_so.then_some(cause))
    }

    fn encode(self, text: &str) -> String {
        let mut encoded = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_ascii_alphanumeric()
                || "-._".contains(letter)
                || self.left.contains(letter)
            {
                encoded.push(letter);
            } else if letter == ' ' && self.plus_for_space {
                encoded.push('+');
            } else {
                let mut room = [0; 4];
                let letter = &*letter.encode_utf8(&mut room);
                match self.latin1.then(|| latin1::encode(letter)).flatten() {
                    Some(bytes) => self.escape(&bytes, &mut encoded),
                    None => self.escape(letter.as_bytes(), &mut encoded),
                }
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

/// The address and the parameters, in the order in which they were sent, put together in all ways but RFC 5849's.
pub(super) fn misspelt(uri: &str, params: &[Param<'_>]) -> Vec<(Cause, String)> {
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
        // Some libraries put the whole together with the same function, and some with one of their own.
        let whole = format!("POST&{}&{}", spell(uri), spell(&params));
        found.extend(spelling.mistake(&texts).map(|cause| (cause, signed(&params))));
        found
            .extend(spelling.mistake(&format!("{texts}{uri}{params}")).map(|cause| (cause, whole)));
    }
    found.push((Cause::EscapedTwice, signed(&sorted(&|text| encode(&encode(text))))));
    found.push((Cause::NotEscaped, signed(&sorted(&str::to_owned))));
    found.push((Cause::NotEscaped, format!("{head}{}", sorted(&encode))));
    found
}

fn encoded(params: &[Param<'_>], encode: impl Fn(&str) -> String) -> Vec<(String, String)> {
    params.iter().map(|param| (encode(param.name), encode(param.value))).collect()
}

fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}
