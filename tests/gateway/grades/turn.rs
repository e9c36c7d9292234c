//! Grades that are sent at the same time: of one learner one after the other, of several side by side.

use crate::support::{Upstream, Wire};

use super::state::count;
use super::*;

/// A platform that waits for the test, and tokens of these users there.
fn stage<const N: usize>(durable: bool, users: [&str; N]) -> (Stage, Upstream, [String; N]) {
    let platform = Upstream::start();
    let idle = Recorder::start();
    let stage = if durable { Stage::durable(idle, "") } else { Stage::with(idle, "", "") };
    let url = format!("{}{OUTCOME}", platform.origin());
    let tokens = users.map(|user| {
        let form = Form { nonce: user, ..launch(&url) };
        let form = form.but(&[("user_id", user), ("lis_result_sourcedid", user)]);
        stage.token_of(&form).expect("a grade token")
    });
    (stage, platform, tokens)
}

/// The next request, and the connection to answer it on.
#[track_caller]
fn next(platform: &Upstream) -> (Recorded, Wire) {
    let (mut wire, head) = platform.request();
    (Recorded { body: wire.body(&head).bytes, head }, wire)
}

/// Answers that it was taken, and that the connection ends.
fn take(mut wire: Wire) {
    wire.send(good().replacen("\r\n", "\r\nConnection: close\r\n", 1));
    wire.finish();
}

#[test]
fn of_one_learner_the_next_grade_is_sent_when_the_one_before_has_arrived() {
    for durable in [false, true] {
        let (stage, platform, [token]) = stage(durable, ["learner-ada"]);
        let server = &stage.server;
        let send = |score: usize| {
            told(
                &call(server, "POST", "/grades", &token, &format!("{{\"score\":0.{score}}}")),
                200,
            );
        };
        std::thread::scope(|scope| {
            let mut sending = vec![scope.spawn(move || send(1))];
            for score in 1..=5 {
                let (request, wire) = next(&platform);
                assert_eq!(element(&request, "textString"), format!("0.{score}"));
                if score < 5 {
                    sending.push(scope.spawn(move || send(score + 1)));
                }
                assert!(platform.saw_nothing(), "one at a time");
                take(wire);
            }
            for one in sending {
                one.join().expect("delivered");
            }
        });
        assert!(platform.saw_nothing());
    }
}

#[test]
fn of_several_learners_none_waits_for_another() {
    for durable in [false, true] {
        let users = ["learner-ada", "learner-grace", "learner-mary"];
        let (stage, platform, tokens) = stage(durable, users);
        let server = &stage.server;
        std::thread::scope(|scope| {
            let mut held = Vec::new();
            for (token, user) in tokens.iter().zip(users) {
                scope.spawn(move || {
                    told(&call(server, "POST", "/grades", token, r#"{"score":1}"#), 200)
                });
                let (request, wire) = next(&platform);
                assert_eq!(element(&request, "sourcedId"), user);
                held.push(wire);
            }
            // The first is answered last.
            for wire in held.into_iter().rev() {
                take(wire);
            }
        });
        assert!(platform.saw_nothing());
    }
}

#[test]
fn a_caller_that_leaves_loses_no_grade() {
    let (stage, platform, [token]) = stage(true, ["learner-ada"]);
    let mut caller = stage.server.connect();
    caller.send(format!(
        "POST /grades HTTP/1.1\r\nHost: tool.example\r\nAuthorization: Bearer {token}\r\nContent-Length: 13\r\n\r\n{{\"score\":0.5}}"
    ));
    let (first, mut wire) = next(&platform);
    caller.close();
    wire.send(
        "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    wire.finish();
    patiently(|| count(&stage, "kept WHERE tries = 1") == 1);
    stage.server.set_now(NOW + 60);
    let (second, wire) = next(&platform);
    assert_eq!(
        (element(&first, "textString"), element(&second, "textString")),
        ("0.5".into(), "0.5".into())
    );
    take(wire);
    patiently(|| count(&stage, "finished WHERE status = 'delivered'") == 1);
    assert_eq!(count(&stage, "kept"), 0);
}
