//! Any bytes as a platform's answer to a grade, in XML and in JSON.
//!
//! What is read is also within the bounds that the readers promise, and no document type is ever read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lti::v1p1::outcome;
use lti::v2p0::result;

fuzz_target!(|input: &[u8]| {
    // A byte that is no UTF-8 becomes a character of three.
    let most = 3 * input.len();
    if let Ok(answer) = outcome::read_response(input) {
        assert!(input.len() <= outcome::LARGEST_RESPONSE);
        assert!(answer.description.len() + answer.score.map_or(0, |score| score.len()) <= most);
    }
    if let Ok(result) = result::read_result(input) {
        assert!(input.len() <= result::LARGEST_RESPONSE);
        let of = |text: Option<String>| text.map_or(0, |text| text.len());
        assert!(of(result.score) + of(result.comment) <= most);
    }
});
