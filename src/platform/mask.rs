//! Masks personal data in messages of platforms.

use lti::oauth1::encode::encode;

/// The longest message of a platform that the gateway returns or logs, in characters.
pub(super) const LONGEST_MESSAGE: usize = 500;

/// A platform's message for a log. Sourcedid, user id and possible scores are masked; markup and
/// control characters are removed; long messages are truncated.
pub fn masked(message: &str, sourcedid: &str) -> String {
    /// Shorter ids also occur in ordinary words.
    const SHORTEST: usize = 4;
    let mut masked = message.to_owned();
    let user = sourcedid.rsplit(':').next().unwrap_or_default();
    for personal in [sourcedid, user].into_iter().filter(|personal| personal.len() >= SHORTEST) {
        for spelling in spellings(personal) {
            masked = masked.replace(&spelling, "…");
            // A truncated message may end with a part of the id.
            let cut = (SHORTEST..spelling.len())
                .rev()
                .find_map(|end| masked.strip_suffix(spelling.get(..end)?));
            if let Some(before) = cut {
                masked = format!("{before}…");
            }
        }
    }
    // Moodle's user ids are short numbers.
    if sourcedid.len() < SHORTEST && !sourcedid.is_empty() {
        masked = without_word(&masked, sourcedid);
    }
    // Markup is a page or, from edX, the request itself with its personal data.
    let markup = ["<", "&lt;"].iter().filter_map(|mark| masked.find(mark)).min();
    if let Some(before) = markup.and_then(|at| masked.get(..at)) {
        masked = format!("{before}…");
    }
    without_scores(&masked)
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LONGEST_MESSAGE)
        .collect()
}

/// Masks a short id where it stands alone.
fn without_word(message: &str, id: &str) -> String {
    let mut rest = message;
    let mut result = String::new();
    while let Some((before, after)) = rest.split_once(id) {
        result.push_str(before);
        let is_alone =
            !result.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        result.push_str(if is_alone { "…" } else { id });
        rest = after;
    }
    result + rest
}

/// The spellings of an id in responses: plain, and escaped for JSON, XML and URLs.
fn spellings(id: &str) -> [String; 5] {
    let json = serde_json::Value::from(id).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default().to_owned();
    let markup = id.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = markup.replace('"', "&quot;").replace('\'', "&#39;");
    [id.to_owned(), json, quoted, markup, encode(id)]
}

/// Masks all numbers that may be a score: from 0 to 1. Masks `0` and `1` only if they stand alone.
fn without_scores(message: &str) -> String {
    let in_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',');
    let is_score = |number: &str| {
        number.replace(',', ".").parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number))
    };
    let mut rest = message;
    let mut result = String::new();
    while let Some(at) = rest.find(in_number) {
        let (before, from) = rest.split_at(at);
        let (run, after) =
            from.split_at(from.find(|letter| !in_number(letter)).unwrap_or(from.len()));
        result.push_str(before);
        let is_alone =
            !result.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        let number = run.trim_end_matches(['.', ',']);
        let mask = |number: &str| match number {
            "0" | "1" if is_alone => "…".to_owned(),
            _ if number.contains(['.', ',']) && is_score(number) => "…".to_owned(),
            _ => number.to_owned(),
        };
        let masked = mask(number);
        if masked == number {
            // The number may be a list of numbers.
            result.push_str(&number.split(',').map(mask).collect::<Vec<_>>().join(","));
        } else {
            result.push_str(&masked);
        }
        result.push_str(run.get(number.len()..).unwrap_or_default());
        rest = after;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_scores_and_markup_are_masked() {
        let check = |message: &str, expected: &str| {
            assert_eq!(masked(message, "course:block:4711-ada"), expected)
        };
        check(
            "status 500: Score for course:block:4711-ada is now 0.41039007",
            "status 500: Score for … is now …",
        );
        check("User 4711-ada (0.5), 1, 1.0; 0,", "User … (…), …, …; …,");
        check("{\"score\":0.5,\"max\":1}", "{\"score\":…,\"max\":…}");
        check("a\t0.41\n0.5/1.0 0,5 .5 0.1,0.2,3", "a … …/… … … …,…,3");
        check(
            "\\u003e0.5\\u003c, EID-0A1, 1.2.3, 12:01, 0...",
            "\\u003e…\\u003c, EID-0A1, 1.2.3, 12:01, …...",
        );
        check("no course:block:4711-a", "no …");
        check("no course:bl", "no …");
        check("status 500 since 12:30, 2 of 10", "status 500 since 12:30, 2 of 10");
        check("a\u{1b}[31m\nb", "a [31m b");
        check("no: <sourcedId>4711-ada</sourcedId>", "no: …");
        assert_eq!(masked(&"x".repeat(1000), "").len(), 500);
    }

    #[test]
    fn a_short_id_is_masked_where_it_stands_alone() {
        let check = |message: &str, id: &str, expected: &str| {
            assert_eq!(masked(message, id), expected);
        };
        check(
            "an earlier timestamp for item 5 and user 42",
            "42",
            "an earlier timestamp for item 5 and user …",
        );
        check("status 421, user 42: no", "42", "status 421, user …: no");
        check("a user", "a", "… user");
        check("status 409", "", "status 409");
    }

    #[test]
    fn a_sourcedid_is_masked_in_every_spelling() {
        let sourcedid = r#"{"user":"4711","hash":"a<b>&'c'"}"#;
        for spelling in [
            sourcedid,
            r#"{\"user\":\"4711\",\"hash\":\"a<b>&'c'\"}"#,
            r#"{"user":"4711","hash":"a&lt;b&gt;&amp;'c'"}"#,
            "{&quot;user&quot;:&quot;4711&quot;,&quot;hash&quot;:\
             &quot;a&lt;b&gt;&amp;&#39;c&#39;&quot;}",
            "%7B%22user%22%3A%224711%22%2C%22hash%22%3A%22a%3Cb%3E%26%27c%27%22%7D",
        ] {
            assert_eq!(masked(&format!("no {spelling} here"), sourcedid), "no … here");
            assert_eq!(masked(&format!("no {}", &spelling[..20]), sourcedid), "no …");
        }
    }
}
