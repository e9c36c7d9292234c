//! The browser's side: no grade token reaches it, and none of its own reaches the upstream.

use super::*;

/// Spellings that some servers take for the same name.
const SPELLINGS: [&str; 8] = [
    "X-LTI-Grade-Token",
    "x-lti-grade-token",
    "X_LTI_GRADE_TOKEN",
    "X-Lti_Grade-Token",
    "X.LTI.Grade.Token",
    "X~LTI~Grade~Token",
    "X-LTI-Grade-Token-2",
    "X-LTI-Anything",
];

#[test]
fn a_browsers_own_grade_token_does_not_arrive() {
    let stage = Stage::new(good());
    let url = stage.outcome_url();
    let mut takes = Browser::new(&stage.server);
    let visit = takes.open(&launch(&url));
    let mut takes_none = Browser::new(&stage.server);
    let none = takes_none.open(
        &Form { nonce: "2", ..launch(&url) }
            .but(&[("user_id", "u-2")])
            .without("lis_result_sourcedid"),
    );
    for name in SPELLINGS {
        assert_eq!(takes.send("GET", &visit.at("/"), &[(name, "evil")], b"").status, 200);
        let request = stage.upstream.request();
        assert!(!request.head.contains("evil"), "{name}");
        assert!(request.header("x-lti-grade-token").is_some_and(|token| token.len() > 40));

        let named = [(name, "evil"), ("Connection", name)];
        assert_eq!(takes_none.send("GET", &none.at("/"), &named, b"").status, 200);
        let request = stage.upstream.request();
        assert!(!request.head.contains("evil"), "{name}");
        assert_eq!(request.header("x-lti-grade-token"), None);
    }
    // What a browser calls a header of its connection stays, if it is the gateway's.
    let named = [("Connection", "X-LTI-Grade-Token")];
    assert_eq!(takes.send("GET", &visit.at("/"), &named, b"").status, 200);
    assert!(stage.upstream.request().header("x-lti-grade-token").is_some());
}

#[test]
fn an_upstream_that_echoes_its_headers_tells_no_browser_the_token() {
    let stage = Stage::new(good());
    let echo = Recorder::with(|request| {
        let mut answer = String::from("HTTP/1.1 200 OK\r\nX-LTI-More: x\r\n");
        for (name, value) in request.head.headers() {
            if !["content-length", "host", "connection"].contains(&name.as_str()) {
                answer.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        format!("{answer}Content-Length: 2\r\n\r\nok").into_bytes()
    });
    let server = stage.differing(&stage.upstream.url(), &echo.url());
    let mut browser = Browser::new(&server);
    let launched = browser.launch(&launch(&stage.outcome_url()));
    let door = launched.header("location").expect("a door").to_owned();
    let arrived = browser.get(&door);
    let address = arrived.header("location").expect("a clean address").to_owned();
    let mut replies = vec![launched, arrived];
    for method in ["GET", "POST", "HEAD", "OPTIONS"] {
        replies.push(browser.send(method, &address, &[], b""));
        let token = echo.request().header("x-lti-grade-token").expect("a grade token");
        for reply in &replies {
            assert!(
                !reply.body.contains(&token) && !reply.body.contains("rade-token"),
                "{reply:?}"
            );
            for (name, value) in &reply.headers {
                assert!(!name.starts_with("x-lti-") && !value.contains(&token), "{name}: {value}");
            }
        }
    }
    assert!(
        replies.last().is_some_and(|reply| reply.header("x-forwarded-host").is_some()),
        "an echo"
    );
}

#[test]
fn a_trace_carries_no_token() {
    let stage = Stage::new(good());
    let mut browser = Browser::new(&stage.server);
    let visit = browser.open(&launch(&stage.outcome_url()));
    let forged = [("X-LTI-Grade-Token", "evil")];
    assert_eq!(browser.send("TRACE", &visit.at("/"), &forged, b"").status, 200);
    let request = stage.upstream.request();
    assert_eq!(request.header("x-lti-grade-token"), None);
    assert!(!request.head.contains("evil"));
}

#[test]
fn a_token_is_for_its_learner_and_link_whatever_the_body_says() {
    let stage = Stage::new(good());
    let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
    for (token, learner) in
        [(&ada, "learner-ada"), (&grace, "learner-grace"), (&ada, "learner-ada")]
    {
        stage.deliver(token, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), learner);
    }
}
