//! Finds the format of a captured file.

use std::borrow::Cow;
use std::fmt::Display;

use super::launch::Capture;
use super::{cmd, curl, fetch, form, har, lines, powershell, shell, text};
use crate::web::LARGEST_FORM;

/// The accepted formats.
const FORMATS: &str = concat!(
    "  = help: use the form body (user_id=…&oauth_signature=…), or one of these, which browsers\n",
    "          save and copy in their network tools:\n",
    "          - HAR: one launch, or a file with many requests\n",
    "          - Copy as cURL: (bash), (POSIX), (cmd) or (Windows)\n",
    "          - Copy as fetch, also for Node.js\n",
    "          - Copy as PowerShell\n",
    "          - Copy POST Data in Firefox: one parameter a line\n",
    "          - Payload, view source in Chromium"
);

/// Reads the launches of a captured file.
///
/// # Errors
/// The reason and the accepted formats, for the terminal.
pub(in crate::cli::explain) fn read(content: &[u8]) -> Result<Vec<Capture>, String> {
    let captures = captures(content).map_err(not_understood)?;
    if captures.iter().any(|capture| capture.body.len() as u64 > LARGEST_FORM) {
        return Err(format!(
            "the form is larger than {} KiB, the limit of the gateway\n  \
             = help: check the content of the form: a launch has 2 to 8 KiB",
            LARGEST_FORM / 1024
        ));
    }
    Ok(captures)
}

/// A reason why the input is no launch, with the accepted formats.
pub(in crate::cli::explain) fn not_understood(why: impl Display) -> String {
    format!("{why}\n{FORMATS}")
}

fn captures(content: &[u8]) -> Result<Vec<Capture>, String> {
    let content = text::decoded(content)?;
    let content = content.trim_ascii();
    if content.is_empty() {
        return Err("the input is empty".to_owned());
    }
    if let Some(capture) = bare_token(content) {
        return Ok(vec![capture]);
    }
    let bare = content.strip_prefix(b"$ ").unwrap_or(content);
    let as_text = || {
        let text = std::str::from_utf8(bare);
        text.map_err(|_| "the command is not UTF-8".to_owned())
    };
    let requests = if curl::is_command(bare) {
        let text = as_text()?;
        if let Some(quote) = typographic_quote(text) {
            return Err(format!(
                "the command has typographic quotes ({quote}), which a text processor put in place \
                 of straight ones"
            ));
        }
        let commands =
            if cmd::is_command(text) { cmd::commands(text)? } else { shell::commands(text)? };
        commands.into_iter().map(curl::request).collect()
    } else if fetch::is_call(bare) {
        fetch::requests(as_text()?)?
    } else if powershell::is_command(bare) {
        powershell::requests(as_text()?)?
    } else if har::is_json(bare) {
        har::requests(bare)?
    } else {
        let body = lines::unwrapped(content).map_or(Cow::Borrowed(content), Cow::Owned);
        return match lines::form(&body)? {
            Some(capture) => Ok(vec![capture]),
            None => Ok(vec![form::capture(&body)?]),
        };
    };
    launches(requests)
}

/// A token of LTI 1.3 without its form. Editors may have wrapped it.
fn bare_token(content: &[u8]) -> Option<Capture> {
    let token: Vec<u8> =
        content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let parts = token.iter().filter(|byte| **byte == b'.').count();
    // The header is a JSON object: `{"` in base64url.
    (token.starts_with(b"eyJ") && parts == 2 && token.iter().all(is_token)).then(|| Capture {
        body: [b"id_token=", token.as_slice()].concat(),
        is_bare_token: true,
        ..Capture::default()
    })
}

/// The first quote of a command, if it is no straight one.
fn typographic_quote(text: &str) -> Option<char> {
    let first = text.chars().find(|letter| "'\"‘’‚“”„".contains(*letter))?;
    (!first.is_ascii()).then_some(first)
}

