//! Forms on several lines: parameters as a browser shows them, and bodies that were wrapped.
//!
//! Firefox's *Copy POST Data* writes one decoded parameter a line (`copyPostData` in
//! `RequestListContextMenu.js`): `name=value`, or only `name` if the value is empty. Chromium's
//! *Payload* writes `name: value`.

use lti::oauth1::encode::encode;

use super::launch::{Capture, is_parameter};
use super::request::without_headers;

/// Why such a form may differ from the one that was sent.
const DOUBT: &str = "it has decoded values, one parameter a line, so line breaks and spaces may be \
     lost; capture the launch again with Copy as cURL, or save a HAR file";

/// The headings that a browser shows above a form.
const HEADINGS: [&str; 6] = [
    "form data",
    "request payload",
    "view decoded",
    "view parsed",
    "view source",
    "view url-encoded",
];

/// A form body without headings, headers and wrapping. `None` for every other input.
pub(super) fn unwrapped(content: &[u8]) -> Option<Vec<u8>> {
    if !content.contains(&b'\n') {
        return None;
    }
    let content = without_headers(content.to_vec());
    let lines: Vec<&[u8]> = content
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let is_heading = |line: &&&[u8]| {
        let line = String::from_utf8_lossy(line).to_lowercase();
        HEADINGS.iter().any(|heading| line.starts_with(heading))
    };
    let lines = &lines[lines.iter().take_while(is_heading).count()..];
    let joined = lines.iter().map(|line| line.trim_ascii()).collect::<Vec<_>>().concat();
    let is_body = joined.contains(&b'=')
        && !joined.iter().any(u8::is_ascii_whitespace)
        && (lines.len() == 1 || joined.windows(7).any(|bytes| bytes == b"&oauth_"));
    Some(if is_body { joined } else { lines.join(&b'\n') })
}

/// Reads a form with one parameter a line. `None` for every other input.
///
/// # Errors
/// The form is not UTF-8.
pub(super) fn form(content: &[u8]) -> Result<Option<Capture>, String> {
    if !content.contains(&b'\n') {
        return Ok(None);
    }
    let text = std::str::from_utf8(content).map_err(|_| "the form is not UTF-8".to_owned())?;
    let text = text.replace('\r', "");
    let count = |separator: &str| {
        let is_oauth = |line: &&str| {
            (line.starts_with("oauth_") || line.starts_with("id_token"))
                && line.split_once(separator).is_some_and(|(name, _)| is_name(name))
        };
        text.lines().filter(is_oauth).count()
    };
    let separator = if count("=") >= count(":") { "=" } else { ":" };
    if count(separator) == 0 {
        return Ok(None);
    }
    let mut parameters: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.split_once(separator) {
            Some((name, value)) if is_name(name) => {
                // Chromium writes a space after the colon.
                let value = match separator {
                    ":" => value.strip_prefix([' ', '\u{a0}']).unwrap_or(value),
                    _ => value,
                };
                parameters.push((name.to_owned(), value.to_owned()));
            }
            None if is_name(line) && is_parameter(line) => {
                parameters.push((line.to_owned(), String::new()));
            }
            // The next line of a value. Browsers send line breaks as CR LF.
            _ => match parameters.last_mut() {
                Some((_, value)) => {
                    value.push_str("\r\n");
                    value.push_str(line);
                }
                None => return Ok(None),
            },
        }
    }
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let body = pairs.join("&").into_bytes();
    Ok(Some(Capture { body, doubt: Some(DOUBT), ..Capture::default() }))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: Option<&str>) {
        let content = unwrapped(content.as_bytes()).unwrap_or_else(|| content.as_bytes().to_vec());
        let form = form(&content).expect("text").map(|capture| capture.body);
        let form = form.map(|body| String::from_utf8(body).expect("text"));
        assert_eq!(form.as_deref(), expected);
    }

    #[test]
    fn one_parameter_a_line_is_encoded_again() {
        check(
            "user_id=u&1\r\ncontext_label\r\nresource_link_description=one\r\n\r\nx: 2\r\n\
             custom_e=a=b\r\noauth_nonce=ü+/ %",
            Some(
                "user_id=u%261&context_label=&resource_link_description=one%0D%0A%0D%0Ax%3A%202\
                 &custom_e=a%3Db&oauth_nonce=%C3%BC%2B%2F%20%25",
            ),
        );
        check(
            "Form Data\nview source\nuser_id: u1\ncontext_label:\ncustom_url: https://a/?b=c\n\
             oauth_nonce: n",
            Some("user_id=u1&context_label=&custom_url=https%3A%2F%2Fa%2F%3Fb%3Dc&oauth_nonce=n"),
        );
        check("user_id: u1\nroles: Learner", None);
        check("hello\noauth_nonce=1", None);
        check("oauth_nonce=1", None);
    }

    #[test]
    fn a_wrapped_body_is_joined() {
        for content in [
            "a=1&oauth_no\r\nnce=2&b=3",
            "a=1&oauth_nonce=2\n&b=3",
            "Form Data\nview parsed\na=1&oauth_nonce=2&b=3",
            "Content-Type: application/x-www-form-urlencoded\nContent-Length: 5\n\n\
             a=1&oauth_nonce=2&b=3",
        ] {
            let joined = unwrapped(content.as_bytes());
            assert_eq!(joined.as_deref(), Some(&b"a=1&oauth_nonce=2&b=3"[..]), "{content}");
        }
        assert_eq!(unwrapped(b"a=1&b=2"), None);
    }
}
