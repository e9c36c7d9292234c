//! The named deviations of known platforms.
//!
//! Each is a second exact base string over the same request, tried only after the strict one of
//! RFC 5849 failed. The HMAC still decides, and what is handed on is exactly the set that it covered.

use std::collections::HashMap;

use crate::oauth1::{Params, Source};

/// Which base string the signature was made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// RFC 5849, to the letter.
    Strict,
    /// Canvas copies the launch URL's query into the body, signs the pairs once and posts to the URL with
    /// its query (instructure/canvas-lms#600): every pair of the query that stands in the body too is
    /// counted once.
    CanvasQueryOnce,
    /// Sakai, D2L and others write the submit button as a hidden field besides and sign it once; a click on
    /// the button itself sends it twice.
    DoubledSubmitButton,
    /// edX percent-encodes the consumer key in the form, but signs the key itself
    /// (xblock-lti-consumer takes both from an encoded header). Told apart by the key that is known.
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

/// The places of the query's pairs that stand identically in the body, each matched by one of the body's.
/// A pair that differs from the body's is never among them.
pub(super) fn query_pairs_copied_to_body(params: &Params) -> Vec<usize> {
    let mut of_body = HashMap::new();
    for param in params.iter().filter(|param| param.source == Source::Body) {
        *of_body.entry((param.name, param.value)).or_insert(0) += 1;
    }
    let places = params.iter().enumerate().filter(|(_, param)| param.source == Source::Query);
    places
        .filter(|(_, param)| match of_body.get_mut(&(param.name, param.value)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        })
        .map(|(place, _)| place)
        .collect()
}

/// The place of one submit button that the body holds twice with one value.
pub(super) fn doubled_submit_button(params: &Params) -> Vec<usize> {
    const BUTTONS: [&str; 3] = ["ext_basiclti_submit", "basiclti_submit", "ext_submit"];
    let mut first: [Option<&str>; 3] = [None; 3];
    for (place, param) in
        params.iter().enumerate().filter(|(_, param)| param.source == Source::Body)
    {
        if let Some(button) = BUTTONS.iter().position(|button| *button == param.name) {
            match first[button] {
                Some(value) if value == param.value => return vec![place],
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
    fn only_identical_pairs_count_as_copied_and_each_once() {
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
