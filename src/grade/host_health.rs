//! The health of each platform host: a host that fails delays its own grades, and no others.
//!
//! After a failure, the gateway sends one queued grade at a time to the host (a probe), with a
//! backoff between two probes. By turns, it is the one with the fewest attempts and the longest
//! due one: neither old nor new grades that always fail hide the others. After a success, all due
//! grades flow again. A host without an entry gets a probe first: after a restart, thousands of
//! grades may be due.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::tokio::time::Instant;

use crate::platform::PlatformError;
use crate::state::HostLimit;

/// The most hosts with an entry. A host whose entry is removed gets a probe first.
const MAX_HOSTS: usize = 1024;
/// The longest wait between two probes, in seconds, without `Retry-After`.
const LONGEST_WAIT: u64 = 60;
/// After so many bare refusals in a row, the host fails: a proxy or a changed secret refuses all.
const MAX_REFUSALS: u32 = 8;
/// The most log lines of failed retries of one host at once, and the interval of one more.
const MAX_LINES: u32 = 6;
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// What an attempt shows about the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostResult {
    /// Its grade service works. It may have refused the grade.
    Works,
    /// It refused without a message of its grade service. That may concern one grade or all.
    Refused,
    /// It cannot be reached, or cannot accept grades now. Has its `Retry-After`, in seconds.
    Failed(Option<u64>),
    /// Nothing: the attempt was not sent.
    Unknown,
}

impl HostResult {
    /// What this error shows about the host.
    pub(super) fn of(error: &PlatformError) -> Self {
        match error {
            PlatformError::NotAllowed(_) | PlatformError::Removed => Self::Unknown,
            PlatformError::Refused { .. }
            | PlatformError::ScopeRefused { .. }
            | PlatformError::Conflict { .. }
            | PlatformError::NoResults => Self::Works,
            PlatformError::RefusedByStatus { .. }
            | PlatformError::ClientRefused { .. }
            | PlatformError::Redirected { .. }
            | PlatformError::InvalidResponse { .. } => Self::Refused,
            PlatformError::Unavailable { retry_after, .. } => Self::Failed(*retry_after),
            PlatformError::Unreachable(_) => Self::Failed(None),
        }
    }
}

/// The health of all hosts, in memory.
#[derive(Default)]
pub(super) struct HostHealth(Mutex<HashMap<String, Health>>);

/// The health of a host.
struct Health {
    /// Whether the last known result was a success.
    is_up: bool,
    /// The failures in a row: of the flow once, then of each probe.
    failures: u32,
    /// The bare refusals since the last success.
    refusals: u32,
    /// When the next probe may begin.
    probe_at: Instant,
    /// The log lines that are left, the number of omitted ones, and the time of the last refill.
    lines: u32,
    omitted: u64,
    refilled: Instant,
}

impl Health {
    fn new(now: Instant) -> Self {
        Self {
            is_up: false,
            failures: 0,
            refusals: 0,
            probe_at: now,
            lines: MAX_LINES,
            omitted: 0,
            refilled: now,
        }
    }

    /// The kind of the next probe. Each failed probe changes it.
    fn next_probe(&self) -> HostLimit {
        if self.failures.is_multiple_of(2) { HostLimit::Probe } else { HostLimit::ProbeLongestDue }
    }

    /// Counts a failure. Attempts that began before it count as one failure with it. So do first
    /// attempts until the next probe: one failing learner could otherwise delay it for ever.
    fn fail(&mut self, retry_after: Option<u64>, is_probe: bool, now: Instant) {
        if !(self.is_up || is_probe || self.failures == 0) {
            return;
        }
        let wait = 1_u64.checked_shl(self.failures).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.is_up = false;
        let wait = Duration::from_secs(wait.max(retry_after.unwrap_or_default()));
        self.probe_at = self.probe_at.max(now + wait);
    }
}

impl HostHealth {
    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Health>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records what an attempt showed. Returns whether the host works again.
    ///
    /// `longest_retry_after` bounds the `Retry-After`, in seconds.
    pub(super) fn record(
        &self,
        host: &str,
        result: HostResult,
        is_probe: bool,
        longest_retry_after: u64,
        now: Instant,
    ) -> bool {
        if result == HostResult::Unknown {
            return false;
        }
        let mut hosts = self.hosts();
        let health = entry(&mut hosts, host, now);
        match result {
            HostResult::Works => {
                let was_up = health.is_up;
                let (lines, omitted, refilled) = (health.lines, health.omitted, health.refilled);
                *health = Health { is_up: true, lines, omitted, refilled, ..Health::new(now) };
                !was_up
            }
            HostResult::Refused => {
                health.refusals = health.refusals.saturating_add(1);
                if health.refusals >= MAX_REFUSALS {
                    health.fail(None, is_probe, now);
                } else if is_probe {
                    // It responds: the refusal may concern this grade only.
                    health.probe_at = now;
                }
                false
            }
            HostResult::Failed(retry_after) => {
                let retry_after = retry_after.map(|seconds| seconds.min(longest_retry_after));
                health.fail(retry_after, is_probe, now);
                false
            }
            HostResult::Unknown => false,
        }
    }

