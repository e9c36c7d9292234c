//! The signature base string (RFC 5849 §3.4.1): what both sides sign.

use super::Param;
use super::encode::encode_into;

/// The base string URI (§3.4.1.2): scheme and host in lower case, the scheme's own port left out, the path
/// exactly as it stands on the wire, no query.
///
/// `authority` is a host with an optional port; `path` is taken as it is, and empty means `/`.
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

/// The base string of a request (§3.4.1.1): method, base string URI and all parameters but
/// `oauth_signature`, sorted after encoding, byte by byte (§3.4.1.3.2).
pub fn base_string<'a>(method: &str, base_uri: &str, params: impl Iterator<Item = Param<'a>>) -> String {
    let mut encoded = String::with_capacity(4096);
    let mut pairs = Vec::with_capacity(64);
    for param in params.filter(|param| param.name != "oauth_signature") {
        let name = encoded.len();
        encode_into(param.name, &mut encoded);
        let value = encoded.len();
        encode_into(param.value, &mut encoded);
        pairs.push((name..value, value..encoded.len()));
    }
    pairs.sort_unstable_by(|a, b| {
        let key = |pair: &(std::ops::Range<usize>, std::ops::Range<usize>)| {
            (encoded[pair.0.clone()].as_bytes(), encoded[pair.1.clone()].as_bytes())
        };
        key(a).cmp(&key(b))
    });

    let mut base = String::with_capacity(encoded.len() * 2 + base_uri.len() + 64);
    encode_into(&method.to_ascii_uppercase(), &mut base);
    base.push('&');
    encode_into(base_uri, &mut base);
    base.push('&');
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            base.push_str("%26");
        }
        encode_again_into(&encoded[name], &mut base);
        base.push_str("%3D");
        encode_again_into(&encoded[value], &mut base);
    }
    base
}

/// Encodes text that is encoded already: of its characters only `%` is not unreserved.
fn encode_again_into(encoded: &str, base: &mut String) {
    let mut parts = encoded.split('%');
    base.push_str(parts.next().unwrap_or_default());
    for part in parts {
        base.push_str("%25");
        base.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::{Params, Source};

    #[test]
    fn the_base_uri_drops_only_the_schemes_own_port() {
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
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
             %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
             %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}
