//! The shell words of a curl command, in the bash syntax of browsers and of `launch --print curl`.

use std::iter::Peekable;
use std::str::Chars;

/// The words of each command, as bytes: `$'\xff'` is not UTF-8. Browsers copy several commands with
/// a semicolon at the end of a line between them.
///
/// # Errors
/// The unsupported syntax, as a sentence without full stop.
pub(super) fn commands(text: &str) -> Result<Vec<Vec<Vec<u8>>>, String> {
    let mut reader = WordReader { letters: text.chars().peekable() };
    let mut commands = vec![Vec::new()];
    loop {
        if reader.separator()? {
            commands.push(Vec::new());
        }
        match (reader.word()?, commands.last_mut()) {
            (Some(word), Some(words)) => words.push(word),
            _ => break,
        }
    }
    commands.retain(|words| !words.is_empty());
    Ok(commands)
}

struct WordReader<'a> {
    letters: Peekable<Chars<'a>>,
}

impl WordReader<'_> {
    /// Skips a semicolon or `&` at the end of a line.
    fn separator(&mut self) -> Result<bool, String> {
        self.skip_spaces()?;
        let mut ahead = self.letters.clone();
        if ahead.next_if(|letter| matches!(letter, ';' | '&')).is_none() {
            return Ok(false);
        }
        while ahead.next_if(|letter| matches!(letter, ' ' | '\t' | '\r')).is_some() {}
        let is_separator = matches!(ahead.next(), Some('\n') | None);
        if is_separator {
            self.letters = ahead;
        }
        Ok(is_separator)
    }

    /// The next word.
    fn word(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.skip_spaces()?;
        while self.letters.peek() == Some(&'#') {
            while self.letters.next_if(|letter| *letter != '\n').is_some() {}
            self.skip_spaces()?;
        }
        if self.letters.peek().is_none() {
            return Ok(None);
        }
        let mut word = Vec::new();
        while let Some(letter) = self.letters.next_if(|letter| !letter.is_ascii_whitespace()) {
            match letter {
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '$' if self.letters.next_if_eq(&'\'').is_some() => self.escaped(&mut word)?,
                '\\' => match self.letters.next() {
                    Some('\n') => {}
                    Some('\r') => {
                        self.letters.next_if_eq(&'\n');
                    }
                    Some(letter) => push(letter, &mut word),
                    None => return Err("the command ends with a backslash".to_owned()),
                },
                '$' | '`' => {
                    return Err(
                        "the command has a shell variable or a command substitution".to_owned()
                    );
                }
                '|' | ';' | '&' | '<' | '>' | '(' | ')' => {
                    return Err(format!(
                        "the command has {letter} outside quotes: \
                         another command, a redirection, or an unquoted URL"
                    ));
                }
                '^' => {
                    return Err(
                        "the command has ^ outside quotes: it is for the Windows shell".to_owned()
                    );
                }
                letter => push(letter, &mut word),
            }
        }
        Ok(Some(word))
    }

    /// Skips whitespace, and line ends after a backslash.
    fn skip_spaces(&mut self) -> Result<(), String> {
        loop {
            if self.letters.next_if(char::is_ascii_whitespace).is_some() {
                continue;
            }
            let mut ahead = self.letters.clone();
            if ahead.next() != Some('\\') {
                return Ok(());
            }
            match ahead.next() {
                Some('\n') => {}
                Some('\r') => {
                    ahead.next_if_eq(&'\n');
                }
                None => return Err("the command ends with a backslash".to_owned()),
                Some(_) => return Ok(()),
            }
            self.letters = ahead;
        }
    }

    fn single(&mut self, word: &mut Vec<u8>) -> Result<(), String> {
        loop {
            match self.quoted()? {
                '\'' => return Ok(()),
                letter => push(letter, word),
            }
        }
    }

    fn double(&mut self, word: &mut Vec<u8>) -> Result<(), String> {
        loop {
            match self.quoted()? {
                '"' => return Ok(()),
                '\\' => match self.quoted()? {
                    '\n' => {}
                    letter @ ('"' | '\\' | '$' | '`') => push(letter, word),
                    letter => {
                        word.push(b'\\');
                        push(letter, word);
                    }
                },
                '$' | '`' => {
                    return Err(
                        "the command has a shell variable or a command substitution".to_owned()
                    );
                }
                letter => push(letter, word),
            }
        }
    }

    /// `$'…'`, with the escapes of C.
    fn escaped(&mut self, word: &mut Vec<u8>) -> Result<(), String> {
        loop {
            match self.quoted()? {
                '\'' => return Ok(()),
                '\\' => match self.quoted()? {
                    'n' => word.push(b'\n'),
                    'r' => word.push(b'\r'),
                    't' => word.push(b'\t'),
                    'a' => word.push(7),
                    'b' => word.push(8),
                    'e' | 'E' => word.push(27),
                    'f' => word.push(12),
                    'v' => word.push(11),
                    'x' => {
                        let byte =
                            self.number(16, 2).ok_or("the command has \\x without digits")?;
                        word.extend(u8::try_from(byte));
                    }
                    'u' => self.letter(4, word)?,
                    'U' => self.letter(8, word)?,
                    digit @ '0'..='7' => {
                        let first = u32::from(digit) - u32::from('0');
                        let (rest, digits) = self.digits(8, 2);
                        let byte = first * 8u32.pow(digits) + rest;
                        word.push((byte & 0xff) as u8);
                    }
                    letter @ ('\\' | '\'' | '"' | '?') => push(letter, word),
                    letter => {
                        word.push(b'\\');
                        push(letter, word);
                    }
                },
                // Some versions of Firefox write `^&` here.
                '^' if self.letters.next_if_eq(&'&').is_some() => word.push(b'&'),
                letter => push(letter, word),
            }
        }
    }

    /// A character by its number. Browsers write one above U+FFFF as a surrogate pair.
    fn letter(&mut self, most: u32, word: &mut Vec<u8>) -> Result<(), String> {
        const UNKNOWN: &str = "the command has \\u without a valid code point";
        let mut number = self.number(16, most).ok_or(UNKNOWN)?;
        if (0xd800..0xdc00).contains(&number) {
            let second = self.letters.next_if_eq(&'\\').and_then(|_| self.letters.next_if_eq(&'u'));
            let low = second
                .and_then(|_| self.number(16, 4))
                .filter(|low| (0xdc00..0xe000).contains(low));
            number = 0x10000 + ((number - 0xd800) << 10) + (low.ok_or(UNKNOWN)? - 0xdc00);
        }
        push(char::from_u32(number).ok_or(UNKNOWN)?, word);
        Ok(())
    }

    fn number(&mut self, radix: u32, most: u32) -> Option<u32> {
        let (number, digits) = self.digits(radix, most);
        (digits > 0).then_some(number)
    }

    /// A number of at most `most` digits, and its number of digits.
    fn digits(&mut self, radix: u32, most: u32) -> (u32, u32) {
        let (mut number, mut digits) = (0u32, 0);
        while digits < most
            && let Some(letter) = self.letters.next_if(|letter| letter.is_digit(radix))
        {
            number =
                number.wrapping_mul(radix).wrapping_add(letter.to_digit(radix).unwrap_or_default());
            digits += 1;
        }
        (number, digits)
    }

    /// The next character within quotes.
    fn quoted(&mut self) -> Result<char, String> {
        self.letters
            .next()
            .ok_or_else(|| "a quote is not closed: the end of the command is missing".to_owned())
    }
}

