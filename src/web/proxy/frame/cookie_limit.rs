//! The size limits of browsers for a cookie.

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};

/// The most bytes of name and value (RFC 6265bis §5.6). Browsers drop a longer cookie.
const MOST_BYTES: usize = 4096;
/// The most bytes of an attribute's value. Browsers ignore a longer `Path`, and the cookie would
/// get another one.
const MOST_ATTRIBUTE_BYTES: usize = 1024;

/// Removes the cookies that a browser would drop, or store with another path. Returns the sizes of
/// the removed ones: name and value, in bytes.
pub(in crate::web::proxy) fn remove_long_cookies(response: &mut HeaderMap) -> Vec<usize> {
    let all = response.get_all(SET_COOKIE);
    if all.iter().all(|value| !is_long(value)) {
        return Vec::new();
    }
    let (long, kept): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_long);
    response.remove(SET_COOKIE);
    for value in kept {
        response.append(SET_COOKIE, value);
    }
    long.iter().map(size).collect()
}

fn is_long(value: &HeaderValue) -> bool {
    let mut attributes = value.as_bytes().split(|byte| *byte == b';').skip(1);
    size(value) > MOST_BYTES
        || attributes.any(|attribute| {
            let equals = attribute.iter().position(|byte| *byte == b'=');
            let content = equals.and_then(|at| attribute.get(at + 1..)).unwrap_or_default();
            content.trim_ascii().len() > MOST_ATTRIBUTE_BYTES
        })
}

/// The bytes of name and value, without the `=` between them.
fn size(value: &HeaderValue) -> usize {
    let cookie = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    match cookie.iter().position(|byte| *byte == b'=') {
        Some(at) => cookie[..at].trim_ascii().len() + cookie[at + 1..].trim_ascii().len(),
        None => cookie.trim_ascii().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_over_4096_bytes_is_removed_alone() {
        let mut response = HeaderMap::new();
        let cookie =
            |name: &str, bytes: usize| format!("{name}={}", "x".repeat(bytes - name.len()));
        let sent = [
            cookie("fits", 4096),
            cookie("long", 4097),
            format!("{}; Path=/{}", cookie("attributes", 4096), "p".repeat(1023)),
            format!("path=1; Path=/{}", "p".repeat(1024)),
            "last=1; Max-Age=5".to_owned(),
            "y".repeat(4097),
        ];
        for value in &sent {
            response.append(SET_COOKIE, HeaderValue::from_str(value).expect("a value"));
        }
        assert_eq!(remove_long_cookies(&mut response), [4097, 5, 4097]);
        let kept: Vec<_> = response.get_all(SET_COOKIE).iter().collect();
        assert_eq!(kept, [&sent[0], &sent[2], &sent[4]]);
        assert_eq!(remove_long_cookies(&mut response), [0; 0]);
        assert_eq!(response.get_all(SET_COOKIE).iter().count(), 3);
    }
}
