//! A platform that fails delays its own queued grades, and no others. A panic ends no delivery.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use super::state::{count, open};
use super::*;

/// The number of queued grades of the failing platform.
const QUEUED: usize = 2000;

/// A platform that the test makes available. Its first response is a 503. Counts the requests.
struct Platform {
    is_available: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    recorder: Recorder,
}

impl Platform {
    fn new(unavailable: String) -> Self {
        let is_available: Arc<AtomicBool> = Arc::default();
        let requests: Arc<AtomicUsize> = Arc::default();
        let (switch, counter) = (Arc::clone(&is_available), Arc::clone(&requests));
        let recorder = Recorder::with(move |_| {
            let is_first = counter.fetch_add(1, Ordering::SeqCst) == 0;
            let response = match switch.load(Ordering::SeqCst) {
                true => success(),
                false if is_first => http("503 Oh", "text/plain", "Oh"),
                false => unavailable.clone(),
            };
            response.into_bytes()
        });
        Self { is_available, requests, recorder }
    }
}

/// Copies the only queued grade for other learners.
#[track_caller]
fn copy_queued(stage: &Stage, copies: usize) {
    let file = open(stage);
    let columns: String = file
        .query_row(
            "SELECT group_concat(name) FROM pragma_table_info('kept')
                WHERE name NOT IN ('sequence', 'id', 'slot')",
            [],
            |row| row.get(0),
        )
        .expect("columns");
    let copied = file.execute(
        &format!(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number
                    WHERE n < {copies})
                INSERT INTO kept (id, slot, {columns})
                    SELECT 'copy-' || n, randomblob(16), {columns} FROM kept, number"
        ),
        [],
    );
    assert_eq!(copied.expect("copies"), copies);
}

/// After a restart, all grades of a failing platform are due at once.
#[track_caller]
fn many_due_grades_cause_few_requests(unavailable: String, reason: &str, first: usize) {
    let Platform { is_available, requests, recorder } = Platform::new(unavailable);
    let other = Recorder::answering(http("503 Oh", "text/plain", "The other one"));
    let directory = tempfile::tempdir().expect("a temporary directory");
    let lines = format!(
        "state = \"{}/state\"\noutcome_hosts = [\"127.0.0.1\"]",
        directory.path().display()
    );
    let stage = Stage { directory: Some(directory), ..Stage::with(Recorder::start(), &lines, "") };
    let url = format!("{}{OUTCOME}", recorder.origin());
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    stage.queue(&token, "0.5");
    copy_queued(&stage, QUEUED - 1);
    let begun = requests.load(Ordering::SeqCst);
    let before = log_lines(reason).len();

    let stage = stage.restarted();
    // The first probes, then two more with a backoff.
    wait_for(|| requests.load(Ordering::SeqCst) >= begun + first + 2);
    // A grade for another service, also of the same host, gets its attempts meanwhile.
    let elsewhere = format!("{}{OUTCOME}", other.origin());
    let form = Form { nonce: "elsewhere", ..launch(&elsewhere) };
    let form = form.but(&[("user_id", "learner-grace")]);
    let elsewhere = stage.token_of(&form).expect("a grade token");
    let id = stage.queue(&elsewhere, "0.7");
    stage.server.set_now(NOW + 10);
    stage.wait_for_attempts(&elsewhere, &id, 2);
    let sent = requests.load(Ordering::SeqCst) - begun;
    let logged = log_lines(reason).len() - before;
    assert!(sent <= first + 8, "{sent} requests for {QUEUED} grades");
    assert!(logged <= sent, "{logged} lines for {sent} requests");
    assert_eq!(count(&stage, "kept"), QUEUED + 1);

    // One success, and all grades flow again.
    is_available.store(true, Ordering::SeqCst);
    stage.server.set_now(NOW + 3600);
    let host = url.trim_start_matches("http://").trim_end_matches(OUTCOME);
    wait_for(|| count(&stage, &format!("kept WHERE host = '{host}'")) == 0);
    assert_eq!(count(&stage, "finished WHERE status = 'delivered'"), QUEUED);
    drop(other);
}

