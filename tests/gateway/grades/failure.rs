//! Platforms that misbehave, each within the tool's timeout: without a durable state the caller is told and keeps the grade,
//! with one the gateway does.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::support::{Upstream, Wire};

use super::*;

/// How long a platform may take here.
const PATIENCE: &str = "timeout = \"1s\"";
const SCORE: &str = r#"{"score":0.5}"#;

/// A platform that answers what the test says.
fn told_to() -> (Arc<Mutex<Vec<u8>>>, Recorder) {
    let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
    let said = Arc::clone(&answer);
    (answer, Recorder::with(move |_| said.lock().expect("not poisoned").clone()))
}

/// Answers of platforms: what they are, the code, the status that the caller is told and, where it is not that of the
/// answer, the message; then the status of the answer and its words, and whether it may be different later.
type Case = (Vec<u8>, u16, &'static str, &'static str, u16, &'static str, bool);

fn cases(elsewhere: &Recorder) -> Vec<Case> {
    let refused = |answer: String, message: &'static str, status: u16, words: &'static str| {
        (answer.into_bytes(), 502, "platform-refused", message, status, words, false)
    };
    let unwell = |answer: String, message: &'static str, status: u16, words: &'static str| {
        (answer.into_bytes(), 503, "platform-unreachable", message, status, words, true)
    };
    let unintelligible = |answer: Vec<u8>, message: &'static str| {
        (answer, 502, "platform-answer", message, 200, "", true)
    };
    let redirect = |status: u16, message: &'static str| {
        let location = format!("{}/elsewhere", elsewhere.origin());
        let answer =
            format!("HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        (answer.into_bytes(), 502, "platform-answer", message, status, "", false)
    };
    let page = "<!DOCTYPE html><html><p>Private page of the platform</html>";
    let xml = envelope("failure", "No such user &amp; more", "");
    let (whole, large) = (envelope("success", "", ""), "x".repeat(2 << 20));
    let cut = whole.get(..whole.len() / 2).expect("ASCII");
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    vec![
        redirect(
            301,
            "the platform points to another address with status 301, which is not followed",
        ),
        redirect(
            302,
            "the platform points to another address with status 302, which is not followed",
        ),
        redirect(
            303,
            "the platform points to another address with status 303, which is not followed",
        ),
        redirect(
            307,
            "the platform points to another address with status 307, which is not followed",
        ),
        redirect(
            308,
            "the platform points to another address with status 308, which is not followed",
        ),
        refused(
            http("401 Unauthorized", "text/plain", " Bad signature\n"),
            "the platform refused with status 401: Bad signature",
            401,
            "Bad signature",
        ),
        refused(
            http("403 Forbidden", "text/html; charset=utf-8", page),
            "the platform refused with status 403",
            403,
            "",
        ),
        refused(
            http("404 Not Found", "text/html", page),
            "the platform refused with status 404",
            404,
            "",
        ),
        refused(
            http("400 Bad Request", "text/html", ""),
            "the platform refused with status 400",
            400,
            "",
        ),
        refused(
            http("415 Unsupported Media Type", "application/json", "{\"a\":1}"),
            "the platform refused with status 415: {\"a\":1}",
            415,
            "{\"a\":1}",
        ),
        refused(
            http("422 Unprocessable Entity", "application/xml", &xml),
            "the platform refused with status 422: No such user & more",
            422,
            "No such user & more",
        ),
        refused(
            http("422 Unprocessable Entity", "text/html", page),
            "the platform refused with status 422",
            422,
            "",
        ),
        refused(
            pox("failure", "Grade is past due", ""),
            "the platform refused with status 200: Grade is past due",
            200,
            "Grade is past due",
        ),
        refused(pox("unsupported", "", ""), "the platform refused with status 200", 200, ""),
        unwell(
            http("408 Request Timeout", "text/html", ""),
            "the platform failed with status 408",
            408,
            "",
        ),
        unwell(
            http("425 Too Early", "text/html", ""),
            "the platform failed with status 425",
            425,
            "",
        ),
        unwell(
            http("429 Too Many Requests", "text/plain", "Slow down"),
            "the platform failed with status 429: Slow down",
            429,
            "Slow down",
        ),
        unwell(
            http("500 Internal Server Error", "application/xml", &xml),
            "the platform failed with status 500: No such user & more",
            500,
            "No such user & more",
        ),
        unwell(
            http("503 Service Unavailable", "text/html", page),
            "the platform failed with status 503",
            503,
            "",
        ),
        unwell(
            http("503 Service Unavailable", "application/xml", &whole),
            "the platform failed with status 503",
            503,
            "",
        ),
        unintelligible(
            http("200 OK", "text/html", page).into(),
            "the platform's answer has a document type, as a page has and an outcome has not (status 200)",
        ),
        unintelligible(
            http("200 OK", "text/html", "").into(),
            "the platform's answer is not XML, or not all of it (status 200)",
        ),
        unintelligible(
            http("200 OK", "application/xml", cut).into(),
            "the platform's answer is not XML, or not all of it (status 200)",
        ),
        unintelligible(
            http("200 OK", "application/json", "{\"status\":\"success\"}").into(),
            "the platform's answer is not XML, or not all of it (status 200)",
        ),
        unintelligible(
            http("200 OK", "application/xml", "<ok/>").into(),
            "the platform's answer has no imsx_codeMajor (status 200)",
        ),
        unintelligible(
            pox("done", "", "").into(),
            "the platform's answer has an imsx_codeMajor that is not known (status 200)",
        ),
        unintelligible(
            http("200 OK", "application/xml", &large).into(),
            "the platform's answer is larger than 64 KiB (status 200)",
        ),
        unintelligible(chunks.into(), "the platform's answer is larger than 64 KiB (status 200)"),
    ]
}

