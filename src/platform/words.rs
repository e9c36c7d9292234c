//! What platforms say, made fit for logs and lists.

/// The longest words of a platform that are passed on, in characters.
pub(super) const LONGEST_WORDS: usize = 500;

/// A platform's words, fit for a log: without the sourcedid, the user id and the score that they may hold, without markup,
/// without control characters, and not too long.
pub fn masked(words: &str, sourcedid: &str) -> String {
    /// Shorter ones occur in ordinary words.
    const SHORTEST: usize = 4;
    // Markup is a page or, as edX has it, the request itself, with all that it tells of a person.
    let markup = ["<", "&lt;"].iter().filter_map(|mark| words.find(mark)).min();
    let mut masked = match markup.and_then(|at| words.get(..at)) {
        Some(before) => format!("{before}…"),
        None => words.to_owned(),
    };
    let user = sourcedid.rsplit(':').next().unwrap_or_default();
    for personal in [sourcedid, user] {
        if personal.len() >= SHORTEST {
            masked = masked.replace(personal, "…");
        }
    }
    without_scores(&masked)
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LONGEST_WORDS)
        .collect()
}

/// The same with every number gone that a score can be.
fn without_scores(words: &str) -> String {
    let is_of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let is_score = |number: &str| number.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number));
    let mut left = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let (number, after) = from.split_at(from.find(|letter| !is_of_number(letter)).unwrap_or(from.len()));
        left.push_str(before);
        left.push_str(if is_score(number.trim_end_matches('.')) { "…" } else { number });
        rest = after;
    }
    left + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_tells_nothing_of_a_person() {
        let check =
            |words: &str, expected: &str| assert_eq!(masked(words, "course:block:4711-ada"), expected);
        check(
            "status 500: Score for course:block:4711-ada is now 0.41039007",
            "status 500: Score for … is now …",
        );
        check("User 4711-ada (0.5), 1, 1.0; 0,", "User … (…), …, …; …,");
        check("score=0.85/1.0 {\"score\":0.85,\"max\":10} is 1.", "score=…/… {\"score\":…,\"max\":10} is …");
        check("from 127.0.0.1 at 1.5, 2026", "from 127.0.0.1 at 1.5, 2026");
        check("status 500 since 12:30, 2 of 10", "status 500 since 12:30, 2 of 10");
        check("a\u{1b}[31m\nb", "a [31m b");
        check("no: <sourcedId>4711-ada</sourcedId>", "no: …");
        assert_eq!(masked(&"x".repeat(1000), "").len(), 500);
    }
}
