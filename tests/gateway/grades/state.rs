//! The files of a durable state, looked at and damaged from outside.

use rusqlite::Connection;

use super::*;

/// The file that keeps grades.
pub(super) fn open(stage: &Stage) -> Connection {
    open_file(stage, "grades.sqlite")
}

/// A file of the state.
fn open_file(stage: &Stage, name: &str) -> Connection {
    let folder = stage.folder.as_ref().expect("a durable state").path();
    Connection::open(folder.join("state").join(name)).expect("the file")
}

/// What `/ready` answers.
fn ready(stage: &Stage) -> (u16, String) {
    let reply = stage.server.get("/ready");
    (reply.status, reply.body)
}

/// How many grades are in `kept` or `finished`, or in a part of it.
#[track_caller]
pub(super) fn count(stage: &Stage, what: &str) -> usize {
    open(stage)
        .query_row(&format!("SELECT COUNT(*) FROM {what}"), [], |row| row.get(0))
        .expect("a number")
}

#[test]
fn what_is_delivered_at_once_leaves_nothing_behind() {
    let stage = Stage::durable(Recorder::answering(good()), "");
    let token = stage.token();
    for _ in 0..3 {
        stage.deliver(&token, "0.5");
    }
    assert_eq!((count(&stage, "kept"), count(&stage, "finished")), (0, 0));
}

#[test]
fn when_as_much_is_kept_as_may_be_nothing_is_sent() {
    let unwell = http("500 Internal Server Error", "text/html", "");
    let stage = Stage::durable(in_turn([unwell, good()]), "");
    let token = stage.token();
    stage.keep(&token, "0.5");
    stage.platform.request();
    let kept = open(&stage);
    let same: String = kept
        .query_row(
            "SELECT group_concat(name) FROM pragma_table_info('kept')
             WHERE name NOT IN ('sequence', 'id', 'slot', 'sender', 'next_try')",
            [],
            |row| row.get(0),
        )
        .expect("columns");
    kept.execute(
        &format!(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 99999)
             INSERT INTO kept (id, slot, sender, next_try, {same})
             SELECT 'copy-' || n, randomblob(16), 'of-another-' || n % 9, next_try + 1000000000, {same}
                FROM kept, number"
        ),
        [],
    )
    .expect("copies");
    assert_eq!(count(&stage, "kept"), 100_000);
    for (method, body) in [("POST", r#"{"score":1}"#), ("DELETE", "")] {
        assert_eq!(
            refused(&stage.call(method, &token, body), 503, "state-unavailable"),
            json!({ "message": "the queue of grades is full, so the gateway did not send the grade; send the grade again later" })
        );
    }
    stage.platform.saw_nothing();
    // To read needs no place.
    assert_eq!(stage.call("GET", &token, "").status, 200);
    stage.platform.request();
    kept.execute("DELETE FROM kept WHERE id = 'copy-1'", []).expect("deleted");
    stage.deliver(&token, "1");
    stage.platform.request();
}

#[test]
fn while_the_state_cannot_be_written_nothing_is_sent_and_the_gateway_is_not_ready() {
    let stage = Stage::durable(Recorder::answering(good()), "");
    let token = stage.token();
    assert_eq!(ready(&stage), (200, "ready".to_owned()));
    let other = open(&stage);
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    for (method, target, body) in [("POST", "/grades", r#"{"score":1}"#), ("DELETE", "/grades", "")]
    {
        let refusal =
            refused(&call(&stage.server, method, target, &token, body), 503, "state-unavailable");
        assert_eq!(
            refusal,
            json!({ "message": "the gateway may not have stored the grade: database is locked; send the grade again" })
        );
    }
    assert_eq!(ready(&stage), (503, "state unreachable".to_owned()));
    stage.platform.saw_nothing();
    other.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(ready(&stage), (200, "ready".to_owned()));
    stage.deliver(&token, "1");
}

#[test]
fn while_no_nonce_can_be_written_down_no_launch_is_let_in() {
    let stage = Stage::durable(Recorder::answering(good()), "");
    let url = stage.outcome_url();
    let other = open_file(&stage, "replay.sqlite");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let reply = stage.server.post("/lti/nb", &launch(&url).sign());
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!((reply.header("location"), reply.all("set-cookie")), (None, vec![]));
    assert_eq!(ready(&stage), (503, "state unreachable".to_owned()));
    stage.upstream.saw_nothing();
    other.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(ready(&stage), (200, "ready".to_owned()));
    let next = stage.token_of(&Form { nonce: "2", ..launch(&url) }).expect("a grade token");
    stage.deliver(&next, "1");
}

#[test]
fn while_the_state_cannot_be_read_nobody_is_told_that_a_grade_was_not_sent() {
    let stage = Stage::durable(Recorder::answering(http("503 Oh", "text/plain", "Later")), "");
    let token = stage.token();
    let id = stage.keep(&token, "0.5");
    stage.platform.request();
    let before = stage.find(&token, &id);
    let other = open(&stage);
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    for asked in [&id, "AAAAAAAAAAAAAAAAAAAAAA"] {
        let reply = call(&stage.server, "GET", &format!("/grades/{asked}"), &token, "");
        assert_eq!(
            refused(&reply, 503, "state-unavailable"),
            json!({ "message": "the state of the grade cannot be read: database is locked" })
        );
    }
    other.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(stage.find(&token, &id), before);
    stage.platform.saw_nothing();
}
