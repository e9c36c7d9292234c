use crate::oauth1::encode::encode;

/// Where a platform wants its user back: an absolute `http` or `https` address.
///
/// It comes from `launch_presentation_return_url` of a launch whose signature was valid, and is meant
/// for a link that a person may click, never for a redirect (LTI 1.1 §4.3; a redirect would be open
/// to whoever can sign one launch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(String);

impl ReturnUrl {
    /// Reads an address. `None` where it is empty (every launch of edX), relative, of another
    /// scheme, without a host, or holds characters that no address may hold.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let clean =
            text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
        (http && clean && !host.is_empty() && !host.contains('@')).then(|| Self(text.to_owned()))
    }

    /// The address as the platform sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with `lti_errormsg` added to its query, before any fragment: what the platform
    /// shows to its user (LTI 1.1 §4.3).
    pub fn with_error(&self, message: &str) -> String {
        let (address, fragment) = match self.0.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (self.0.as_str(), None),
        };
        let joint = match address.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let mut url = format!("{address}{joint}lti_errormsg={}", encode(message));
        if let Some(fragment) = fragment {
            url.push('#');
            url.push_str(fragment);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_http_addresses_are_return_urls() {
        for good in
            ["https://lms.example/return", "http://lms.example", "HTTPS://LMS.example:8443/a?b=c#d"]
        {
            assert_eq!(ReturnUrl::parse(good).map(|url| url.0).as_deref(), Some(good));
        }
        for bad in [
            "",
            "about:blank",
            "javascript:alert(1)",
            "javascript://lms.example/%0aalert(1)",
            "//evil.example/",
            "/relative",
            "https:///path",
            "https://user@lms.example/",
            "https://lms.example/\"onclick=",
            "https://lms.example/a b",
            "https://lms.example/\r\nX: y",
            "data:text/html,x",
        ] {
            assert_eq!(ReturnUrl::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_message_is_added_to_the_query_before_the_fragment() {
        let check = |url: &str, expected: &str| {
            let url = ReturnUrl::parse(url).expect("a return URL");
            assert_eq!(url.with_error("Not & now"), expected);
        };
        check("https://l.example/r", "https://l.example/r?lti_errormsg=Not%20%26%20now");
        check("https://l.example/r?", "https://l.example/r?lti_errormsg=Not%20%26%20now");
        check(
            "https://l.example/r?a=b#top",
            "https://l.example/r?a=b&lti_errormsg=Not%20%26%20now#top",
        );
    }
}
