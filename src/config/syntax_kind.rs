//! The kinds of TOML syntax errors.

/// The kind of a syntax error, which decides the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxKind {
    /// A duplicate key or table. The text is well-formed, unlike for all other kinds.
    Duplicate,
    /// In the heading of a table.
    Heading,
    /// In a list `[ … ]`.
    List,
    /// In an inline table `{ … }`.
    InlineTable,
    /// In an escape of a string.
    Escape,
    /// In a string of one line.
    String,
    /// In a multi-line string.
    MultiLineString,
    /// Any other error.
    Other,
}

impl SyntaxKind {
    /// Classifies a message of the `toml` crate, which offers no kind of error. The test below
    /// fails if the crate rewords a message.
    pub(super) fn of_message(message: &str) -> Self {
        let has = |part| message.contains(part);
        let is_inline = has("inline table");
        if message.starts_with("duplicate key") || message.starts_with("cannot extend") {
            Self::Duplicate
        } else if has("table") && !is_inline || has("unquoted key") {
            Self::Heading
        } else if has("array") {
            Self::List
        } else if is_inline || has("key-value pairs") {
            Self::InlineTable
        } else if has("escaped") || has("unicode") {
            Self::Escape
        } else if has("multi-line") {
            Self::MultiLineString
        } else if has("literal string") || has("basic string") {
            Self::String
        } else {
            Self::Other
        }
    }

    /// The advice for this kind of error.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Duplicate => "keep one of the two",
            Self::Heading => {
                "write a heading on its own line, with names of letters, digits, `-` and `_`: \
                    `[tools.my-quiz]`"
            }
            Self::List => "put a comma between the items of a list, and `]` after the last one",
            Self::InlineTable => {
                "put a comma between the settings in `{ … }`, and `}` after the last one"
            }
            Self::Escape => "write `\\\\` for a backslash, or put the string in single quotes",
            Self::String | Self::MultiLineString => {
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
    fn every_parser_message_is_classified() {
        use SyntaxKind::*;
        let mut wrong = Vec::new();
        for (text, message, kind) in [
            ("a = 1\na = 2", "duplicate key", Duplicate),
            ("a = [1]\na.b = 2", "cannot extend value of type array with a dotted key", Duplicate),
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
                concat!(
                    "missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, ",
                    "`u`, `U`"
                ),
                Escape,
            ),
            (
                "a = \"\\u12\"",
                "too few unicode value digits, expected unicode hexadecimal value",
                Escape,
            ),
            ("a = \"b", "invalid basic string, expected `\"`", String),
            ("a = 'b", "invalid literal string, expected `'`", String),
            ("a = b", "string values must be quoted, expected literal string", String),
            ("a = \"\"\"b", "invalid multi-line basic string, expected `\"`", MultiLineString),
            ("a = '''b", "invalid multi-line literal string, expected `'`", MultiLineString),
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
