//! Constructs of other template languages, and the ones of Tera in their place.

use crate::config::nearest_name;

/// The tags of Tera.
const TAGS: [&str; 20] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "set_global",
    "endset",
    "block",
    "endblock",
    "extends",
    "include",
    "filter",
    "endfilter",
    "raw",
    "endraw",
    "break",
    "continue",
    "component",
];

/// The filters of Tera that templates need most.
const FILTERS: [&str; 26] = [
    "abs",
    "capitalize",
    "default",
    "escape_html",
    "first",
    "float",
    "get",
    "int",
    "join",
    "keys",
    "last",
    "length",
    "lower",
    "newlines_to_br",
    "pluralize",
    "replace",
    "reverse",
    "round",
    "sort",
    "split",
    "str",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
];

/// Tags of other languages that begin with these words, and the fix.
const FOREIGN_TAGS: [(&str, &str); 16] = [
    ("elseif", "write `{% elif … %}`, not `{% elseif … %}`"),
    ("elsif", "write `{% elif … %}`, not `{% elsif … %}`"),
    ("elif", "write `{% elif … %}` between `{% if … %}` and `{% endif %}`"),
    ("unless", "write `{% if not … %}`, not `{% unless … %}`"),
    ("endunless", "write `{% endif %}`, not `{% endunless %}`"),
    ("assign", "write `{% set name = … %}`, not `{% assign … %}`"),
    ("with", "write `{% set name = … %}`, not `{% with … %}`"),
    ("import", "write `{% include \"name.html.tera\" %}`: Tera has no `{% import %}`"),
    ("from", "write `{% include \"name.html.tera\" %}`: Tera has no `{% from … import %}`"),
    (
        "macro",
        "write `{% include \"name.html.tera\" %}`, or a component: Tera has no `{% macro %}`",
    ),
    ("load", "remove `{% load … %}`: Tera has all its filters without it"),
    ("static", "write the URL: `/static/style.css`"),
    ("url", "write the URL: Tera has no `{% url %}`"),
    ("csrf_token", "remove `{% csrf_token %}`: Tera has none, and a template cannot take answers"),
    ("comment", "write `{# … #}`, not `{% comment %}`"),
    ("verbatim", "write `{% raw %}` and `{% endraw %}`, not `{% verbatim %}`"),
];

/// Filters of other languages, and those of Tera.
const FOREIGN_FILTERS: [(&str, &str); 13] = [
    ("count", "length"),
    ("downcase", "lower"),
    ("e", "escape_html"),
    ("h", "escape_html"),
    ("linebreaks", "newlines_to_br"),
    ("linebreaksbr", "newlines_to_br"),
    ("lowercase", "lower"),
    ("nl2br", "newlines_to_br"),
    ("size", "length"),
    ("string", "str"),
    ("strip", "trim"),
    ("upcase", "upper"),
    ("uppercase", "upper"),
];

/// Tests of other languages, and the conditions of Tera.
const FOREIGN_TESTS: [(&str, &str); 5] = [
    ("empty", "a == \"\""),
    ("null", "not a"),
    ("sameas", "a == b"),
    ("equalto", "a == b"),
    ("in", "a in b"),
];

/// Operators of other languages, and those of Tera.
const OPERATORS: [(&str, &str); 4] = [("&&", "and"), ("||", "or"), ("===", "=="), ("!==", "!=")];

