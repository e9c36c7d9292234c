//! A score as the string that its sender wrote: `0.1` stays `0.1`, and `0.10` stays `0.10`. A
//! floating-point number cannot represent every decimal.

use std::fmt;

use thiserror::Error;

/// A decimal from 0 to 1, as its sender wrote it.
///
/// `Debug` hides it, because it is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Score(String);

/// Why a string is not a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScoreError {
    /// It is not a decimal as in JSON: digits without leading zeros, and a point only between
    /// digits.
    #[error("the score is not a decimal such as 0.92")]
    NotADecimal,
    /// It is above 1, or has a minus sign.
    #[error("the score is not between 0 and 1, or has a minus sign")]
    OutOfRange,
    /// It has an exponent, which some platforms misread.
    #[error("the score has an exponent; write a decimal such as 0.92")]
    Exponent,
    /// It is longer than 32 characters.
    #[error("the score is longer than 32 characters")]
    TooLong,
}

impl Score {
    /// The maximum number of characters. Python and JavaScript write every number from 0 to 1 with
    /// fewer, unless they write it with an exponent.
    const LONGEST: usize = 32;

    /// Reads a decimal from 0 to 1: `0` or `1`, optionally followed by a point and digits.
    ///
    /// # Errors
    /// [`ScoreError::NotADecimal`], [`ScoreError::Exponent`], [`ScoreError::OutOfRange`] or
    /// [`ScoreError::TooLong`], in this order.
    pub fn parse(text: &str) -> Result<Self, ScoreError> {
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (unsigned, is_negative) = match text.strip_prefix('-') {
            Some(unsigned) => (unsigned, true),
            None => (text, false),
        };
        let (decimal, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((decimal, exponent)) => {
                (decimal, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
            }
            None => (unsigned, None),
        };
        let (whole, fraction) = match decimal.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (decimal, None),
        };
        let is_number = is_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(is_digits)
            && exponent.is_none_or(is_digits);
        if !is_number {
            return Err(ScoreError::NotADecimal);
        }
        if exponent.is_some() {
            return Err(ScoreError::Exponent);
        }
        let is_above_one = match whole {
            "0" => false,
            "1" => fraction.is_some_and(|fraction| fraction.bytes().any(|digit| digit != b'0')),
            _ => true,
        };
        if is_negative || is_above_one {
            return Err(ScoreError::OutOfRange);
        }
        if text.len() > Self::LONGEST {
            return Err(ScoreError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The string as its sender wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Score(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_score_is_a_decimal_from_0_to_1_and_stays_unchanged() {
        let longest = format!("0.{}", "1".repeat(30));
        for text in [
            "0",
            "1",
            "0.0",
            "1.0",
            "1.000",
            "0.1",
            "0.10",
            "0.30000000000000004",
            "0.92",
            &longest,
        ] {
            assert_eq!(
                Score::parse(text).map(|score| score.as_str().to_owned()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn other_strings_are_invalid_for_a_reason() {
        let check = |text: &str, expected: ScoreError| {
            assert_eq!(Score::parse(text).err(), Some(expected), "{text:?}");
        };
        for text in [
            "",
            " ",
            "0 ",
            " 1",
            "00",
            "00.5",
            "01",
            "-",
            "-.5",
            ".5",
            "1.",
            "0.",
            ".",
            "+1",
            "+0.5",
            "0,5",
            "0.5.",
            "0.5.5",
            "0x1",
            "1_0",
            "NaN",
            "nan",
            "Infinity",
            "-Infinity",
            "null",
            "true",
            "1/2",
            "50%",
            "٠",
            "0.٥",
            "1e",
            "e5",
            "1e+",
            "1e5.0",
            "1ee5",
            "1e--5",
            "\"1\"",
            "0\n",
            "1\0",
        ] {
            check(text, ScoreError::NotADecimal);
        }
        for text in [
            "1.01",
            "1.0000000000000000000000000001",
            "2",
            "5",
            "10",
            "100",
            "-0.1",
            "-1",
            "-0",
            "-0.0",
        ] {
            check(text, ScoreError::OutOfRange);
        }
        for text in ["1e-5", "1E-7", "5e0", "0e0", "1.5e+300", "-1e-5"] {
            check(text, ScoreError::Exponent);
        }
        for text in [format!("0.{}", "1".repeat(31)), format!("1.{}", "0".repeat(100_000))] {
            check(&text, ScoreError::TooLong);
        }
    }

    /// A second implementation of the grammar, for comparison.
    fn is_score(text: &str) -> bool {
        let is_one_with_zeros =
            text.strip_prefix("1.").is_some_and(|rest| rest.trim_matches('0').is_empty());
        let fraction =
            text.strip_prefix("0.").or(text.strip_prefix("1.").filter(|_| is_one_with_zeros));
        let is_fraction = fraction.is_some_and(|digits| {
            !digits.is_empty()
                && digits.trim_matches(char::is_numeric).is_empty()
                && digits.is_ascii()
        });
        text.len() <= 32 && (text == "0" || text == "1" || is_fraction)
    }

    #[test]
    fn of_all_short_strings_exactly_those_of_the_grammar_are_scores() {
        const LETTERS: [char; 11] = ['0', '1', '2', '9', '.', '-', '+', 'e', 'E', ' ', 'N'];
        let mut texts = vec![String::new()];
        let mut scores = 0;
        for _ in 0..5 {
            texts = texts
                .iter()
                .flat_map(|text| LETTERS.map(|letter| format!("{text}{letter}")))
                .inspect(|text| {
                    assert_eq!(Score::parse(text).is_ok(), is_score(text), "{text:?}");
                    scores += usize::from(is_score(text));
                })
                .collect();
        }
        // Up to three digits follow the point: four different ones after 0, only zeros after 1.
        assert_eq!(scores, 2 + (4 + 16 + 64) + 3);
    }

    proptest! {
        #[test]
        fn a_random_string_is_a_score_only_by_the_grammar(
            text in "[01][.][0-9]{0,32}|[-+0-9.eE]{0,40}|\\PC{0,40}",
        ) {
            match Score::parse(&text) {
                Ok(score) => {
                    prop_assert!(is_score(&text));
                    prop_assert_eq!(score.as_str(), text);
                }
                Err(_) => prop_assert!(!is_score(&text)),
            }
        }
    }

    #[test]
    fn debug_hides_a_score() {
        assert_eq!(format!("{:?}", Score::parse("0.92")), "Ok(Score(…))");
    }
}
