//! The parameters of a request (RFC 5849 §3.4.1.3.1): ordered pairs, never a map.
//!
//! Order, duplicates and empty values are kept until the signature is checked, because all of them are
//! signed. Nothing is trimmed.

use std::fmt;
use std::ops::Range;

use super::encode::{decode, hex_byte};

/// Where a parameter stood in the request.
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
    /// Where it stood.
    pub source: Source,
    /// Its name.
    pub name: &'a str,
    /// Its value; empty where it had none.
    pub value: &'a str,
}

/// Why a form, a query or a header could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamError {
    /// A `%` without two hexadecimal digits behind it, at this byte of the query or body.
    BrokenEscape(usize),
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// More than [`Params::MAX`] parameters.
    TooMany,
    /// The `Authorization: OAuth` header does not have the form of RFC 5849 §3.5.1.
    BrokenHeader,
}

/// The parameters of one request, in the order in which they were read.
///
/// All names and values lie in one string, so that a form of forty parameters costs two allocations.
#[derive(Clone, Default)]
pub struct Params {
    text: String,
    pairs: Vec<Pair>,
}

/// The bytes that do not stand for themselves in a form.
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
    /// The most parameters that one request may carry.
    pub const MAX: usize = 1000;

    /// Reads `application/x-www-form-urlencoded` bytes, a query or a body, behind what was read before: `+` is a
    /// space, `%XX` a byte, and a component of no length (`a=1&&b=2`) is no parameter.
    ///
    /// # Errors
    /// [`ParamError::BrokenEscape`], [`ParamError::NotUtf8`], [`ParamError::TooMany`]. Reading leniently instead
    /// would let two different requests carry one signature.
    pub fn read_form(mut self, source: Source, form: &[u8]) -> Result<Self, ParamError> {
        let first_pair = self.pairs.len();
        let mut bytes = self.text.into_bytes();
        // Decoding never lengthens, so that this is room for all of it.
        let mut end = bytes.len();
        bytes.resize(end + form.len(), 0);
        let mut offset = 0;
        while offset < form.len() {
            let component = offset;
            let name = end;
            let mut value = None;
            while offset < form.len() {
                // What stands for itself is copied at once, which is most of a form.
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
        // The whole is UTF-8; each part is as well if no part begins or ends inside a character.
        let whole = self.pairs[first_pair..].iter().all(|pair| {
            self.text.is_char_boundary(pair.value.start)
                && self.text.is_char_boundary(pair.value.end)
        });
        if whole { Ok(self) } else { Err(ParamError::NotUtf8) }
    }

    /// Reads the credentials of an `Authorization` header: what stands behind `OAuth `.
    ///
    /// `realm` is left out, as it is never signed (RFC 5849 §3.4.1.3.1).
    ///
    /// # Errors
    /// [`ParamError::BrokenHeader`], [`ParamError::TooMany`].
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

    /// Adds one parameter at the end.
    pub(crate) fn push(&mut self, source: Source, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.pairs.push(Pair { source, name: start..middle, value: middle..self.text.len() });
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'_>> {
        self.pairs.iter().map(|pair| Param {
            source: pair.source,
            name: &self.text[pair.name.clone()],
            value: &self.text[pair.value.clone()],
        })
    }

    /// Takes out the parameters at these places.
    pub(crate) fn remove(&mut self, places: &[usize]) {
        let mut place = 0;
        self.pairs.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
    }
}

impl fmt::Debug for Params {
    /// Only the count: the values are a person's.
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
    fn forms_keep_order_duplicates_and_blanks() {
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
    fn forms_that_cannot_be_read_one_way_only_are_refused() {
        assert_eq!(form(b"ab=1&c=%zz"), Err(ParamError::BrokenEscape(7)));
        assert_eq!(form(b"a%2=1"), Err(ParamError::BrokenEscape(1)));
        assert_eq!(form(b"ab=%"), Err(ParamError::BrokenEscape(3)));
        assert_eq!(form(b"ab=%2"), Err(ParamError::BrokenEscape(3)));
        assert_eq!(form(b"a=%+1"), Err(ParamError::BrokenEscape(2)));
        assert_eq!(form(b"a=%2&b=1"), Err(ParamError::BrokenEscape(2)));
        assert_eq!(form(b"a=%FF"), Err(ParamError::NotUtf8));
        assert_eq!(form(b"a=\xff"), Err(ParamError::NotUtf8));
        // The two halves are one character only when put together.
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
    fn authorization_headers_are_read_without_their_realm() {
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
            "a comma inside a value has to be encoded"
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
        fn reading_undoes_writing(pairs in prop::collection::vec(any::<(String, String)>(), 0..20)) {
            let written: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
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
