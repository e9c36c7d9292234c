//! The parameters of a request (RFC 5849 §3.4.1.3.1): ordered pairs, never a map.
//!
//! Order, duplicates, empty values and whitespace stay until the signature is verified, because the
//! signature covers them.

use std::fmt;
use std::ops::Range;

use super::encode::{decode, hex_byte};

/// The part of the request that contains a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The query of the URL.
    Query,
    /// The `Authorization` header.
    Header,
    /// The form body.
    Body,
}

/// One parameter, decoded.
#[derive(Clone, Copy)]
pub struct Param<'a> {
    /// The part of the request that contains it.
    pub source: Source,
    /// The name.
    pub name: &'a str,
    /// The value; empty if it has none.
    pub value: &'a str,
}

/// Why a form, a query or a header is unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamError {
    /// A `%` is not followed by two hexadecimal digits. Contains its byte offset in the query or
    /// body.
    BrokenEscape(usize),
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// There are more than [`Params::MAX`] parameters.
    TooMany,
    /// The `Authorization: OAuth` header is malformed (RFC 5849 §3.5.1).
    BrokenHeader,
}

/// The parameters of one request, in order.
///
/// One string contains all names and values, so a form of forty parameters needs two allocations.
#[derive(Clone, Default)]
pub struct Params {
    text: String,
    pairs: Vec<Pair>,
}

/// The bytes with a special meaning in a form.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b'&' as usize] = true;
    table[b'=' as usize] = true;
    table[b'+' as usize] = true;
    table[b'%' as usize] = true;
    table
};

#[derive(Clone)]
struct Pair {
    source: Source,
    name: Range<usize>,
    value: Range<usize>,
}

impl Params {
    /// The maximum number of parameters of a request.
    pub const MAX: usize = 1000;

    /// Appends the parameters of a query or a body in `application/x-www-form-urlencoded`: `+` is a
    /// space, `%XX` a byte, and an empty component (`a=1&&b=2`) is ignored.
    ///
    /// # Errors
    /// [`ParamError::BrokenEscape`], [`ParamError::NotUtf8`] or [`ParamError::TooMany`]. A lenient
    /// parser would read two different requests with one signature as valid.
    pub fn read_form(mut self, source: Source, form: &[u8]) -> Result<Self, ParamError> {
        let first_pair = self.pairs.len();
        let mut bytes = self.text.into_bytes();
        // Decoding never lengthens the form, so this is enough space.
        let mut end = bytes.len();
        bytes.resize(end + form.len(), 0);
        let mut offset = 0;
        while offset < form.len() {
            let component = offset;
            let name = end;
            let mut value = None;
            while offset < form.len() {
                // Most bytes of a form have no special meaning and are copied at once.
                let rest = &form[offset..];
                let plain =
                    rest.iter().position(|byte| SPECIAL[usize::from(*byte)]).unwrap_or(rest.len());
                bytes[end..end + plain].copy_from_slice(&rest[..plain]);
                end += plain;
                offset += plain;
                let decoded = match rest.get(plain) {
                    None | Some(b'&') => break,
                    Some(b'=') if value.is_none() => {
                        value = Some(end);
                        offset += 1;
                        continue;
                    }
                    Some(b'+') => b' ',
                    Some(b'%') => {
                        let escaped =
                            hex_byte(form, offset + 1).ok_or(ParamError::BrokenEscape(offset))?;
                        offset += 2;
                        escaped
                    }
                    Some(other) => *other,
                };
                bytes[end] = decoded;
                end += 1;
                offset += 1;
            }
            if offset > component {
                if self.pairs.len() == Self::MAX {
                    return Err(ParamError::TooMany);
                }
                let value = value.unwrap_or(end);
                self.pairs.push(Pair { source, name: name..value, value: value..end });
            }
            offset += 1;
        }
        bytes.truncate(end);
        self.text = String::from_utf8(bytes).map_err(|_| ParamError::NotUtf8)?;
        // The whole is UTF-8. Each part is UTF-8 if it neither starts nor ends inside a character.
        let whole = self.pairs[first_pair..].iter().all(|pair| {
            self.text.is_char_boundary(pair.value.start)
                && self.text.is_char_boundary(pair.value.end)
        });
        if whole { Ok(self) } else { Err(ParamError::NotUtf8) }
    }

