//! A platform that goes on working at a grade for which nobody waits any more, and is done with it after a newer one.

use super::gradebook::Gradebook;
use super::state::count;
use super::*;

/// For how many seconds a platform may go on working.
const AFTERMATH: u64 = 300;

/// A platform that was silent at 0.5, took 1.0, and then went on with 0.5.
struct Overtaken {
    book: Gradebook,
    stage: Stage,
    token: String,
    /// Of another learner.
    other: String,
    /// The id of 0.5.
    older: String,
}

impl Overtaken {
    #[track_caller]
    fn begin() -> Self {
        let book = Gradebook::default();
        let stage = Stage::durable(book.platform(), "timeout = \"1s\"");
        let (token, other) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
        book.hold(&["0.5"]);
        let older = stage.keep(&token, "0.5");
        stage.deliver(&token, "1.0");
        assert_eq!(stage.find(&token, &older)["status"], "superseded");
        book.release();
        assert_eq!(book.score().as_deref(), Some("0.5"), "the platform has the older one");
        Self { book, stage, token, other, older }
    }

    /// Asserts that exactly these arrive, and nothing later.
    #[track_caller]
    fn arrive_for_good(&self, scores: &[&str]) {
        patiently(|| count(&self.stage, "kept") == 0);
        assert_eq!(self.book.arrived(), scores);
        assert_eq!(self.stage.find(&self.token, &self.older)["status"], "superseded");
        for days in 1..4 {
            self.stage.pass_to(NOW + days * 86_400);
            self.stage.deliver(&self.other, "0.25");
        }
        assert_eq!(self.book.arrived(), [scores, &["0.25"; 3]].concat());
    }
}

#[test]
fn the_newer_grade_is_sent_once_more_and_then_never_again() {
    let overtaken = Overtaken::begin();
    let Overtaken { book, stage, other, .. } = &overtaken;
    stage.pass_to(NOW + AFTERMATH - 1);
    stage.deliver(other, "0.75");
    assert_eq!(
        (book.arrived(), count(stage, "kept")),
        (["0.5", "1.0", "0.75"].map(str::to_owned).into(), 1)
    );
    stage.pass_to(NOW + AFTERMATH);
    overtaken.arrive_for_good(&["0.5", "1.0", "0.75", "1.0"]);
}

#[test]
fn what_came_meanwhile_is_what_is_sent_last() {
    let overtaken = Overtaken::begin();
    let Overtaken { book, stage, token, .. } = &overtaken;
    stage.server.set_now(NOW + 100);
    stage.deliver(token, "0.7");
    assert_eq!(book.score().as_deref(), Some("0.7"));
    stage.pass_to(NOW + AFTERMATH + 100);
    overtaken.arrive_for_good(&["0.5", "1.0", "0.7", "0.7"]);
}

#[test]
fn what_came_meanwhile_and_is_refused_changes_nothing() {
    let answers =
        [http("500 Oh", "text/plain", ""), good(), pox("failure", "Not this", ""), good()];
    let stage = Stage::durable(in_turn(answers), "");
    let token = stage.token();
    let older = stage.keep(&token, "0.5");
    stage.deliver(&token, "1.0");
    stage.server.set_now(NOW + 100);
    refused(&stage.call("POST", &token, r#"{"score":0.7}"#), 502, "platform-refused");
    stage.pass_to(NOW + AFTERMATH);
    patiently(|| count(&stage, "kept") == 0);
    for score in ["0.5", "1.0", "0.7", "1.0"] {
        assert_eq!(element(&stage.platform.next(), "textString"), score);
    }
    stage.platform.saw_nothing();
    assert_eq!(stage.find(&token, &older)["status"], "superseded");
}

#[test]
fn what_is_to_be_sent_once_more_waits_after_a_restart_too() {
    let mut overtaken = Overtaken::begin();
    overtaken.stage = overtaken.stage.restarted();
    overtaken.stage.pass_to(NOW + AFTERMATH - 1);
    assert_eq!(overtaken.book.arrived(), ["0.5", "1.0"]);
    overtaken.stage.pass_to(NOW + AFTERMATH);
    overtaken.arrive_for_good(&["0.5", "1.0", "1.0"]);
}

/// Whoever sent it was told that it was taken, and so it was.
#[test]
fn that_a_platform_refuses_it_when_it_is_sent_once_more_is_no_failure() {
    let answers =
        [http("500 Oh", "text/plain", ""), good(), pox("failure", "Too late", ""), good()];
    let stage = Stage::durable(in_turn(answers), "");
    let token = stage.token();
    let older = stage.keep(&token, "0.5");
    stage.deliver(&token, "1.0");
    stage.pass_to(NOW + AFTERMATH);
    patiently(|| count(&stage, "kept") == 0);
    for score in ["0.5", "1.0", "1.0"] {
        assert_eq!(element(&stage.platform.next(), "textString"), score);
    }
    stage.pass_to(NOW + 10 * AFTERMATH);
    stage.platform.saw_nothing();
    assert_eq!(count(&stage, "finished WHERE status = 'delivered' AND tries = 2"), 1);
    assert_eq!(stage.find(&token, &older)["status"], "superseded");
}
