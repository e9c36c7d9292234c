//! A score as the text that its sender wrote, so that `0.1` stays `0.1` and `0.10` stays `0.10`: no number that a machine
//! can hold is the same as every decimal.

use std::fmt;

/// A decimal between 0 and 1, both included, as it was written.
///
/// `Debug` shows nothing, because it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct Score(String);

/// Why a text is no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreFault {
    /// It is no decimal as JSON writes them: digits without superfluous zeros before them, and a point only between digits.
    NotADecimal,
    /// It is a decimal, but above 1 or with a minus sign.
    OutOfRange,
    /// It is a number with an exponent, which some platforms misread.
    Exponent,
    /// It is longer than 32 characters.
    TooLong,
}

impl Score {
    /// The most characters: more than any floating-point number takes.
    const LONGEST: usize = 32;

    /// Reads `0` or `1`, each with an optional point and digits behind it, and of value 1 at most.
    ///
    /// # Errors
    /// A [`ScoreFault`].
    pub fn parse(text: &str) -> Result<Self, ScoreFault> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
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
        let is_number = digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(digits);
        if !is_number {
            return Err(ScoreFault::NotADecimal);
        }
        if exponent.is_some() {
            return Err(ScoreFault::Exponent);
        }
        let is_above_one = match whole {
            "0" => false,
            "1" => fraction.is_some_and(|fraction| fraction.bytes().any(|digit| digit != b'0')),
            _ => true,
        };
        if is_negative || is_above_one {
            return Err(ScoreFault::OutOfRange);
        }
        if text.len() > Self::LONGEST {
            return Err(ScoreFault::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Score(…)")
    }
}

impl fmt::Display for ScoreFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotADecimal => "the score is not a decimal such as 0.92",
            Self::OutOfRange => "the score is not between 0 and 1, or has a minus sign",
            Self::Exponent => "the score is written with an exponent, not as a decimal such as 0.92",
            Self::TooLong => "the score is longer than 32 characters",
        })
    }
}

impl std::error::Error for ScoreFault {}