    /// Appends the parameters of an `Authorization` header. `credentials` is the value after `OAuth
    /// `.
    ///
    /// It omits `realm`, which is never signed (RFC 5849 §3.4.1.3.1).
    ///
    /// # Errors
    /// [`ParamError::BrokenHeader`] or [`ParamError::TooMany`].
    pub fn read_authorization(mut self, credentials: &str) -> Result<Self, ParamError> {
        for one in credentials.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let (name, quoted) = one.split_once('=').ok_or(ParamError::BrokenHeader)?;
            let value = quoted
                .trim()
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .ok_or(ParamError::BrokenHeader)?;
            let name = decode(name.trim()).ok_or(ParamError::BrokenHeader)?;
            let value = decode(value).ok_or(ParamError::BrokenHeader)?;
            if name.eq_ignore_ascii_case("realm") {
                continue;
            }
            if self.pairs.len() == Self::MAX {
                return Err(ParamError::TooMany);
            }
            self.push(Source::Header, &name, &value);
        }
        Ok(self)
    }

    /// Appends a parameter.
    pub(crate) fn push(&mut self, source: Source, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.pairs.push(Pair { source, name: start..middle, value: middle..self.text.len() });
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'_>> + Clone {
        self.pairs.iter().map(|pair| Param {
            source: pair.source,
            name: &self.text[pair.name.clone()],
            value: &self.text[pair.value.clone()],
        })
    }

    /// Removes the parameters at these indexes, which are in ascending order.
    pub(crate) fn remove(&mut self, indexes: &[usize]) {
        let mut index = 0;
        self.pairs.retain(|_| {
            index += 1;
            indexes.binary_search(&(index - 1)).is_err()
        });
    }
}

impl fmt::Debug for Params {
    /// Shows only the count, because the values are personal data.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Params({})", self.pairs.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::oauth1::encode::encode;

    fn form(text: &[u8]) -> Result<Vec<(String, String)>, ParamError> {
        let params = Params::default().read_form(Source::Body, text)?;
        Ok(params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect())
    }

    #[test]
    fn forms_keep_order_duplicates_and_empty_values() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let expected =
                expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            assert_eq!(form(text.as_bytes()), Ok(expected), "{text:?}");
        };
        check("", &[]);
        check("b=2&a=1&b=&b=2", &[("b", "2"), ("a", "1"), ("b", ""), ("b", "2")]);
        check("a=1&&b=2&", &[("a", "1"), ("b", "2")]);
        check("foo", &[("foo", "")]);
        check("=", &[("", "")]);
        check("a=b=c", &[("a", "b=c")]);
        check("a=%2B+%26;b", &[("a", "+ &;b")]);
        check("a+b=%20c%2Bd%c3%9c", &[("a b", " c+dÜ")]);
        check("%C3%9C=%f0%9f%91%a9", &[("Ü", "👩")]);
        check("a= b ", &[("a", " b ")]);
    }

    #[test]
    fn malformed_forms_are_unreadable() {
        assert_eq!(form(b"ab=1&c=%zz"), Err(ParamError::BrokenEscape(7)));
        assert_eq!(form(b"a%2=1"), Err(ParamError::BrokenEscape(1)));
        assert_eq!(form(b"ab=%"), Err(ParamError::BrokenEscape(3)));
        assert_eq!(form(b"ab=%2"), Err(ParamError::BrokenEscape(3)));
        assert_eq!(form(b"a=%+1"), Err(ParamError::BrokenEscape(2)));
        assert_eq!(form(b"a=%2&b=1"), Err(ParamError::BrokenEscape(2)));
        assert_eq!(form(b"a=%FF"), Err(ParamError::NotUtf8));
        assert_eq!(form(b"a=\xff"), Err(ParamError::NotUtf8));
        // The two halves are one character only together.
        assert_eq!(form(b"a%C3=%9C"), Err(ParamError::NotUtf8));
        assert_eq!(form(b"a=%C3&%9C=b"), Err(ParamError::NotUtf8));
        let many = "a=1&".repeat(Params::MAX + 1);
        assert_eq!(form(many.as_bytes()), Err(ParamError::TooMany));
        assert_eq!(
            form("a=1&".repeat(Params::MAX).as_bytes()).map(|pairs| pairs.len()),
            Ok(Params::MAX)
        );
    }

    #[test]
    fn the_realm_of_an_authorization_header_is_omitted() {
        let read = |text: &str| {
            let params = Params::default().read_authorization(text)?;
            Ok(params
                .iter()
                .map(|param| format!("{}={}", param.name, param.value))
                .collect::<Vec<_>>())
        };
        assert_eq!(
            read(r#"realm="Example, or not=", oauth_nonce="7d%2B8 +" ,oauth_version = "1.0","#),
            Err(ParamError::BrokenHeader),
            "a comma in a value must be encoded"
        );
        assert_eq!(
            read(r#"realm="Example", oauth_nonce="7d%2B8+" ,oauth_version = "1.0","#),
            Ok(vec!["oauth_nonce=7d+8+".to_owned(), "oauth_version=1.0".to_owned()])
        );
        for bad in ["oauth_nonce=abc", "oauth_nonce", r#"a="%zz""#, r#"a="%FF""#, r#"a="b"#] {
            assert_eq!(read(bad), Err(ParamError::BrokenHeader), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            pairs in prop::collection::vec(any::<(String, String)>(), 0..20),
        ) {
            let pair = |(name, value): &(String, String)| {
                format!("{}={}", encode(name), encode(value))
            };
            let written: Vec<String> = pairs.iter().map(pair).collect();
            prop_assert_eq!(form(written.join("&").as_bytes()), Ok(pairs));
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), header in any::<String>()) {
            let params = Params::default().read_authorization(&header).unwrap_or_default();
            let params = params.read_form(Source::Body, &bytes).unwrap_or_default();
            prop_assert!(params.iter().count() <= Params::MAX);
        }
    }
}
