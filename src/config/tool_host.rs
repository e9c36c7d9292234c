use super::host_name;

/// Reads `host` of a tool: the name of a host, which is returned in lower case.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with "the host".
pub(super) fn parse(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        return Err("has a scheme; a tool has the one of the public URL");
    }
    if text.contains('/') {
        return Err("has a path; that is a key of its own");
    }
    if text.contains('*') {
        return Err("has a wildcard");
    }
    if text.contains(['[', ']']) {
        return Err("is an address, not a name");
    }
    if text.contains(':') {
        return Err("has a port; a tool has the one of the public URL");
    }
    host_name::check(text, false)?;
    if host_name::ends_in_number(text) {
        return Err("is an address, not a name");
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_nothing_else() {
        for (good, expected) in [
            ("notebook.example.edu", "notebook.example.edu"),
            ("NoteBook.Example", "notebook.example"),
            ("xn--bung-zra.example", "xn--bung-zra.example"),
            ("notebook.localhost", "notebook.localhost"),
            ("localhost", "localhost"),
            ("1.example", "1.example"),
            ("0x1g", "0x1g"),
        ] {
            assert_eq!(parse(good).as_deref(), Ok(expected));
        }
        let long = format!("{}.example", "a".repeat(64));
        let longest = ["a"; 128].join(".");
        for (bad, why) in [
            ("https://notebook.example", "has a scheme; a tool has the one of the public URL"),
            ("notebook.example/", "has a path; that is a key of its own"),
            ("notebook.example:8443", "has a port; a tool has the one of the public URL"),
            ("*.example", "has a wildcard"),
            (
                "übung.example",
                "has letters that an address cannot have: such a name is written as xn--…",
            ),
            ("", "has a dot too many"),
            (".example", "has a dot too many"),
            ("notebook..example", "has a dot too many"),
            ("notebook.example.", "has a dot too many"),
            ("note book.example", "has characters that the name of a host cannot have"),
            ("me@notebook.example", "has characters that the name of a host cannot have"),
            ("note_book.example", "has characters that the name of a host cannot have"),
            ("-notebook.example", "has a part that begins or ends with -"),
            ("notebook-.example", "has a part that begins or ends with -"),
            ("127.0.0.1", "is an address, not a name"),
            ("notebook.1", "is an address, not a name"),
            ("0x7F", "is an address, not a name"),
            ("0x", "is an address, not a name"),
            ("[::1]", "is an address, not a name"),
            (&long, "has a part that is longer than 63 characters"),
            (&longest, "is longer than the name of a host can be"),
        ] {
            assert_eq!(parse(bad), Err(why), "{bad}");
        }
    }
}
