//! The options of a curl command.

use super::launch::Capture;
use super::request::CapturedRequest;
use lti::oauth1::encode::encode;

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

/// Whether the content is a curl command.
pub(super) fn is_command(content: &[u8]) -> bool {
    let rest = content.strip_prefix(b"curl");
    rest.map(|rest| rest.strip_prefix(b".exe").unwrap_or(rest))
        .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
}

/// The request of a command with these words.
///
/// # Errors
/// The unsupported option, as a sentence without full stop.
pub(super) fn request(words: Vec<Vec<u8>>) -> Result<Capture, String> {
    let mut request = CapturedRequest::default();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let text = String::from_utf8(word)
            .map_err(|_| "an option of the command is not UTF-8".to_owned())?;
        if !text.starts_with('-') {
            request.set_url(&absolute(&text))?;
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
            "--url" => request.set_url(&absolute(&as_text(value(None)?)?))?,
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => {
                let data = value(attached)?;
                if option != "--data-raw" && data.starts_with(b"@") {
                    return Err("the data is in another file".to_owned());
                }
                request.add(&data);
            }
            "--data-urlencode" => request.add(urlencoded(&as_text(value(None)?)?)?.as_bytes()),
            "-H" | "--header" => {
                // Other headers than the launch's may be in any encoding.
                let header = value(attached)?;
                let header = String::from_utf8_lossy(&header);
                if let Some((name, value)) = header.split_once(':') {
                    request.header(name, value)?;
                }
            }
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
    request.finish()
}

/// curl adds a missing scheme.
fn absolute(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
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
