//! Clocks that jump: no queued grade expires too early, waits too long, or stays forever.

use super::state::{count, open};
use super::*;

const DAY: u64 = 86_400;

fn unavailable() -> String {
    http("503 Service Unavailable", "text/plain", "Later")
}

#[test]
fn a_clock_that_jumps_four_days_ahead_expires_no_grade() {
    let stage = Stage::durable(responding_in_order([unavailable(), unavailable(), success()]), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    // Minutes later, the clock is wrong.
    stage.server.set_running(300);
    stage.server.set_now(NOW + 4 * DAY);
    assert_eq!(stage.wait_for_attempts(&token, &id, 2)["status"], "kept");
    stage.server.set_now(NOW + 4 * DAY + 10);
    assert_eq!(stage.wait_for_status(&token, &id, "delivered")["tries"], 3);
}

#[test]
fn many_attempts_and_three_days_of_the_clock_expire_a_grade() {
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    let set_tries = |tries: u32| {
        let changed = open(&stage).execute("UPDATE kept SET tries = ?1", [tries]);
        assert_eq!(changed.expect("changed"), 1);
    };
    set_tries(98);
    stage.server.set_now(NOW + 3 * DAY);
    assert_eq!(stage.wait_for_attempts(&token, &id, 99)["status"], "kept");
    stage.advance_to(NOW + 4 * DAY);
    assert_eq!(stage.wait_for_status(&token, &id, "expired")["tries"], 100);
}

#[test]
fn a_clock_that_was_set_back_delays_no_grade_and_keeps_none_forever() {
    let past = NOW - 5 * DAY;
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.server.set_now(past);
    // Its timestamp is days ahead. It becomes that of a lease.
    let due = |found: &Value| found["next_try"].as_u64().expect("a timestamp");
    let found = stage.wait_until(&token, &id, |found| due(found) < NOW);
    assert_eq!(due(&found), past + 55);
    stage.advance_to(past + 55);
    let found = stage.wait_for_attempts(&token, &id, 2);
    assert!((past + 56..=past + 58).contains(&due(&found)), "backoff by attempts: {found}");
    stage.server.set_running(3 * DAY);
    stage.server.set_now(past + 60);
    assert_eq!(stage.wait_for_status(&token, &id, "expired")["tries"], 3);
}

/// The host is probed with one grade. The others expire with it.
#[test]
fn grades_that_wait_for_a_failing_platform_expire_together() {
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let users = ["learner-ada", "learner-grace", "learner-mary"];
    let tokens = users.map(|user| stage.token_for(user));
    let ids = tokens.each_ref().map(|token| stage.queue(token, "0.5"));
    stage.server.set_running(3 * DAY);
    stage.server.set_now(NOW + 10);
    for (token, id) in tokens.iter().zip(&ids) {
        let found = stage.wait_for_status(token, id, "expired");
        assert_eq!(found["platform"], "the platform failed with status 503: Later");
    }
    let tries = |tries: u32| count(&stage, &format!("finished WHERE tries = {tries}"));
    assert_eq!((tries(1), tries(2)), (2, 1), "one probe");
}

/// A platform's message about one learner is not shown with the grade of another one.
#[test]
fn a_grade_that_expires_without_an_attempt_keeps_its_own_message() {
    let platform = Recorder::with(|request| {
        let about = format!("No row for {}", element(request, "sourcedId"));
        http("503 Oh", "text/plain", &about).into_bytes()
    });
    let stage = Stage::durable(platform, "");
    let users = ["learner-ada", "learner-grace"];
    let tokens = users.map(|user| stage.token_for(user));
    let messages = ["Ada", "Grace"];
    let ids = tokens.each_ref().map(|token| stage.queue(token, "0.5"));
    for (id, message) in ids.iter().zip(messages) {
        let changed =
            open(&stage).execute("UPDATE kept SET words = ?2 WHERE id = ?1", [id, message]);
        assert_eq!(changed.expect("changed"), 1);
    }
    stage.server.set_running(3 * DAY);
    stage.server.set_now(NOW + 10);
    let found = [0, 1].map(|at| stage.wait_for_status(&tokens[at], &ids[at], "expired"));
    // One of them was the probe.
    let probed = usize::from(found[1]["tries"] == 2);
    assert_eq!(found[probed]["tries"], 2);
    assert_eq!(found[1 - probed]["platform"], messages[1 - probed]);
}

/// 1970, the end of signed and unsigned 32-bit numbers, and the end of 64-bit numbers.
#[test]
fn a_clock_at_any_time_delivers_queued_grades() {
    for now in [0, (1 << 31) - 2, (1 << 32) - 2, i64::MAX as u64, u64::MAX - 1] {
        let stage = Stage::durable(responding_in_order([unavailable(), success()]), "");
        let token = stage.token();
        let id = stage.queue(&token, "0.5");
        stage.server.set_now(now);
        // If the clock was set back, the lease of the grade ends soon.
        let latest = i64::try_from(now.saturating_add(55)).unwrap_or(i64::MAX);
        let brought_back = format!("kept WHERE next_try > {latest}");
        wait_for(|| count(&stage, &brought_back) == 0);
        match now < NOW {
            true => stage.advance_to(now + 60),
            false => stage.server.set_now(now.saturating_add(60)),
        }
        let delivered = format!(
            "finished WHERE id = '{id}' AND status = 'delivered' AND tries = 2 AND accepted = {}",
            1000 * NOW
        );
        wait_for(|| count(&stage, &delivered) == 1);
    }
}
