//! The institution that runs the gateway: `name` and `contact`.

use thiserror::Error;

use super::limit::LONGEST_LINE;
use crate::url::UrlParts;

/// The institution that runs the gateway. Pages show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Institution {
    /// Its name; may be empty.
    pub name: String,
    /// Whom users ask.
    pub contact: Option<Contact>,
}

/// Whom users ask for help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The text that pages show.
    pub text: String,
    /// The URL of a link on this text, `mailto:` or `https:`; empty for a text without a link.
    pub url: String,
}

/// Why `name` or `contact` is invalid. Each message is the end of a sentence that starts with the
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InstitutionError {
    #[error("is empty")]
    Empty,
    #[error("has a line break or another control character")]
    Control,
    #[error("is longer than {LONGEST_LINE} characters")]
    TooLong,
    #[error("has mailto: without an e-mail address")]
    Mail,
    #[error("is a URL without a host, with a user name, or with characters that a URL cannot have")]
    Url,
    #[error("is a URL that is neither https: nor mailto:")]
    OtherScheme,
}

/// Parses a line of text that pages show.
pub(super) fn line(text: &str) -> Result<String, InstitutionError> {
    if text.contains(char::is_control) {
        return Err(InstitutionError::Control);
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(InstitutionError::Empty);
    }
    if text.chars().count() > LONGEST_LINE {
        return Err(InstitutionError::TooLong);
    }
    Ok(text.to_owned())
}

/// Parses `gateway.contact`: a text, or a `mailto:` or `https:` URL.
pub(super) fn contact(text: &str) -> Result<Contact, InstitutionError> {
    let text = line(text)?;
    let has_scheme =
        |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let is_url = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte))
    };
    if has_scheme("mailto:") {
        let rest = text.get("mailto:".len()..).unwrap_or_default();
        let address = rest.split('?').next().unwrap_or_default();
        let is_address = address.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains(['@', '/', ','])
        });
        if !is_address || !is_url(rest) {
            return Err(InstitutionError::Mail);
        }
        return Ok(Contact { text: address.to_owned(), url: format!("mailto:{rest}") });
    }
    if has_scheme("https:") {
        let parts = UrlParts::split(&text)
            .filter(|parts| parts.user.is_none() && !parts.authority.is_empty() && is_url(&text));
        let UrlParts { authority, rest, .. } = parts.ok_or(InstitutionError::Url)?;
        let shown = format!("{authority}{rest}");
        let shown = shown.trim_end_matches('/').to_owned();
        return Ok(Contact { text: shown, url: format!("https://{authority}{rest}") });
    }
    if text.contains("://")
        || ["javascript:", "data:", "tel:", "http:"].iter().any(|s| has_scheme(s))
    {
        return Err(InstitutionError::OtherScheme);
    }
    Ok(Contact { text, url: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_a_text_or_a_mailto_or_https_url() {
        let check = |written: &str, text: &str, url: &str| {
            let expected = Contact { text: text.to_owned(), url: url.to_owned() };
            assert_eq!(contact(written), Ok(expected), "{written}");
        };
        check("Room 3: ask <Ada> & Bob", "Room 3: ask <Ada> & Bob", "");
        check(" help@uni.example ", "help@uni.example", "");
        check("mailto:help@uni.example", "help@uni.example", "mailto:help@uni.example");
        check(
            "MAILTO:help@uni.example?subject=LTI%20tool",
            "help@uni.example",
            "mailto:help@uni.example?subject=LTI%20tool",
        );
        check("https://uni.example/", "uni.example", "https://uni.example/");
        check(
            "HTTPS://uni.example/help?a=b#c",
            "uni.example/help?a=b#c",
            "https://uni.example/help?a=b#c",
        );
    }

    #[test]
    fn another_url_or_an_unreadable_text_is_no_contact() {
        let check = |written: &str, expected: InstitutionError| {
            assert_eq!(contact(written), Err(expected), "{written:?}");
        };
        check("", InstitutionError::Empty);
        check("  ", InstitutionError::Empty);
        check("a\n", InstitutionError::Control);
        check("a\nb", InstitutionError::Control);
        check("a\u{7}b", InstitutionError::Control);
        check(&"x".repeat(201), InstitutionError::TooLong);
        for mail in ["mailto:", "mailto:help", "mailto:@x", "mailto:a@b\"c", "mailto:a b@c"] {
            check(mail, InstitutionError::Mail);
        }
        for url in [
            "https:",
            "https://",
            "https:///x",
            "https://u:p@uni.example",
            "https://a b",
            "https:x",
        ] {
            check(url, InstitutionError::Url);
        }
        for url in ["http://uni.example", "ftp://x", "javascript:alert(1)", "data:text/html,x"] {
            check(url, InstitutionError::OtherScheme);
        }
    }
}