    /// Whether a host failed, and did not work since.
    pub(super) fn is_failing(&self, host: &str) -> bool {
        self.hosts().get(host).is_some_and(|health| health.failures > 0)
    }

    /// The limits for the next claim. `in_progress` has the number of attempts of each host.
    pub(super) fn limits(
        &self,
        in_progress: &HashMap<String, usize>,
        per_host: usize,
        now: Instant,
    ) -> HashMap<String, HostLimit> {
        let hosts = self.hosts();
        let mut limits: HashMap<String, HostLimit> =
            in_progress.keys().map(|host| (host.clone(), HostLimit::Wait)).collect();
        for (host, health) in hosts.iter() {
            let running = in_progress.get(host).copied().unwrap_or_default();
            let limit = match health.is_up {
                true => HostLimit::Flow(per_host.saturating_sub(running)),
                false if running == 0 && health.probe_at <= now => health.next_probe(),
                false => HostLimit::Wait,
            };
            limits.insert(host.clone(), limit);
        }
        limits
    }

    /// Whether a failed retry of a host gets a log line. If so, returns the number of omitted lines
    /// before it.
    pub(super) fn line(&self, host: &str, now: Instant) -> Option<u64> {
        let mut hosts = self.hosts();
        let health = entry(&mut hosts, host, now);
        let elapsed = now.saturating_duration_since(health.refilled).as_secs();
        let refills = u32::try_from(elapsed / LINE_INTERVAL.as_secs()).unwrap_or(u32::MAX);
        if refills > 0 {
            health.lines = health.lines.saturating_add(refills).min(MAX_LINES);
            health.refilled = now;
        }
        if health.lines == 0 {
            health.omitted = health.omitted.saturating_add(1);
            return None;
        }
        health.lines -= 1;
        Some(std::mem::take(&mut health.omitted))
    }
}

