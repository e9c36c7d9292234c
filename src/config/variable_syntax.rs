//! Strings that name an environment variable in the syntax of a shell, a template or another
//! program. The gateway expands none of them.

use super::environment::is_variable;

/// A variable in the syntax of another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VariableSyntax<'t> {
    /// The variable with its syntax: `${HELLO_SECRET}`.
    pub(super) text: &'t str,
    /// Its name.
    pub(super) name: &'t str,
}

/// The delimiters that are unlikely in any value, and in which any name counts. An earlier one
/// contains a later one.
const BRACES: [(&str, &str); 7] = [
    ("${{", "}}"),
    ("{{", "}}"),
    ("${", "}"),
    ("$(", ")"),
    ("#{", "}"),
    ("<%", "%>"),
    ("%(", ")s"),
];

/// Delimiters around a whole string.
const AROUND: [(&str, &str); 4] = [("{", "}"), ("<", ">"), ("@", "@"), ("[", "]")];

/// What a name in delimiters may begin with, in lower case: `{{ env.NAME }}`.
const PREFIXES: [&str; 14] = [
    "$env:",
    "env:",
    "env.",
    ".env.",
    "env[",
    "env(",
    "process.env.",
    "secrets.",
    "vars.",
    "env ",
    "!env ",
    "!env_var ",
    "os.environ[",
    "getenv(",
];

/// The endings of names that a string in place of a secret may have.
const ENDINGS: [&str; 5] = ["_SECRET", "_KEY", "_TOKEN", "_PASSWORD", "_PASS"];

impl<'t> VariableSyntax<'t> {
    /// The variable that is the whole string.
    pub(super) fn of_whole(text: &'t str) -> Option<Self> {
        let trimmed = text.trim();
        let whole = |name: &'t str| Some(Self { text: trimmed, name });
        if let Some(found) = Self::of_part(trimmed).filter(|found| found.text == trimmed) {
            return Some(found);
        }
        for (open, close) in AROUND {
            let inner = trimmed.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            if let Some(name) = inner.and_then(named).filter(|name| is_variable(name)) {
                return whole(name);
            }
        }
        // `{ env = "NAME" }` in quotes.
        let pair = trimmed.trim_matches(['{', '}', ' ']).split_once('=');
        if let Some((_, name)) = pair.filter(|(key, _)| key.trim() == "env") {
            let name = name.trim_matches([' ', '"', '\'', '\\']);
            if is_name(name) {
                return whole(name);
            }
        }
        let name = prefixed(trimmed)?;
        whole(name)
    }

    /// The first variable in a string.
    pub(super) fn of_part(text: &'t str) -> Option<Self> {
        let braced = BRACES.iter().find_map(|(open, close)| {
            let start = text.find(open)?;
            let length = text[start + open.len()..].find(close)?;
            let inner = &text[start + open.len()..start + open.len() + length];
            let end = start + open.len() + length + close.len();
            Some(Self { text: &text[start..end], name: named(inner)? })
        });
        braced.or_else(|| Self::of_percent(text)).or_else(|| Self::of_dollar(text))
    }

    /// The name of a variable in place of its value: `HELLO_SECRET`.
    pub(super) fn of_name(text: &'t str, is_set: impl Fn(&str) -> bool) -> Option<Self> {
        let is_likely = is_variable(text)
            && (is_set(text) || ENDINGS.iter().any(|ending| text.ends_with(ending)));
        is_likely.then_some(Self { text, name: text })
    }

    /// The value of a line with a TOML syntax error: a variable without quotes, such as
    /// `env("NAME")` or `${NAME}`.
    pub(super) fn of_unquoted(value: &'t str) -> Option<Self> {
        let value = value.trim();
        let is_table = value.starts_with('{') && !value.starts_with("{{");
        if is_table || value.starts_with(['"', '\'', '[']) {
            return None;
        }
        let whole = Self::of_whole(value).or_else(|| Self::of_name(value, |_| false));
        // Any other name may be a part of a secret.
        whole.filter(|found| is_variable(found.name))
    }

