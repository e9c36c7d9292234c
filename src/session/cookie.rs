//! The gateway's own cookies: names, attributes, and the parser of `Cookie` headers.

use hyper::header::{COOKIE as COOKIE_HEADER, HeaderMap, HeaderValue};

/// The name of a session's cookie. Cookies of different sessions have different paths.
pub const COOKIE: &str = "__Secure-lti";
/// The name of a session's twin: the same value in a cookie without `Partitioned`, for downloads
/// and new windows. The receipts' names do not collide: a session's id has 16 characters.
pub const TWIN_COOKIE: &str = "__Secure-lti-window";
/// The name of the cookie with the tag of the person whose cookies of an app a browser has.
pub const PERSON_COOKIE: &str = "__Secure-lti-person";
/// The most cookies of a request that the gateway reads. Browsers store fewer for one site.
const MAX_COOKIES: usize = 300;

/// The prefix of the cookies that bind logins to browsers.
pub(super) const BINDING_PREFIX: &str = "__Host-lti-";

/// Whether a cookie is the gateway's own. No upstream receives it or may set it. Browsers ignore
/// the case of the prefixes `__Secure-` and `__Host-`.
pub fn is_own_cookie(name: &str) -> bool {
    let strip_prefix = |prefix: &str| {
        let start = name.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
    };
    strip_prefix(COOKIE).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        || strip_prefix(BINDING_PREFIX).is_some()
}

/// A `Set-Cookie` value of the gateway. `seconds` is its lifetime. With third-party cookies
/// blocked, Chromium, Firefox and Safari send only cookies with these attributes from a platform's
/// frame.
pub fn set_cookie(name: &str, value: &str, path: &str, seconds: u64) -> String {
    format!("{}; Partitioned", set_unpartitioned_cookie(name, value, path, seconds))
}

/// A `Set-Cookie` value of the gateway without `Partitioned`. A browser that blocks third-party
/// cookies drops it in a platform's frame.
pub fn set_unpartitioned_cookie(name: &str, value: &str, path: &str, seconds: u64) -> String {
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; Secure; SameSite=None")
}

/// Name and value of each cookie in these `Cookie` headers, in their order. A name may occur more
/// than once: a browser sends the cookies of every path above the request's, and another app of the
/// host may have set one.
///
/// Other apps of the domain can set cookies of any bytes. The gateway's are ASCII.
pub fn cookies<'c>(
    headers: impl IntoIterator<Item = &'c [u8]>,
) -> impl Iterator<Item = (&'c str, &'c str)> {
    let all = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
    let all = all.take(MAX_COOKIES).filter_map(|cookie| std::str::from_utf8(cookie).ok());
    all.filter_map(|cookie| cookie.trim_ascii().split_once('='))
}

/// Name and value of each of the gateway's own cookies in a request.
pub fn own_cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE_HEADER).iter().map(HeaderValue::as_bytes);
    cookies(values).filter(|(name, _)| is_own_cookie(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_cookies_are_recognized_in_any_case() {
        for own in [
            "__Secure-lti",
            "__secure-LTI",
            "__Secure-lti-abc",
            "__Host-lti-",
            "__Host-lti-login",
            "__HOST-LTI-x",
        ] {
            assert!(is_own_cookie(own), "{own}");
        }
        for other in [
            "",
            "__Secure-ltix",
            "__Secure-l",
            "__Host-lti",
            "__Host-ltix",
            "__Host-lt",
            "__Host-a",
            "x__Host-lti-a",
            "_Host-lti-a",
            "__Host-ltü-a",
            "lti-a",
        ] {
            assert!(!is_own_cookie(other), "{other}");
        }
    }
}
