//! The signature base string (RFC 5849 §3.4.1): the string that both sides sign.

use std::cmp::Ordering;

use super::encode::{compare_encoded, encode, encode_into, encode_twice};
use super::params::Param;

/// The base string URI (§3.4.1.2): scheme and host in lower case, no default port, the path as on
/// the wire, no query.
///
/// `authority` is a host with an optional port. `path` stays unchanged; an empty path becomes `/`.
pub fn base_uri(scheme: &str, authority: &str, path: &str) -> String {
    let mut uri = scheme.to_ascii_lowercase();
    let default_port = match uri.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = authority.to_ascii_lowercase();
    uri.push_str("://");
    uri.push_str(authority.strip_suffix(default_port).unwrap_or(&authority));
    uri.push_str(if path.is_empty() { "/" } else { path });
    uri
}

/// The [`base_uri`] of an absolute URL, and its query as written. The query is empty if the URL has
/// none.
pub fn split_url(url: &str) -> (String, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let rest = rest.split('#').next().unwrap_or_default();
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = location.split_at(location.find('/').unwrap_or(location.len()));
    (base_uri(scheme, authority, path), query)
}

/// The base string of a request (§3.4.1.1): method, base string URI and all parameters except
/// `oauth_signature`, sorted by their encoded bytes (§3.4.1.3.2).
pub fn base_string<'a>(
    method: &str,
    base_uri: &str,
    params: impl Iterator<Item = Param<'a>>,
) -> String {
    let mut pairs: Vec<Param<'a>> = Vec::with_capacity(params.size_hint().1.unwrap_or_default());
    pairs.extend(params.filter(is_signed));
    pairs.sort_unstable_by(order);
    base_string_of_sorted(method, base_uri, pairs.iter().copied())
}

/// Whether a signature covers a parameter.
pub(crate) fn is_signed(param: &Param<'_>) -> bool {
    param.name != "oauth_signature"
}

/// The order of parameters in a base string.
pub(crate) fn order(a: &Param<'_>, b: &Param<'_>) -> Ordering {
    compare_encoded(a.name, b.name).then_with(|| compare_encoded(a.value, b.value))
}

/// The base string of sorted parameters.
pub(crate) fn base_string_of_sorted<'a>(
    method: &str,
    base_uri: &str,
    pairs: impl Iterator<Item = Param<'a>> + Clone,
) -> String {
    let mut base = encode(&method.to_ascii_uppercase());
    base.push('&');
    encode_into(base_uri, &mut base);
    base.push('&');
    // Names and values are encoded once, and the whole `name=value&…` once more.
    let mut bytes = base.into_bytes();
    let mut end = bytes.len();
    let capacity: usize =
        pairs.clone().map(|pair| 5 * (pair.name.len() + pair.value.len()) + 6).sum();
    bytes.resize(end + capacity, 0);
    for (index, pair) in pairs.enumerate() {
        if index > 0 {
            bytes[end..end + 3].copy_from_slice(b"%26");
            end += 3;
        }
        end = encode_twice(pair.name, &mut bytes, end);
        bytes[end..end + 3].copy_from_slice(b"%3D");
        end = encode_twice(pair.value, &mut bytes, end + 3);
    }
    bytes.truncate(end);
    // Every byte is ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::params::{Params, Source};

    #[test]
    fn the_base_uri_omits_only_the_default_port() {
        let check = |scheme: &str, authority: &str, path: &str, expected: &str| {
            assert_eq!(base_uri(scheme, authority, path), expected);
        };
        check("HTTPS", "Tool.EXAMPLE:443", "/Lti/A", "https://tool.example/Lti/A");
        check("http", "tool.example:80", "", "http://tool.example/");
        check("https", "tool.example:80", "/a/", "https://tool.example:80/a/");
        check("http", "[::1]:5000", "/a%2Fb/../%7e", "http://[::1]:5000/a%2Fb/../%7e");
    }

    /// RFC 5849 §3.4.1.1, with the header, query and body of §3.4.1.3.1.
    #[test]
    fn the_base_string_of_rfc_5849_is_reproduced() {
        let params = Params::default()
            .read_form(Source::Query, b"b5=%3D%253D&a3=a&c%40=&a2=r%20b")
            .and_then(|params| {
                params.read_authorization(
                    r#"realm="Example", oauth_consumer_key="9djdj82h48djs9d2",
                    oauth_token="kkk9d7dh3k39sjv7", oauth_signature_method="HMAC-SHA1",
                    oauth_timestamp="137131201", oauth_nonce="7d8f3e4a",
                    oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D""#,
                )
            })
            .and_then(|params| params.read_form(Source::Body, b"c2&a3=2+q"))
            .expect("the RFC's request is well formed");
        assert_eq!(
            base_string("post", &base_uri("http", "EXAMPLE.COM:80", "/request"), params.iter()),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da\
             %26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2\
             %26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
             %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}
