//! The maximum of a grade.

use std::fmt;

use super::limit::LARGEST_POINTS;

/// The maximum of a grade, in the platform's points: a finite number above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points(f64);

impl Points {
    /// The points, if the number is in range.
    pub fn new(number: f64) -> Option<Self> {
        (number > 0.0 && number <= LARGEST_POINTS as f64).then_some(Self(number))
    }

    /// The number.
    pub fn number(self) -> f64 {
        self.0
    }
}

/// The shortest decimal that has this value, without `.0` at the end.
impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_finite_and_above_0() {
        for (number, shown) in [(10.0, "10"), (0.1, "0.1"), (2.5, "2.5"), (1_000_000.0, "1000000")]
        {
            assert_eq!(Points::new(number).map(|points| points.to_string()), Some(shown.into()));
        }
        for number in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, 1_000_000.5] {
            assert_eq!(Points::new(number), None, "{number}");
        }
    }
}
