//! *Copy as PowerShell*: `Invoke-WebRequest`, with a session for the cookies in front of it
//! (`generatePowerShellCommand` in Chromium's `NetworkLogView.ts`, `powershell.js` in Firefox).

use std::iter::Peekable;
use std::str::Chars;

use super::launch::Capture;
use super::request::CapturedRequest;

/// The commands that send a request, in lower case.
const COMMANDS: [&str; 4] = ["invoke-webrequest", "invoke-restmethod", "iwr", "irm"];

/// A token of PowerShell, as far as browsers use it.
#[derive(Debug, PartialEq, Eq)]
enum PowerShellToken {
    /// A string in quotes.
    Quoted(String),
    /// A name, an option or a variable.
    Word(String),
    Open,
    Close,
    /// The end of a statement: a line break or a semicolon.
    End,
}

/// Whether the content is such a command.
pub(super) fn is_command(content: &[u8]) -> bool {
    let start: Vec<u8> = content.iter().take(32).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"$session")
        || COMMANDS.iter().any(|command| {
            let rest = start.strip_prefix(command.as_bytes());
            rest.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        })
}

/// The request of each command.
///
/// # Errors
/// The unsupported syntax, as a sentence without full stop.
pub(super) fn requests(text: &str) -> Result<Vec<Result<Capture, String>>, String> {
    let mut requests = Vec::new();
    let mut statement = Vec::new();
    let mut depth = 0usize;
    for token in tokens(text)? {
        match token {
            PowerShellToken::Open => depth = depth.saturating_add(1),
            PowerShellToken::Close => {
                depth = depth.checked_sub(1).ok_or("the command has a ) or } too many")?;
            }
            PowerShellToken::End if depth > 0 => continue,
            PowerShellToken::End => {
                requests.extend(request(&std::mem::take(&mut statement)));
                continue;
            }
            _ => {}
        }
        statement.push(token);
    }
    if depth > 0 {
        return Err("a ( or { is not closed: the end of the command is missing".to_owned());
    }
    requests.extend(request(&statement));
    Ok(requests)
}

/// The request of a statement. `None` if it sends none.
fn request(statement: &[PowerShellToken]) -> Option<Result<Capture, String>> {
    let Some(PowerShellToken::Word(command)) = statement.first() else { return None };
    let is_request = COMMANDS.contains(&command.to_ascii_lowercase().as_str());
    is_request.then(|| capture(&statement[1..]))
}

fn capture(arguments: &[PowerShellToken]) -> Result<Capture, String> {
    let mut request = CapturedRequest::default();
    let mut rest = arguments;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        let PowerShellToken::Word(option) = token else { continue };
        let option = option.to_ascii_lowercase();
        if !option.starts_with('-') || option == "-usebasicparsing" {
            continue;
        }
        let values = values(&mut rest);
        let value = values.first().copied();
        match option.as_str() {
            "-uri" => request.set_url(value.ok_or("the value of -Uri is missing")?)?,
            "-method" => request.set_method(&value.unwrap_or_default().to_ascii_uppercase())?,
            "-body" => request.add(value.ok_or("the value of -Body is missing")?.as_bytes()),
            "-contenttype" => request.header("content-type", value.unwrap_or_default())?,
            "-headers" => {
                for pair in values.chunks_exact(2) {
                    request.header(pair[0], pair[1])?;
                }
            }
            "-websession" | "-useragent" | "-timeoutsec" | "-maximumredirection" | "-outfile" => {}
            _ => return Err("an option of Invoke-WebRequest is not supported".to_owned()),
        }
    }
    request.finish()
}

/// The strings of an argument: one, or all within its parentheses or braces.
fn values<'a>(rest: &mut &'a [PowerShellToken]) -> Vec<&'a str> {
    let mut values = Vec::new();
    let mut depth = 0usize;
    while let Some((token, after)) = rest.split_first() {
        match token {
            PowerShellToken::Word(word) if depth == 0 && word.starts_with('-') => break,
            PowerShellToken::Quoted(text) => values.push(text.as_str()),
            // A method without quotes.
            PowerShellToken::Word(word) if depth == 0 => values.push(word.as_str()),
            PowerShellToken::Open => depth = depth.saturating_add(1),
            PowerShellToken::Close => depth = depth.saturating_sub(1),
            PowerShellToken::Word(_) | PowerShellToken::End => {}
        }
        *rest = after;
    }
    values
}

fn tokens(text: &str) -> Result<Vec<PowerShellToken>, String> {
    let mut letters = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => tokens.push(PowerShellToken::Quoted(double(&mut letters)?)),
            '\'' => tokens.push(PowerShellToken::Quoted(single(&mut letters)?)),
            '(' | '{' => tokens.push(PowerShellToken::Open),
            ')' | '}' => tokens.push(PowerShellToken::Close),
            '\n' | ';' => tokens.push(PowerShellToken::End),
            // A line break after a backtick does not end the statement.
            '`' => {
                letters.next_if_eq(&'\r');
                letters.next_if_eq(&'\n').ok_or("the command has ` outside quotes")?;
            }
            '|' => return Err("the command has | outside quotes".to_owned()),
            ',' | '=' | '@' => {}
            letter if letter.is_whitespace() => {}
            letter => {
                let mut word = String::from(letter);
                let is_word =
                    |letter: &char| !letter.is_whitespace() && !"\"'(){};`|,=@".contains(*letter);
                while let Some(letter) = letters.next_if(is_word) {
                    word.push(letter);
                }
                tokens.push(PowerShellToken::Word(word));
            }
        }
    }
    Ok(tokens)
}

