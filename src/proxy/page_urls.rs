//! The `Host`, `Origin` and `Referer` that an app receives.
//!
//! By default they name the app as the gateway reaches it. Apps compare them with each other, and
//! many refuse a host that they do not know. With `pass_host_header`, they name the app as browsers
//! see it: for apps that build absolute URLs, or that compare these headers with `X-Forwarded-Host`
//! and `X-Forwarded-Proto`.
//!
//! In neither mode does an app receive another URL of the gateway. It may belong to another tool or
//! user, or contain a ticket.

use std::borrow::Cow;

use crate::session::TICKET_PARAMETER;
use crate::url::{BaseUrl, UrlParts};

/// The URLs of an app, for its gateway and for browsers.
#[derive(Clone, Copy)]
pub(super) struct PageUrls<'a> {
    /// The app's URL, as the gateway reaches it.
    pub(super) upstream: &'a BaseUrl,
    /// The gateway's origin, as browsers see it: `https://host[:port]`.
    pub(super) origin: &'a str,
    /// The path before the app's own paths in the gateway's URLs; may be empty.
    pub(super) prefix: &'a str,
    /// Whether the app receives the URLs that browsers see.
    pub(super) as_browser: bool,
}

impl PageUrls<'_> {
    /// The `Host` for the app. It never depends on the request, except through `origin`.
    pub(super) fn host(&self) -> Cow<'_, str> {
        match UrlParts::of_web(self.origin) {
            Some(origin) if self.as_browser => Cow::Owned(origin.host_header()),
            _ => Cow::Borrowed(&self.upstream.origin.authority),
        }
    }

    /// An `Origin` for the app. The gateway's origin becomes the app's, because apps compare
    /// `Origin` with their own URL in CSRF checks.
    pub(super) fn origin<'h>(&self, value: &'h str) -> Cow<'h, str> {
        if is_origin(value, self.origin) && !self.as_browser {
            Cow::Owned(self.upstream.origin.to_string())
        } else {
            Cow::Borrowed(value)
        }
    }

    /// A `Referer` for the app: one of its own URLs, or a URL of another site. `None` for other
    /// URLs of the gateway: they belong to other tools and users, and an entry URL contains a
    /// ticket.
    pub(super) fn referer<'h>(&self, value: &'h str) -> Option<Cow<'h, str>> {
        let Some(url) = UrlParts::of_web(value).filter(|url| url.is_of(self.origin)) else {
            return Some(Cow::Borrowed(value));
        };
        let (path, query) = url.rest.split_at(url.rest.find(['?', '#']).unwrap_or(url.rest.len()));
        if query.strip_prefix('?').is_some_and(|query| query.starts_with(TICKET_PARAMETER)) {
            return None;
        }
        let rest = path
            .strip_prefix(self.prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        if self.as_browser {
            return Some(Cow::Borrowed(value));
        }
        let slash = if self.upstream.path.is_empty() && rest.is_empty() { "/" } else { "" };
        Some(Cow::Owned(format!("{}{rest}{slash}{query}", self.upstream)))
    }
}

/// Whether the value of an `Origin` header is this origin, without a path.
pub(super) fn is_origin(value: &str, origin: &str) -> bool {
    value == origin
        || UrlParts::of_web(value).is_some_and(|page| page.rest.is_empty() && page.is_of(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::{Origin, Scheme};

    /// Values of `Referer`, and the one that an app receives by default.
    const REFERERS: [(&str, Option<&str>); 16] = [
        ("https://tools.example/lti/nb/~abc/a/b?c=d", Some("http://app.test:9000/app/a/b?c=d")),
        ("https://tools.example/lti/nb/~abc/", Some("http://app.test:9000/app/")),
        ("https://tools.example/lti/nb/~abc", Some("http://app.test:9000/app")),
        ("https://tools.example:443/lti/nb/~abc/%2F//", Some("http://app.test:9000/app/%2F//")),
        (
            "https://tools.example/lti/nb/~abc/?x=?lti_ticket",
            Some("http://app.test:9000/app/?x=?lti_ticket"),
        ),
        ("https://tools.example/lti/nb/~abc?lti_ticket=x", None),
        ("https://tools.example/lti/nb/~abc/?lti_ticket", None),
        ("https://tools.example/lti/nb/~abcd/", None),
        ("https://tools.example/lti/nb", None),
        ("https://tools.example/lti/nb/~xyz/a", None),
        ("https://tools.example/", None),
        ("https://tools.example", None),
        ("https://campus.example/course", Some("https://campus.example/course")),
        ("http://tools.example/lti/nb/~abc/a", Some("http://tools.example/lti/nb/~abc/a")),
        ("https://tools.example@evil.example/", Some("https://tools.example@evil.example/")),
        ("about:client", Some("about:client")),
    ];

    fn upstream(path: &str) -> BaseUrl {
        BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: path.to_owned(),
        }
    }

    fn urls(upstream: &BaseUrl, as_browser: bool) -> PageUrls<'_> {
        PageUrls { upstream, origin: "https://tools.example", prefix: "/lti/nb/~abc", as_browser }
    }

    #[test]
    fn the_host_is_the_apps_or_the_browsers() {
        let upstream = upstream("/app");
        for (origin, host) in [
            ("https://tools.example", "tools.example"),
            ("https://tools.example:443", "tools.example"),
            ("https://tools.example:8443", "tools.example:8443"),
            ("http://localhost:5000", "localhost:5000"),
        ] {
            let urls = |as_browser| PageUrls { origin, ..urls(&upstream, as_browser) };
            assert_eq!(urls(false).host(), "app.test:9000");
            assert_eq!(urls(true).host(), host);
        }
    }

    #[test]
    fn the_gateways_origin_becomes_the_apps_origin_unless_it_is_passed() {
        let upstream = upstream("/app");
        for own in ["https://tools.example", "https://Tools.Example", "https://tools.example:443"] {
            assert_eq!(urls(&upstream, false).origin(own), "http://app.test:9000");
            assert_eq!(urls(&upstream, true).origin(own), own);
        }
        for other in [
            "null",
            "",
            "http://tools.example",
            "https://tools.example.evil",
            "https://tools.example:8443",
            "https://evil.example",
            "https://tools.example/",
        ] {
            for as_browser in [false, true] {
                assert_eq!(urls(&upstream, as_browser).origin(other), other);
            }
        }
    }

    #[test]
    fn a_referer_names_the_app_or_another_site_and_never_another_url_of_the_gateway() {
        let upstream = upstream("/app");
        for (browser, app) in REFERERS {
            assert_eq!(urls(&upstream, false).referer(browser).as_deref(), app, "{browser}");
            let passed = app.map(|_| browser);
            assert_eq!(urls(&upstream, true).referer(browser).as_deref(), passed, "{browser}");
        }
    }

    #[test]
    fn at_the_root_of_a_host_every_referer_is_a_url_of_the_app() {
        let upstream = upstream("");
        for (browser, app) in [
            ("https://tools.example", Some("http://app.test:9000/")),
            ("https://tools.example?a", Some("http://app.test:9000/?a")),
            ("https://tools.example/a", Some("http://app.test:9000/a")),
            ("https://tools.example/?lti_ticket=x", None),
        ] {
            let urls = |as_browser| PageUrls { prefix: "", ..urls(&upstream, as_browser) };
            assert_eq!(urls(false).referer(browser).as_deref(), app, "{browser}");
            let passed = app.map(|_| browser);
            assert_eq!(urls(true).referer(browser).as_deref(), passed, "{browser}");
        }
    }
}
