//! Names of an app's cookies.
//!
//! A browser stores a cookie named `__Host-…` only with `Path=/`, which an app below a prefix
//! cannot use. The gateway renames it to `__Secure-Host-…` for the browser, and back for the app.
//! An app with cookies of both names would mix them up; no such app is known.

const HOST: &str = "__Host-";
const SECURE_HOST: &str = "__Secure-Host-";

/// An app's cookie (`name=value`) under a name that a browser accepts below a prefix. `None` if it
/// keeps its name.
pub(crate) fn renamed_for_browser(cookie: &str) -> Option<String> {
    begins_with(cookie.as_bytes(), HOST).then(|| format!("__Secure-{}", &cookie["__".len()..]))
}

/// A browser's cookie under the name that the app chose. `None` if it keeps its name.
pub(crate) fn renamed_for_app(cookie: &[u8]) -> Option<Vec<u8>> {
    begins_with(cookie, SECURE_HOST).then(|| [b"__", &cookie["__Secure-".len()..]].concat())
}

/// Ignores case, as browsers do in the prefixes of cookie names.
fn begins_with(cookie: &[u8], prefix: &str) -> bool {
    let start = cookie.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_prefix_cookie_is_renamed_for_the_browser_and_back_for_the_app() {
        for (app, browser) in [
            ("__Host-sid=1", "__Secure-Host-sid=1"),
            ("__host-SID=", "__Secure-host-SID="),
            ("__HOST-", "__Secure-HOST-"),
            ("__Host-Http-sid=__Host-x", "__Secure-Host-Http-sid=__Host-x"),
        ] {
            assert_eq!(renamed_for_browser(app).as_deref(), Some(browser));
            assert_eq!(renamed_for_app(browser.as_bytes()).as_deref(), Some(app.as_bytes()));
        }
    }

    #[test]
    fn other_cookies_keep_their_names() {
        for cookie in [
            "sid=1",
            "__Secure-sid=1",
            "_Host-sid=1",
            "__Hosts=1",
            "x__Host-sid=1",
            "",
            "__",
            "ü__Host-",
        ] {
            assert_eq!(renamed_for_browser(cookie), None, "{cookie}");
            assert_eq!(renamed_for_app(cookie.as_bytes()), None, "{cookie}");
        }
        assert_eq!(renamed_for_app(b"__Host-sid=1"), None);
    }
}
