//! Lengths of time.

use std::ops::RangeInclusive;

use super::Resolver;
use crate::config::fault::Fault;
use crate::config::file;
use crate::config::table::Written;

/// What a key that holds a length of time may be.
pub(super) struct Length {
    default: &'static str,
    seconds: RangeInclusive<u64>,
    /// The same, in words.
    bounds: &'static str,
}

/// `session`.
pub(super) const SESSION: Length =
    Length { default: file::SESSION, seconds: 60..=30 * 86_400, bounds: "`\"1m\"` to `\"30d\"`" };
/// `clock_skew`.
pub(super) const CLOCK_SKEW: Length =
    Length { default: file::CLOCK_SKEW, seconds: 1..=86_400, bounds: "`\"1s\"` to `\"1d\"`" };
/// `timeout`.
pub(super) const TIMEOUT: Length =
    Length { default: file::TIMEOUT, seconds: 1..=3600, bounds: "`\"1s\"` to `\"1h\"`" };

impl Resolver<'_> {
    /// The seconds of what is written, or of the default.
    pub(super) fn duration(&mut self, written: Option<Written<String>>, length: &Length) -> u64 {
        let text = written.as_ref().map_or(length.default, |written| written.value.as_str());
        let seconds = seconds(text);
        if let Some(written) = &written {
            match seconds {
                None => self.report(&written.place, Fault::Duration(written.value.clone())),
                Some(seconds) if !length.seconds.contains(&seconds) => {
                    self.report(&written.place, Fault::DurationRange(length.bounds));
                }
                Some(_) => {}
            }
        }
        seconds.unwrap_or(*length.seconds.start())
    }
}

/// The seconds of `90s`, `5m`, `8h` or `2d`.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(unit)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_one_number_and_one_unit() {
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("8h"), Some(28_800));
        assert_eq!(seconds("2d"), Some(172_800));
        for bad in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "+5m",
            "1.5h",
            "5M",
            "5ü",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
