//! The budget of log lines that a client can cause without signing in.
//!
//! Anybody can send invalid launches and requests. Their lines would fill the disk, and hide those
//! of real users. Of one tool and code, the log has 20 lines a second. A later line has the number
//! of those that were left out.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::clock::{Clock, Millis};

/// The most lines of a tool and code in a [`PERIOD`].
pub(super) const LOG_LINES: u32 = 20;
/// In milliseconds.
const PERIOD: u64 = 1000;
/// The tool of requests that belong to none.
pub(super) const NO_TOOL: &str = "-";

/// The lines of the log, by tool and code. Its size is bounded: both are known before a request.
pub(crate) struct LogBudget {
    clock: Clock,
    /// The most lines of a tool and code in a [`PERIOD`].
    lines: u32,
    periods: Mutex<HashMap<String, Vec<Period>>>,
    /// A line was left out.
    left_out: Notify,
}

/// The current period of a tool and code.
struct Period {
    code: &'static str,
    start: Millis,
    lines: u32,
    left_out: u64,
}

impl LogBudget {
    pub(super) fn new(clock: Clock, lines: u32) -> Self {
        Self { clock, lines, periods: Mutex::default(), left_out: Notify::new() }
    }

    /// Whether the log has space for a line of this tool and code. Counts the line.
    pub(super) fn admits(&self, tool: &str, code: &'static str) -> bool {
        let now = self.clock.now_in_millis();
        let (is_admitted, left_out) = self.count(tool, code, now);
        if left_out > 0 {
            log_left_out(tool, code, left_out);
        }
        if !is_admitted {
            self.left_out.notify_one();
        }
        is_admitted
    }

    /// Counts a line. Returns whether it is within the budget, and how many lines the last period
    /// left out. Allocates only for the first line of a tool and code.
    fn count(&self, tool: &str, code: &'static str, now: Millis) -> (bool, u64) {
        let mut tools = self.lock();
        let periods = match tools.get_mut(tool) {
            Some(periods) => periods,
            None => tools.entry(tool.to_owned()).or_default(),
        };
        let known = periods.iter().position(|period| period.code == code);
        let index = known.unwrap_or_else(|| {
            periods.push(Period { code, start: now, lines: 0, left_out: 0 });
            periods.len() - 1
        });
        periods.get_mut(index).map_or((false, 0), |period| period.count(now, self.lines))
    }

    /// Logs the numbers of lines that were left out, also if no further line follows.
    pub(super) async fn report(&self) {
        loop {
            self.left_out.notified().await;
            while self.report_past(Some(self.clock.now_in_millis())) {
                sleep(Duration::from_millis(PERIOD)).await;
            }
        }
    }

    /// Logs the numbers of lines that were left out until now, in unfinished periods too.
    pub(crate) fn report_all(&self) {
        self.report_past(None);
    }

    /// Reports the periods that are over `now`, or all. Returns whether others have left out lines.
    fn report_past(&self, now: Option<Millis>) -> bool {
        let mut has_more = false;
        let mut past = Vec::new();
        for (tool, periods) in &mut *self.lock() {
            for period in periods.iter_mut().filter(|period| period.left_out > 0) {
                if now.is_none_or(|now| period.is_over(now)) {
                    let left_out = mem::take(&mut period.left_out);
                    past.push((tool.clone(), period.code, left_out));
                } else {
                    has_more = true;
                }
            }
        }
        for (tool, code, left_out) in past {
            log_left_out(&tool, code, left_out);
        }
        has_more
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Period>>> {
        self.periods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Period {
    /// A clock that was set back also ends a period. Otherwise the log would have no line until the
    /// clock has caught up.
    fn is_over(&self, now: Millis) -> bool {
        now.get().abs_diff(self.start.get()) >= PERIOD
    }

    /// Counts a line. Returns whether it is within the budget, and how many lines the last period
    /// left out.
    fn count(&mut self, now: Millis, lines: u32) -> (bool, u64) {
        let mut left_out = 0;
        if self.is_over(now) {
            left_out = mem::take(&mut self.left_out);
            self.start = now;
            self.lines = 0;
        }
        let is_admitted = self.lines < lines;
        if is_admitted {
            self.lines += 1;
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
        (is_admitted, left_out)
    }
}

fn log_left_out(tool: &str, code: &'static str, left_out: u64) {
    let noun = if left_out == 1 { "line" } else { "lines" };
    tracing::warn!(target: "log", tool, code, "{left_out} {noun} left out");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A budget at a clock that the test sets, in milliseconds.
    fn budget(now: u64) -> (LogBudget, Arc<AtomicU64>) {
        let clock = Arc::new(AtomicU64::new(now));
        let read = Arc::clone(&clock);
        let read = Clock::precise(move || Millis::new(read.load(Ordering::SeqCst)));
        (LogBudget::new(read, LOG_LINES), clock)
    }

    fn admitted(budget: &LogBudget, tool: &str, code: &'static str, times: usize) -> usize {
        (0..times).filter(|_| budget.admits(tool, code)).count()
    }

    #[test]
    fn each_tool_and_code_has_20_lines_a_second() {
        let (budget, clock) = budget(1_700_000_000_000);
        assert_eq!(admitted(&budget, "a", "stale", 1000), 20);
        assert_eq!(admitted(&budget, "a", "replayed", 1000), 20);
        assert_eq!(admitted(&budget, "b", "stale", 19), 19);
        assert_eq!(admitted(&budget, "b", "stale", 2), 1);
        clock.fetch_add(999, Ordering::SeqCst);
        assert_eq!(admitted(&budget, "a", "stale", 1000), 0);
        clock.fetch_add(1, Ordering::SeqCst);
        assert_eq!(admitted(&budget, "a", "stale", 1000), 20);
    }

    #[test]
    fn a_clock_that_jumps_costs_at_most_one_more_period() {
        for (start, jumped) in [
            (1_700_000_000_000, 0),
            (0, 1_700_000_000_000),
            (1_700_000_000_000, 2_147_483_648_000),
            (1_700_000_000_000, 4_294_967_296_000),
            (u64::MAX, 0),
            (0, u64::MAX),
        ] {
            let (budget, clock) = budget(start);
            assert_eq!(admitted(&budget, "a", "stale", 30), 20);
            clock.store(jumped, Ordering::SeqCst);
            assert_eq!(admitted(&budget, "a", "stale", 30), 20, "from {start} to {jumped}");
        }
    }

    #[test]
    fn lines_are_left_out_until_they_are_reported() {
        let (budget, clock) = budget(1_700_000_000_000);
        let now = || Some(Millis::new(clock.load(Ordering::SeqCst)));
        assert!(!budget.report_past(now()));
        admitted(&budget, "a", "stale", 21);
        assert!(budget.report_past(now()), "the period is not over");
        clock.fetch_add(1000, Ordering::SeqCst);
        assert!(!budget.report_past(now()));
        assert_eq!(budget.count("a", "stale", now().expect("a time")), (true, 0));
    }
}
