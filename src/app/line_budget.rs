//! The rate limit for the lines of an app's output in the log.

/// The most lines at once: enough for a start with its banner, or some tracebacks.
const BURST: u32 = 200;
/// The lines for each further second.
const LINES: u32 = 20;
/// The period of [`LINES`], in milliseconds.
const PERIOD: u64 = 1000;

/// The lines of one app: 200 at once, and 20 in each second. Time is an argument, in milliseconds.
#[derive(Debug)]
pub(super) struct LineBudget {
    period: u64,
    lines: u32,
    left_out: u64,
}

impl LineBudget {
    pub(super) fn new() -> Self {
        Self { period: 0, lines: BURST, left_out: 0 }
    }

    /// Whether the log has space for a line. Counts the line.
    pub(super) fn admits(&mut self, now: u64) -> bool {
        self.refill(now);
        // The report of left-out lines comes before any other line.
        match self.lines.checked_sub(1).filter(|_| self.left_out == 0) {
            Some(rest) => {
                self.lines = rest;
                true
            }
            None => {
                self.left_out = self.left_out.saturating_add(1);
                false
            }
        }
    }

    /// Takes the number of lines that were left out, if the log has space for its report.
    pub(super) fn left_out(&mut self, now: u64) -> Option<u64> {
        self.refill(now);
        (self.left_out > 0 && self.lines > 0).then(|| std::mem::take(&mut self.left_out))
    }

    /// Whether a report is due later.
    pub(super) fn has_left_out(&self) -> bool {
        self.left_out > 0
    }

    fn refill(&mut self, now: u64) {
        let period = now / PERIOD;
        let periods = u32::try_from(period.saturating_sub(self.period)).unwrap_or(u32::MAX);
        self.lines = self.lines.saturating_add(periods.saturating_mul(LINES)).min(BURST);
        self.period = self.period.max(period);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(budget: &mut LineBudget, now: u64, times: usize) -> usize {
        (0..times).filter(|_| budget.admits(now)).count()
    }

    #[test]
    fn an_app_has_200_lines_at_once_and_20_in_each_second() {
        let mut budget = LineBudget::new();
        assert_eq!(admitted(&mut budget, 0, 1000), 200);
        assert_eq!(budget.left_out(999), None, "the report waits, too");
        assert_eq!(budget.left_out(1000), Some(800));
        assert_eq!(admitted(&mut budget, 1000, 1000), 20);
        assert_eq!(budget.left_out(2000), Some(980));
        assert_eq!(admitted(&mut budget, 60_000, 1000), 200);
        assert_eq!(budget.left_out(u64::MAX), Some(800));
        // A clock that was set back refills nothing, and ends nothing.
        assert_eq!(admitted(&mut budget, 0, 1000), 200);
    }

    #[test]
    fn no_line_follows_left_out_ones_before_their_report() {
        let mut budget = LineBudget::new();
        admitted(&mut budget, 0, 201);
        assert!(budget.has_left_out());
        assert!(!budget.admits(1000));
        assert_eq!(budget.left_out(1000), Some(2));
        assert!(budget.admits(1000));
    }
}
