//! The base strings of both sides, for `--verbose`: personal values masked, the first difference
//! marked.

use std::fmt::Write as _;

use crate::cli::terminal::harmless;

/// How many characters the excerpts show before and after the first difference.
const EXCERPT: usize = 36;

/// Parameters whose values are shown: they name no person. Every other value is masked.
const SHOWN: [&str; 21] = [
    "basiclti_submit",
    "context_id",
    "context_label",
    "context_title",
    "context_type",
    "ext_lms",
    "ext_submit",
    "launch_presentation_document_target",
    "launch_presentation_height",
    "launch_presentation_locale",
    "launch_presentation_width",
    "lis_outcome_service_url",
    "lti_message_type",
    "lti_version",
    "resource_link_description",
    "resource_link_id",
    "resource_link_title",
    "roles",
    "tool_consumer_info_product_family_code",
    "tool_consumer_info_version",
    "tool_consumer_instance_guid",
];

/// The base string of the gateway and, if it is known, the one of the platform.
pub(super) fn comparison(gateway: &str, platform: Option<&str>) -> String {
    let own = harmless(&masked(gateway));
    let Some(platform) = platform else {
        return format!("\nbase string of the gateway:\n{own}\n");
    };
    let theirs = harmless(&masked(platform));
    let mut text = String::new();
    // The masked strings differ at the same place, unless only masked values differ.
    let difference = first_difference(gateway, platform);
    if let Some(index) = difference {
        let (own, theirs) = (masked(gateway), masked(platform));
        let start = index.saturating_sub(EXCERPT);
        let excerpt = |text: &str| -> String {
            text.chars().skip(start).take(2 * EXCERPT).map(printable).collect()
        };
        let before = if start > 0 { "…" } else { "" };
        let column = "platform: ".len() + before.chars().count() + (index - start);
        let _ = write!(
            text,
            "\nfirst difference, at character {}:\ngateway:  {before}{}\nplatform: {before}{}\n\
             {}^\n",
            index.saturating_add(1),
            excerpt(&own),
            excerpt(&theirs),
            " ".repeat(column)
        );
    }
    let _ = write!(
        text,
        "\nbase string of the gateway:\n{own}\n\nbase string of the platform:\n{theirs}\n"
    );
    text
}

/// The index of the first character that differs.
fn first_difference(one: &str, other: &str) -> Option<usize> {
    let (mut one, mut other) = (one.chars(), other.chars());
    let mut index = 0usize;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (left, right) if left != right => return Some(index),
            _ => index = index.saturating_add(1),
        }
    }
}

/// One character per character, so that the mark stays below the difference.
fn printable(letter: char) -> char {
    if letter.is_control() { '.' } else { letter }
}

/// The base string with personal values masked: an `x` for each letter and digit. Escapes stay, so
/// that a different encoding stays visible. The number of characters stays the same.
fn masked(base_string: &str) -> String {
    // Method, URL and parameters. A base string that is not escaped has more `&`.
    let mut parts = base_string.splitn(3, '&');
    let (Some(method), Some(url), Some(parameters)) = (parts.next(), parts.next(), parts.next())
    else {
        return base_string.to_owned();
    };
    format!("{method}&{url}&{}", masked_parameters(parameters))
}

fn masked_parameters(parameters: &str) -> String {
    let lower = parameters.to_ascii_lowercase();
    let is_escaped = lower.contains("%3d");
    let (between, equals) = if is_escaped { ("%26", "%3d") } else { ("&", "=") };
    let mut text = String::with_capacity(parameters.len());
    let mut start = 0;
    loop {
        let end = lower[start..].find(between).map_or(lower.len(), |at| start + at);
        let (pair, lower_pair) = (&parameters[start..end], &lower[start..end]);
        match lower_pair.find(equals) {
            Some(at) => {
                let (name, value) = pair.split_at(at + equals.len());
                text.push_str(name);
                let bare = &lower_pair[..at];
                if bare.starts_with("oauth_") || SHOWN.contains(&bare) {
                    text.push_str(value);
                } else {
                    mask(value, &mut text);
                }
            }
            // It may be a part of a value.
            None => mask(pair, &mut text),
        }
        if end == lower.len() {
            return text;
        }
        text.push_str(&parameters[end..end + between.len()]);
        start = end + between.len();
    }
}

/// Masks letters and digits, except in percent escapes of one or two levels.
fn mask(value: &str, text: &mut String) {
    let letters: Vec<char> = value.chars().collect();
    let escape = |at: usize| {
        let digits = letters.get(at + 1..at + 3).unwrap_or_default();
        letters.get(at) == Some(&'%')
            && digits.len() == 2
            && digits.iter().all(char::is_ascii_hexdigit)
    };
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if escape(at) {
            let is_percent = letters[at + 1..at + 3] == ['2', '5'];
            let inner = letters.get(at + 3..at + 5).unwrap_or_default();
            let is_inner = inner.len() == 2 && inner.iter().all(char::is_ascii_hexdigit);
            let length = if is_percent && is_inner { 5 } else { 3 };
            text.extend(&letters[at..at + length]);
            at += length;
        } else {
            text.push(if letter.is_alphanumeric() { 'x' } else { *letter });
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn personal_values_are_masked_and_escapes_stay() {
        for (base, expected) in [
            (
                "POST&https%3A%2F%2Fa%2F&lis_person_name_full%3DAda%2520L%25C3%25B6we%26\
                 oauth_nonce%3Dab1%26roles%3DLearner%26user_id%3Du-17",
                "POST&https%3A%2F%2Fa%2F&lis_person_name_full%3Dxxx%2520x%25C3%25B6xx%26\
                 oauth_nonce%3Dab1%26roles%3DLearner%26user_id%3Dx-xx",
            ),
            (
                "POST&https%3a%2f%2fa%2f&oauth_nonce%3dab1%26user_id%3d17",
                "POST&https%3a%2f%2fa%2f&oauth_nonce%3dab1%26user_id%3dxx",
            ),
            ("POST&http://a/&a=b1&roles=Learner&c=ü", "POST&http://a/&a=xx&roles=Learner&c=x"),
            ("POST&a&a=b&Ada", "POST&a&a=x&xxx"),
            ("not a base string", "not a base string"),
        ] {
            assert_eq!(masked(base), expected);
        }
    }

    #[test]
    fn the_first_difference_is_marked() {
        let text = comparison("POST&https%3A%2F%2Fa&b%3Dc", Some("POST&https%3A%2F%2Fa%2F&b%3Dc"));
        let expected = "\nfirst difference, at character 21:\n\
             gateway:  POST&https%3A%2F%2Fa&b%3Dx\n\
             platform: POST&https%3A%2F%2Fa%2F&b%3Dx\n\
             \x20                             ^\n\n\
             base string of the gateway:\nPOST&https%3A%2F%2Fa&b%3Dx\n\n\
             base string of the platform:\nPOST&https%3A%2F%2Fa%2F&b%3Dx\n";
        assert_eq!(text, expected);
        let same = comparison("POST&a&b%3Dc", Some("POST&a&b%3Dc"));
        assert!(!same.contains("first difference"), "{same}");
    }

    proptest! {
        #[test]
        fn masking_keeps_the_number_of_characters(text in "[a-zü%&=23D6 ]{0,60}") {
            let base = format!("POST&u&{text}");
            prop_assert_eq!(masked(&base).chars().count(), base.chars().count());
        }
    }
}
