//! Known deviations of platforms.
//!
//! Each deviation has an exact base string of its own for the same request. The gateway tries it
//! only if the base string of RFC 5849 does not match. The HMAC still decides. The launch contains
//! exactly the parameters that the HMAC covers.

use std::collections::HashMap;

use crate::oauth1::{Param, Params, Source};

/// The base string that the signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// RFC 5849 without deviations.
    Strict,
    /// Canvas copies the launch URL's query into the body, signs the pairs once and posts to the
    /// URL with its query (instructure/canvas-lms#600). A pair in both query and body counts once.
    CanvasQueryOnce,
    /// Sakai, D2L and others repeat the submit button as a hidden field and sign it once. A click
    /// on the button sends it twice.
    DoubledSubmitButton,
    /// edX percent-encodes the consumer key in the form, but signs the key without the encoding
    /// (xblock-lti-consumer takes both from an encoded header). The gateway recognizes this only if
    /// the decoded key is a key of the tool.
    EdxEncodedKey,
}

impl Variant {
    /// A stable name for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::CanvasQueryOnce => "canvas-query-once",
            Self::DoubledSubmitButton => "doubled-submit-button",
            Self::EdxEncodedKey => "edx-encoded-key",
        }
    }
}

/// The positions of the query's pairs that are also in the body. Each pair of the body matches at
/// most one pair of the query.
pub(super) fn query_pairs_copied_to_body(params: &Params) -> Vec<usize> {
    let of = |source| params.iter().filter(move |param| param.source == source);
    // Count only pairs that have the length of a pair of the query. Most launch URLs have no query.
    let length = |param: &Param<'_>| 1_u64 << ((param.name.len() + param.value.len()) % 64);
    let lengths = of(Source::Query).fold(0, |all, param| all | length(&param));
    let mut body_counts = HashMap::new();
    for param in of(Source::Body).filter(|param| lengths & length(param) != 0) {
        *body_counts.entry((param.name, param.value)).or_insert(0) += 1;
    }
    let query_pairs = params.iter().enumerate().filter(|(_, param)| param.source == Source::Query);
    query_pairs
        .filter(|(_, param)| match body_counts.get_mut(&(param.name, param.value)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        })
        .map(|(index, _)| index)
        .collect()
}

/// The position of a submit button that the body contains twice with one value.
pub(super) fn doubled_submit_button(params: &Params) -> Vec<usize> {
    const BUTTONS: [&str; 3] = ["ext_basiclti_submit", "basiclti_submit", "ext_submit"];
    let mut first: [Option<&str>; 3] = [None; 3];
    for (index, param) in
        params.iter().enumerate().filter(|(_, param)| param.source == Source::Body)
    {
        if let Some(button) = BUTTONS.iter().position(|button| *button == param.name) {
            match first[button] {
                Some(value) if value == param.value => return vec![index],
                Some(_) => {}
                None => first[button] = Some(param.value),
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str, body: &str) -> Params {
        Params::default()
            .read_form(Source::Query, query.as_bytes())
            .and_then(|params| params.read_form(Source::Body, body.as_bytes()))
            .expect("well formed")
    }

    #[test]
    fn each_identical_pair_counts_as_copied_once() {
        let check = |query: &str, body: &str, expected: &[usize]| {
            assert_eq!(
                query_pairs_copied_to_body(&params(query, body)),
                expected,
                "{query} {body}"
            );
        };
        check("x=1", "x=1", &[0]);
        check("x=2", "x=1", &[]);
        check("x=1&x=1", "x=1", &[0]);
        check("x=1&x=1", "x=1&x=1", &[0, 1]);
        check("x=1&y=2", "y=2&x=1&z=3", &[0, 1]);
        check("", "x=1", &[]);
    }

    #[test]
    fn only_one_identical_button_is_dropped() {
        let check = |body: &str, expected: &[usize]| {
            assert_eq!(doubled_submit_button(&params("", body)), expected, "{body}");
        };
        check("ext_basiclti_submit=Go&a=1&ext_basiclti_submit=Go&ext_basiclti_submit=Go", &[2]);
        check("ext_submit=Go&ext_submit=Stop", &[]);
        check("ext_submit=Go&basiclti_submit=Go", &[]);
        check("a=1&a=1", &[]);
    }
}