#[test]
fn the_queued_grades_of_an_unavailable_platform_cause_few_requests_and_lines() {
    // Only this test has the status.
    let unavailable = http("573 Maintenance", "text/plain", "Maintenance of many");
    many_due_grades_cause_few_requests(unavailable, "failed with status 573", 1);
    let lines = log_lines("failed with status 573");
    assert!(lines.iter().any(|line| line.contains(&format!(" waiting={QUEUED} "))), "{lines:?}");
    nothing_private_in(&lines);
}

/// A proxy in front of the platform refuses everything.
#[test]
fn the_queued_grades_of_a_platform_that_refuses_all_cause_few_requests_and_lines() {
    // Only this test has the status.
    let refused = http("473 Blocked", "text/plain", "Blocked for many");
    many_due_grades_cause_few_requests(refused, "refused with status 473", 8);
}

/// Their consumer is no longer in `tools.toml`.
#[test]
fn grades_that_cannot_be_sent_cause_few_lines_and_no_attempts() {
    const REASON: &str = "its tool or consumer is no longer in tools.toml";
    let stage = Stage::durable(Recorder::answering(http("503 Oh", "text/plain", "Oh")), "");
    let token = stage.token();
    stage.queue(&token, "0.5");
    stage.platform.request();
    copy_queued(&stage, 299);
    let before = log_lines(REASON).len();
    let tools = stage.tools.replace("key = \"key-1\"", "key = \"key-2\"");
    let stage = Stage { tools, ..stage }.restarted();
    // Each waits for the longest backoff.
    wait_for(|| count(&stage, &format!("kept WHERE next_try >= {}", NOW + 900)) == 300);
    assert_eq!(count(&stage, "kept WHERE tries = 1"), 300);
    let logged = log_lines(REASON).len() - before;
    assert!((1..60).contains(&logged), "{logged} lines, also of another test");
    stage.platform.saw_nothing();
}

#[test]
fn the_refusals_of_one_grade_do_not_delay_the_others() {
    let requests = AtomicUsize::new(0);
    let platform = Recorder::with(move |request| {
        let is_first_attempt = requests.fetch_add(1, Ordering::SeqCst) < 2;
        match element(request, "sourcedId").as_str() {
            _ if is_first_attempt => http("503 Oh", "text/plain", "Oh"),
            "learner-ada" => http("404 Not Found", "text/plain", ""),
            _ => success(),
        }
        .into_bytes()
    });
    let stage = Stage::durable(platform, "");
    let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
    let refused = stage.queue(&ada, "0.5");
    let accepted = stage.queue(&grace, "0.7");
    let stage = stage.restarted();
    stage.wait_for_status(&grace, &accepted, "delivered");
    let found = stage.wait_for_attempts(&ada, &refused, 2);
    assert_eq!(found["platform"], "the platform refused with status 404");
}

