//! The fields of `launch` and `tool` that a template's text names.

/// One use of a variable in a template, such as `launch.user.name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldUse<'t> {
    /// `launch` or `tool`.
    pub(super) root: &'t str,
    /// The names and indices below it that the text shows, with their offsets.
    pub(super) steps: Vec<(&'t str, usize)>,
    /// Whether the last step is followed by one that only a launch determines: `[name]`.
    pub(super) is_open: bool,
    /// Whether the template handles an undefined value: `| default`, `is defined`.
    pub(super) is_guarded: bool,
}

/// The uses of variables in a template, and whether it defines a variable of such a name itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldUses<'t> {
    pub(super) uses: Vec<FieldUse<'t>>,
    pub(super) shadows: bool,
    /// Every name below any variable.
    pub(super) names: Vec<&'t str>,
}

impl<'t> FieldUses<'t> {
    /// Reads the tags of a template.
    pub(super) fn of(text: &'t str) -> Self {
        let mut found = Self::default();
        let mut at = 0;
        while let Some(open) = text[at..].find('{').map(|offset| at + offset) {
            let rest = &text[open..];
            if rest.starts_with("{#") {
                at = rest.find("#}").map_or(text.len(), |end| open + end + 2);
            } else if rest.starts_with("{{") || rest.starts_with("{%") {
                let tag = Tag { text, start: open + 2 };
                let end = tag.read(&mut found);
                at = if tag.first_word() == "raw" { after_raw(text, end) } else { end };
            } else {
                at = open + 1;
            }
        }
        found
    }
}

/// The offset after the tag that ends a raw block.
fn after_raw(text: &str, at: usize) -> usize {
    text[at..].find("endraw").map_or(text.len(), |offset| at + offset)
}

/// One tag of a template.
struct Tag<'t> {
    text: &'t str,
    /// The offset after its opening braces.
    start: usize,
}

impl<'t> Tag<'t> {
    fn first_word(&self) -> &'t str {
        let text = self.text[self.start..].trim_start_matches(['-', ' ', '\n', '\t', '\r']);
        &text[..word_length(text)]
    }

    /// Reads the uses in the tag. Returns the offset after it.
    fn read(&self, found: &mut FieldUses<'t>) -> usize {
        let text = self.text;
        let first = self.first_word();
        let mut at = self.start;
        let mut previous = "";
        let mut is_field = false;
        while let Some(character) = text[at..].chars().next() {
            let rest = &text[at..];
            let word = word_length(rest);
            if rest.starts_with("}}") || rest.starts_with("%}") {
                return at + 2;
            } else if matches!(character, '"' | '\'' | '`') {
                at += string_length(rest, character);
                is_field = false;
            } else if word > 0 {
                let name = &rest[..word];
                at += word;
                let is_second = previous != "in" && text[at..].trim_start().starts_with(',');
                let binds = matches!(previous, "set" | "set_global" | "for")
                    || first == "component"
                    || first == "for" && is_second;
                let is_argument = is_argument(&text[at..]);
                if is_field {
                    found.names.push(name);
                } else if matches!(name, "launch" | "tool") {
                    found.shadows |= binds;
                    if !is_argument {
                        let (one, end) = self.chain(name, at);
                        found.names.extend(one.steps.iter().map(|(name, _)| *name));
                        found.uses.push(one);
                        at = end;
                    }
                }
                previous = name;
                is_field = false;
            } else {
                is_field = character == '.' || is_field && character.is_whitespace();
                at += character.len_utf8();
            }
        }
        text.len()
    }

    /// The steps below the variable that ends at `at`, and the offset after them.
    fn chain(&self, root: &'t str, mut at: usize) -> (FieldUse<'t>, usize) {
        let text = self.text;
        let mut one = FieldUse { root, steps: Vec::new(), is_open: false, is_guarded: false };
        loop {
            let rest = text[at..].trim_start();
            let start = text.len() - rest.len();
            let bare = rest.strip_prefix('?').unwrap_or(rest);
            if let Some(field) = bare.strip_prefix('.') {
                let field = field.trim_start();
                let from = text.len() - field.len();
                let length = step_length(field);
                if length == 0 {
                    break;
                }
                one.steps.push((&field[..length], from));
                at = from + length;
            } else if let Some(inner) = bare.strip_prefix('[') {
                let Some((name, from, end)) = self.subscript(text.len() - inner.len()) else {
                    one.is_open = true;
                    break;
                };
                one.steps.push((name, from));
                at = end;
            } else {
                at = start.min(at);
                break;
            }
        }
        let mut words = text[at..].split_whitespace();
        one.is_guarded = match words.next() {
            Some("is") => true,
            Some("|") => words.next().is_some_and(|word| word.starts_with("default")),
            Some(word) => word.starts_with("|default"),
            None => false,
        };
        (one, at)
    }

    /// The string or number in brackets, its offset, and the offset after the brackets.
    fn subscript(&self, at: usize) -> Option<(&'t str, usize, usize)> {
        let inner = self.text[at..].trim_start();
        let start = self.text.len() - inner.len();
        let (length, quotes) = match inner.chars().next()? {
            quote @ ('"' | '\'' | '`') => (string_length(inner, quote), 1),
            _ => (inner.bytes().take_while(u8::is_ascii_digit).count(), 0),
        };
        let rest = inner.get(length..)?.trim_start();
        if length <= 2 * quotes || !rest.starts_with(']') {
            return None;
        }
        let name = &inner[quotes..length - quotes];
        Some((name, start + quotes, self.text.len() - rest.len() + 1))
    }
}

