//! Mistakes in a string or in the value of a variable that change its meaning.

use std::fmt;

use super::odd_character::OddCharacter;
use super::variable_syntax::VariableSyntax;

/// The quotes that a value may have around it.
const QUOTES: [(char, char); 6] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“'), ('‘', '’')];

/// A mistake in a string. It does not hold the string, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringMistake {
    /// It is in quotes.
    Quotes,
    /// It ends with a comment.
    Comment,
    /// It names a variable in the syntax of another program.
    Unexpanded,
    /// It contains a character that looks like another. Holds its number, from 1.
    Odd(OddCharacter, usize),
}

impl StringMistake {
    /// The mistake in the value of an environment variable.
    pub(super) fn of_variable(value: &str) -> Option<Self> {
        if VariableSyntax::of_whole(value).is_some() {
            return Some(Self::Unexpanded);
        }
        let is_comment = value
            .match_indices('#')
            .any(|(at, _)| value[..at].ends_with(|before: char| before.is_whitespace()));
        if is_comment {
            return Some(Self::Comment);
        }
        Self::of_string(value)
    }

    /// The mistake in a string of the file.
    pub(super) fn of_string(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let is_quoted = QUOTES.iter().any(|(open, close)| {
            trimmed.len() > open.len_utf8()
                && trimmed.starts_with(*open)
                && trimmed.ends_with(*close)
        });
        if is_quoted { Some(Self::Quotes) } else { Self::of_characters(text) }
    }

    /// The first odd character of a string.
    pub(super) fn of_characters(text: &str) -> Option<Self> {
        let (at, odd) = OddCharacter::find(text)?;
        Some(Self::Odd(odd, text[..at].chars().count() + 1))
    }

    /// The odd character.
    pub(super) fn character(self) -> Option<char> {
        match self {
            Self::Odd(odd, _) => Some(odd.character()),
            _ => None,
        }
    }

    /// How to fix it.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Quotes => "remove these quotes: only a shell removes quotes from a value",
            Self::Comment => "remove the comment, or write it on a line of its own",
            Self::Unexpanded => "write the value itself: nothing expands a variable here",
            Self::Odd(odd, _) => odd.advice(),
        }
    }
}

/// The end of a sentence that starts with the name of the string.
impl fmt::Display for StringMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quotes => f.write_str("has quotes around it, which are part of the value"),
            Self::Comment => {
                f.write_str("contains a space and `#`: the comment is part of the value")
            }
            Self::Unexpanded => f.write_str("is written like the name of another variable"),
            Self::Odd(odd, number) => write!(f, "contains {odd} as its character {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_the_value_of_a_variable_are_recognized() {
        use StringMistake::{Comment, Quotes, Unexpanded};
        for (value, expected) in [
            ("\"./state\"", Some(Quotes)),
            ("'hunter2 hunter2'", Some(Quotes)),
            ("“hunter2”", Some(Quotes)),
            (" \"a\" ", Some(Quotes)),
            ("abc # the secret", Some(Comment)),
            ("abc\t#comment", Some(Comment)),
            ("\"abc\" # the secret", Some(Comment)),
            ("${OTHER}", Some(Unexpanded)),
            ("$OTHER", Some(Unexpanded)),
            ("abc#def", None),
            ("#abc", None),
            ("it's", None),
            ("\"", None),
            ("\"a\" or b", None),
            ("", None),
        ] {
            assert_eq!(StringMistake::of_variable(value), expected, "{value}");
        }
        let odd = StringMistake::of_variable("ab\u{a0}c").map(|mistake| mistake.to_string());
        let expected = "contains a no-break space (U+00A0) as its character 3";
        assert_eq!(odd.as_deref(), Some(expected));
    }
}