/// How to fix the construct at this place (line and column, from 1) of a template. `None` if it is
/// unknown.
pub(super) fn advice(message: &str, text: &str, place: (usize, usize)) -> Option<String> {
    if let Some(name) = between(message, "nknown filter `", "`") {
        let foreign = FOREIGN_FILTERS.iter().find(|(foreign, _)| *foreign == name);
        if let Some((_, own)) = foreign {
            return Some(format!("write the filter `{own}`, not `{name}`"));
        }
        let known = FILTERS.map(str::to_owned);
        return nearest_name(name, &known).map(|near| format!("did you mean the filter `{near}`?"));
    }
    if let Some(name) = between(message, "nknown test `", "`") {
        let (_, own) = FOREIGN_TESTS.iter().find(|(foreign, _)| *foreign == name)?;
        return Some(format!("write `{own}`, not `a is {name}`"));
    }
    if message.contains("first element of a chain") {
        return Some("write a filter, not a method: `{{ a | upper }}`".to_owned());
    }
    if message.contains("`}` but expected }}") {
        return Some("close the expression with two braces: `{{ … }}`".to_owned());
    }
    let (is_expression, tag) = tag_at(text, place)?;
    let words: Vec<&str> = tag.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let name = first.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    if is_expression {
        if first.starts_with(['#', '/']) {
            return Some("write `{% if … %}` and `{% endif %}`: Tera has no `{{#if}}`".to_owned());
        }
        if TAGS.contains(&name) && words.len() > 1 {
            return Some(format!("write `{{% {name} … %}}`, not `{{{{ {name} … }}}}`"));
        }
        return operator(tag).or_else(|| argument(tag));
    }
    if first == "else" && words.get(1) == Some(&"if") {
        return Some("write `{% elif … %}`, not `{% else if … %}`".to_owned());
    }
    if let Some((_, fix)) = FOREIGN_TAGS.iter().find(|(foreign, _)| *foreign == name) {
        return Some((*fix).to_owned());
    }
    if name == "end" {
        return Some(
            "name the block: `{% endif %}`, `{% endfor %}` or `{% endblock %}`".to_owned(),
        );
    }
    if !TAGS.contains(&name) {
        let known = TAGS.map(str::to_owned);
        return nearest_name(name, &known)
            .map(|near| format!("write `{{% {near} … %}}`, not `{{% {name} … %}}`"))
            .or_else(|| {
                Some(format!(
                    "write a tag of Tera in place of `{{% {name} %}}`, or a value in `{{{{ … }}}}`"
                ))
                .filter(|_| message.contains("nknown tag"))
            });
    }
    if matches!(name, "include" | "extends")
        && !words.get(1).is_some_and(|word| word.starts_with(['"', '\'', '`', '[']))
    {
        return Some(format!("write the name in quotes: `{{% {name} \"menu.html.tera\" %}}`"));
    }
    if matches!(name, "if" | "elif") && has_single_equals(tag) {
        return Some(format!("compare with two signs: `{{% {name} a == b %}}`"));
    }
    if name == "for" && tag.contains('(') && !tag.contains(" in range(") {
        return Some("write `{% for name, value in … %}`, without parentheses".to_owned());
    }
    operator(tag).or_else(|| argument(tag))
}

/// The tag around or before a place: whether it is an expression, and its content.
fn tag_at(text: &str, (line, column): (usize, usize)) -> Option<(bool, &str)> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let in_line = text.get(start..)?.lines().next().unwrap_or_default();
    let offset = in_line.char_indices().nth(column.saturating_sub(1));
    let at = start + offset.map_or(in_line.len(), |(offset, _)| offset);
    // The place may be the tag's own braces.
    let upto = text.get(..(at + 2).min(text.len())).unwrap_or(&text[..at]);
    let open = upto.rfind("{%").max(upto.rfind("{{"))?;
    let is_expression = text[open..].starts_with("{{");
    let rest = &text[open + 2..];
    let end = rest.find(if is_expression { "}}" } else { "%}" }).unwrap_or(rest.len());
    Some((is_expression, rest[..end].trim_matches(['-', ' ', '\n', '\t', '\r'])))
}

/// The fix of an operator of another language.
fn operator(tag: &str) -> Option<String> {
    let tag = &without_strings(tag);
    if let Some((foreign, own)) = OPERATORS.iter().find(|(foreign, _)| tag.contains(foreign)) {
        return Some(format!("write `{own}`, not `{foreign}`"));
    }
    if tag.replace("!=", "").contains('!') {
        return Some("write `not a`, not `!a`".to_owned());
    }
    if tag.contains("??") {
        return Some("write `a | default(value=b)`, not `a ?? b`".to_owned());
    }
    if tag.contains(" ? ") && tag.contains(" : ") {
        return Some("write `a if condition else b`, not `condition ? a : b`".to_owned());
    }
    None
}

/// The fix of the arguments of a filter in another language.
fn argument(tag: &str) -> Option<String> {
    let (_, filter) = tag.split_once('|')?;
    let filter = filter.trim_start();
    let length = filter.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
    let (name, rest) = filter.split_at(length);
    let is_positional = rest.starts_with('(') && !rest.contains('=') && !rest.starts_with("()");
    let key = match name {
        "default" => "value",
        "join" => "sep",
        "truncate" => "length",
        "split" => "pat",
        _ => "name",
    };
    (rest.starts_with(':') || is_positional)
        .then(|| format!("name the argument of the filter: `{name}({key}=…)`"))
}

fn has_single_equals(tag: &str) -> bool {
    let rest = without_strings(tag);
    let rest = ["==", "!=", "<=", ">="].iter().fold(rest, |text, own| text.replace(own, ""));
    rest.contains(" = ")
}

/// The tag with empty strings in place of its strings.
fn without_strings(tag: &str) -> String {
    let mut open = None;
    let outside = tag.chars().filter(|letter| match open {
        None if matches!(letter, '"' | '\'' | '`') => {
            open = Some(*letter);
            false
        }
        None => true,
        Some(quote) => {
            if *letter == quote {
                open = None;
            }
            false
        }
    });
    outside.collect()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}