/// Whether this is what follows the name of an argument: `=`, but not `==`.
fn is_argument(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with('=') && !rest.starts_with("==")
}

fn word_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        step_length(text)
    } else {
        0
    }
}

fn step_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len())
}

/// The length of a string in quotes, or of the rest without a closing quote.
fn string_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            is_escaped = true;
        } else if character == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let uses = FieldUses::of(text).uses.into_iter();
        uses.map(|one| {
            let steps: Vec<_> = one.steps.iter().map(|(name, _)| *name).collect();
            let end = match (one.is_open, one.is_guarded) {
                (true, _) => ".?",
                (false, true) => " guarded",
                _ => "",
            };
            format!("{}.{}{end}", one.root, steps.join("."))
        })
        .collect()
    }

    #[test]
    fn the_uses_of_a_template_are_found() {
        for (text, expected) in [
            ("{{ launch.user.name }}", &["launch.user.name"][..]),
            ("{% if launch.is_staff and tool.params.a %}", &["launch.is_staff", "tool.params.a"]),
            ("{{ launch[\"user\"]['name'] }}", &["launch.user.name"]),
            ("{{ launch . custom?.x | default(value=\"a\") }}", &["launch.custom.x guarded"]),
            ("{{ launch.custom.x|default(value=1) }}", &["launch.custom.x guarded"]),
            ("{% if launch.custom.x is defined %}", &["launch.custom.x guarded"]),
            ("{{ launch.custom[name] }}", &["launch.custom.?"]),
            ("{{ launch.roles[0] }}", &["launch.roles.0"]),
            ("{% for p in launch.params %}{{ p.tool.x }}", &["launch.params"]),
            ("{{ \"launch.x\" }} launch.y {# {{ launch.z }} #} { launch.a }", &[]),
            ("{% raw %}{{ launch.x }}{% endraw %}{{ tool.name }}", &["tool.name"]),
            ("{{ f(tool=tool.name) }}", &["tool.name"]),
            ("{{ launch.user.name", &["launch.user.name"]),
            ("{{ launch[\"a", &["launch..?"]),
        ] {
            assert_eq!(paths(text), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_of_the_same_name_is_noticed() {
        for text in [
            "{% set launch = 1 %}",
            "{% for tool in launch.params %}",
            "{% for tool, value in launch.custom %}",
            "{% component box(tool) %}",
        ] {
            assert!(FieldUses::of(text).shadows, "{text}");
        }
        assert!(!FieldUses::of("{% set a = launch.custom %}{% if tool.name in a %}").shadows);
    }
}
