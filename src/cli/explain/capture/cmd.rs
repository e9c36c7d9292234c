//! The words of a curl command for the Windows shell, as *Copy as cURL (cmd)* in Chromium and *Copy
//! as cURL (Windows)* in Firefox write it.
//!
//! Two parsers read such a command. In cmd.exe, `^` escapes the next character, also a line break.
//! Then the C runtime splits the words: `"` quotes, `\"` and `""` within quotes are a quote. The
//! origin of the escapes is `escapeStringWin` in Chromium's `NetworkLogView.ts` and in Firefox's
//! `curl.js`.

use std::iter::Peekable;
use std::str::Chars;

/// Whether a curl command is for the Windows shell. That shell has no single quotes.
pub(super) fn is_command(text: &str) -> bool {
    let first_quote = text.find(['"', '\'']).and_then(|at| text[at..].chars().next());
    if first_quote == Some('\'') {
        return false;
    }
    text.contains("^\"") || text.lines().any(|line| line.trim_end().ends_with(" ^"))
}

/// The words of each command.
///
/// # Errors
/// The unsupported syntax, as a sentence without full stop.
pub(super) fn commands(text: &str) -> Result<Vec<Vec<Vec<u8>>>, String> {
    let mut reader = CmdReader { letters: text.chars().peekable() };
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut end = |word: &mut Option<String>, is_last: bool| {
        if let (Some(word), Some(words)) = (word.take(), commands.last_mut()) {
            words.push(word.into_bytes());
        }
        if is_last && commands.last().is_some_and(|words| !words.is_empty()) {
            commands.push(Vec::new());
        }
    };
    while let Some((letter, is_escaped)) = reader.next()? {
        match letter {
            '"' => {
                if is_quoted && reader.next_if('"') {
                    word.get_or_insert_default().push('"');
                } else {
                    is_quoted = !is_quoted;
                    word.get_or_insert_default();
                }
            }
            '\\' => reader.backslashes(word.get_or_insert_default())?,
            ' ' | '\t' if !is_quoted => end(&mut word, false),
            '\r' | '\n' if !is_quoted && !is_escaped => end(&mut word, true),
            '&' if !is_quoted && !is_escaped => end(&mut word, true),
            '|' | '<' | '>' if !is_quoted && !is_escaped => {
                return Err(format!("the command has {letter} outside quotes"));
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    if is_quoted {
        return Err("a quote is not closed: the end of the command is missing".to_owned());
    }
    end(&mut word, false);
    commands.retain(|words| !words.is_empty());
    Ok(commands)
}

struct CmdReader<'a> {
    letters: Peekable<Chars<'a>>,
}

impl CmdReader<'_> {
    /// The next character, and whether `^` escaped it.
    fn next(&mut self) -> Result<Option<(char, bool)>, String> {
        let Some(letter) = self.letters.next() else { return Ok(None) };
        if letter != '^' {
            return Ok(Some((letter, false)));
        }
        // An escaped line break disappears, and escapes the character after it.
        if self.line_break() {
            if self.line_break() {
                return Ok(Some(('\n', true)));
            }
            return self.next();
        }
        let letter = self.letters.next().ok_or("the command ends with ^")?;
        Ok(Some((letter, true)))
    }

    /// Skips a line break.
    fn line_break(&mut self) -> bool {
        let mut ahead = self.letters.clone();
        ahead.next_if_eq(&'\r');
        let found = ahead.next() == Some('\n');
        if found {
            self.letters = ahead;
        }
        found
    }

    /// Skips this character, escaped or not.
    fn next_if(&mut self, expected: char) -> bool {
        let mut ahead = self.letters.clone();
        ahead.next_if_eq(&'^');
        let found = ahead.next() == Some(expected);
        if found {
            self.letters = ahead;
        }
        found
    }

    /// Reads the rest of a group of backslashes, after its first one. Each pair in front of a quote
    /// is one backslash, and a single one makes the quote a character.
    fn backslashes(&mut self, word: &mut String) -> Result<(), String> {
        let mut number = 1usize;
        while self.next_if('\\') {
            number = number.saturating_add(1);
        }
        let mut ahead = self.letters.clone();
        ahead.next_if_eq(&'^');
        match ahead.next() {
            Some('"') => {
                word.extend(std::iter::repeat_n('\\', number / 2));
                if number % 2 == 1 {
                    self.next_if('"');
                    word.push('"');
                }
            }
            // Firefox escapes these for other shells.
            Some(letter @ ('$' | '`')) if number % 2 == 1 => {
                word.extend(std::iter::repeat_n('\\', number / 2));
                self.next_if(letter);
                word.push(letter);
            }
            // Browsers double each backslash.
            _ if number.is_multiple_of(2) => word.extend(std::iter::repeat_n('\\', number / 2)),
            _ => word.extend(std::iter::repeat_n('\\', number)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&[&str]]) {
        let read = commands(text).expect("commands");
        let read: Vec<Vec<&str>> = read
            .iter()
            .map(|words| {
                words.iter().map(|word| std::str::from_utf8(word).expect("text")).collect()
            })
            .collect();
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn words_are_the_ones_of_the_windows_shell() {
        check(
            "curl ^\"https://a/?b=1^&c=2^\" ^\r\n  -H ^\"x: y^\"",
            &[&["curl", "https://a/?b=1&c=2", "-H", "x: y"]],
        );
        check("curl ^\"a^%^20^%^C3^\"", &[&["curl", "a%20%C3"]]);
        check("curl ^\"it's ^\\^\"x^\\^\" ^^ ^! ^$ ^`^\"", &[&["curl", "it's \"x\" ^ ! $ `"]]);
        check("curl ^\"one^\n\ntwo^\"", &[&["curl", "one\ntwo"]]);
        check("curl \"a\"%\"20b\" \"c\"\"d\"", &[&["curl", "a%20b", "c\"d"]]);
        check(
            "curl ^\"a^\" ^\n -d ^\"^\" &\r\ncurl ^\"b^\"",
            &[&["curl", "a", "-d", ""], &["curl", "b"]],
        );
        check("curl ^\"a\\$b\\\\c\\d^\"", &[&["curl", "a$b\\c\\d"]]);
    }

    #[test]
    fn other_syntax_is_an_error() {
        for (text, expected) in [
            ("curl ^\"a", "not closed"),
            ("curl ^\"a^\" ^", "ends with ^"),
            ("curl ^\"a^\" > b", "> outside"),
            ("curl ^\"a^\" | b", "| outside"),
        ] {
            let why = commands(text).expect_err(text);
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    proptest! {
        /// `escapeStringWin` of Chromium since 2023.
        #[test]
        fn a_string_of_chromium_is_read_back(text in "[ -~]{0,60}") {
            let text = text.replace('\\', "/");
            let mut escaped = String::new();
            for letter in text.replace('"', "\\\"").chars() {
                if !letter.is_ascii_alphanumeric() && !" _-:=+~'/.,?;*".contains(letter) {
                    escaped.push('^');
                }
                escaped.push(letter);
                if letter == '%' {
                    escaped.push('^');
                }
            }
            // `%^` only in front of a letter, a digit or `_`.
            let letters: Vec<char> = escaped.chars().collect();
            let mut kept = String::new();
            for (index, letter) in letters.iter().enumerate() {
                let after = letters.get(index + 1).copied().unwrap_or(' ');
                let is_extra = *letter == '^'
                    && index > 0
                    && letters[index - 1] == '%'
                    && !(after.is_ascii_alphanumeric() || after == '_');
                if !is_extra {
                    kept.push(*letter);
                }
            }
            let read = commands(&format!("curl ^\"{kept}^\""));
            prop_assert_eq!(read, Ok(vec![vec![b"curl".to_vec(), text.into_bytes()]]));
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in "[ -~\r\nü^\"\\\\&]{0,60}") {
            let _ = commands(&text);
        }
    }
}
