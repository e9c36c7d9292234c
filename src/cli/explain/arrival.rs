//! The time at which a captured launch is examined.

use crate::cli::limit::RECENT_SECONDS;
use crate::clock::rfc3339;

/// The time at which the launch arrived, as far as it is known. All times are seconds since the
/// epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrivalTime {
    /// The time of `--at`.
    Given(u64),
    /// The time at which the browser sent the launch, from the capture.
    Captured(u64),
    /// Now: the launch was signed recently, or its timestamp is in the future.
    Now(u64),
    /// Unknown: the launch is old. It is examined at its own timestamp.
    Unknown(u64),
}

impl ArrivalTime {
    /// Chooses the time for a launch that was signed at `signed`.
    pub(super) fn of(
        given: Option<u64>,
        captured: Option<u64>,
        signed: Option<u64>,
        now: u64,
    ) -> Self {
        let signed = signed.unwrap_or_default();
        match (given, captured) {
            (Some(given), _) => Self::Given(given),
            (None, Some(captured)) => Self::Captured(captured),
            (None, None) if now.saturating_sub(signed) <= RECENT_SECONDS => Self::Now(now),
            (None, None) => Self::Unknown(signed),
        }
    }

    /// The time of the examination.
    pub(super) fn seconds(self) -> u64 {
        let (Self::Given(time) | Self::Captured(time) | Self::Now(time) | Self::Unknown(time)) =
            self;
        time
    }

    /// The finding for a timestamp that is accepted at this time.
    pub(super) fn finding(self, signed: u64, accepted: u64) -> String {
        match self {
            Self::Given(at) => format!("within {accepted} s of {}", rfc3339(at)),
            Self::Captured(at) => {
                let distance = distance(at, signed);
                format!("signed {distance} the browser sent it; {accepted} s are accepted")
            }
            Self::Now(at) => {
                format!("signed {} now; {accepted} s are accepted", distance(at, signed))
            }
            Self::Unknown(_) => {
                "not compared: the launch is old; --at TIME compares it with the time of arrival"
                    .to_owned()
            }
        }
    }

    /// The explanation of a timestamp that is rejected at this time.
    pub(super) fn note(self, signed: u64) -> Option<String> {
        match self {
            Self::Captured(at) => Some(format!(
                "the capture has the browser's time, {}; to compare with another time: --at TIME",
                rfc3339(at)
            )),
            // It cannot have arrived earlier.
            Self::Now(at) if signed > at => Some(format!(
                "compared with the clock of this computer, {}; if the gateway runs on another, \
                 run the command there, or name its time: --at TIME",
                rfc3339(at)
            )),
            Self::Now(at) => Some(format!(
                "compared with now, {}; if the launch arrived earlier, repeat the command with \
                 that time: --at TIME, such as --at {}",
                rfc3339(at),
                rfc3339(signed)
            )),
            Self::Given(_) | Self::Unknown(_) => None,
        }
    }
}

/// The distance of a timestamp from another time, such as `3 s before`.
fn distance(time: u64, signed: u64) -> String {
    let direction = if signed > time { "after" } else { "before" };
    format!("{} s {direction}", time.abs_diff(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recent_launch_is_compared_with_now() {
        let now = 1_700_000_000;
        for (given, captured, signed, expected) in [
            (Some(5), Some(6), Some(now), ArrivalTime::Given(5)),
            (None, Some(6), Some(now), ArrivalTime::Captured(6)),
            (None, None, Some(now), ArrivalTime::Now(now)),
            (None, None, Some(now - 3_600), ArrivalTime::Now(now)),
            (None, None, Some(now - 3_601), ArrivalTime::Unknown(now - 3_601)),
            (None, None, Some(now + 90_000), ArrivalTime::Now(now)),
            (None, None, Some(u64::MAX), ArrivalTime::Now(now)),
            (None, None, None, ArrivalTime::Unknown(0)),
        ] {
            assert_eq!(ArrivalTime::of(given, captured, signed, now), expected, "{signed:?}");
        }
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for signed in [0, u64::MAX] {
            for at in [0, u64::MAX] {
                for arrival in
                    [ArrivalTime::Given(at), ArrivalTime::Captured(at), ArrivalTime::Now(at)]
                {
                    assert!(arrival.finding(signed, u64::MAX).contains(" s "));
                    let _ = arrival.note(signed);
                }
            }
        }
    }
}
