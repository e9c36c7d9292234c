//! The conditions of a request (RFC 9110 §13).

use hyper::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

use super::validator::{Validator, seconds};

/// The result of a request's conditions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The gateway sends the file.
    Holds,
    /// The browser already has this version of the file.
    NotModified,
    /// The request is for another version of the file.
    Failed,
}

impl Condition {
    /// Examines the conditions of a `GET` or `HEAD` in the order of RFC 9110 §13.2.2.
    pub(crate) fn of(headers: &HeaderMap, validator: &Validator) -> Self {
        let tags = |name: HeaderName| {
            let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or(""));
            let values: Vec<&str> = values.collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        let date = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            // If there are several dates, none counts.
            let value = values.next().filter(|_| values.next().is_none())?;
            seconds(value.to_str().ok()?).zip(validator.modified)
        };
        let is_failed = match tags(IF_MATCH) {
            Some(tags) => !contains(&tags, &validator.tag, Comparison::Strong),
            None => date(IF_UNMODIFIED_SINCE).is_some_and(|(since, modified)| modified > since),
        };
        if is_failed {
            return Self::Failed;
        }
        let is_known = match tags(IF_NONE_MATCH) {
            Some(tags) => contains(&tags, &validator.tag, Comparison::Weak),
            None => date(IF_MODIFIED_SINCE).is_some_and(|(since, modified)| modified <= since),
        };
        if is_known { Self::NotModified } else { Self::Holds }
    }
}

/// Whether a range counts: `If-Range` is absent, or names this version of the file (RFC 9110
/// §13.1.5). A date names no version: a file can change twice in a second.
pub(crate) fn admits_range(headers: &HeaderMap, validator: &Validator) -> bool {
    let mut values = headers.get_all(IF_RANGE).iter();
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => value.as_bytes().trim_ascii() == validator.tag.as_bytes(),
        _ => false,
    }
}

/// How two entity tags are compared (RFC 9110 §8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// A weak tag equals no other.
    Strong,
    /// The strength does not count. Proxies in front make tags weak.
    Weak,
}

/// Whether a list of entity tags is `*` or contains a strong tag.
fn contains(list: &str, tag: &str, comparison: Comparison) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let mut left = list;
    while let Some(at) = left.find('"') {
        let is_weak = left[..at].ends_with("W/");
        let Some(end) = left[at + 1..].find('"') else { return false };
        let (one, rest) = left[at..].split_at(end + 2);
        if one == tag && (comparison == Comparison::Weak || !is_weak) {
            return true;
        }
        left = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const EXACT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn validator() -> Validator {
        Validator { tag: "\"a,b\"".to_owned(), modified: Some(784_111_777) }
    }

    fn headers(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_conditions_are_examined_in_their_order() {
        let check = |sent: &[(HeaderName, &'static str)], expected| {
            assert_eq!(Condition::of(&headers(sent), &validator()), expected, "{sent:?}");
        };
        check(&[], Condition::Holds);
        for known in ["\"a,b\"", "W/\"a,b\"", "*", "\"x\", \"a,b\"", " \"x\" ,W/\"a,b\" "] {
            check(&[(IF_NONE_MATCH, known)], Condition::NotModified);
        }
        for other in ["", "\"\"", "a,b", "\"a\",\"b\"", "\"a,b", "\"A,B\"", "\"x\", *", "\"x\"\"a"]
        {
            check(&[(IF_NONE_MATCH, other)], Condition::Holds);
        }
        check(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a,b\"")], Condition::NotModified);
        check(&[(IF_MODIFIED_SINCE, EXACT)], Condition::NotModified);
        check(&[(IF_MODIFIED_SINCE, AFTER)], Condition::NotModified);
        check(&[(IF_MODIFIED_SINCE, BEFORE)], Condition::Holds);
        check(&[(IF_MODIFIED_SINCE, "yesterday")], Condition::Holds);
        check(&[(IF_MODIFIED_SINCE, EXACT), (IF_MODIFIED_SINCE, EXACT)], Condition::Holds);
        // The tag decides, if there is one.
        check(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AFTER)], Condition::Holds);
        check(&[(IF_MATCH, "\"x\"")], Condition::Failed);
        check(&[(IF_MATCH, "W/\"a,b\"")], Condition::Failed);
        check(&[(IF_MATCH, "\"x\", \"a,b\"")], Condition::Holds);
        check(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "*")], Condition::NotModified);
        check(&[(IF_UNMODIFIED_SINCE, BEFORE)], Condition::Failed);
        check(&[(IF_UNMODIFIED_SINCE, EXACT)], Condition::Holds);
        check(&[(IF_MATCH, "*"), (IF_UNMODIFIED_SINCE, BEFORE)], Condition::Holds);
    }

    #[test]
    fn a_range_counts_only_for_the_same_version() {
        let check = |sent: &[(HeaderName, &'static str)], expected| {
            assert_eq!(admits_range(&headers(sent), &validator()), expected, "{sent:?}");
        };
        check(&[], true);
        check(&[(IF_RANGE, "\"a,b\"")], true);
        check(&[(IF_RANGE, "\"x\"")], false);
        check(&[(IF_RANGE, "W/\"a,b\"")], false);
        check(&[(IF_RANGE, EXACT)], false);
        check(&[(IF_RANGE, "")], false);
        check(&[(IF_RANGE, "\"a,b\""), (IF_RANGE, "\"a,b\"")], false);
    }
}
