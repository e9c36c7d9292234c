//! Exact division of decimals, without floating-point numbers.

/// The most digits of a decimal, with those that its exponent adds.
const MOST_DIGITS: usize = 60;
/// The most digits of a divisor: ten times a remainder must fit into a `u128`.
const MOST_OF_DIVISOR: usize = 36;
/// The most decimal places of an exact quotient.
const MOST_PLACES: usize = 32;
/// The decimal places of a quotient that does not terminate.
const PLACES: usize = 4;

/// A decimal that is not negative: its digits, and how many of them are decimal places.
struct Decimal {
    digits: Vec<u8>,
    places: usize,
}

/// The quotient of two decimals that are not negative. The score keeps its digits if the maximum is
/// 1. A quotient that does not terminate has four decimal places, rounded half up. `None` if one is
/// not a number, or the maximum is 0.
pub(super) fn ratio(score: &str, maximum: &str) -> Option<String> {
    let (dividend, divisor) = (Decimal::parse(score)?, Decimal::parse(maximum)?);
    let by = divisor.integer()?;
    if by == 0 {
        return None;
    }
    // Equal numbers of decimal places make two integers.
    let shift = |from: usize, to: usize| to.saturating_sub(from);
    let divisor_shift = shift(divisor.places, dividend.places);
    if by == 1 && divisor.places == 0 && !score.contains(['e', 'E']) {
        return Some(score.to_owned());
    }
    let mut digits = dividend.digits;
    digits.extend(std::iter::repeat_n(0, shift(dividend.places, divisor.places)));
    let by = by.checked_mul(10_u128.checked_pow(u32::try_from(divisor_shift).ok()?)?)?;
    // Ten times a remainder must fit.
    by.checked_mul(10)?;

    let mut rest = 0_u128;
    let mut next = |digit: u8| {
        let dividend = rest.wrapping_mul(10).wrapping_add(u128::from(digit));
        rest = dividend % by;
        (u8::try_from(dividend / by).unwrap_or_default(), rest == 0)
    };
    let mut whole = Vec::new();
    let mut is_exact = true;
    for digit in digits {
        let (digit, ends) = next(digit);
        whole.push(digit);
        is_exact = ends;
    }
    let mut places = Vec::new();
    while !is_exact && places.len() < MOST_PLACES {
        let (digit, ends) = next(0);
        places.push(digit);
        is_exact = ends;
    }
    if !is_exact {
        round(&mut whole, &mut places);
    }
    Some(text(&whole, &places))
}

/// Rounds half up to [`PLACES`] decimal places.
fn round(whole: &mut Vec<u8>, places: &mut Vec<u8>) {
    let mut carry = places.get(PLACES).is_some_and(|digit| *digit >= 5);
    places.truncate(PLACES);
    for digit in places.iter_mut().rev().chain(whole.iter_mut().rev()) {
        if !carry {
            break;
        }
        carry = *digit == 9;
        *digit = if carry { 0 } else { digit.saturating_add(1) };
    }
    if carry {
        whole.insert(0, 1);
    }
}

fn text(whole: &[u8], places: &[u8]) -> String {
    let digits = |digits: &[u8]| -> String {
        digits.iter().map(|digit| char::from(b'0'.saturating_add(*digit))).collect()
    };
    let (whole, places) = (digits(whole), digits(places));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    match places.trim_end_matches('0') {
        "" => whole.to_owned(),
        places => format!("{whole}.{places}"),
    }
}

impl Decimal {
    /// Reads a number of JSON that is not negative.
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let has_point = mantissa.contains('.');
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || has_point && fraction.is_empty()
            || !is_digits(whole)
            || !is_digits(fraction)
        {
            return None;
        }
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|byte| byte.saturating_sub(b'0')).collect();
        let places = i64::try_from(fraction.len()).ok()?.saturating_sub(i64::from(exponent));
        let most = i64::try_from(MOST_DIGITS).ok()?;
        if digits.len() > MOST_DIGITS || !(-most..=most).contains(&places) {
            return None;
        }
        let trailing = usize::try_from(places.saturating_neg()).unwrap_or_default();
        digits.extend(std::iter::repeat_n(0, trailing));
        Some(Self { digits, places: usize::try_from(places).unwrap_or_default() })
    }

    /// The digits as an integer.
    fn integer(&self) -> Option<u128> {
        let mut digits = self.digits.iter().skip_while(|digit| **digit == 0).peekable();
        if digits.clone().count() > MOST_OF_DIVISOR {
            return None;
        }
        digits.try_fold(0_u128, |number, digit| {
            number.checked_mul(10)?.checked_add(u128::from(*digit))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quotient_is_exact_or_has_four_places() {
        for (score, maximum, expected) in [
            ("0", "1", "0"),
            ("0.50", "1", "0.50"),
            ("0.30000000000000004", "1", "0.30000000000000004"),
            ("0.50", "1.0", "0.5"),
            ("83", "100", "0.83"),
            ("83.0", "100.0", "0.83"),
            ("8.3", "10", "0.83"),
            ("10", "10", "1"),
            ("10.00000", "10", "1"),
            ("0", "10", "0"),
            ("12", "10", "1.2"),
            ("2", "3", "0.6667"),
            ("1", "3", "0.3333"),
            ("1", "30000", "0"),
            ("2", "30000", "0.0001"),
            ("29999", "30000", "1"),
            ("9.99999", "3", "3.33333"),
            ("1", "1024", "0.0009765625"),
            ("1e-05", "1", "0.00001"),
            ("1E+1", "100", "0.1"),
            ("0.07", "0.1", "0.7"),
            ("3", "7e0", "0.4286"),
            ("0.1", "1e-2", "10"),
        ] {
            assert_eq!(ratio(score, maximum).as_deref(), Some(expected), "{score}/{maximum}");
        }
    }

    #[test]
    fn other_strings_have_no_quotient() {
        for (score, maximum) in [
            ("1", "0"),
            ("1", "0.00"),
            ("-1", "1"),
            ("1", "-1"),
            ("", "1"),
            ("1.", "1"),
            (".5", "1"),
            ("1,5", "2"),
            ("NaN", "1"),
            ("true", "1"),
            ("1e", "1"),
            ("1e999999999999", "1"),
            ("1", "1e61"),
            ("1e-61", "3"),
            ("1", "1234567890123456789012345678901234567"),
        ] {
            assert_eq!(ratio(score, maximum), None, "{score}/{maximum}");
        }
    }

    proptest! {
        #[test]
        fn a_quotient_of_small_numbers_is_right(score in 0_u64..100_000, maximum in 1_u64..10_000) {
            let found = ratio(&score.to_string(), &maximum.to_string()).expect("a quotient");
            let (whole, places) = found.split_once('.').unwrap_or((&found, ""));
            let scale = 10_u128.pow(u32::try_from(places.len()).expect("few"));
            let number: u128 = format!("{whole}{places}").parse().expect("digits");
            let (left, right) = (number * u128::from(maximum), u128::from(score) * scale);
            // Exact, or off by half of the last of four places.
            let is_near = 2 * left.abs_diff(right) * 10_000 <= u128::from(maximum) * scale;
            prop_assert!(left == right || is_near);
        }

        #[test]
        fn no_text_panics(score in ".{0,40}", maximum in "[0-9eE.+-]{0,40}") {
            let _ = ratio(&score, &maximum);
            let _ = ratio(&maximum, &score);
        }
    }
}