#[test]
fn without_a_durable_state_every_answer_is_told_and_nothing_is_kept() {
    let (answer, platform) = told_to();
    let elsewhere = Recorder::start();
    let stage = Stage::with(platform, "", PATIENCE);
    let token = stage.token();
    for (bytes, status, code, message, said, words, _) in cases(&elsewhere) {
        *answer.lock().expect("not poisoned") = bytes;
        for (method, body) in [("POST", SCORE), ("DELETE", ""), ("GET", "")] {
            let reply = stage.call(method, &token, body);
            assert_eq!(
                refused(&reply, status, code),
                json!({ "message": message, "platform": { "status": said, "description": words } })
            );
            stage.platform.request();
        }
    }
    elsewhere.saw_nothing();
    stage.upstream.saw_nothing();
}

#[test]
fn with_a_durable_state_what_may_be_different_later_is_kept() {
    let (answer, platform) = told_to();
    let elsewhere = Recorder::start();
    let stage = Stage::durable(platform, PATIENCE);
    let token = stage.token();
    for (bytes, status, code, message, said, words, may_change) in cases(&elsewhere) {
        *answer.lock().expect("not poisoned") = bytes;
        let reply = stage.call("POST", &token, SCORE);
        stage.platform.request();
        if !may_change {
            assert_eq!(
                refused(&reply, status, code),
                json!({ "message": message, "platform": { "status": said, "description": words } })
            );
            continue;
        }
        let told = told(&reply, 202);
        let id = told["id"].as_str().expect("an id");
        assert_eq!(reply.header("location"), Some(format!("/grades/{id}").as_str()));
        assert_eq!(told, json!({ "status": "kept", "id": id, "reason": message }));
        assert_eq!(
            stage.find(&token, id),
            json!({
                "id": id,
                "status": "kept",
                "accepted": NOW,
                "tries": 1,
                "next_try": NOW + 1,
                "platform": message,
            })
        );
        // To read is nothing that could be kept.
        refused(&stage.call("GET", &token, ""), status, code);
        stage.platform.request();
    }
    elsewhere.saw_nothing();
}

/// An outcome URL that points elsewhere is not followed, whatever the place.
// Checklist F1.h 147.
#[test]
fn a_redirect_from_the_outcome_url_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for location in ["/elsewhere", "//elsewhere.example/", ""] {
            let answer = format!(
                "HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            );
            let stage = Stage::new(answer);
            let reply = stage.call("POST", &stage.token(), SCORE);
            refused(&reply, 502, "platform-answer");
            assert_eq!(
                stage.platform.request().line(),
                format!("POST {OUTCOME}"),
                "and nothing else"
            );
        }
    }
}

