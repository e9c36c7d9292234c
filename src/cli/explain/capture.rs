//! A captured launch: the form body, or the browser's curl command.

use lti::oauth1::encode::encode;
use reqwest::Url;

use super::shell;
use crate::url::UrlParts;
use crate::web::LARGEST_FORM;

/// The accepted formats.
const FORMATS: &str = "use the form body (user_id=…&oauth_signature=…, on one line), or the \
     command of \"Copy as cURL (bash)\" in a browser's network tools";

/// Options of curl without a value that do not change the request.
const SWITCHES: [&str; 19] = [
    "--compressed",
    "--fail",
    "--globoff",
    "--http1.1",
    "--http2",
    "--include",
    "--insecure",
    "--location",
    "--no-progress-meter",
    "--path-as-is",
    "--show-error",
    "--silent",
    "--verbose",
    "--ipv4",
    "--ipv6",
    "--tlsv1.2",
    "--no-buffer",
    "--disable",
    "--http3",
];
/// Their short forms, as letters.
const SHORT_SWITCHES: &str = "fgikLsSv46Nq";
/// Options of curl with a value that do not change the signed part of the request.
const SETTINGS: [&str; 16] = [
    "-A",
    "--user-agent",
    "-b",
    "--cookie",
    "-e",
    "--referer",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-o",
    "--output",
    "-x",
    "--proxy",
    "--resolve",
    "-w",
    "--write-out",
];

/// A captured launch.
pub(super) struct Capture {
    /// The URL of the command. `None` for a form body.
    pub(super) url: Option<CapturedUrl>,
    /// The value after `OAuth ` in the `Authorization` header.
    pub(super) authorization: Option<String>,
    /// The form body.
    pub(super) body: Vec<u8>,
    /// The time at which the browser sent the launch, in seconds since the epoch, if the capture
    /// contains it.
    pub(super) sent_at: Option<u64>,
    /// Why the form may differ from the one that was sent.
    pub(super) doubt: Option<&'static str>,
}

/// The URL of a command, in its original spelling.
#[derive(Debug)]
pub(super) struct CapturedUrl {
    pub(super) scheme: String,
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl CapturedUrl {
    /// Parses an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// The reason. It does not contain the URL.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let valid = Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // `Url` normalizes, but the signature covers the original spelling.
        let parts = UrlParts::split(text).filter(|_| valid);
        let url = parts.ok_or("the URL is not a valid http or https URL")?;
        if url.user.is_some() {
            return Err("the URL has a user name or password".to_owned());
        }
        Ok(Self {
            scheme: url.scheme.to_ascii_lowercase(),
            authority: url.authority.to_owned(),
            path: if url.path().is_empty() { "/" } else { url.path() }.to_owned(),
            query: url.query().map(str::to_owned),
        })
    }
}

impl Capture {
    /// Reads a captured launch.
    ///
    /// # Errors
    /// The reason and the accepted formats, for the terminal.
    pub(super) fn read(content: &[u8]) -> Result<Self, String> {
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content).trim_ascii();
        let bare = content.strip_prefix(b"$ ").unwrap_or(content);
        let is_command = bare
            .strip_prefix(b"curl")
            .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace));
        let capture = if is_command { command(bare) } else { form(content) };
        let capture = capture.map_err(|why| format!("{why}\n  = help: {FORMATS}"))?;
        if capture.body.len() as u64 > LARGEST_FORM {
            return Err(format!(
                "the form is larger than {} KiB, the limit of the gateway\n  \
                 = help: check the content of the form: a launch has 2 to 8 KiB",
                LARGEST_FORM / 1024
            ));
        }
        Ok(capture)
    }
}

fn form(content: &[u8]) -> Result<Capture, String> {
    if content.is_empty() {
        return Err("the input is empty".to_owned());
    }
    if content.iter().any(|byte| b"\r\n".contains(byte)) {
        return Err("the input has several lines and does not start with curl".to_owned());
    }
    // URLs, JSON and UTF-16 text can contain `=`, too.
    let name = content.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_other = name.starts_with(b"{") || name.starts_with(b"[") || name.starts_with(b"?");
    let is_other =
        is_other || name.windows(3).any(|letters| letters == b"://") || content.contains(&0);
    if is_other || !content.contains(&b'=') || content.iter().any(u8::is_ascii_whitespace) {
        return Err("the input is neither a form body nor a curl command".to_owned());
    }
    Ok(Capture {
        url: None,
        authorization: None,
        body: content.to_vec(),
        sent_at: None,
        doubt: None,
    })
}

