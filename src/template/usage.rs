//! The values that a template reads. The list `launch.params` costs more than the rest of a page,
//! and few templates read it.

/// Words by which a template reads another template, or all its variables at once.
const INDIRECT: [&str; 4] = ["include", "extends", "import", "__tera_context"];

/// Whether a template may read `launch.params`. Only the text is known, so every doubt counts as
/// yes: another template, a component, and each use of `launch` without a field name.
pub(super) fn may_read_params(text: &str) -> bool {
    let text = without_first_comment(text);
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let calls_component = |mark: &str| {
        text.split(mark)
            .skip(1)
            .any(|tag| tag.trim_start_matches('-').trim_start().starts_with('<'))
    };
    let mut end = 0;
    let mut words = text.split(|letter| !is_word(letter)).map(|word| {
        let start = end;
        end = start + word.len();
        let around = (&text[..start], &text[end..]);
        // The separator after the word.
        end += around.1.chars().next().map_or(0, char::len_utf8);
        (word, around)
    });
    let reads = words.any(|(word, (before, after))| match word {
        "params" => before
            .strip_suffix("tool.")
            .is_none_or(|before| before.ends_with(|letter| is_word(letter) || letter == '.')),
        "launch" => after
            .strip_prefix('.')
            .is_none_or(|field| !field.starts_with(|letter: char| letter.is_ascii_alphabetic())),
        _ => INDIRECT.contains(&word),
    });
    reads || calls_component("{{") || calls_component("{%")
}

/// The text after a comment at its start. Elsewhere, `{#` may be part of a string.
fn without_first_comment(text: &str) -> &str {
    let comment = text.trim_start().strip_prefix("{#");
    comment.and_then(|comment| comment.split_once("#}")).map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_names_only_other_fields_does_not_read_the_parameters() {
        for text in [
            "",
            "{{ launch.user.name }}, {{ tool.params.greeting }}",
            "{# launch.params #}{% if launch.is_staff %}{{ tool.title }}{% endif %}",
            "{%- set name = launch.user.given_name or launch.user.name -%}<p>",
            include_str!("../../templates/hello.html.tera"),
        ] {
            assert!(!may_read_params(text), "{text}");
        }
    }

    #[test]
    fn every_doubt_counts_as_reading_the_parameters() {
        for text in [
            "{{ launch.params | length }}",
            "{% for one in launch.params %}{{ one.name }}{% endfor %}",
            "{{ launch[\"par\" ~ \"ams\"] }}",
            "{{ launch . params }}",
            "{{ launch }}",
            "{% set all = launch %}{{ all.user.name }}",
            "{% set tool = launch %}{{ tool.params }}",
            "{% for name, value in launch %}{{ name }}{% endfor %}",
            "{{ launch?.params }}",
            "{{ other.tool.params }}",
            "{{ mytool.params }}",
            "{{ __tera_context }}",
            "{% include \"a.html.tera\" %}",
            "{% extends 'a.html.tera' %}",
            "{{<box launch />}}",
            "{{- <box/> -}}",
            "{% <box> %}{% </box> %}",
            "{{ \"{#\" }}{{ launch.params }}{{ \"#}\" }}",
            "{# one #}{# two #}{{ launch.params }}",
            include_str!("../../templates/staff.html.tera"),
        ] {
            assert!(may_read_params(text), "{text}");
        }
    }
}