/// The launches among the requests of a capture.
fn launches(mut requests: Vec<Result<Capture, String>>) -> Result<Vec<Capture>, String> {
    if requests.len() == 1
        && let Some(request) = requests.pop()
    {
        return Ok(vec![request?]);
    }
    let number = requests.len();
    let launches: Vec<Capture> =
        requests.into_iter().flatten().filter(Capture::is_launch).collect();
    if launches.is_empty() {
        return Err(match number {
            0 => "the input contains no request".to_owned(),
            _ => format!("none of the {number} requests in the input is a launch"),
        });
    }
    Ok(launches)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The only launch of a capture.
    fn one(content: &[u8]) -> Result<Capture, String> {
        let mut captures = super::read(content)?;
        assert_eq!(captures.len(), 1);
        Ok(captures.remove(0))
    }

    /// URL, `Authorization` and form of a captured launch.
    fn read(content: &str) -> Result<(String, String, String), String> {
        let capture = one(content.as_bytes())?;
        let url = capture.url.map(|url| {
            let query = url.query.map(|query| format!("?{query}")).unwrap_or_default();
            format!("{}://{}{}{query}", url.scheme, url.authority, url.path)
        });
        let body = String::from_utf8(capture.body).expect("text");
        Ok((url.unwrap_or_default(), capture.authorization.unwrap_or_default(), body))
    }

    #[test]
    fn a_form_body_is_not_changed() {
        for (content, form) in [
            ("a=1&b=%20+", "a=1&b=%20+"),
            ("\u{feff}a=1\r\n", "a=1"),
            ("curl=1&a=2\n", "curl=1&a=2"),
        ] {
            assert_eq!(
                read(content),
                Ok((String::new(), String::new(), form.to_owned())),
                "{content:?}"
            );
        }
        let latin1 = one(b"a=\xfc").expect("a form");
        assert_eq!(latin1.body, b"a=\xfc");
    }

    #[test]
    fn curl_commands_of_browsers_are_parsed() {
        let check = |command: &str, url: &str, authorization: &str, form: &str| {
            let expected = (url.to_owned(), authorization.to_owned(), form.to_owned());
            assert_eq!(read(command), Ok(expected), "{command}");
        };
        check(
            "curl --include 'http://localhost:5000/lti/a' \\\n  --data-raw 'a=1&b=2'\n",
            "http://localhost:5000/lti/a",
            "",
            "a=1&b=2",
        );
        check(
            "curl 'https://Tools.Example/lti/a?x=%7e' \\\n  \
             -H 'content-type: application/x-www-form-urlencoded' \\\n  -H 'origin: null' \\\n  \
             -b 'a=b' --data-raw $'a=it\\'s\\u0021' --compressed",
            "https://Tools.Example/lti/a?x=%7e",
            "",
            "a=it's!",
        );
        check(
            "$ curl -sSiXPOST -kda=1 -d b=2 --data-urlencode 'c=x y' --data-urlencode '=&' \
             -H'Authorization: OAuth a=\"b\"' --url tools.example#top  # what was it",
            "http://tools.example/",
            "a=\"b\"",
            "a=1&b=2&c=x%20y&%26",
        );
        // Not for the Windows shell.
        check("curl 'http://a/' -d '^\"=1 ^\n'", "http://a/", "", "^\"=1 ^\n");
        check(
            "curl 'https://a/?' --data-raw @a=1 -H 'Authorization: Basic x' -H Expect:",
            "https://a/?",
            "",
            "@a=1",
        );
    }

    #[test]
    fn unsupported_input_is_an_error_with_the_accepted_formats() {
        let large = format!("a={}", "x".repeat(256 * 1024));
        for (content, expected) in [
            ("", "the input is empty"),
            ("user_id: u1\nroles: Learner", "the input has several lines"),
            ("{\"a\": 1}", "the input is JSON, but not a HAR file"),
            ("hello", "the input is neither"),
            ("a=1 b=2", "the input is neither"),
            ("a=1&amp;b=2", "the form has `&amp;` in place of `&`"),
            ("curl 'http://a/", "a quote is not closed"),
            ("curl http://a/", "the command sends no form"),
            ("curl -d a=1", "the command has no URL"),
            ("curl ‘http://a/’ -d ‘a=1&b=2’", "the command has typographic quotes (‘)"),
            ("curl http://a/ http://b/ -d a=1", "the command has two URLs"),
            ("curl ftp://a/ -d a=1", "the URL is not a valid http or https URL"),
            ("curl 'http://a b/' -d a=1", "the URL is not a valid http or https URL"),
            ("curl http://me:pw@a/ -d a=1", "the URL has a user name or password"),
            ("curl http://a/ -d @form.txt", "the data is in another file"),
            ("curl http://a/ --data-urlencode a@form.txt", "the data is in another file"),
            ("curl http://a/ -d", "the value of -d is missing"),
            ("curl http://a/ -F a=1", "the option -F of curl is not supported"),
            ("curl http://a/ -G -d a=1", "the option -G of curl is not supported"),
            ("curl http://a/ -X PUT -d a=1", "the method is not POST"),
            ("curl http://a/ -XPUT-s3cret -d a=1", "the method is not POST\n"),
            (
                "curl http://a/ -ume:s3cret -d a=1",
                "the option -u of curl is not supported; remove it if possible\n",
            ),
            (
                "curl http://a/ --data-raw=a=1",
                "--data-raw has =, which curl does not accept after an option\n",
            ),
            ("{\"log\":\"a=1\"}", "the input is JSON, but not a HAR file"),
            ("[1, 2", "the input begins like JSON"),
            ("fetch(\"https://a/\", options)", "the call of fetch is not"),
            ("iwr -Uri $url", "the URL is not a valid http or https URL"),
            ("curl 'http://a/' ;\ncurl 'http://b/'", "none of the 2 requests in the input"),
            ("{\"log\":{\"entries\":[]}}", "the input contains no request"),
            ("?a=1&b=2", "the input is neither"),
            ("https://a/?b=1", "the input is neither"),
            ("a\0=\x001\0\0", "the input is neither"),
            (
                "curl http://a/ -d a=1 -H 'Content-Type: application/json'",
                "the Content-Type is not application/x-www-form-urlencoded",
            ),
            (
                "curl http://a/ -d a=1 -H 'Authorization: OAuth a' -H 'Authorization: OAuth b'",
                "the command has two Authorization",
            ),
            ("curl http://a/^ -d a=1", "the command has ^ outside quotes"),
            (&large, "the form is larger than 256 KiB"),
        ] {
            let why = read(content).expect_err(expected);
            let is_expected = why.starts_with(expected) && why.contains("\n  = help: ");
            assert!(is_expected, "{expected}: {why}");
        }
        assert!(one(b"curl 'http://a/\xff' -d a=1").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(content in any::<Vec<u8>>(), command in "[ -~\r\n]{0,60}") {
            let _ = one(&content);
            let _ = one(format!("curl {command}").as_bytes());
        }

        #[test]
        fn a_form_in_shell_quotes_is_not_changed(form in "\\PC{1,60}") {
            let quoted = form.replace('\'', r"'\''");
            let read = one(format!("curl 'http://a/' --data-raw '{quoted}'").as_bytes());
            prop_assert_eq!(read.map(|capture| capture.body), Ok(form.into_bytes()));
        }
    }
}
