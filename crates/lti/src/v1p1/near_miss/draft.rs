//! A base string in the making, in the right way and in those of other people's libraries.

use super::Cause;
use crate::oauth1::Source;
use crate::oauth1::encode::encode;

/// One parameter, decoded.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) value: String,
}

/// Address and parameters, before they become a base string.
pub(super) struct Draft<'a> {
    uri: String,
    pairs: &'a [Pair],
}

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
const RFC: Spelling = Spelling { left: "~", plus_for_space: false, lower_case: false, latin1: false };

/// Those of other libraries: JavaScript's two functions, Python's old and new `quote`, Java's and PHP's for forms.
const SPELLINGS: [(Cause, Spelling); 11] = [
    (Cause::PlusForSpace, Spelling { plus_for_space: true, ..RFC }),
    (Cause::PlusForSpace, Spelling { left: "", plus_for_space: true, ..RFC }),
    (Cause::PlusForSpace, Spelling { left: "*", plus_for_space: true, ..RFC }),
    (Cause::Unescaped("! * ' ( )"), Spelling { left: "~!*'()", ..RFC }),
    (Cause::Unescaped("/"), Spelling { left: "~/", ..RFC }),
    (Cause::Unescaped("/"), Spelling { left: "/", ..RFC }),
    (Cause::Unescaped("*"), Spelling { left: "*", ..RFC }),
    (Cause::Unescaped("; , / ? : @ & = + $ # ! * ' ( )"), Spelling { left: "~;,/?:@&=+$#!*'()", ..RFC }),
    (Cause::Tilde, Spelling { left: "", ..RFC }),
    (Cause::LowerCaseEscapes, Spelling { lower_case: true, ..RFC }),
    (Cause::Charset, Spelling { latin1: true, ..RFC }),
];

impl Spelling {
    fn encode(self, text: &str) -> String {
        let mut encoded = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_ascii_alphanumeric() || "-._".contains(letter) || self.left.contains(letter) {
                encoded.push(letter);
            } else if letter == ' ' && self.plus_for_space {
                encoded.push('+');
            } else {
                match u8::try_from(letter) {
                    Ok(byte) if self.latin1 => self.escape(&[byte], &mut encoded),
                    _ => self.escape(letter.encode_utf8(&mut [0; 4]).as_bytes(), &mut encoded),
                }
            }
        }
        encoded
    }

    fn escape(self, bytes: &[u8], encoded: &mut String) {
        for byte in bytes {
            let escaped = if self.lower_case { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
            encoded.push_str(&escaped);
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(uri: String, pairs: &'a [Pair]) -> Self {
        Self { uri, pairs }
    }

    /// As RFC 5849 asks.
    pub(super) fn base_string(&self) -> String {
        format!("POST&{}{}", encode(&self.uri), self.tail())
    }

    /// What stands behind the address, as RFC 5849 asks.
    pub(super) fn tail(&self) -> String {
        format!("&{}", encode(&joined(&sorted(self.encoded(encode)))))
    }

    /// The same parameters and address, put together in other ways.
    pub(super) fn mistakes(&self) -> Vec<(Cause, String)> {
        let strict = self.base_string();
        let head = format!("POST&{}&", encode(&self.uri));
        let signed = |params: Vec<(String, String)>| format!("{head}{}", encode(&joined(&params)));
        let mut found = vec![
            (Cause::HttpMethod, strict.replacen("POST&", "GET&", 1)),
            (Cause::Order, {
                let unsorted = self.encoded(encode);
                signed(unsorted)
            }),
        ];
        let mut by_name = self.encoded(encode);
        by_name.sort_by(|a, b| a.0.cmp(&b.0));
        found.push((Cause::Order, signed(by_name)));
        let mut decoded: Vec<&Pair> = self.pairs.iter().collect();
        decoded.sort_by(|a, b| (&a.name, &a.value).cmp(&(&b.name, &b.value)));
        let decoded = decoded.iter().map(|pair| (encode(&pair.name), encode(&pair.value))).collect();
        found.push((Cause::Order, signed(decoded)));

        for (cause, spelling) in SPELLINGS {
            let inner = joined(&sorted(self.encoded(|text| spelling.encode(text))));
            found.push((cause.clone(), format!("{head}{}", encode(&inner))));
            let outer = |text: &str| spelling.encode(text);
            found.push((cause, format!("POST&{}&{}", outer(&self.uri), outer(&inner))));
        }
        let twice = |text: &str| encode(&encode(text));
        found.push((Cause::EscapedTwice, signed(sorted(self.encoded(twice)))));
        found.push((Cause::NotEscaped, signed(sorted(self.encoded(str::to_owned)))));
        let once = joined(&sorted(self.encoded(encode)));
        found.push((Cause::NotEscaped, format!("{head}{once}")));
        found.retain(|(_, base)| *base != strict);
        found
    }

    /// Without parameters that were added on the way: one of them, or all of a kind.
    pub(super) fn without_each(&self) -> Vec<(Cause, String)> {
        let own = |name: &str| {
            [
                "oauth_",
                "lti_",
                "lis_",
                "context_",
                "resource_link_",
                "user_",
                "launch_presentation_",
                "tool_consumer_",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
                || name == "roles"
        };
        let encoded = sorted(self.encoded(encode));
        let head = format!("POST&{}&", encode(&self.uri));
        let mut found = Vec::new();
        let mut without = |dropped: &dyn Fn(usize, &str) -> bool| {
            let (mut kept, mut names) = (Vec::new(), Vec::new());
            for (place, pair) in encoded.iter().enumerate() {
                if dropped(place, &pair.0) { names.push(pair.0.as_str()) } else { kept.push(pair.clone()) }
            }
            if !names.is_empty() {
                let names = names.iter().map(|name| crate::oauth1::encode::decode(name).unwrap_or_default());
                let names: Vec<String> = names.map(|name| crate::Rejection::quote(&name)).collect();
                let base = format!("{head}{}", encode(&joined(&kept)));
                found.push((Cause::UnsignedParameter(names.join(", ")), base));
            }
        };
        for place in 0..encoded.len() {
            without(&|other, _| other == place);
        }
        without(&|_, name| name.starts_with("custom_"));
        without(&|_, name| name.starts_with("ext_"));
        without(&|_, name| !own(name) && !name.starts_with("custom_") && !name.starts_with("ext_"));
        without(&|_, name| !own(name) && !name.starts_with("custom_"));
        without(&|_, name| !own(name));
        found
    }

    fn encoded(&self, encode: impl Fn(&str) -> String) -> Vec<(String, String)> {
        self.pairs.iter().map(|pair| (encode(&pair.name), encode(&pair.value))).collect()
    }
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_unstable();
    pairs
}

fn joined(pairs: &[(String, String)]) -> String {
    let mut text =
        String::with_capacity(pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum());
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}
