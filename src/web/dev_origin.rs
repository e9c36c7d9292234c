//! The `Origin` of requests through a port forwarder.

use hyper::header::{HeaderMap, HeaderValue, ORIGIN};

use super::gateway::Gateway;
use crate::url::{Origin, UrlParts, is_loopback};

/// Restores the `Origin` that a port forwarder rewrote. GitHub Codespaces replaces the origin of
/// the forwarded port by `http://localhost:<port>`, and leaves every other one as it is.
///
/// `localhost` could also be a page of the developer's own machine. `Sec-Fetch-Site`, which no page
/// can set, distinguishes the two.
pub(crate) fn restore_origin(gateway: &Gateway, headers: &mut HeaderMap) {
    let dev_host = gateway.development.as_ref().and_then(|known| known.dev_host.as_ref());
    if let Some(restored) = dev_host.and_then(|dev_host| restored(dev_host, headers)) {
        headers.insert(ORIGIN, restored);
    }
}

fn restored(dev_host: &Origin, headers: &HeaderMap) -> Option<HeaderValue> {
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    };
    let is_own = only("sec-fetch-site") == Some("same-origin");
    let origin = UrlParts::of_web(only("origin")?)?;
    (is_own && is_loopback(origin.host()))
        .then(|| HeaderValue::from_str(&dev_host.to_string()).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Scheme;

    #[test]
    fn only_a_rewritten_origin_of_an_own_page_is_restored() {
        let dev_host =
            Origin { scheme: Scheme::Https, authority: "name-5000.app.github.dev".to_owned() };
        for (sites, origins, is_restored) in [
            (&["same-origin"][..], &["http://localhost:5000"][..], true),
            (&["same-origin"], &["https://localhost:5000"], true),
            (&["same-origin"], &["https://evil.example"], false),
            (&["same-origin"], &["null"], false),
            (&["same-origin"], &[], false),
            (&["same-origin"], &["http://localhost:5000", "https://evil.example"], false),
            (&["cross-site"], &["http://localhost:5000"], false),
            (&["same-site"], &["http://localhost:5000"], false),
            (&["none"], &["http://localhost:5000"], false),
            (&["same-origin", "cross-site"], &["http://localhost:5000"], false),
            (&[], &["http://localhost:5000"], false),
        ] {
            let mut headers = HeaderMap::new();
            for site in sites {
                headers.append("sec-fetch-site", HeaderValue::from_static(site));
            }
            for origin in origins {
                headers.append("origin", HeaderValue::from_static(origin));
            }
            let restored = restored(&dev_host, &headers);
            let expected =
                is_restored.then(|| HeaderValue::from_static("https://name-5000.app.github.dev"));
            assert_eq!(restored, expected, "{sites:?} {origins:?}");
        }
    }
}