    /// The variable with its syntax, but without a default value, which may be a secret:
    /// `${NAME…`.
    pub(super) fn shown(&self) -> String {
        const CLOSING: &[char] =
            &['}', ')', ']', '>', '%', '@', '"', '\'', '`', '\\', '-', ' ', 's'];
        let (before, after) = self.text.split_once(self.name).unwrap_or((self.text, ""));
        let after = if after.trim_start_matches(CLOSING).is_empty() { after } else { "…" };
        format!("{before}{}{after}", self.name)
    }

    /// `%NAME%`, but no percent-encoding of a URL.
    fn of_percent(text: &'t str) -> Option<Self> {
        let start = text.find('%')?;
        let length = text[start + 1..].find('%')?;
        let name = &text[start + 1..start + 1 + length];
        let rest = &text[start + 2 + length..];
        let is_escape = |text: &str| {
            text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
        };
        if !is_name(name) || name.len() < 3 || is_escape(name) && is_escape(rest) {
            return None;
        }
        Some(Self { text: &text[start..start + 2 + length], name })
    }

    /// `$NAME` or `$env:NAME`. A secret may contain `$`, so the name is in capitals, and no longer
    /// word begins with it.
    fn of_dollar(text: &'t str) -> Option<Self> {
        text.match_indices('$').find_map(|(start, _)| {
            let rest = &text[start + 1..];
            let in_powershell = rest.get(..4).filter(|part| part.eq_ignore_ascii_case("env:"));
            let from = start + 1 + in_powershell.map_or(0, str::len);
            let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let length = text[from..].find(|letter| !word(letter)).unwrap_or(text.len() - from);
            let name = &text[from..from + length];
            let counts = if in_powershell.is_some() { is_name(name) } else { is_variable(name) };
            (counts && name.len() > 1).then_some(Self { text: &text[start..from + length], name })
        })
    }
}

/// The name inside delimiters, without the syntax of templates and defaults.
fn named(inner: &str) -> Option<&str> {
    let inner = inner.trim_matches(['-', '=', ' ', '\t']);
    if let Some(name) = prefixed(inner) {
        return Some(name);
    }
    // `${NAME:-default}`, `{{ NAME | quote }}`.
    let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let (name, rest) = inner.split_at(end.unwrap_or(inner.len()));
    let rest = rest.trim_start();
    let ends = rest.is_empty() || rest.starts_with([':', '-', '?', '+', '|', '=']);
    (is_name(name) && ends).then_some(name)
}

/// The name behind one of the [`PREFIXES`].
fn prefixed(text: &str) -> Option<&str> {
    let prefix = PREFIXES.iter().find(|prefix| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })?;
    let name = text[prefix.len()..].trim_matches(['"', '\'', ']', ')', '`', ' ', '}']);
    is_name(name).then_some(name)
}