fn push(letter: char, word: &mut Vec<u8>) {
    word.extend(letter.encode_utf8(&mut [0; 4]).bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a single command.
    fn words(command: &str) -> Result<Vec<Vec<u8>>, String> {
        let mut commands = commands(command)?;
        assert!(commands.len() < 2, "{command}");
        Ok(commands.pop().unwrap_or_default())
    }

    #[test]
    fn a_semicolon_at_the_end_of_a_line_separates_commands() {
        for text in ["curl a ;\ncurl b", "curl a ; \r\ncurl b ;\n", "curl a &\ncurl b &"] {
            let expected = ["a", "b"].map(|url| vec![b"curl".to_vec(), url.into()]);
            assert_eq!(commands(text), Ok(expected.to_vec()), "{text}");
        }
        assert!(commands("curl a ; curl b").is_err());
    }

    #[test]
    fn words_are_the_same_as_in_bash() {
        let check = |command: &str, expected: &[&str]| {
            let read = words(command).expect("a command");
            let read: Vec<&str> =
                read.iter().map(|word| std::str::from_utf8(word).expect("text")).collect();
            assert_eq!(read, expected, "{command}");
        };
        check("", &[]);
        check(" \n ", &[]);
        check("curl 'a b' \\\n  -d \\\r\n 'c'\n", &["curl", "a b", "-d", "c"]);
        check(r"a\ b 'it'\''s' ''", &["a b", "it's", ""]);
        check(r#""a \"b\" \\ \$ \x '" c"d"e"#, &[r#"a "b" \ $ \x '"#, "cde"]);
        check(
            r"$'\n\r\t\\\'\x41\101\u00fc\u0021\ud83d\ude00\U0001f600\q'",
            &["\n\r\t\\'AAü!😀😀\\q"],
        );
        check(r"$'a\x3d1^&b'", &["a=1&b"]);
        check("a&b='c'".replace('&', "\\&").as_str(), &["a&b=c"]);
        assert_eq!(words(r"$'\xff\377'"), Ok(vec![vec![0xff, 0xff]]));
    }

    #[test]
    fn shell_features_are_errors() {
        for (command, expected) in [
            ("curl 'a", "not closed"),
            ("curl \"a", "not closed"),
            ("curl $'a", "not closed"),
            ("curl a\\", "backslash"),
            ("curl \\", "backslash"),
            ("curl $URL", "variable"),
            ("curl \"$URL\"", "variable"),
            ("curl `url`", "variable"),
            ("curl a | less", "| outside quotes"),
            ("curl a > b", "> outside quotes"),
            ("curl http://a/?b=1&c=2", "& outside quotes"),
            ("curl ^\"http://a^\"", "Windows"),
            (r"curl $'\xg'", "\\x"),
            (r"curl $'\ud800'", "\\u"),
            (r"curl $'\ud800\u0041'", "\\u"),
        ] {
            let why = words(command).expect_err(command);
            assert!(why.contains(expected), "{command}: {why}");
        }
    }
}
