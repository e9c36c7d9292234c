//! Cookies of an app, rewritten for the platform's iframe and for the app's prefix.

use std::borrow::Cow;

use super::app::{Frame, inside};
use crate::proxy::cookie::renamed_for_browser;
use crate::session::is_own_cookie;

impl Frame<'_> {
    /// The value of `Set-Cookie`. `None` for an empty cookie, and for one with a name of the
    /// gateway.
    ///
    /// In a third-party frame, a browser accepts a cookie only with `SameSite=None; Secure`, and
    /// often only with `Partitioned` too. Deletion needs all three as well. `Domain` is removed: it
    /// names the app's host, and the browser sees the gateway's.
    pub(super) fn cookie(&self, value: &str) -> Option<String> {
        let mut parts = value.split(';').map(str::trim_ascii);
        let cookie =
            parts.next().filter(|cookie| !cookie.is_empty() && !is_the_gateways(cookie))?;
        let renamed = if self.prefix.is_empty() { None } else { renamed_for_browser(cookie) };
        let mut kept = renamed.unwrap_or_else(|| cookie.to_owned());
        let mut path = None;
        for attribute in parts.filter(|attribute| !attribute.is_empty()) {
            let (name, content) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.trim_ascii_end().to_ascii_lowercase().as_str() {
                "domain" | "secure" | "samesite" | "partitioned" => {}
                "path" => path = Some(content.trim_ascii_start()),
                _ => {
                    kept.push_str("; ");
                    kept.push_str(attribute);
                }
            }
        }
        // The last `Path` wins, and browsers ignore one without a leading slash. They then use the
        // directory of the request, which for a request to the app's root would contain other
        // tools.
        let path = path.filter(|path| path.starts_with('/'));
        if let Some(path) = path.or_else(|| self.is_root.then_some("/")) {
            kept.push_str("; Path=");
            kept.push_str(&self.cookie_path(path));
        }
        kept.push_str("; Secure; SameSite=None; Partitioned");
        Some(kept)
    }

    /// The `Path` for the browser. A path that contains the whole app becomes the prefix.
    fn cookie_path<'p>(&'p self, path: &'p str) -> Cow<'p, str> {
        let base = self.upstream.path.as_str();
        let is_below_prefix =
            inside(path, self.prefix).is_some() && base.len() <= self.prefix.len();
        let contains_app = base
            .strip_prefix(path)
            .is_some_and(|rest| !rest.is_empty() && (path.ends_with('/') || rest.starts_with('/')));
        let below = if contains_app && !is_below_prefix {
            Cow::Borrowed(self.prefix)
        } else {
            self.below_prefix(path)
        };
        // Without the trailing slash, the browser also sends the cookie with a request to the
        // prefix.
        match below.strip_suffix('/') {
            _ if below.is_empty() => Cow::Borrowed("/"),
            Some(root) if root == self.prefix && !root.is_empty() => Cow::Owned(root.to_owned()),
            _ => below,
        }
    }
}