/// Whether `text` can be the name of a variable, in any case.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_of_other_programs_is_recognized() {
        for text in [
            "$QUIZ_SECRET",
            "${QUIZ_SECRET}",
            "${QUIZ_SECRET:-none}",
            "${QUIZ_SECRET:?must be set}",
            "$(QUIZ_SECRET)",
            "$env:QUIZ_SECRET",
            "$Env:QUIZ_SECRET",
            "${env:QUIZ_SECRET}",
            "${ENV.QUIZ_SECRET}",
            "%QUIZ_SECRET%",
            "{{ QUIZ_SECRET }}",
            "{{QUIZ_SECRET}}",
            "{{- QUIZ_SECRET -}}",
            "{{ env.QUIZ_SECRET }}",
            "{{ .Env.QUIZ_SECRET }}",
            "{{ env \"QUIZ_SECRET\" }}",
            "{{ env['QUIZ_SECRET'] }}",
            "{{ QUIZ_SECRET | quote }}",
            "${{ secrets.QUIZ_SECRET }}",
            "env:QUIZ_SECRET",
            "ENV:QUIZ_SECRET",
            "env.QUIZ_SECRET",
            "ENV['QUIZ_SECRET']",
            "process.env.QUIZ_SECRET",
            "os.environ[\"QUIZ_SECRET\"]",
            "<%= QUIZ_SECRET %>",
            "#{QUIZ_SECRET}",
            "{QUIZ_SECRET}",
            "<QUIZ_SECRET>",
            "@QUIZ_SECRET@",
            "{ env = \"QUIZ_SECRET\" }",
            "{ env = QUIZ_SECRET }",
            "env = QUIZ_SECRET",
            "%(QUIZ_SECRET)s",
            "!ENV QUIZ_SECRET",
            " $QUIZ_SECRET\n",
        ] {
            let found = VariableSyntax::of_whole(text);
            assert_eq!(found.map(|found| found.name), Some("QUIZ_SECRET"), "{text}");
        }
        for text in ["${quiz}", "{{ quiz }}", "%quiz%", "env:quiz", "$env:quiz"] {
            let found = VariableSyntax::of_whole(text);
            assert_eq!(found.map(|found| found.name), Some("quiz"), "{text}");
        }
    }

    #[test]
    fn a_default_value_is_not_shown() {
        for (text, shown) in [
            ("${QUIZ_SECRET:-hunter2}", "${QUIZ_SECRET…"),
            ("${QUIZ_SECRET-hunter2}", "${QUIZ_SECRET…"),
            ("{{ QUIZ_SECRET | default('hunter2') }}", "{{ QUIZ_SECRET…"),
            ("{{- QUIZ_SECRET -}}", "{{- QUIZ_SECRET -}}"),
            ("os.environ[\"QUIZ_SECRET\"]", "os.environ[\"QUIZ_SECRET\"]"),
            ("%(QUIZ_SECRET)s", "%(QUIZ_SECRET)s"),
            ("%QUIZ_SECRET%", "%QUIZ_SECRET%"),
        ] {
            let found = VariableSyntax::of_whole(text).map(|found| found.shown());
            assert_eq!(found.as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn a_variable_without_quotes_is_recognized() {
        for value in [
            "$QUIZ_SECRET",
            "${QUIZ_SECRET}",
            "env(\"QUIZ_SECRET\")",
            "env.QUIZ_SECRET",
            "%QUIZ_SECRET%",
            "{{ QUIZ_SECRET }}",
            "<%= QUIZ_SECRET %>",
            "os.environ[\"QUIZ_SECRET\"]",
            "QUIZ_SECRET",
        ] {
            let found = VariableSyntax::of_unquoted(value);
            assert_eq!(found.map(|found| found.name), Some("QUIZ_SECRET"), "{value}");
        }
        for value in ["{ env = QUIZ_SECRET }", "\"$QUIZ_SECRET", "hunter2", "$quiz", "[$A_KEY]"] {
            assert_eq!(VariableSyntax::of_unquoted(value), None, "{value}");
        }
    }

    #[test]
    fn a_variable_in_a_longer_string_is_recognized() {
        for (text, part) in [
            ("Bearer $APP_TOKEN", "$APP_TOKEN"),
            ("Bearer ${APP_TOKEN}", "${APP_TOKEN}"),
            ("http://$APP_HOST:9000/app", "$APP_HOST"),
            ("http://%APP_HOST%/app", "%APP_HOST%"),
            ("http://%DB_HOST%:80", "%DB_HOST%"),
            ("https://{{ host }}/", "{{ host }}"),
        ] {
            let found = VariableSyntax::of_part(text);
            assert_eq!(found.map(|found| found.text), Some(part), "{text}");
        }
    }

    #[test]
    fn other_strings_are_not_variables() {
        for text in [
            "",
            "hello-key",
            "$",
            "$$",
            "${}",
            "{{ }}",
            "$ecret-with-a-dollar",
            "pa$$word",
            "cost $5",
            "$2a$10$abcdefghijklmnopqrstuv",
            "http://app.example/a%2Fb%20c",
            "http://app.example/%C3%BC",
            "100% sure, 50% of it",
            "https://tools.example",
            "[::1]",
            "environment",
            "env:",
            "a { b } c",
        ] {
            assert_eq!(VariableSyntax::of_whole(text), None, "{text}");
            assert_eq!(VariableSyntax::of_part(text), None, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_variable_is_not_its_value() {
        let is_set = |name: &str| name == "LTI_1";
        for name in ["QUIZ_SECRET", "API_TOKEN", "LTI_1"] {
            assert!(VariableSyntax::of_name(name, is_set).is_some(), "{name}");
        }
        for text in ["quiz_secret", "ABCDEFGHIJKLMNOP", "A_B_C", ""] {
            assert!(VariableSyntax::of_name(text, is_set).is_none(), "{text}");
        }
    }
}
