//! The order in which grades arrive at the gateway counts, however long each grade waits.

use super::gradebook::Gradebook;
use super::state::{count, open};
use super::*;

/// Sends a score.
fn post(server: &Server, token: &str, score: &str) -> Reply {
    call(server, "POST", "/grades", token, &format!("{{\"score\":{score}}}"))
}

/// Waits until the outbox has stored this number of grades in total.
#[track_caller]
fn written(stage: &Stage, many: usize) {
    wait_for(|| {
        count(stage, &format!("sqlite_sequence WHERE name = 'kept' AND seq >= {many}")) == 1
    });
}

#[test]
fn of_many_grades_that_wait_for_a_silent_platform_only_the_last_is_queued_and_sent() {
    let scores: Vec<String> = (1..=12).map(|number| format!("0.{number:02}")).collect();
    let book = Gradebook::default();
    book.hold(&scores.iter().map(String::as_str).collect::<Vec<_>>());
    let stage = Stage::durable(book.platform(), "timeout = \"3s\"");
    let token = stage.token();
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let (server, token) = (&stage.server, &token);
        let mut sending = Vec::new();
        for (at, score) in scores.iter().enumerate() {
            sending.push(scope.spawn(move || post(server, token, score)));
            written(&stage, at + 1);
        }
        sending.into_iter().map(|one| one.join().expect("a response")).collect()
    });

    let (last, before) = replies.split_last().expect("replies");
    let newest = response_json(last, 202)["id"].as_str().expect("an id").to_owned();
    for reply in before {
        match reply.status {
            202 => {
                let id = response_json(reply, 202)["id"].as_str().expect("an id").to_owned();
                assert_eq!(stage.find(&token, &id)["status"], "superseded");
            }
            // It got the lock after a newer one had timed out.
            _ => assert_eq!(response_json(reply, 200), json!({ "status": "superseded" })),
        }
    }
    assert_eq!(stage.find(&token, &newest)["status"], "kept");
    assert_eq!(
        (count(&stage, "kept"), count(&stage, "finished WHERE status = 'superseded'")),
        (1, 11)
    );
    let while_silent = book.arrived();
    assert!(while_silent.is_sorted_by(|one, next| one < next), "{while_silent:?}");

    book.release();
    stage.server.set_now(NOW + 600);
    stage.wait_for_status(&token, &newest, "delivered");
    assert_eq!(book.arrived()[while_silent.len()..], ["0.12"], "only the last");
    assert_eq!(book.score().as_deref(), Some("0.12"));
    assert_eq!(count(&stage, "kept"), 0);
}

#[test]
fn of_concurrent_grades_none_is_sent_after_a_newer_one() {
    for _ in 0..5 {
        let scores: Vec<String> = (1..=16).map(|number| format!("0.{number:02}")).collect();
        let book = Gradebook::default();
        book.hold(&["0"]);
        let stage = Stage::durable(book.platform(), "");
        let token = stage.token();
        let (server, token) = (&stage.server, &token);
        let (order, replies) = std::thread::scope(|scope| {
            let first = scope.spawn(move || post(server, token, "0"));
            written(&stage, 1);
            let sending: Vec<_> = scores
                .iter()
                .map(|score| (score, scope.spawn(move || post(server, token, score))))
                .collect();
            written(&stage, 17);
            let order = queued(&stage);
            book.release();
            assert_eq!(
                response_json(&first.join().expect("a response"), 200)["status"],
                "delivered"
            );
            let replies: Vec<(&String, Reply)> = sending
                .into_iter()
                .map(|(score, one)| (score, one.join().expect("a response")))
                .collect();
            (order, replies)
        });
        let arrived = book.arrived();
        for (score, reply) in &replies {
            let response = response_json(reply, 200);
            match arrived.contains(score) {
                true => assert_eq!(response["status"], "delivered", "{score}"),
                false => {
                    assert_eq!(response, json!({ "status": "superseded" }), "{score} was not sent")
                }
            }
        }
        let indexes: Vec<usize> = arrived
            .iter()
            .map(|score| order.iter().position(|one| one == score).expect("a stored score"))
            .collect();
        assert!(
            indexes.is_sorted_by(|one, next| one < next),
            "each once and in order: {indexes:?}"
        );
        assert_eq!(book.score().as_ref(), order.last());
    }
}

/// The queued scores in the order of arrival.
#[track_caller]
fn queued(stage: &Stage) -> Vec<String> {
    let file = open(stage);
    let mut select = file.prepare("SELECT score FROM kept ORDER BY sequence").expect("the table");
    let scores = select.query_map([], |row| row.get(0)).expect("rows");
    scores.collect::<Result<_, _>>().expect("scores")
}

/// A newer grade overtakes a waiting one only in a race. The test writes the result of that race
/// into the file.
#[test]
fn a_grade_that_was_superseded_while_it_waited_is_not_sent() {
    for delete in [false, true] {
        let book = Gradebook::default();
        book.hold(&["0.5"]);
        let stage = Stage::durable(book.platform(), "");
        let token = stage.token();
        let (server, token) = (&stage.server, &token);
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(move || post(server, token, "0.5"));
            written(&stage, 1);
            wait_for(|| book.arrived() == ["0.5"]);
            let second = scope.spawn(move || match delete {
                true => call(server, "DELETE", "/grades", token, ""),
                false => post(server, token, "0.6"),
            });
            written(&stage, 2);
            open(&stage)
                .execute_batch(
                    "BEGIN IMMEDIATE;
                    INSERT INTO finished
                        SELECT sequence, id, slot, tool, sender, host, method, score IS NULL,
                            'superseded', accepted, tries, words, accepted / 1000
                        FROM kept WHERE sequence = 2;
                    DELETE FROM kept WHERE sequence = 2;
                    COMMIT",
                )
                .expect("moved");
            book.release();
            (first.join().expect("a response"), second.join().expect("a response"))
        });
        assert_eq!(response_json(&first, 200)["status"], "delivered");
        assert_eq!(response_json(&second, 200), json!({ "status": "superseded" }));
        assert_eq!(second.header("location"), None);
        assert_eq!(book.arrived(), ["0.5"]);
        let lines = log_lines(" outcome=\"superseded\" ");
        assert!(
            lines.iter().any(|line| line.contains(" grade: ") && line.contains("tool=\"nb\"")),
            "{lines:?}"
        );
    }
}
