//! Placeholders for a port that the gateway does not replace, such as `$PORT`.

use super::app_command::PORT;

/// The placeholders of shells and of other programs, in lower case. An earlier one contains a later
/// one.
const PLACEHOLDERS: [&str; 11] = [
    "{{ port }}",
    "{{port}}",
    "${port}",
    "$(port)",
    "$env:port",
    "$port",
    "%port%",
    "<port>",
    "{ port }",
    "{port}",
    "[port]",
];

/// The first such placeholder in a string.
pub(super) fn find(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().find_map(|placeholder| {
        let found = lower.match_indices(placeholder).find(|(start, _)| {
            let end = start + placeholder.len();
            let is_own = text.get(*start..end) == Some(PORT);
            // `$PORTAL` is another variable.
            let is_word = placeholder.ends_with('t')
                && lower[end..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
            !is_own && !is_word
        });
        found.and_then(|(start, _)| text.get(start..start + placeholder.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_other_programs_are_found() {
        for (text, found) in [
            ("{PORT}", "{PORT}"),
            ("{Port}", "{Port}"),
            ("--port=$PORT", "$PORT"),
            ("127.0.0.1:${PORT}", "${PORT}"),
            ("$port", "$port"),
            ("$(PORT)", "$(PORT)"),
            ("%PORT%", "%PORT%"),
            ("{{port}}", "{{port}}"),
            ("{{ PORT }}", "{{ PORT }}"),
            ("{ port }", "{ port }"),
            ("<port>", "<port>"),
            ("{port} and ${port}", "${port}"),
        ] {
            assert_eq!(find(text), Some(found), "{text}");
        }
        for text in ["", "{port}", "http://127.0.0.1:{port}/", "--port", "port", "$PORTAL", "{x}"] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