fn command(content: &[u8]) -> Result<Capture, String> {
    let text = std::str::from_utf8(content).map_err(|_| "the command is not UTF-8".to_owned())?;
    let words = shell::words(text)?;
    let mut capture = CurlCommand::default();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let text = String::from_utf8(word)
            .map_err(|_| "an option of the command is not UTF-8".to_owned())?;
        if !text.starts_with('-') {
            capture.set_url(&text)?;
            continue;
        }
        let (option, attached) = match text.strip_prefix('-').filter(|rest| !rest.starts_with('-'))
        {
            // Short options can be combined. The value of the last one needs no space before it.
            Some(letters) => {
                let last = letters.trim_start_matches(|letter| SHORT_SWITCHES.contains(letter));
                let Some(letter) = last.chars().next() else { continue };
                (format!("-{letter}"), Some(&last[letter.len_utf8()..]))
            }
            None => match text.split_once('=') {
                Some((option, _)) => {
                    return Err(format!(
                        "{option} has =, which curl does not accept after an option"
                    ));
                }
                None => (text.clone(), None),
            },
        };
        let option = option.as_str();
        let mut value = |attached: Option<&str>| {
            let attached =
                attached.filter(|value| !value.is_empty()).map(|value| value.as_bytes().to_vec());
            attached
                .or_else(|| words.next())
                .ok_or_else(|| format!("the value of {option} is missing"))
        };
        match option {
            "--url" => capture.set_url(&as_text(value(None)?)?)?,
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => {
                let data = value(attached)?;
                if option != "--data-raw" && data.starts_with(b"@") {
                    return Err("the data is in another file".to_owned());
                }
                capture.add(&data);
            }
            "--data-urlencode" => capture.add(urlencoded(&as_text(value(None)?)?)?.as_bytes()),
            "-H" | "--header" => capture.header(&as_text(value(attached)?)?)?,
            "-X" | "--request" => {
                let method = as_text(value(attached)?)?;
                if method != "POST" {
                    return Err("the method is not POST".to_owned());
                }
            }
            option if SWITCHES.contains(&option) => {}
            option if SETTINGS.contains(&option) => {
                value(attached)?;
            }
            option => {
                return Err(format!(
                    "the option {option} of curl is not supported; remove it if possible"
                ));
            }
        }
    }
    let Some(url) = capture.url else { return Err("the command has no URL".to_owned()) };
    let body = match capture.body {
        Some(body) => body,
        // The login of LTI 1.3 is a GET.
        None if url.query.as_deref().is_some_and(lti::is_v1p3_query) => Vec::new(),
        None => return Err("the command sends no form".to_owned()),
    };
    Ok(Capture {
        url: Some(url),
        authorization: capture.authorization,
        body,
        sent_at: None,
        doubt: None,
    })
}

/// A command during parsing.
#[derive(Default)]
struct CurlCommand {
    url: Option<CapturedUrl>,
    authorization: Option<String>,
    body: Option<Vec<u8>>,
}

impl CurlCommand {
    fn set_url(&mut self, text: &str) -> Result<(), String> {
        if self.url.is_some() {
            return Err("the command has two URLs".to_owned());
        }
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        self.url = Some(CapturedUrl::parse(&text)?);
        Ok(())
    }

    /// Appends data. curl joins several data options with `&`.
    fn add(&mut self, data: &[u8]) {
        match &mut self.body {
            Some(body) => {
                body.push(b'&');
                body.extend(data);
            }
            None => self.body = Some(data.to_vec()),
        }
    }

    fn header(&mut self, header: &str) -> Result<(), String> {
        let Some((name, value)) = header.split_once(':') else { return Ok(()) };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => {
                let media_type = value.split(';').next().unwrap_or_default().trim();
                if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                    return Err(
                        "the Content-Type is not application/x-www-form-urlencoded".to_owned()
                    );
                }
            }
            "authorization" => {
                let Some((scheme, credentials)) = value.split_once(' ') else { return Ok(()) };
                if scheme.eq_ignore_ascii_case("OAuth")
                    && self.authorization.replace(credentials.to_owned()).is_some()
                {
                    return Err("the command has two Authorization: OAuth headers".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn as_text(word: Vec<u8>) -> Result<String, String> {
    String::from_utf8(word).map_err(|_| "a value of the command is not UTF-8".to_owned())
}

/// The encoding of `--data-urlencode`.
fn urlencoded(value: &str) -> Result<String, String> {
    let (name, content) = match value.find(['=', '@']) {
        Some(at) if value.as_bytes()[at] == b'=' => (&value[..at], &value[at + 1..]),
        Some(_) => return Err("the data is in another file".to_owned()),
        None => ("", value),
    };
    let equals = if name.is_empty() { "" } else { "=" };
    Ok(format!("{name}{equals}{}", encode(content)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// URL, `Authorization` and form of a captured launch.
    fn read(content: &str) -> Result<(String, String, String), String> {
        let capture = Capture::read(content.as_bytes())?;
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
        let latin1 = Capture::read(b"a=\xfc").expect("a form");
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
            ("{\"a\": 1}", "the input is neither"),
            ("hello", "the input is neither"),
            ("a=1 b=2", "the input is neither"),
            ("curl 'http://a/", "a quote is not closed"),
            ("curl http://a/", "the command sends no form"),
            ("curl -d a=1", "the command has no URL"),
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
            ("{\"log\":\"a=1\"}", "the input is neither"),
            ("?a=1&b=2", "the input is neither"),
            ("https://a/?b=1", "the input is neither"),
            ("a\0=\x001\0", "the input is neither"),
            (
                "curl http://a/ -d a=1 -H 'Content-Type: application/json'",
                "the Content-Type is not application/x-www-form-urlencoded",
            ),
            (
                "curl http://a/ -d a=1 -H 'Authorization: OAuth a' -H 'Authorization: OAuth b'",
                "the command has two Authorization",
            ),
            ("curl ^\"http://a/^\" -d a=1", "the command has ^ outside quotes"),
            (&large, "the form is larger than 256 KiB"),
        ] {
            let why = read(content).expect_err(expected);
            let is_expected = why.starts_with(expected) && why.contains("\n  = help: ");
            assert!(is_expected, "{expected}: {why}");
        }
        assert!(Capture::read(b"curl 'http://a/\xff' -d a=1").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(content in any::<Vec<u8>>(), command in "[ -~\r\n]{0,60}") {
            let _ = Capture::read(&content);
            let _ = Capture::read(format!("curl {command}").as_bytes());
        }

        #[test]
        fn a_form_in_shell_quotes_is_not_changed(form in "\\PC{1,60}") {
            let quoted = form.replace('\'', r"'\''");
            let read = Capture::read(format!("curl 'http://a/' --data-raw '{quoted}'").as_bytes());
            prop_assert_eq!(read.map(|capture| capture.body), Ok(form.into_bytes()));
        }
    }
}