/// Whether a browser would send a cookie back under a name of the gateway. A cookie without a name
/// comes back as its bare value.
fn is_the_gateways(cookie: &str) -> bool {
    let (name, value) = cookie.split_once('=').unwrap_or(("", cookie));
    let name =
        if name.trim().is_empty() { value.split('=').next().unwrap_or_default() } else { name };
    is_own_cookie(name.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    const PREFIX: &str = "/lti/nb/~abc";
    const FRAMED: &str = "; Secure; SameSite=None; Partitioned";

    fn cookie(base: &str, prefix: &str, value: &str) -> Option<String> {
        let upstream = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: base.to_owned(),
        };
        Frame {
            upstream: &upstream,
            origin: "https://tools.example",
            prefix,
            is_root: false,
            frame_ancestors: "*",
        }
        .cookie(value)
    }

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(cookie("/app", PREFIX, value), Some(format!("{expected}{FRAMED}")), "{value}");
    }

    #[track_caller]
    fn check_path(base: &str, prefix: &str, path: &str, expected: &str) {
        let kept = cookie(base, prefix, &format!("a=1; Path={path}"));
        assert_eq!(
            kept,
            Some(format!("a=1; Path={expected}{FRAMED}")),
            "{path} of {base:?} below {prefix:?}"
        );
    }

    #[test]
    fn a_cookie_gets_the_attributes_that_a_frame_needs() {
        check("a=1", "a=1");
        check("a=1; Secure", "a=1");
        check("a=1; SameSite=Lax", "a=1");
        check("a=1; samesite=strict; SECURE;partitioned; SameSite = None ; Secure=", "a=1");
        check("a=1; Domain=app.test; domain=.test", "a=1");
        check("a=1; SameSite", "a=1");
        check("a=1;;; ", "a=1");
    }

    #[test]
    fn name_value_and_other_attributes_keep_their_bytes() {
        check("a=1; HttpOnly; Max-Age=60", "a=1; HttpOnly; Max-Age=60");
        check(
            "a=1;httponly;Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=1; httponly; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        );
        check("a=1; Priority=High; x; y = z=", "a=1; Priority=High; x; y = z=");
        check("a=\"b=c, d\" ; HttpOnly", "a=\"b=c, d\"; HttpOnly");
        check("ü=%3B ü==", "ü=%3B ü==");
        check("a=", "a=");
        check("a", "a");
        check("=a", "=a");
        check("a=Path=/x", "a=Path=/x");
    }

    #[test]
    fn a_deletion_has_the_path_of_the_cookie_that_it_deletes() {
        check("a=1; Path=/; HttpOnly", "a=1; HttpOnly; Path=/lti/nb/~abc");
        check("a=; Path=/; Max-Age=0; HttpOnly", "a=; Max-Age=0; HttpOnly; Path=/lti/nb/~abc");
        check(
            "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/lti/nb/~abc",
        );
    }

    #[test]
    fn the_path_of_a_cookie_is_put_below_the_prefix() {
        for base in ["", "/app"] {
            check_path(base, PREFIX, "/", "/lti/nb/~abc");
            check_path(base, PREFIX, "/x", "/lti/nb/~abc/x");
            check_path(base, PREFIX, "/x/", "/lti/nb/~abc/x/");
            check_path(base, PREFIX, "/apps", "/lti/nb/~abc/apps");
            check_path(base, PREFIX, "/lti/nb/~abc", "/lti/nb/~abc");
            check_path(base, PREFIX, "/lti/nb/~abc/", "/lti/nb/~abc");
            check_path(base, PREFIX, "/lti/nb/~abc/x", "/lti/nb/~abc/x");
            check_path(base, PREFIX, "/lti/nb/~xyz", "/lti/nb/~abc/lti/nb/~xyz");
            check_path(base, PREFIX, "/lti/nb", "/lti/nb/~abc/lti/nb");
            check_path(base, "", "/", "/");
            check_path(base, "", "/x", "/x");
        }
        check_path("/app", PREFIX, "/app", "/lti/nb/~abc");
        check_path("/app", PREFIX, "/app/", "/lti/nb/~abc");
        check_path("/app", PREFIX, "/app/x", "/lti/nb/~abc/x");
        check_path("/app", "", "/app", "/");
        check_path("/app", "", "/app/x", "/x");
        check_path("/lti/nb", "/lti/nb", "/lti/nb", "/lti/nb");
    }

    #[test]
    fn a_path_that_contains_the_whole_app_becomes_the_prefix() {
        check_path("/a/b", PREFIX, "/a", "/lti/nb/~abc");
        check_path("/a/b", PREFIX, "/a/", "/lti/nb/~abc");
        check_path("/a/b", "", "/a", "/");
        check_path("/a/b", "", "/", "/");
        check_path("/lti/nb/app", "/lti/nb", "/lti", "/lti/nb");
        check_path("/lti/nb/~abc/x", PREFIX, "/lti/nb/~abc", "/lti/nb/~abc");
        // These paths contain something else.
        check_path("/ab", PREFIX, "/a", "/lti/nb/~abc/a");
        check_path("/lti", PREFIX, "/lti/nb/~abc", "/lti/nb/~abc");
    }

    #[test]
    fn the_last_path_wins_and_an_invalid_path_is_removed() {
        check("a=1; Path=/x; path=/app/y", "a=1; Path=/lti/nb/~abc/y");
        check("a=1; PATH = /x ", "a=1; Path=/lti/nb/~abc/x");
        check("a=1; Path=/x=y, z", "a=1; Path=/lti/nb/~abc/x=y, z");
        for nothing in ["Path", "Path=", "Path=x", "Path=\"/\"", "Path=/x; Path="] {
            check(&format!("a=1; {nothing}"), "a=1");
        }
    }

    #[test]
    fn a_cookie_of_the_root_without_a_path_stays_with_its_tool() {
        let upstream = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: "/app".to_owned(),
        };
        for (prefix, path) in [("/lti/nb", "/lti/nb"), ("", "/")] {
            let frame = Frame {
                upstream: &upstream,
                origin: "https://t.example",
                prefix,
                is_root: true,
                frame_ancestors: "*",
            };
            assert_eq!(frame.cookie("a=1"), Some(format!("a=1; Path={path}{FRAMED}")));
        }
    }

    #[test]
    fn an_app_cannot_set_a_cookie_of_the_gateway() {
        for value in [
            "__Secure-lti=x",
            "__Secure-lti=; Max-Age=0",
            "__Secure-lti-abc=x; Path=/",
            "__secure-LTI=x",
            "  __Secure-lti =x",
            "__Secure-lti",
            "=__Secure-lti=x",
            " = __Secure-lti-abc",
            "__Host-lti-login=1; Path=/; Secure",
            "__host-LTI-x",
            "=__Host-lti-login=1",
            "",
            ";",
            " ; Path=/",
        ] {
            assert_eq!(cookie("/app", PREFIX, value), None, "{value}");
            assert_eq!(cookie("", "", value), None, "{value}");
        }
        check("__Secure-ltix=1", "__Secure-ltix=1");
        check("a=__Secure-lti=1", "a=__Secure-lti=1");
    }

    #[test]
    fn a_host_prefix_cookie_gets_a_name_that_allows_a_path() {
        check("__Host-a=1; Path=/; Secure", "__Secure-Host-a=1; Path=/lti/nb/~abc");
        check(
            "__host-Http-a=1; Path=/; HttpOnly",
            "__Secure-host-Http-a=1; HttpOnly; Path=/lti/nb/~abc",
        );
        check("__Secure-a=1", "__Secure-a=1");
        assert_eq!(
            cookie("/app", "", "__Host-a=1; Path=/"),
            Some(format!("__Host-a=1; Path=/{FRAMED}"))
        );
    }

    proptest! {
        #[test]
        fn every_cookie_is_set_below_the_prefix_and_for_the_frame(
            value in concat!(
                "(__Secure-|lti|a)?[=a]{0,2}(; ?(Path=|path =|Domain=|Secure|SameSite=|Partitioned",
                "|Max-Age=0|/|/app|/lti/nb|/~abc|\\.|,|x){0,4}){0,5}",
            ),
        ) {
            let Some(kept) = cookie("/app", PREFIX, &value) else { return Ok(()) };
            let mut parts = kept.split(';');
            prop_assert_eq!(parts.next(), value.split(';').next().map(str::trim));
            let attributes: Vec<(String, &str)> = parts
                .map(|part| part.split_once('=').unwrap_or((part, "")))
                .map(|(name, content)| (name.trim().to_ascii_lowercase(), content.trim()))
                .collect();
            let of = |wanted: &str| -> Vec<&str> {
                let wanted = attributes.iter().filter(|(name, _)| name == wanted);
                wanted.map(|(_, content)| *content).collect()
            };
            prop_assert_eq!(of("domain"), Vec::<&str>::new());
            prop_assert_eq!(of("secure"), [""]);
            prop_assert_eq!(of("partitioned"), [""]);
            prop_assert_eq!(of("samesite"), ["None"]);
            prop_assert!(of("path").len() <= 1);
            let is_below = |path: &&str| inside(path, PREFIX).is_some();
            prop_assert!(of("path").iter().all(is_below), "{kept}");
        }
    }
}
