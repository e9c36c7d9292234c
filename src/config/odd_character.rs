//! Characters that look like others or like nothing. Text processors and web pages insert them.

use std::fmt;

/// A character that looks like another, or is invisible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OddCharacter {
    character: char,
    kind: OddKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OddKind {
    Quote,
    Space,
    Invisible,
    Dash,
    /// A letter or sign of East Asian input methods. Text may contain it, TOML's syntax may not.
    FullWidth,
}

impl OddCharacter {
    /// The first odd character of a text, and its offset.
    pub(super) fn find(text: &str) -> Option<(usize, Self)> {
        text.char_indices().find_map(|(at, character)| Some((at, Self::of(character)?)))
    }

    /// The odd characters of a line of malformed TOML that are not in a string in straight quotes,
    /// with their offsets. In an unclosed string, they count: `"hello”`.
    pub(super) fn in_syntax(line: &str) -> Vec<(usize, Self)> {
        let mut found = Vec::new();
        let mut open = None;
        let mut in_string = Vec::new();
        let mut is_escaped = false;
        for (at, character) in line.char_indices() {
            let odd = Self::of(character).or_else(|| Self::of_full_width(character));
            match open {
                None if character == '#' => break,
                None if matches!(character, '"' | '\'') => {
                    open = Some(character);
                    in_string.clear();
                }
                None => found.extend(odd.map(|odd| (at, odd))),
                Some('"') if is_escaped => {}
                Some(quote) if character == quote => open = None,
                Some(_) => in_string.extend(odd.map(|odd| (at, odd))),
            }
            is_escaped = open == Some('"') && character == '\\' && !is_escaped;
        }
        if open.is_some() {
            found.extend(in_string.into_iter().filter(|(_, odd)| odd.kind == OddKind::Quote));
        }
        found
    }

    /// The character.
    pub(super) fn character(self) -> char {
        self.character
    }

    /// Whether it is invisible, or a space.
    fn is_blank(self) -> bool {
        matches!(self.kind, OddKind::Space | OddKind::Invisible)
    }

    /// Whether a character is invisible. A terminal may also reorder the text around it.
    pub(super) fn is_invisible(character: char) -> bool {
        Self::of(character).is_some_and(|odd| odd.kind == OddKind::Invisible)
    }

    /// How to fix it.
    pub(super) fn advice(self) -> &'static str {
        match self.kind {
            OddKind::Quote => "write a straight quote in its place, `\"` or `'`",
            OddKind::Space => "write an ordinary space in its place, or remove it",
            OddKind::Invisible => "delete this invisible character, or type the line again",
            OddKind::Dash => "write a hyphen `-` in its place",
            OddKind::FullWidth => "write the ordinary character of ASCII in its place",
        }
    }

    fn of(character: char) -> Option<Self> {
        let kind = match character {
            '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '‛' | '«' | '»' | '‹' | '›' | '′' | '″'
            | '＂' | '＇' | '「' | '」' | '´' => OddKind::Quote,
            '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{85}' => OddKind::Space,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' => OddKind::Invisible,
            '\u{2010}'..='\u{2015}' | '\u{2212}' => OddKind::Dash,
            _ => return None,
        };
        Some(Self { character, kind })
    }

    fn of_full_width(character: char) -> Option<Self> {
        let is_full_width = matches!(character, '\u{ff01}'..='\u{ff5e}');
        is_full_width.then_some(Self { character, kind: OddKind::FullWidth })
    }

    fn name(self) -> &'static str {
        match self.character {
            '\u{a0}' => "a no-break space",
            '\u{202f}' => "a narrow no-break space",
            '\u{3000}' => "an ideographic space",
            '\u{2028}' | '\u{2029}' | '\u{85}' => "a Unicode line separator",
            '\u{ad}' => "a soft hyphen",
            '\u{200b}' => "a zero-width space",
            '\u{200c}' => "a zero-width non-joiner",
            '\u{200d}' => "a zero-width joiner",
            '\u{2060}' => "a word joiner of zero width",
            '\u{feff}' => "a byte order mark of zero width",
            '\u{2013}' => "an en dash",
            '\u{2014}' => "an em dash",
            '\u{2212}' => "a minus sign",
            _ => match self.kind {
                OddKind::Quote => "a typographic quote",
                OddKind::Space => "a space of unusual width",
                OddKind::Invisible => "an invisible character",
                OddKind::Dash => "a typographic hyphen",
                OddKind::FullWidth => "a full-width character",
            },
        }
    }
}

/// The name, the character if it is visible, and its code point.
impl fmt::Display for OddCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if !self.is_blank() {
            write!(f, " {}", self.character)?;
        }
        write!(f, " (U+{:04X})", u32::from(self.character))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_named_with_its_code_point() {
        for (text, expected) in [
            ("a“", "a typographic quote “ (U+201C)"),
            ("’", "a typographic quote ’ (U+2019)"),
            ("a\u{a0}b", "a no-break space (U+00A0)"),
            ("\u{200b}", "a zero-width space (U+200B)"),
            ("\u{200d}", "a zero-width joiner (U+200D)"),
            ("\u{202e}", "an invisible character (U+202E)"),
            ("my–quiz", "an en dash – (U+2013)"),
        ] {
            let found = OddCharacter::find(text).map(|(_, odd)| odd.to_string());
            assert_eq!(found.as_deref(), Some(expected));
        }
        assert_eq!(OddCharacter::find("hello-key_1 'a' \"b\" `c` äöü 漢字"), None);
    }

    #[test]
    fn characters_in_closed_strings_and_comments_are_no_syntax() {
        for (line, columns) in [
            ("key = “hello”", &[6, 14][..]),
            ("key\u{a0}= \"a\"", &[3]),
            ("title = \"it’s “good”\"", &[]),
            ("title = 'it’s' # “comment”", &[]),
            ("key = \"hello”", &[12]),
            ("title = \"a \\\" ’b\"", &[]),
            ("key ＝ \"a\"", &[4]),
            ("［tools.a］", &[0, 10]),
            ("title = \"練習（１）\"", &[]),
            ("title = \"練習（１）", &[]),
        ] {
            let found: Vec<_> =
                OddCharacter::in_syntax(line).into_iter().map(|(at, _)| at).collect();
            assert_eq!(found, columns, "{line}");
        }
    }
}
