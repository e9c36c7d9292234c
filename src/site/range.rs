//! The part of a file that a request selects.

use std::ops::Range;

use http_range_header::{RangeUnsatisfiableError, parse_range_header};
use hyper::header::{HeaderMap, RANGE};

/// The requested part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FilePart {
    /// The whole file.
    Whole,
    /// The bytes at these positions: at least one.
    Bytes(Range<u64>),
    /// Bytes that the file does not have.
    Unsatisfiable,
}

impl FilePart {
    /// The part that the headers of a `GET` name (RFC 9110 §14.2). An invalid range does not count,
    /// and several ranges mean the whole file. In an empty file, no range counts: a program may add
    /// a range to every request.
    pub(crate) fn of(headers: &HeaderMap, length: u64) -> Self {
        let mut values = headers.get_all(RANGE).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self::Whole };
        let ranges = value.to_str().ok().and_then(|value| parse_range_header(value).ok());
        let Some(ranges) = ranges.filter(|_| length > 0) else { return Self::Whole };
        match ranges.validate(length).as_deref() {
            Ok([range]) if ranges.len() == 1 => {
                Self::Bytes(*range.start()..range.end().saturating_add(1))
            }
            Err(RangeUnsatisfiableError::Unsatisfiable) => Self::Unsatisfiable,
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn one_range_selects_bytes_of_the_file() {
        let check = |value: &'static str, length, expected: FilePart| {
            let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(value))]);
            assert_eq!(FilePart::of(&headers, length), expected, "{value:?} {length}");
        };
        check("bytes=0-0", 10, FilePart::Bytes(0..1));
        check("bytes=2-5", 10, FilePart::Bytes(2..6));
        check("Bytes=2-5", 10, FilePart::Bytes(2..6));
        check("bytes=2-", 10, FilePart::Bytes(2..10));
        check("bytes=0-", 10, FilePart::Bytes(0..10));
        check("bytes=5-99", 10, FilePart::Bytes(5..10));
        check("bytes=-3", 10, FilePart::Bytes(7..10));
        check("bytes=-99", 10, FilePart::Bytes(0..10));
        check("bytes=9-18446744073709551616", 10, FilePart::Bytes(9..10));
        check("bytes=0-", u64::MAX, FilePart::Bytes(0..u64::MAX));
        check("bytes=10-", 10, FilePart::Unsatisfiable);
        check("bytes=10-12", 10, FilePart::Unsatisfiable);
        check("bytes=18446744073709551615-", 10, FilePart::Unsatisfiable);
        check("bytes=-0", 10, FilePart::Unsatisfiable);
        for whole in
            ["bytes=0-1,3-4", "bytes=0-1,99-", "bytes=5-2", "bytes=", "bytes=a-b", "", "0-1"]
        {
            check(whole, 10, FilePart::Whole);
        }
        for whole in ["items=0-1", "bytes=--1", "bytes=1", "bytes=+1-2", "bytes=0 - 1"] {
            check(whole, 10, FilePart::Whole);
        }
        for any in ["bytes=0-", "bytes=-5", "bytes=3-4"] {
            check(any, 0, FilePart::Whole);
        }
        let twice = [(RANGE, HeaderValue::from_static("bytes=0-1"))].into_iter().cycle().take(2);
        assert_eq!(FilePart::of(&twice.collect(), 10), FilePart::Whole);
        assert_eq!(FilePart::of(&HeaderMap::new(), 10), FilePart::Whole);
    }
}
