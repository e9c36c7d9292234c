//! Concurrent grades: sequential for one learner, parallel for several learners.

use crate::support::{Upstream, Wire};

use super::state::count;
use super::*;

/// A platform that the test controls, and tokens of these users.
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

/// The next request, and the connection for its response.
#[track_caller]
fn next(platform: &Upstream) -> (Recorded, Wire) {
    let (mut wire, head) = platform.request();
    (Recorded { body: wire.body(&head).bytes, head }, wire)
}

/// Accepts the grade and closes the connection.
fn accept(mut wire: Wire) {
    wire.send(success().replacen("\r\n", "\r\nConnection: close\r\n", 1));
    wire.finish();
}

#[test]
fn grades_of_one_learner_are_sent_one_after_the_other() {
    for durable in [false, true] {
        let (stage, platform, [token]) = stage(durable, ["learner-ada"]);
        let server = &stage.server;
        let send = |score: usize| {
            response_json(
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
                accept(wire);
            }
            for one in sending {
                one.join().expect("delivered");
            }
        });
        assert!(platform.saw_nothing());
    }
}

#[test]
fn grades_of_several_learners_are_sent_in_parallel() {
    for durable in [false, true] {
        let users = ["learner-ada", "learner-grace", "learner-mary"];
        let (stage, platform, tokens) = stage(durable, users);
        let server = &stage.server;
        std::thread::scope(|scope| {
            let mut held = Vec::new();
            for (token, user) in tokens.iter().zip(users) {
                scope.spawn(move || {
                    response_json(&call(server, "POST", "/grades", token, r#"{"score":1}"#), 200)
                });
                let (request, wire) = next(&platform);
                assert_eq!(element(&request, "sourcedId"), user);
                held.push(wire);
            }
            // The first one gets its response last.
            for wire in held.into_iter().rev() {
                accept(wire);
            }
        });
        assert!(platform.saw_nothing());
    }
}

#[test]
fn a_caller_that_disconnects_loses_no_grade() {
    let (stage, platform, [token]) = stage(true, ["learner-ada"]);
    let mut caller = stage.server.connect();
    caller.send(format!(
        "POST /grades HTTP/1.1\r\nHost: tool.example\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 13\r\n\r\n{{\"score\":0.5}}"
    ));
    let (first, mut wire) = next(&platform);
    caller.close();
    wire.send(
        "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    wire.finish();
    wait_for(|| count(&stage, "kept WHERE tries = 1") == 1);
    stage.server.set_now(NOW + 60);
    let (second, wire) = next(&platform);
    assert_eq!(
        (element(&first, "textString"), element(&second, "textString")),
        ("0.5".into(), "0.5".into())
    );
    accept(wire);
    wait_for(|| count(&stage, "finished WHERE status = 'delivered'") == 1);
    assert_eq!(count(&stage, "kept"), 0);
}
