//! Pages of a list: the `Link` header (RFC 8288), and the host of the next page.

use reqwest::Url;

use super::error::PlatformError;
use super::reply::Reply;
use super::service::Platforms;

impl Platforms {
    /// The URL of the page after this response. `None` after the last page.
    ///
    /// `sent` is the URL of the first page as the platform sent it, `first` the URL of its request.
    /// Their hosts are the only ones that receive the access token. Scheme and port are always
    /// those of the first page: a platform behind a proxy may not know them.
    ///
    /// # Errors
    /// [`PlatformError::InvalidResponse`] for another host.
    pub(super) fn next_page(
        &self,
        sent: &str,
        first: &Url,
        reply: &Reply,
    ) -> Result<Option<Url>, PlatformError> {
        let Some(link) = next_link(&reply.links) else { return Ok(None) };
        self.same_host(sent, first, &link).map(Some).ok_or_else(|| PlatformError::InvalidResponse {
            status: reply.status,
            fault: "the next page is at another host".to_owned(),
        })
    }

    /// A URL of a response, at the host of the request. `None` for another host.
    pub(super) fn same_host(&self, sent: &str, first: &Url, link: &str) -> Option<Url> {
        let link = first.join(link).ok()?;
        let has_userinfo = !link.username().is_empty() || link.password().is_some();
        if !matches!(link.scheme(), "http" | "https") || has_userinfo {
            return None;
        }
        let sent = Url::parse(sent).ok()?;
        // The platform knows the host of the launch, and that of the request after the rewrite.
        for of_platform in [&sent, first] {
            let has_port = link.port().is_some_and(|port| Some(port) != of_platform.port());
            if link.host() != of_platform.host() || has_port {
                continue;
            }
            let mut link = link.clone();
            link.set_scheme(of_platform.scheme()).ok()?;
            link.set_port(of_platform.port()).ok()?;
            let of_request = match std::ptr::eq(of_platform, first) {
                true => self.allowed(link.as_str()).ok()?,
                false => self.url(link.as_str()).ok()?,
            };
            // The rewrite may concern a part of the platform's paths.
            return (of_request.origin() == first.origin()).then_some(of_request);
        }
        None
    }
}

/// The target of the first link to the next page.
fn next_link(values: &[String]) -> Option<String> {
    values.iter().flat_map(|value| links(value)).find(|(_, is_next)| *is_next).map(|(url, _)| url)
}

/// The links of a header: their targets, and whether they lead to the next page.
fn links(value: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((_, from)) = rest.split_once('<') {
        let Some((url, after)) = from.split_once('>') else { break };
        let end = end_of_link(after);
        let (parameters, next) = after.split_at(end);
        let is_next = self::parameters(parameters).any(is_rel_next);
        found.push((url.trim().to_owned(), is_next));
        rest = next;
    }
    found
}

/// The first comma outside of quotation marks.
fn end_of_link(parameters: &str) -> usize {
    let mut is_quoted = false;
    let mut is_end = |letter: char| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    };
    parameters.find(&mut is_end).unwrap_or(parameters.len())
}

/// The parameters of a link. A semicolon in quotation marks separates none.
fn parameters(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |letter: char| {
        is_quoted ^= letter == '"';
        letter == ';' && !is_quoted
    })
}

/// Whether a parameter is `rel` with the relation `next`, quoted or not.
fn is_rel_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, read};

    #[test]
    fn the_link_to_the_next_page_is_found() {
        let check = |values: &[&str], expected: Option<&str>| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(next_link(&values).as_deref(), expected, "{values:?}");
        };
        check(&[], None);
        check(&["<https://a/2>; rel=\"next\""], Some("https://a/2"));
        check(&["<https://a/2>; rel=next"], Some("https://a/2"));
        check(&["<https://a/2>;REL = \"last next\""], Some("https://a/2"));
        check(
            &["<https://a/1>; rel=\"prev\", <https://a/3?x=1,2>; rel=\"next\""],
            Some("https://a/3?x=1,2"),
        );
        check(&["<https://a/1>; title=\"a, <b>; rel=next\"; rel=\"prev\""], None);
        check(&["<https://a/1>; rel=first", "</2>; rel=next"], Some("/2"));
        for other in ["", "https://a/2; rel=next", "<https://a/2", "<https://a/2>", "<a>; next"] {
            check(&[other], None);
        }
    }

    #[test]
    fn the_next_page_is_at_the_host_of_the_first() {
        let text = "[gateway]\npublic_url = 'https://tools.example'\n\
            outcome_url_rewrite = { 'https://lms.example/' = 'http://lms.internal:8000/' }\n\
            outcome_hosts = ['*', 'lms.internal']\n";
        let read = read(std::path::Path::new("t"), text, &Environment::new(), false);
        let rules = read.config.outcomes;
        let platforms = Platforms::new(rules, false).expect("no certificates");
        let check = |sent: &str, link: &str, expected: Option<&str>| {
            let first = platforms.url(sent).ok().expect("an allowed URL");
            let found = platforms.same_host(sent, &first, link);
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{sent} {link}");
        };
        let edx = "https://edx.example/api/members";
        check(edx, "https://edx.example/api?page=2", Some("https://edx.example/api?page=2"));
        check(edx, "http://edx.example/api?page=2", Some("https://edx.example/api?page=2"));
        check(edx, "/api?page=2", Some("https://edx.example/api?page=2"));
        check(edx, "?page=2", Some("https://edx.example/api/members?page=2"));
        for other in [
            "https://other.example/api",
            "//other.example/api",
            "https://edx.example.evil.example/",
            "https://edx.example:8443/api",
            "https://user@edx.example/api",
            "ftp://edx.example/api",
            "file:///etc/passwd",
        ] {
            check(edx, other, None);
        }
        let rewritten = "https://lms.example/members";
        let second = Some("http://lms.internal:8000/members?page=2");
        check(rewritten, "https://lms.example/members?page=2", second);
        check(rewritten, "http://lms.example/members?page=2", second);
        check(rewritten, "http://lms.internal:8000/members?page=2", second);
        check(rewritten, "/members?page=2", second);
        check(rewritten, "http://other.example/members?page=2", None);
    }
}