#[test]
fn the_delivery_starts_again_after_a_panic_and_ready_reports_its_end() {
    const ENDED: &str = "the delivery of queued grades ended and starts again";
    let unavailable = http("503 Oh", "text/plain", "Oh");
    let stage = Stage::durable(responding_in_order([unavailable, success()]), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    let ready = || stage.server.get("/ready").status;
    assert_eq!(ready(), 200);

    // The delivery is the only task that reads the clock now.
    let failures = stage.server.clock_failures();
    failures.store(u64::MAX, Ordering::SeqCst);
    wait_for(|| ready() == 503);
    wait_for(|| log_lines(ENDED).len() >= 3);
    let lines = log_lines(ENDED);
    for (line, seconds) in lines.iter().zip([1, 2, 4]) {
        assert!(line.contains("ERROR grade: "), "{line}");
        assert!(line.contains(&format!("reason=\"it panicked\" again_in={seconds}")), "{line}");
    }
    assert_eq!(count(&stage, "kept"), 1);

    failures.store(0, Ordering::SeqCst);
    stage.server.set_now(NOW + 3600);
    assert_eq!(stage.wait_for_status(&token, &id, "delivered")["tries"], 2);
    assert_eq!(element(&stage.platform.request(), "textString"), "0.5");
    assert_eq!(ready(), 200);
}

#[test]
fn a_panic_of_one_attempt_ends_no_delivery_and_its_grade_is_sent_again() {
    let failures: Arc<OnceLock<Arc<AtomicU64>>> = Arc::default();
    let clock = Arc::clone(&failures);
    let requests = AtomicUsize::new(0);
    let platform = Recorder::with(move |_| {
        let request = requests.fetch_add(1, Ordering::SeqCst);
        if request == 1 {
            // The attempt reads the clock after the response.
            clock.get().expect("set").store(1, Ordering::SeqCst);
        }
        if request < 2 { http("503 Oh", "text/plain", "Oh") } else { success() }.into_bytes()
    });
    let stage = Stage::durable(platform, "");
    failures.set(stage.server.clock_failures()).expect("set once");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.server.set_now(NOW + 10);
    let found = stage.wait_for_attempts(&token, &id, 2);
    assert_eq!(found["platform"], "the attempt failed because of a fault of the gateway");
    let next = found["next_try"].as_u64().expect("a timestamp");
    assert!((NOW + 11..=NOW + 13).contains(&next), "{found}");
    let lines = log_lines("an attempt to deliver a grade panicked");
    assert!(lines.iter().any(|line| line.contains(&id)), "{lines:?}");
    assert_eq!(stage.server.get("/ready").status, 200);

    stage.server.set_now(NOW + 60);
    assert_eq!(stage.wait_for_status(&token, &id, "delivered")["tries"], 3);
}

#[test]
fn a_panic_of_a_first_attempt_loses_no_grade() {
    let failures: Arc<OnceLock<Arc<AtomicU64>>> = Arc::default();
    let clock = Arc::clone(&failures);
    let requests = AtomicUsize::new(0);
    let platform = Recorder::with(move |_| {
        if requests.fetch_add(1, Ordering::SeqCst) == 0 {
            // The attempt reads the clock after the response.
            clock.get().expect("set").store(1, Ordering::SeqCst);
        }
        success().into_bytes()
    });
    let stage = Stage::durable(platform, "");
    failures.set(stage.server.clock_failures()).expect("set once");
    let token = stage.token();
    let reply = stage.call("POST", &token, r#"{"score":0.5}"#);
    refused(&reply, 503, "state-unavailable");
    assert_eq!(count(&stage, "kept WHERE sending AND tries = 0"), 1);
    stage.advance_to(NOW + 60);
    wait_for(|| count(&stage, "finished WHERE status = 'delivered' AND tries = 2") == 1);
    for _ in 0..2 {
        assert_eq!(element(&stage.platform.next(), "textString"), "0.5");
    }
    stage.platform.saw_nothing();
}

/// The path of some learners' course fails, and their app sends a new grade all the time. A grade
/// that was tried more often is not behind all of them.
#[test]
fn new_grades_that_fail_do_not_hide_an_older_grade() {
    const FAILING: usize = 20;
    let is_available: Arc<AtomicBool> = Arc::default();
    let failing: Arc<AtomicUsize> = Arc::default();
    let (switch, counter) = (Arc::clone(&is_available), Arc::clone(&failing));
    let platform = Recorder::with(move |request| {
        let is_grace = element(request, "sourcedId") == "learner-grace";
        if is_grace && switch.load(Ordering::SeqCst) {
            return success().into_bytes();
        }
        counter.fetch_add(usize::from(!is_grace), Ordering::SeqCst);
        http("503 Oh", "text/plain", "Oh").into_bytes()
    });
    let stage = Stage::durable(platform, "");
    let grace = stage.token_for("learner-grace");
    let older = stage.queue(&grace, "0.7");
    for number in 0..FAILING {
        let token = stage.token_for(&format!("learner-{number}"));
        stage.queue(&token, "0.5");
    }
    let changed = open(&stage).execute("UPDATE kept SET tries = 9 WHERE id = ?1", [&older]);
    assert_eq!(changed.expect("changed"), 1);
    is_available.store(true, Ordering::SeqCst);
    let begun = failing.load(Ordering::SeqCst);
    stage.server.set_now(NOW + 3600);
    stage.wait_for_status(&grace, &older, "delivered");
    let before = failing.load(Ordering::SeqCst) - begun;
    assert!(before <= 8, "{before} grades that fail came first");
}
