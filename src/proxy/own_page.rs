//! Whether a page of the tool's own origin sent a request.

use hyper::header::HeaderMap;

use super::headers::values;
use super::page_urls::is_origin;

/// Whether the browser says that a page of this origin, or its user, sent a request.
///
/// A page of another site can neither omit nor change `Sec-Fetch-Site`. All browsers have sent it
/// since 2023, except that Chromium sends none for a WebSocket. Without it, `Origin` must be this
/// origin. A request without both headers comes from an old browser or a program, and does not
/// count.
pub fn is_from_own_page(origin: &str, browser: &HeaderMap) -> bool {
    let mut sites = values(browser, "sec-fetch-site").peekable();
    if sites.peek().is_some() {
        return sites.all(|site| matches!(site, "same-origin" | "none"));
    }
    let mut origins = values(browser, "origin").peekable();
    origins.peek().is_some() && origins.all(|page| is_origin(page, origin))
}

/// The value of `Sec-Fetch-Dest` if a browser shows the response in a window, not in a frame.
pub const WINDOW: &str = "document";

/// Whether a cookie without `Partitioned` may help the browser that sent a launch: Chromium, in a
/// frame.
///
/// Firefox stores such a cookie for the platform's frames alone, where it does not help, and counts
/// it for the limit of partitioned cookies. Safari drops it. Only browsers of Chromium's family
/// send `Sec-CH-UA`.
pub fn may_keep_unpartitioned(sec_fetch_dest: Option<&str>, sec_ch_ua: Option<&str>) -> bool {
    sec_ch_ua.is_some() && sec_fetch_dest.is_some_and(|destination| destination != WINDOW)
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(headers: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        };
        headers.iter().map(pair).collect()
    }

    #[test]
    fn the_browser_vouches_for_a_page_of_the_own_origin() {
        const SITE: &str = "sec-fetch-site";
        let check = |sent: &[(&str, &str)], expected| {
            assert_eq!(is_from_own_page("https://t.example", &headers(sent)), expected, "{sent:?}");
        };
        check(&[(SITE, "same-origin")], true);
        check(&[(SITE, "none")], true);
        check(&[("origin", "https://t.example")], true);
        check(&[("origin", "https://T.example:443")], true);
        for site in ["cross-site", "same-site", "", "Same-Origin", "same-origin, none", "\u{fc}"] {
            check(&[(SITE, site)], false);
            check(&[(SITE, site), ("origin", "https://t.example")], false);
            check(&[(SITE, "same-origin"), (SITE, site)], false);
        }
        check(&[], false);
        for origin in ["null", "https://t.example.org", "http://t.example", "https://t.example/"] {
            check(&[("origin", origin)], false);
            check(&[("origin", "https://t.example"), ("origin", origin)], false);
        }
    }

    #[test]
    fn a_frame_of_chromium_may_keep_an_unpartitioned_cookie() {
        assert!(may_keep_unpartitioned(Some("iframe"), Some("x")));
        assert!(!may_keep_unpartitioned(Some("document"), Some("x")));
        assert!(!may_keep_unpartitioned(Some("iframe"), None));
        assert!(!may_keep_unpartitioned(None, Some("x")));
        assert!(!may_keep_unpartitioned(None, None));
    }
}
