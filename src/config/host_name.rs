//! Host names (RFC 952, RFC 1123 §2.1), and the `host` of a tool.

use thiserror::Error;

const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Why a host name is invalid. Each message is the end of a sentence that starts with the role of
/// the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HostNameError {
    #[error("contains non-ASCII characters: write such a name as xn--…")]
    NotAscii,
    #[error("is longer than {LONGEST} characters")]
    TooLong,
    #[error("has one dot too many")]
    EmptyLabel,
    #[error("has a part of more than {LONGEST_LABEL} characters")]
    LabelTooLong,
    #[error("contains characters that a host name cannot have")]
    Character,
    #[error("has a part that begins or ends with -")]
    Hyphen,
}

/// Why the `host` of a tool is invalid. Each message is the end of a sentence that starts with "the
/// host".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ToolHostError {
    #[error("has a scheme; the tool uses the scheme of the public URL")]
    Scheme,
    #[error("has a path; write it in the key `path`")]
    Path,
    #[error("has a wildcard")]
    Wildcard,
    #[error("is an IP address, not a name")]
    Address,
    #[error("has a port; the tool uses the port of the public URL")]
    Port,
    #[error(transparent)]
    Name(#[from] HostNameError),
}

/// Checks a host name. Names on the internet have no `_`, but names of containers and private
/// networks may.
pub(super) fn check(text: &str, takes_underscore: bool) -> Result<(), HostNameError> {
    if !text.is_ascii() {
        return Err(HostNameError::NotAscii);
    }
    if text.len() > LONGEST {
        return Err(HostNameError::TooLong);
    }
    let is_letter = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte == b'-' || (takes_underscore && byte == b'_')
    };
    for label in text.split('.') {
        if label.is_empty() {
            return Err(HostNameError::EmptyLabel);
        }
        if label.len() > LONGEST_LABEL {
            return Err(HostNameError::LabelTooLong);
        }
        if !label.bytes().all(is_letter) {
            return Err(HostNameError::Character);
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(HostNameError::Hyphen);
        }
    }
    Ok(())
}

/// Whether browsers and clients take a name for an IPv4 address, and may spell it anew (WHATWG URL,
/// "ends in a number checker").
pub(super) fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number(&last) || last.strip_prefix("0x").is_some_and(is_hexadecimal)
}

/// Reads the `host` of a tool: a name, which is returned in lower case.
pub(super) fn parse_tool_host(text: &str) -> Result<String, ToolHostError> {
    if text.contains("://") {
        return Err(ToolHostError::Scheme);
    }
    if text.contains('/') {
        return Err(ToolHostError::Path);
    }
    if text.contains('*') {
        return Err(ToolHostError::Wildcard);
    }
    if text.contains(['[', ']']) {
        return Err(ToolHostError::Address);
    }
    if text.contains(':') {
        return Err(ToolHostError::Port);
    }
    check(text, false)?;
    if ends_in_number(text) {
        return Err(ToolHostError::Address);
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_tool_is_a_host_name_only() {
        for (good, expected) in [
            ("notebook.example.edu", "notebook.example.edu"),
            ("NoteBook.Example", "notebook.example"),
            ("xn--bung-zra.example", "xn--bung-zra.example"),
            ("notebook.localhost", "notebook.localhost"),
            ("localhost", "localhost"),
            ("1.example", "1.example"),
            ("0x1g", "0x1g"),
        ] {
            assert_eq!(parse_tool_host(good).as_deref(), Ok(expected));
        }
        let long = format!("{}.example", "a".repeat(64));
        let longest = ["a"; 128].join(".");
        for (bad, why) in [
            (
                "https://notebook.example",
                "has a scheme; the tool uses the scheme of the public URL",
            ),
            ("notebook.example/", "has a path; write it in the key `path`"),
            ("notebook.example:8443", "has a port; the tool uses the port of the public URL"),
            ("*.example", "has a wildcard"),
            ("übung.example", "contains non-ASCII characters: write such a name as xn--…"),
            ("", "has one dot too many"),
            (".example", "has one dot too many"),
            ("notebook..example", "has one dot too many"),
            ("notebook.example.", "has one dot too many"),
            ("note book.example", "contains characters that a host name cannot have"),
            ("me@notebook.example", "contains characters that a host name cannot have"),
            ("note_book.example", "contains characters that a host name cannot have"),
            ("-notebook.example", "has a part that begins or ends with -"),
            ("notebook-.example", "has a part that begins or ends with -"),
            ("127.0.0.1", "is an IP address, not a name"),
            ("notebook.1", "is an IP address, not a name"),
            ("0x7F", "is an IP address, not a name"),
            ("0x", "is an IP address, not a name"),
            ("[::1]", "is an IP address, not a name"),
            (&long, "has a part of more than 63 characters"),
            (&longest, "is longer than 253 characters"),
        ] {
            let error = parse_tool_host(bad).expect_err(bad);
            assert_eq!(error.to_string(), why, "{bad}");
        }
    }
}