/// The entry of a host. If there are too many, another one is removed: one that works, or else the
/// one that waits the shortest.
fn entry<'h>(hosts: &'h mut HashMap<String, Health>, host: &str, now: Instant) -> &'h mut Health {
    if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
        let rank = |health: &Health| (!health.is_up, health.probe_at);
        let least = hosts.iter().min_by_key(|(_, health)| rank(health));
        if let Some(least) = least.map(|(host, _)| host.clone()) {
            hosts.remove(&least);
        }
    }
    hosts.entry(host.to_owned()).or_insert_with(|| Health::new(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "lms.example";
    const WAIT: HostLimit = HostLimit::Wait;
    const PROBE: HostLimit = HostLimit::Probe;
    const FLOW: HostLimit = HostLimit::Flow(8);
    const FAILED: HostResult = HostResult::Failed(None);

    struct TestedHost {
        health: HostHealth,
        start: Instant,
    }

    impl TestedHost {
        fn new() -> Self {
            Self { health: HostHealth::default(), start: Instant::now() }
        }

        fn at(&self, seconds: u64) -> Instant {
            self.start + Duration::from_secs(seconds)
        }

        fn record(&self, seconds: u64, result: HostResult, is_probe: bool) -> bool {
            self.health.record(HOST, result, is_probe, 3600, self.at(seconds))
        }

        fn limit(&self, seconds: u64) -> Option<HostLimit> {
            let limit = self.kind(seconds)?;
            Some(if limit.is_probe() { PROBE } else { limit })
        }

        /// The limit, with the kind of a probe.
        fn kind(&self, seconds: u64) -> Option<HostLimit> {
            self.health.limits(&HashMap::new(), 8, self.at(seconds)).get(HOST).copied()
        }
    }

    #[test]
    fn a_failing_host_gets_one_probe_at_a_time_with_backoff() {
        let stage = TestedHost::new();
        assert_eq!(stage.limit(0), None, "an unknown host has the limit of all others");
        assert!(stage.record(0, HostResult::Works, true));
        assert!(!stage.record(0, HostResult::Works, false), "it worked before");
        assert_eq!(stage.limit(0), Some(FLOW));
        // Eight attempts of the flow fail together. They are one failure.
        for _ in 0..8 {
            stage.record(10, FAILED, false);
        }
        let mut at = 10;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(stage.limit(at), Some(WAIT));
            at += wait;
            assert_eq!(stage.limit(at), Some(PROBE), "after {wait} s");
            let running = HashMap::from([(HOST.to_owned(), 1)]);
            assert_eq!(stage.health.limits(&running, 8, stage.at(at))[HOST], WAIT);
            stage.record(at, FAILED, true);
        }
        assert!(stage.record(at, HostResult::Works, false), "a first attempt shows it too");
        assert_eq!(stage.limit(at), Some(FLOW), "at full concurrency");
        stage.record(at, FAILED, false);
        assert_eq!((stage.limit(at), stage.limit(at + 1)), (Some(WAIT), Some(PROBE)));
        for _ in 0..100 {
            stage.record(at, FAILED, true);
        }
        assert_eq!((stage.limit(at + 59), stage.limit(at + 60)), (Some(WAIT), Some(PROBE)));
    }

    #[test]
    fn the_kind_of_the_probe_changes_with_each_failed_probe() {
        let stage = TestedHost::new();
        for at in 0..4 {
            stage.record(100 * at, FAILED, true);
            let kind = if at % 2 == 0 { HostLimit::ProbeLongestDue } else { PROBE };
            assert_eq!(stage.kind(100 * at + 60), Some(kind), "after failure {at}");
        }
    }

    #[test]
    fn retry_after_delays_the_next_probe_up_to_its_bound() {
        let stage = TestedHost::new();
        stage.record(0, HostResult::Failed(Some(100)), false);
        assert_eq!((stage.limit(99), stage.limit(100)), (Some(WAIT), Some(PROBE)));
        stage.record(100, HostResult::Failed(Some(u64::MAX)), true);
        assert_eq!((stage.limit(3699), stage.limit(3700)), (Some(WAIT), Some(PROBE)));
    }

    #[test]
    fn first_attempts_that_fail_do_not_delay_the_probe_again_and_again() {
        let stage = TestedHost::new();
        for at in (0..3600).step_by(600) {
            stage.record(at, HostResult::Failed(Some(3600)), false);
            assert_eq!(stage.limit(at), Some(WAIT));
        }
        assert_eq!(stage.limit(3600), Some(PROBE));
    }

    #[test]
    fn a_refusal_is_no_failure_of_the_host_but_many_in_a_row_are() {
        let stage = TestedHost::new();
        stage.record(0, HostResult::Works, true);
        for _ in 0..3 {
            for _ in 1..MAX_REFUSALS {
                stage.record(0, HostResult::Refused, false);
                assert!(!stage.health.is_failing(HOST));
                assert_eq!(stage.limit(0), Some(FLOW));
            }
            stage.record(0, HostResult::Works, false);
        }
        for _ in 0..MAX_REFUSALS {
            stage.record(0, HostResult::Refused, false);
        }
        assert!(stage.health.is_failing(HOST));
        assert_eq!((stage.limit(0), stage.limit(1)), (Some(WAIT), Some(PROBE)));
        stage.record(1, HostResult::Refused, true);
        assert_eq!((stage.limit(2), stage.limit(3)), (Some(WAIT), Some(PROBE)));
        assert!(!stage.record(3, HostResult::Unknown, true));
        assert_eq!(stage.limit(3), Some(PROBE));

        // A host that failed responds again, with a refusal: the next probe needs no wait.
        let stage = TestedHost::new();
        stage.record(0, FAILED, true);
        stage.record(1, HostResult::Refused, true);
        assert_eq!(stage.limit(1), Some(PROBE));
    }

    #[test]
    fn the_hosts_are_bounded_and_failing_ones_stay_longest() {
        let stage = TestedHost::new();
        stage.record(0, FAILED, true);
        for number in 0..3 * MAX_HOSTS {
            let host = format!("{number}.example");
            stage.health.record(&host, HostResult::Works, true, 3600, stage.at(0));
            assert!(stage.health.hosts().len() <= MAX_HOSTS);
        }
        assert_eq!(stage.limit(0), Some(WAIT));
        for number in 0..3 * MAX_HOSTS {
            let host = format!("{number}.example");
            stage.health.record(&host, FAILED, true, 3600, stage.at(0));
        }
        assert_eq!(stage.health.hosts().len(), MAX_HOSTS);
    }

    #[test]
    fn a_host_has_a_handful_of_lines_in_ten_seconds() {
        let stage = TestedHost::new();
        let lines = |from: u64, to: u64| -> Vec<u64> {
            (from..to)
                .flat_map(|second| [second; 2500])
                .filter_map(|second| stage.health.line(HOST, stage.at(second)))
                .collect()
        };
        let first = lines(0, 10);
        assert_eq!(first.len(), 7);
        assert_eq!(first[..6], [0; 6]);
        assert_eq!(first[6], 5 * 2500 - 6, "the next line counts the omitted ones");
        assert_eq!(lines(10, 20).len(), 2);
        assert_eq!(lines(1000, 1001).len(), 6);
    }
}
