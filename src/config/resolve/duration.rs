//! Durations.

use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::key;
use crate::config::limit::{self, DurationBounds};
use crate::config::table::Written;

/// The default and the range of a key that holds a duration.
pub(super) struct DurationKey {
    default: &'static str,
    bounds: DurationBounds,
}

/// `session`.
pub(super) const SESSION: DurationKey =
    DurationKey { default: key::SESSION, bounds: limit::SESSION };
/// `clock_skew`.
pub(super) const CLOCK_SKEW: DurationKey =
    DurationKey { default: key::CLOCK_SKEW, bounds: limit::CLOCK_SKEW };
/// `timeout`.
pub(super) const TIMEOUT: DurationKey =
    DurationKey { default: key::TIMEOUT, bounds: limit::TIMEOUT };
/// `grade_lifetime`.
pub(super) const GRADE_LIFETIME: DurationKey =
    DurationKey { default: key::GRADE_LIFETIME, bounds: limit::GRADE_LIFETIME };
/// `idle`, which has no default: without it, apps never stop.
pub(super) const IDLE: DurationKey =
    DurationKey { default: limit::IDLE.longest, bounds: limit::IDLE };

impl Resolver<'_> {
    /// The seconds of the written duration, or of the default.
    pub(super) fn duration(
        &mut self,
        written: Option<Written<String>>,
        length: &DurationKey,
    ) -> u64 {
        let text = written.as_ref().map_or(length.default, |written| written.value.as_str());
        let seconds = seconds(text);
        let DurationBounds { shortest, longest, text: bounds } = length.bounds;
        let is_within = |value| in_seconds(shortest) <= value && value <= in_seconds(longest);
        if let Some(written) = &written {
            match seconds {
                None => self.report(&written.source, Fault::Duration(written.value.clone())),
                Some(seconds) if !is_within(seconds) => {
                    self.report(&written.source, Fault::DurationRange(bounds));
                }
                Some(_) => {}
            }
        }
        seconds.unwrap_or(in_seconds(shortest))
    }
}

/// The seconds of a range's end.
fn in_seconds(bound: &str) -> u64 {
    seconds(bound).unwrap_or_default()
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
    fn defaults_and_bounds_are_valid_durations() {
        for DurationKey { default, bounds } in [SESSION, CLOCK_SKEW, TIMEOUT, GRADE_LIFETIME, IDLE]
        {
            let [shortest, default, longest] =
                [bounds.shortest, default, bounds.longest].map(|text| seconds(text).expect(text));
            assert!(0 < shortest && shortest <= default && default <= longest);
        }
    }

    #[test]
    fn a_duration_is_one_number_and_one_unit() {
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
