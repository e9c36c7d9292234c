//! The files of a durable state: the test reads, locks and fills them.

use rusqlite::Connection;

use super::*;

/// Opens `grades.sqlite`.
pub(super) fn open(stage: &Stage) -> Connection {
    open_file(stage, "grades.sqlite")
}

/// Opens a file of the state.
fn open_file(stage: &Stage, name: &str) -> Connection {
    let directory = stage.directory.as_ref().expect("a durable state").path();
    Connection::open(directory.join("state").join(name)).expect("the file")
}

/// The response of `/ready`.
fn ready(stage: &Stage) -> (u16, String) {
    let reply = stage.server.get("/ready");
    (reply.status, reply.body)
}

/// The number of rows in `kept` or `finished`, with an optional condition.
#[track_caller]
pub(super) fn count(stage: &Stage, what: &str) -> usize {
    open(stage)
        .query_row(&format!("SELECT COUNT(*) FROM {what}"), [], |row| row.get(0))
        .expect("a number")
}

#[test]
fn a_grade_that_is_delivered_at_once_leaves_no_row() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    for _ in 0..3 {
        stage.deliver(&token, "0.5");
    }
    assert_eq!((count(&stage, "kept"), count(&stage, "finished")), (0, 0));
}

#[test]
fn with_a_full_outbox_no_grade_is_sent() {
    let unavailable = http("500 Internal Server Error", "text/html", "");
    let stage = Stage::durable(responding_in_order([unavailable, success()]), "");
    let token = stage.token();
    stage.queue(&token, "0.5");
    stage.platform.request();
    let file = open(&stage);
    let same: String = file
        .query_row(
            "SELECT group_concat(name) FROM pragma_table_info('kept')
             WHERE name NOT IN ('sequence', 'id', 'slot', 'sender', 'next_try')",
            [],
            |row| row.get(0),
        )
        .expect("columns");
    file.execute(
        &format!(
            "WITH RECURSIVE number (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 99999)
             INSERT INTO kept (id, slot, sender, next_try, {same})
             SELECT 'copy-' || n, randomblob(16), 'of-another-' || n % 9,
                next_try + 1000000000, {same}
                FROM kept, number"
        ),
        [],
    )
    .expect("copies");
    assert_eq!(count(&stage, "kept"), 100_000);
    for (method, body) in [("POST", r#"{"score":1}"#), ("DELETE", "")] {
        assert_eq!(
            refused(&stage.call(method, &token, body), 503, "state-unavailable"),
            json!({ "message": "the queue of grades is full, so the gateway did not send the \
                        grade; send the grade again later" })
        );
    }
    stage.platform.saw_nothing();
    // A read needs no space.
    assert_eq!(stage.call("GET", &token, "").status, 200);
    stage.platform.request();
    file.execute("DELETE FROM kept WHERE id = 'copy-1'", []).expect("deleted");
    stage.deliver(&token, "1");
    stage.platform.request();
}

#[test]
fn without_a_writable_state_no_grade_is_sent_and_the_gateway_is_not_ready() {
    let stage = Stage::durable(Recorder::answering(success()), "");
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
            json!({ "message": "the gateway may not have stored the grade: database is locked; \
                        send the grade again" })
        );
    }
    assert_eq!(ready(&stage), (503, "state unreachable".to_owned()));
    stage.platform.saw_nothing();
    other.execute_batch("ROLLBACK").expect("no lock");
    // A write that succeeds makes the gateway ready.
    stage.deliver(&token, "1");
    assert_eq!(ready(&stage), (200, "ready".to_owned()));
}

#[test]
fn without_a_writable_replay_store_every_launch_is_rejected() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let url = stage.outcome_url();
    let other = open_file(&stage, "replay.sqlite");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let reply = stage.server.post("/lti/nb", &launch(&url).sign());
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!((reply.header("location"), reply.all("set-cookie")), (None, vec![]));
    assert_eq!(ready(&stage), (503, "state unreachable".to_owned()));
    stage.upstream.saw_nothing();
    other.execute_batch("ROLLBACK").expect("no lock");
    let next = stage.token_of(&Form { nonce: "2", ..launch(&url) }).expect("a grade token");
    assert_eq!(ready(&stage), (200, "ready".to_owned()));
    stage.deliver(&next, "1");
}

#[test]
fn an_unreadable_state_is_not_reported_as_an_unknown_grade() {
    let stage = Stage::durable(Recorder::answering(http("503 Oh", "text/plain", "Later")), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
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
