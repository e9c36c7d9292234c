//! The gateway's own cookies: their names, how they are set, and how they are found among others.

/// The name of a session's cookie. What tells one session's from another's is its path.
pub const COOKIE: &str = "__Secure-lti";
/// The most cookies that are looked at. Browsers keep fewer for one site.
const MOST_COOKIES: usize = 300;

/// What the names of cookies begin with that the gateway reserves for itself.
const RESERVED: &str = "__Host-lti-";

/// Whether a cookie is the gateway's own: it goes to no upstream, and no upstream may set it. Browsers
/// ignore the case of the prefixes `__Secure-` and `__Host-`.
pub fn is_own_cookie(name: &str) -> bool {
    let rest_behind = |prefix: &str| {
        let start = name.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
    };
    rest_behind(COOKIE).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        || rest_behind(RESERVED).is_some()
}

/// A `Set-Cookie` of the gateway. Only a cookie with these attributes comes back from a platform's frame: Chromium, Firefox and
/// Safari send no other where third-party cookies are blocked.
pub fn set_cookie(name: &str, value: &str, path: &str, seconds: u64) -> String {
    format!(
        "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; Secure; SameSite=None; Partitioned"
    )
}

/// Name and value of each cookie of these `Cookie` headers, as they were sent. A name may come more than once: a browser
/// sends the cookies of every path above the request's, and an app beside the gateway may have set another.
pub fn cookies<'c>(
    headers: impl IntoIterator<Item = &'c str>,
) -> impl Iterator<Item = (&'c str, &'c str)> {
    let all = headers.into_iter().flat_map(|header| header.split(';')).take(MOST_COOKIES);
    all.filter_map(|cookie| cookie.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_own_cookies_have_its_names_in_any_case() {
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
