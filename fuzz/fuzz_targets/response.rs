//! Reads any bytes as a platform's response to a grade, as XML and as JSON.
//!
//! Every value that the parsers return is within their limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lti::v1p1::outcome;
use lti::v2p0::result;

fuzz_target!(|input: &[u8]| {
    // A byte that is not UTF-8 becomes a replacement character of three bytes.
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
