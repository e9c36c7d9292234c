//! Kinds of mistakes in TOML.

/// What the TOML parser complains of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxKind {
    /// Two sound parts contradict each other. In all other kinds, the part is no TOML.
    Contradiction,
    /// The heading of a table.
    Heading,
    /// A list in `[ … ]`.
    List,
    /// A table in `{ … }`.
    InlineTable,
    /// An escape in text.
    Escape,
    /// Text of one line.
    Text,
    /// Text of several lines.
    LongText,
    /// Something else.
    Other,
}

impl SyntaxKind {
    /// Classifies a message of the `toml` crate, which offers no kind of its own. Only the reader
    /// of the file asks. The test below knows the messages: it fails when the crate rewords one.
    pub(super) fn of_message(message: &str) -> Self {
        let has = |part| message.contains(part);
        let is_inline = has("inline table");
        if message.starts_with("duplicate key") || message.starts_with("cannot extend") {
            Self::Contradiction
        } else if has("table") && !is_inline || has("unquoted key") {
            Self::Heading
        } else if has("array") {
            Self::List
        } else if is_inline || has("key-value pairs") {
            Self::InlineTable
        } else if has("escaped") || has("unicode") {
            Self::Escape
        } else if has("multi-line") {
            Self::LongText
        } else if has("literal string") || has("basic string") {
            Self::Text
        } else {
            Self::Other
        }
    }

    /// What to write instead.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Contradiction => "keep one of the two",
            Self::Heading => {
                "write a heading on its own line, with names of letters, digits, `-` and `_`: `[tools.my-quiz]`"
            }
            Self::List => "put a comma between the items of a list, and `]` after the last one",
            Self::InlineTable => {
                "put a comma between the settings in `{ … }`, and `}` after the last one"
            }
            Self::Escape => "write `\\\\` for a backslash, or put the string in single quotes",
            Self::Text | Self::LongText => {
                "put the string in quotes, with the same quote at both ends"
            }
            Self::Other => "write TOML: `key = \"value\"`, strings in quotes, one setting per line",
        }
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    #[test]
    fn the_parser_words_its_messages_as_they_are_classified() {
        use SyntaxKind::*;
        let mut wrong = Vec::new();
        for (text, message, kind) in [
            ("a = 1\na = 2", "duplicate key", Contradiction),
            (
                "a = [1]\na.b = 2",
                "cannot extend value of type array with a dotted key",
                Contradiction,
            ),
            ("[a", "unclosed table, expected `]`", Heading),
            ("[[a]", "unclosed array table, expected `]`", Heading),
            ("a! = 1", "invalid unquoted key, expected letters, numbers, `-`, `_`", Heading),
            ("a = [1", "unclosed array, expected `]`", List),
            ("a = [\"b\" \"c\"]", "missing comma between array elements, expected `,`", List),
            ("a = { b = 1", "unclosed inline table, expected `}`", InlineTable),
            (
                "a = { b = \"1\" c = 2 }",
                "missing comma between key-value pairs, expected `,`",
                InlineTable,
            ),
            (
                "a = \"\\q\"",
                "missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`",
                Escape,
            ),
            (
                "a = \"\\u12\"",
                "too few unicode value digits, expected unicode hexadecimal value",
                Escape,
            ),
            ("a = \"b", "invalid basic string, expected `\"`", Text),
            ("a = 'b", "invalid literal string, expected `'`", Text),
            ("a = b", "string values must be quoted, expected literal string", Text),
            ("a = \"\"\"b", "invalid multi-line basic string, expected `\"`", LongText),
            ("a = '''b", "invalid multi-line literal string, expected `'`", LongText),
            ("a", "key with no value, expected `=`", Other),
            ("a = \"1\" b", "unexpected key or value, expected newline, `#`", Other),
        ] {
            let (_, errors) = DeTable::parse_recoverable(text);
            let first = errors.first().map(|error| error.message());
            if (first, SyntaxKind::of_message(message)) != (Some(message), kind) {
                wrong.push(format!("{text}: {first:?}, {:?}", SyntaxKind::of_message(message)));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
