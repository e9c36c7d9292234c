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
    /// A parameter that [`with_message`](Self::with_message) leaves out.
    dropped: Option<&'static str>,
    stays_in_frame: bool,
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
        (http && clean && !host.is_empty() && !host.contains('@')).then(|| Self {
            url: url.to_owned(),
            takes_message: true,
            dropped: None,
            stays_in_frame: false,
        })
    }

    /// The same URL for a platform that cannot show a message there.
    /// [`with_message`](Self::with_message) then leaves the message out.
    #[must_use]
    pub fn without_message(self) -> Self {
        Self { takes_message: false, ..self }
    }

    /// The same URL, whose link leaves out this parameter of the query.
    #[must_use]
    pub fn without_parameter(self, name: &'static str) -> Self {
        Self { dropped: Some(name), ..self }
    }

    /// The same URL, for a platform whose page at this URL works only in the frame of the tool.
    #[must_use]
    pub fn in_frame(self) -> Self {
        Self { stays_in_frame: true, ..self }
    }

    /// Whether a link opens the URL in the frame of the tool. Otherwise it leaves the frame.
    pub fn stays_in_frame(&self) -> bool {
        self.stays_in_frame
    }

    /// The URL as the platform sent it.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The URL with a message for the user in the parameter `lti_errormsg`, before any fragment
    /// (LTI 1.1 §4.3). If the platform cannot show a message, it has none.
    pub fn with_message(&self, message: &str) -> String {
        let (start, fragment) = match self.url.split_once('#') {
            Some((start, fragment)) => (start, Some(fragment)),
            None => (self.url.as_str(), None),
        };
        let mut url = match self.dropped {
            Some(name) => without_parameter(start, name),
            None => start.to_owned(),
        };
        if self.takes_message {
            let separator = match url.split_once('?') {
                None => "?",
                Some((_, "")) => "",
                Some(_) => "&",
            };
            url = format!("{url}{separator}lti_errormsg={}", encode(message));
        }
        if let Some(fragment) = fragment {
            url.push('#');
            url.push_str(fragment);
        }
        url
    }
}

/// A URL without this parameter of its query.
fn without_parameter(url: &str, name: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let is_other = |pair: &&str| pair.split('=').next() != Some(name);
    let query: Vec<&str> = query.split('&').filter(is_other).collect();
    format!("{path}?{}", query.join("&"))
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
    fn a_dropped_parameter_is_not_in_the_link() {
        let check = |url: &str, expected: &str| {
            let url = ReturnUrl::parse(url).expect("a return URL").without_parameter("box");
            assert_eq!(url.without_message().with_message("Not now"), expected);
        };
        check("https://l.example/r?a=b&box=2&c=d#top", "https://l.example/r?a=b&c=d#top");
        check("https://l.example/r?box=2", "https://l.example/r?");
        check("https://l.example/r?boxes=2&a=box", "https://l.example/r?boxes=2&a=box");
        check("https://l.example/box=2/r", "https://l.example/box=2/r");
    }

    #[test]
    fn a_return_url_that_takes_no_message_stays_unchanged() {
        for sent in ["https://l.example/r", "https://l.example/r?", "https://l.example/r?a=b#top"] {
            let url = ReturnUrl::parse(sent).expect("a return URL").without_message();
            assert_eq!((url.as_str(), url.with_message("Not now")), (sent, sent.to_owned()));
        }
    }
}