const OPEN: &str = "a quote is not closed: the end of the command is missing";

/// The rest of a string in double quotes.
fn double(letters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    // Browsers write characters outside ASCII as UTF-16.
    let mut units: Vec<u16> = Vec::new();
    loop {
        let letter = match letters.next().ok_or(OPEN)? {
            '"' if letters.next_if_eq(&'"').is_some() => '"',
            '"' => break,
            '`' => match letters.next().ok_or(OPEN)? {
                '0' => '\0',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'e' => '\u{1b}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                letter => letter,
            },
            '$' => match character(letters) {
                Some(unit) => {
                    units.push(unit);
                    continue;
                }
                None => {
                    let begins =
                        |letter: &char| letter.is_alphabetic() || "({_?^$".contains(*letter);
                    if letters.peek().is_some_and(begins) {
                        return Err("the command has a variable or an expression".to_owned());
                    }
                    '$'
                }
            },
            letter => letter,
        };
        units.extend_from_slice(letter.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).map_err(|_| "a string of the command is not valid UTF-16".to_owned())
}

/// `$([char]228)`, after its dollar sign.
fn character(letters: &mut Peekable<Chars<'_>>) -> Option<u16> {
    let mut ahead = letters.clone();
    for expected in "([char]".chars() {
        ahead.next_if(|letter| letter.eq_ignore_ascii_case(&expected))?;
    }
    let mut number = 0u32;
    while let Some(letter) = ahead.next_if(char::is_ascii_digit) {
        let digit = letter.to_digit(10)?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    ahead.next_if_eq(&')')?;
    *letters = ahead;
    u16::try_from(number).ok()
}

/// The rest of a string in single quotes.
fn single(letters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match letters.next().ok_or(OPEN)? {
            '\'' if letters.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Ok(text),
            letter => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMAND: &str = "\
$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession
$session.UserAgent = \"Mozilla/5.0 (X11; Linux)\"
$session.Cookies.Add((New-Object System.Net.Cookie(\"a\", \"b;c\", \"/\", \"a.example\")))
Invoke-WebRequest -UseBasicParsing -Uri \"https://a.example/x\" `
-Method \"POST\" `
-WebSession $session `
-Headers @{
\"method\"=\"POST\"
  \"authorization\"=\"OAuth a=`\"b`\"\"
} `
-ContentType \"application/x-www-form-urlencoded\" `
-Body \"c=`$d&e=%20\"";

    #[test]
    fn the_command_of_a_browser_is_a_request() {
        let both = format!("{COMMAND};\r\n{COMMAND}");
        for (text, number) in [(COMMAND, 1), (&both, 2)] {
            let read = requests(text).expect("commands");
            assert_eq!(read.len(), number);
            for capture in read {
                let capture = capture.expect("a request");
                assert_eq!(capture.body, b"c=$d&e=%20");
                assert_eq!(capture.authorization.as_deref(), Some("a=\"b\""));
            }
        }
        let body = "-Body ([System.Text.Encoding]::UTF8.GetBytes(\
                    \"a=$([char]220)$([char]55357)$([char]56832)$([char]10)`$\"))";
        let read = requests(&format!("iwr -Uri 'https://a/' -Method Post {body}")).expect("one");
        let capture = read.into_iter().next().expect("one").expect("a request");
        assert_eq!(String::from_utf8(capture.body).expect("text"), "a=Ü😀\n$");
    }

    #[test]
    fn other_syntax_is_an_error() {
        for (text, expected) in [
            ("iwr -Uri \"https://a/", "not closed"),
            ("iwr -Uri \"https://a/$x\"", "variable"),
            ("iwr -Uri \"https://a/$(x)\"", "variable"),
            ("iwr -Uri \"https://a/\" | more", "| outside"),
            ("iwr ` x", "` outside"),
            ("iwr -Headers @{", "not closed"),
            ("iwr )", "too many"),
        ] {
            let why = requests(text).expect_err(text);
            assert!(why.contains(expected), "{text}: {why}");
        }
        for (text, expected) in [
            ("iwr -Uri", "-Uri is missing"),
            ("iwr -Uri \"https://a/\" -Body", "-Body is missing"),
            ("iwr -Uri \"https://a/\" -Method DELETE", "not POST"),
            ("iwr -Uri \"https://a/\" -Form \"a\"", "not supported"),
            ("iwr -Uri \"https://a/\"", "no form"),
        ] {
            let read = requests(text).expect(text).into_iter().next().expect(text);
            let why = read.expect_err(text);
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    proptest! {
        #[test]
        fn a_string_of_a_browser_is_read_back(text in "\\PC{0,40}") {
            let mut escaped = String::new();
            for letter in text.chars() {
                match letter {
                    '`' | '$' | '"' => escaped.extend(['`', letter]),
                    ' '..='~' => escaped.push(letter),
                    _ => for unit in letter.encode_utf16(&mut [0; 2]) {
                        escaped.push_str(&format!("$([char]{unit})"));
                    },
                }
            }
            let read = tokens(&format!("\"{escaped}\""));
            prop_assert_eq!(read, Ok(vec![PowerShellToken::Quoted(text)]));
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in "[ -~\r\nü`$\"(){}]{0,60}") {
            let _ = requests(&text);
            let _ = requests(&format!("iwr {text}"));
        }
    }
}
