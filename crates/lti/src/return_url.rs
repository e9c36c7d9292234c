use crate::oauth1::encode::encode;

/// The URL to which the platform wants its user to return: an absolute `http` or `https` URL.
///
/// It is the `launch_presentation_return_url` of a launch with a valid signature. A page shows it
/// as a link (LTI 1.1 §4.3). The gateway never redirects to it, because everyone who can sign one
/// launch would then have an open redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl {
    url: String,
    takes_message: bool,
}

impl ReturnUrl {
    /// Reads a URL. `None` if it is empty (every launch of edX), relative, has another scheme or no
    /// host, or contains characters that are invalid in a URL.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let clean =
            url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
        (http && clean && !host.is_empty() && !host.contains('@'))
            .then(|| Self { url: url.to_owned(), takes_message: true })
    }

    /// The same URL for a platform that cannot show a message there.
    /// [`with_message`](Self::with_message) then leaves the message out.
    #[must_use]
    pub fn without_message(self) -> Self {
        Self { takes_message: false, ..self }
    }

    /// The URL as the platform sent it.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The URL with a message for the user in the parameter `lti_errormsg`, before any fragment
    /// (LTI 1.1 §4.3). If the platform cannot show a message, it is the plain URL.
    pub fn with_message(&self, message: &str) -> String {
        if !self.takes_message {
            return self.url.clone();
        }
        let (start, fragment) = match self.url.split_once('#') {
            Some((start, fragment)) => (start, Some(fragment)),
            None => (self.url.as_str(), None),
        };
        let separator = match start.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let mut url = format!("{start}{separator}lti_errormsg={}", encode(message));
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
    fn only_an_absolute_http_url_is_a_return_url() {
        for good in
            ["https://lms.example/return", "http://lms.example", "HTTPS://LMS.example:8443/a?b=c#d"]
        {
            assert_eq!(ReturnUrl::parse(good).map(|url| url.url).as_deref(), Some(good));
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
    fn the_message_joins_the_query_before_the_fragment() {
        let check = |url: &str, expected: &str| {
            let url = ReturnUrl::parse(url).expect("a return URL");
            assert_eq!(url.with_message("Not & now"), expected);
        };
        check("https://l.example/r", "https://l.example/r?lti_errormsg=Not%20%26%20now");
        check("https://l.example/r?", "https://l.example/r?lti_errormsg=Not%20%26%20now");
        check(
            "https://l.example/r?a=b#top",
            "https://l.example/r?a=b&lti_errormsg=Not%20%26%20now#top",
        );
    }

    #[test]
    fn a_return_url_that_takes_no_message_stays_unchanged() {
        for sent in ["https://l.example/r", "https://l.example/r?", "https://l.example/r?a=b#top"] {
            let url = ReturnUrl::parse(sent).expect("a return URL").without_message();
            assert_eq!((url.as_str(), url.with_message("Not now")), (sent, sent.to_owned()));
        }
    }
}
