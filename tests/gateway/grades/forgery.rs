//! The browser never receives a grade token, and cannot forge one for the upstream.

use super::*;

/// Header names that some servers treat as equal.
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
fn a_forged_grade_token_does_not_reach_the_upstream() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    let mut graded = Browser::new(&stage.server);
    let visit = graded.open(&launch(&url));
    let mut ungraded = Browser::new(&stage.server);
    let none = ungraded.open(
        &Form { nonce: "2", ..launch(&url) }
            .but(&[("user_id", "u-2")])
            .without("lis_result_sourcedid"),
    );
    for name in SPELLINGS {
        assert_eq!(graded.send("GET", &visit.at("/"), &[(name, "evil")], b"").status, 200);
        let request = stage.upstream.request();
        assert!(!request.head.contains("evil"), "{name}");
        assert!(request.header("x-lti-grade-token").is_some_and(|token| token.len() > 40));

        let named = [(name, "evil"), ("Connection", name)];
        assert_eq!(ungraded.send("GET", &none.at("/"), &named, b"").status, 200);
        let request = stage.upstream.request();
        assert!(!request.head.contains("evil"), "{name}");
        assert_eq!(request.header("x-lti-grade-token"), None);
    }
    // A browser cannot remove the gateway's header by naming it in `Connection` (hop-by-hop).
    let named = [("Connection", "X-LTI-Grade-Token")];
    assert_eq!(graded.send("GET", &visit.at("/"), &named, b"").status, 200);
    assert!(stage.upstream.request().header("x-lti-grade-token").is_some());
}

#[test]
fn an_upstream_that_echoes_its_headers_reveals_no_token() {
    let stage = Stage::new(success());
    let echo = Recorder::with(|request| {
        let mut response = String::from("HTTP/1.1 200 OK\r\nX-LTI-More: x\r\n");
        for (name, value) in request.head.headers() {
            if !["content-length", "host", "connection"].contains(&name.as_str()) {
                response.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        format!("{response}Content-Length: 2\r\n\r\nok").into_bytes()
    });
    let server = stage.start_with(&stage.upstream.url(), &echo.url());
    let mut browser = Browser::new(&server);
    let launched = browser.launch(&launch(&stage.outcome_url()));
    let door = launched.header("location").expect("an entry URL").to_owned();
    let arrived = browser.get(&door);
    let address = arrived.header("location").expect("a URL without a ticket").to_owned();
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
    let stage = Stage::new(success());
    let mut browser = Browser::new(&stage.server);
    let visit = browser.open(&launch(&stage.outcome_url()));
    let forged = [("X-LTI-Grade-Token", "evil")];
    assert_eq!(browser.send("TRACE", &visit.at("/"), &forged, b"").status, 200);
    let request = stage.upstream.request();
    assert_eq!(request.header("x-lti-grade-token"), None);
    assert!(!request.head.contains("evil"));
}

#[test]
fn a_token_is_only_for_its_learner_and_link() {
    let stage = Stage::new(success());
    let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
    for (token, learner) in
        [(&ada, "learner-ada"), (&grace, "learner-grace"), (&ada, "learner-ada")]
    {
        stage.deliver(token, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), learner);
    }
}
