//! The order in which grades arrive at the gateway is the one that counts, however long each of them waits.

use super::gradebook::Gradebook;
use super::state::{count, open};
use super::*;

/// Sends a score.
fn post(server: &Server, token: &str, score: &str) -> Reply {
    call(server, "POST", "/grades", token, &format!("{{\"score\":{score}}}"))
}

/// Waits until so many grades were ever written down.
#[track_caller]
fn written(stage: &Stage, many: usize) {
    patiently(|| {
        count(stage, &format!("sqlite_sequence WHERE name = 'kept' AND seq >= {many}")) == 1
    });
}

#[test]
fn of_many_that_a_silent_platform_left_waiting_only_the_last_is_kept_and_sent() {
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
        sending.into_iter().map(|one| one.join().expect("an answer")).collect()
    });

    let (last, before) = replies.split_last().expect("replies");
    let newest = told(last, 202)["id"].as_str().expect("an id").to_owned();
    for reply in before {
        match reply.status {
            202 => {
                let id = told(reply, 202)["id"].as_str().expect("an id").to_owned();
                assert_eq!(stage.find(&token, &id)["status"], "superseded");
            }
            // Its turn came when a newer one had given up.
            _ => assert_eq!(told(reply, 200), json!({ "status": "superseded" })),
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
    stage.becomes(&token, &newest, "delivered");
    assert_eq!(book.arrived()[while_silent.len()..], ["0.12"], "nothing but the last");
    assert_eq!(book.score().as_deref(), Some("0.12"));
    assert_eq!(count(&stage, "kept"), 0);
}

#[test]
fn of_grades_that_arrive_together_none_is_sent_after_a_newer_one() {
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
            let order = kept(&stage);
            book.release();
            assert_eq!(told(&first.join().expect("an answer"), 200)["status"], "delivered");
            let replies: Vec<(&String, Reply)> = sending
                .into_iter()
                .map(|(score, one)| (score, one.join().expect("an answer")))
                .collect();
            (order, replies)
        });
        let arrived = book.arrived();
        for (score, reply) in &replies {
            let told = told(reply, 200);
            match arrived.contains(score) {
                true => assert_eq!(told["status"], "delivered", "{score}"),
                false => {
                    assert_eq!(told, json!({ "status": "superseded" }), "{score}: nothing was sent")
                }
            }
        }
        let places: Vec<usize> = arrived
            .iter()
            .map(|score| {
                order.iter().position(|one| one == score).expect("one that was written down")
            })
            .collect();
        assert!(places.is_sorted_by(|one, next| one < next), "each once and in order: {places:?}");
        assert_eq!(book.score().as_ref(), order.last());
    }
}

/// The scores that are kept, in the order in which they were written down.
#[track_caller]
fn kept(stage: &Stage) -> Vec<String> {
    let file = open(stage);
    let mut select = file.prepare("SELECT score FROM kept ORDER BY sequence").expect("the table");
    let scores = select.query_map([], |row| row.get(0)).expect("rows");
    scores.collect::<Result<_, _>>().expect("scores")
}

/// What makes a newer grade overtake an older one that waits for its turn is a matter of instants. What it leaves behind is
/// written here by hand.
#[test]
fn a_grade_that_gave_way_before_its_turn_is_not_sent_and_the_caller_is_told() {
    for delete in [false, true] {
        let book = Gradebook::default();
        book.hold(&["0.5"]);
        let stage = Stage::durable(book.platform(), "");
        let token = stage.token();
        let (server, token) = (&stage.server, &token);
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(move || post(server, token, "0.5"));
            written(&stage, 1);
            patiently(|| book.arrived() == ["0.5"]);
            let second = scope.spawn(move || match delete {
                true => call(server, "DELETE", "/grades", token, ""),
                false => post(server, token, "0.6"),
            });
            written(&stage, 2);
            open(&stage)
                .execute_batch(
                    "BEGIN IMMEDIATE;
                    INSERT INTO finished SELECT sequence, id, slot, tool, sender, host, method, score IS NULL,
                        'superseded', accepted, tries, words, accepted / 1000 FROM kept WHERE sequence = 2;
                    DELETE FROM kept WHERE sequence = 2;
                    COMMIT",
                )
                .expect("moved");
            book.release();
            (first.join().expect("an answer"), second.join().expect("an answer"))
        });
        assert_eq!(told(&first, 200)["status"], "delivered");
        assert_eq!(told(&second, 200), json!({ "status": "superseded" }));
        assert_eq!(second.header("location"), None);
        assert_eq!(book.arrived(), ["0.5"]);
        let lines = log_lines(" outcome=\"superseded\" ");
        assert!(
            lines.iter().any(|line| line.contains(" grade: ") && line.contains("tool=\"nb\"")),
            "{lines:?}"
        );
    }
}
