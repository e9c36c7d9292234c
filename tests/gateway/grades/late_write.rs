//! A platform that completes a timed-out request late, after it has accepted a newer grade.

use super::gradebook::Gradebook;
use super::state::count;
use super::*;

/// The number of seconds after which the gateway sends the newer grade again.
const LATE_WRITE_WINDOW: u64 = 300;

/// A platform that timed out at 0.5, accepted 1.0, and then completed 0.5.
struct LateWrite {
    book: Gradebook,
    stage: Stage,
    token: String,
    /// The token of another learner.
    other: String,
    /// The id of the grade 0.5.
    older: String,
}

impl LateWrite {
    #[track_caller]
    fn begin() -> Self {
        let book = Gradebook::default();
        let stage = Stage::durable(book.platform(), "timeout = \"1s\"");
        let (token, other) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
        book.hold(&["0.5"]);
        let older = stage.queue(&token, "0.5");
        stage.deliver(&token, "1.0");
        assert_eq!(stage.find(&token, &older)["status"], "superseded");
        book.release();
        assert_eq!(book.score().as_deref(), Some("0.5"), "the platform has the older one");
        Self { book, stage, token, other, older }
    }

    /// Asserts that exactly these scores arrive, and none later.
    #[track_caller]
    fn assert_all_arrived(&self, scores: &[&str]) {
        wait_for(|| count(&self.stage, "kept") == 0);
        assert_eq!(self.book.arrived(), scores);
        assert_eq!(self.stage.find(&self.token, &self.older)["status"], "superseded");
        for days in 1..4 {
            self.stage.advance_to(NOW + days * 86_400);
            self.stage.deliver(&self.other, "0.25");
        }
        assert_eq!(self.book.arrived(), [scores, &["0.25"; 3]].concat());
    }
}

#[test]
fn the_newer_grade_is_sent_once_again_and_then_never() {
    let late_write = LateWrite::begin();
    let LateWrite { book, stage, other, .. } = &late_write;
    stage.advance_to(NOW + LATE_WRITE_WINDOW - 1);
    stage.deliver(other, "0.75");
    assert_eq!(
        (book.arrived(), count(stage, "kept")),
        (["0.5", "1.0", "0.75"].map(str::to_owned).into(), 1)
    );
    stage.advance_to(NOW + LATE_WRITE_WINDOW);
    late_write.assert_all_arrived(&["0.5", "1.0", "0.75", "1.0"]);
}

#[test]
fn a_grade_that_is_delivered_meanwhile_is_sent_last() {
    let late_write = LateWrite::begin();
    let LateWrite { book, stage, token, .. } = &late_write;
    stage.server.set_now(NOW + 100);
    stage.deliver(token, "0.7");
    assert_eq!(book.score().as_deref(), Some("0.7"));
    stage.advance_to(NOW + LATE_WRITE_WINDOW + 100);
    late_write.assert_all_arrived(&["0.5", "1.0", "0.7", "0.7"]);
}

#[test]
fn a_grade_that_is_refused_meanwhile_changes_nothing() {
    let responses =
        [http("500 Oh", "text/plain", ""), success(), pox("failure", "Not this", ""), success()];
    let stage = Stage::durable(responding_in_order(responses), "");
    let token = stage.token();
    let older = stage.queue(&token, "0.5");
    stage.deliver(&token, "1.0");
    stage.server.set_now(NOW + 100);
    refused(&stage.call("POST", &token, r#"{"score":0.7}"#), 502, "platform-refused");
    stage.advance_to(NOW + LATE_WRITE_WINDOW);
    wait_for(|| count(&stage, "kept") == 0);
    for score in ["0.5", "1.0", "0.7", "1.0"] {
        assert_eq!(element(&stage.platform.next(), "textString"), score);
    }
    stage.platform.saw_nothing();
    assert_eq!(stage.find(&token, &older)["status"], "superseded");
}

#[test]
fn a_grade_that_is_sent_again_waits_also_after_a_restart() {
    let mut late_write = LateWrite::begin();
    late_write.stage = late_write.stage.restarted();
    late_write.stage.advance_to(NOW + LATE_WRITE_WINDOW - 1);
    assert_eq!(late_write.book.arrived(), ["0.5", "1.0"]);
    late_write.stage.advance_to(NOW + LATE_WRITE_WINDOW);
    late_write.assert_all_arrived(&["0.5", "1.0", "1.0"]);
}

/// The platform accepted the grade before, and the caller has that response.
#[test]
fn a_refusal_of_a_grade_that_is_sent_again_is_no_failure() {
    let responses =
        [http("500 Oh", "text/plain", ""), success(), pox("failure", "Too late", ""), success()];
    let stage = Stage::durable(responding_in_order(responses), "");
    let token = stage.token();
    let older = stage.queue(&token, "0.5");
    stage.deliver(&token, "1.0");
    stage.advance_to(NOW + LATE_WRITE_WINDOW);
    wait_for(|| count(&stage, "kept") == 0);
    for score in ["0.5", "1.0", "1.0"] {
        assert_eq!(element(&stage.platform.next(), "textString"), score);
    }
    stage.advance_to(NOW + 10 * LATE_WRITE_WINDOW);
    stage.platform.saw_nothing();
    assert_eq!(count(&stage, "finished WHERE status = 'delivered' AND tries = 2"), 1);
    assert_eq!(stage.find(&token, &older)["status"], "superseded");
}