#[test]
fn a_platform_that_wants_to_be_asked_later_is_asked_later() {
    let answer = |value: &str| {
        format!(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    for (value, seconds) in [
        ("7", Some(7)),
        (" 120 ", Some(120)),
        ("0", Some(0)),
        ("99999999", Some(99_999_999)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("-5", None),
        ("soon", None),
    ] {
        let stage = Stage::new(answer(value));
        let reply = stage.call("POST", &stage.token(), SCORE);
        refused(&reply, 503, "platform-unreachable");
        assert_eq!(
            reply.header("retry-after"),
            seconds.map(|seconds: u64| seconds.to_string()).as_deref()
        );

        let stage = Stage::durable(Recorder::answering(answer(value)), "");
        let token = stage.token();
        let id = stage.keep(&token, "0.5");
        // One hour is the longest that a platform may ask for.
        let wait = seconds.unwrap_or_default().clamp(1, 3600);
        let next = stage.find(&token, &id)["next_try"].as_u64().expect("a time");
        assert!((NOW + wait..=NOW + wait + 1).contains(&next), "{value}: {next}");
    }
}

#[test]
fn a_204_tells_no_score() {
    let stage = Stage::new("HTTP/1.1 204 No Content\r\n\r\n");
    let reply = stage.call("GET", &stage.token(), "");
    assert_eq!(
        refused(&reply, 502, "platform-answer"),
        json!({
            "message": "the platform's answer is not XML, or not all of it (status 204)",
            "platform": { "status": 204, "description": "" },
        })
    );
}

/// What a platform does with a connection, and whether the caller waits for the end of the tool's timeout.
type Manners = (&'static str, fn(Wire), bool);

/// What keeps a connection open until the other side has enough.
fn hold(mut wire: Wire) {
    wire.rest();
}

const MANNERS: [Manners; 8] = [
    ("closes at once", |wire| wire.close(), false),
    (
        "closes after the request",
        |mut wire| {
            let head = wire.head().expect("a request");
            wire.body(&head);
            wire.close();
        },
        false,
    ),
    ("resets", |wire| wire.reset(), false),
    (
        "sends half a head and closes",
        |mut wire| {
            let head = wire.head().expect("a request");
            wire.body(&head);
            wire.send("HTTP/1.1 200 O");
            wire.close();
        },
        false,
    ),
    (
        "sends half a body and closes",
        |mut wire| {
            let head = wire.head().expect("a request");
            wire.body(&head);
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<?xml");
            wire.close();
        },
        false,
    ),
    ("says nothing", hold, true),
    (
        "sends half a head and nothing more",
        |mut wire| {
            wire.head().expect("a request");
            wire.send("HTTP/1.1 200 O");
            hold(wire);
        },
        true,
    ),
    (
        "sends a head and nothing more",
        |mut wire| {
            wire.head().expect("a request");
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<?xml");
            hold(wire);
        },
        true,
    ),
];

/// Calls while a platform with these manners takes the one connection.
fn call_upon(
    stage: &Stage,
    platform: &Upstream,
    manners: fn(Wire),
    method: &str,
    token: &str,
) -> Reply {
    let server = &stage.server;
    let body = if method == "POST" { SCORE } else { "" };
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| call(server, method, "/grades", token, body));
        manners(platform.accept());
        calling.join().expect("an answer")
    })
}

/// Each on its own, at the same time: most of it is waiting.
fn for_each_manners(check: impl Fn(Manners) + Sync) {
    std::thread::scope(|scope| {
        for manners in MANNERS {
            let check = &check;
            scope.spawn(move || check(manners));
        }
    });
}

#[test]
fn a_platform_that_does_not_answer_is_told_within_the_timeout() {
    for_each_manners(|(what, manners, slow)| {
        let platform = Upstream::start();
        let stage = Stage::with(Recorder::start(), "", PATIENCE);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        for method in ["POST", "GET", "DELETE"] {
            let reply = call_upon(&stage, &platform, manners, method, &token);
            if slow {
                assert_eq!(
                    refused(&reply, 504, "platform-slow"),
                    json!({ "message": "the platform did not respond within the tool's timeout" }),
                    "{what}"
                );
            } else {
                let refusal = refused(&reply, 503, "platform-unreachable");
                let message = refusal["message"].as_str().expect("text");
                assert!(
                    message.starts_with("the platform cannot be reached: "),
                    "{what}: {message}"
                );
                assert!(!message.contains("http"), "the address is the platform's own: {message}");
                assert_eq!(refusal.as_object().expect("an object").len(), 1, "{what}: {refusal}");
            }
            assert!(platform.saw_nothing(), "{what}: a try is one request");
        }
    });
}

#[test]
fn a_grade_for_a_platform_that_does_not_answer_is_kept() {
    for_each_manners(|(what, manners, slow)| {
        let platform = Upstream::start();
        let stage = Stage::durable(Recorder::start(), PATIENCE);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        let reply = call_upon(&stage, &platform, manners, "POST", &token);
        let told = told(&reply, 202);
        let reason = told["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("the platform cannot be reached: "), "{what}: {reason}");
        assert_eq!(
            reason.contains("it did not answer within the tool's timeout"),
            slow,
            "{what}: {reason}"
        );
        let id = told["id"].as_str().expect("an id");
        assert_eq!(stage.find(&token, id)["status"], "kept", "{what}");
        assert!(platform.saw_nothing(), "{what}: it is not due yet");
    });
}

#[test]
fn a_platform_that_is_not_there_is_told_or_its_grade_kept() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}/o", listener.local_addr().expect("an address"));
    drop(listener);
    let stage = Stage::with(Recorder::start(), "", PATIENCE);
    let refusal = refused(
        &stage.call("POST", &stage.token_of(&launch(&url)).expect("a grade token"), SCORE),
        503,
        "platform-unreachable",
    );
    assert!(
        refusal["message"].as_str().is_some_and(|message| message.contains("refused")),
        "{refusal}"
    );
    let stage = Stage::durable(Recorder::start(), PATIENCE);
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    let id = stage.keep(&token, "0.5");
    assert_eq!(stage.find(&token, &id)["tries"], 1);
}

#[test]
fn a_platform_that_drips_is_told_within_the_timeout() {
    for start in ["HTTP/1.1 200 OK\r\nX-Drip: ", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"]
    {
        let platform = Upstream::start();
        let stage = Stage::with(Recorder::start(), "", PATIENCE);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        let server = &stage.server;
        let reply = std::thread::scope(|scope| {
            let calling = scope.spawn(|| call(server, "POST", "/grades", &token, SCORE));
            let (mut wire, _) = platform.request();
            wire.send(start);
            while !calling.is_finished() {
                std::thread::sleep(Duration::from_millis(50));
                let _ = wire.offer("x");
            }
            calling.join().expect("an answer")
        });
        refused(&reply, 504, "platform-slow");
    }
}
