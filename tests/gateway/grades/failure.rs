//! Platforms that fail. Without a durable state, the caller gets an error within the tool's
//! timeout. With one, the gateway queues the grade.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::support::{Upstream, Wire};

use super::*;

/// A short timeout for platforms.
const TIMEOUT: &str = "timeout = \"1s\"";
const SCORE: &str = r#"{"score":0.5}"#;

/// A platform with a response that the test sets.
fn platform_with_response() -> (Arc<Mutex<Vec<u8>>>, Recorder) {
    let response: Arc<Mutex<Vec<u8>>> = Arc::default();
    let current = Arc::clone(&response);
    (response, Recorder::with(move |_| current.lock().expect("not poisoned").clone()))
}

/// A response of a platform; status, code and message of the gateway's response; the platform's
/// status and message; whether the gateway retries.
type Case = (Vec<u8>, u16, &'static str, &'static str, u16, &'static str, bool);

fn cases(elsewhere: &Recorder) -> Vec<Case> {
    let refused =
        |response: String, message: &'static str, status: u16, description: &'static str| {
            (response.into_bytes(), 502, "platform-refused", message, status, description, false)
        };
    let unavailable =
        |response: String, message: &'static str, status: u16, description: &'static str| {
            (response.into_bytes(), 503, "platform-unreachable", message, status, description, true)
        };
    let invalid = |response: Vec<u8>, message: &'static str| {
        (response, 502, "platform-answer", message, 200, "", true)
    };
    let redirect = |status: u16, message: &'static str| {
        let location = format!("{}/elsewhere", elsewhere.origin());
        let response =
            format!("HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        (response.into_bytes(), 502, "platform-answer", message, status, "", false)
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
            "the platform redirected with status 301 to {elsewhere}, and the gateway follows no \
             redirect",
        ),
        redirect(
            302,
            "the platform redirected with status 302 to {elsewhere}, and the gateway follows no \
             redirect",
        ),
        redirect(
            303,
            "the platform redirected with status 303 to {elsewhere}, and the gateway follows no \
             redirect",
        ),
        redirect(
            307,
            "the platform redirected with status 307 to {elsewhere}, and the gateway follows no \
             redirect",
        ),
        redirect(
            308,
            "the platform redirected with status 308 to {elsewhere}, and the gateway follows no \
             redirect",
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
        unavailable(
            http("408 Request Timeout", "text/html", ""),
            "the platform failed with status 408",
            408,
            "",
        ),
        unavailable(
            http("425 Too Early", "text/html", ""),
            "the platform failed with status 425",
            425,
            "",
        ),
        unavailable(
            http("429 Too Many Requests", "text/plain", "Slow down"),
            "the platform failed with status 429: Slow down",
            429,
            "Slow down",
        ),
        unavailable(
            http("500 Internal Server Error", "application/xml", &xml),
            "the platform failed with status 500: No such user & more",
            500,
            "No such user & more",
        ),
        unavailable(
            http("503 Service Unavailable", "text/html", page),
            "the platform failed with status 503",
            503,
            "",
        ),
        unavailable(
            http("503 Service Unavailable", "application/xml", &whole),
            "the platform failed with status 503",
            503,
            "",
        ),
        invalid(
            http("200 OK", "text/html", page).into(),
            "the platform's response has a document type: it is a page, not an outcome \
             (status 200)",
        ),
        invalid(
            http("200 OK", "text/html", "").into(),
            "the platform's response is not XML, or incomplete (status 200)",
        ),
        invalid(
            http("200 OK", "application/xml", cut).into(),
            "the platform's response is not XML, or incomplete (status 200)",
        ),
        invalid(
            http("200 OK", "application/json", "{\"status\":\"success\"}").into(),
            "the platform's response is not XML, or incomplete (status 200)",
        ),
        invalid(
            http("200 OK", "application/xml", "<ok/>").into(),
            "the platform's response has no imsx_codeMajor (status 200)",
        ),
        invalid(
            pox("done", "", "").into(),
            "the platform's response has an unknown imsx_codeMajor (status 200)",
        ),
        invalid(
            http("200 OK", "application/xml", &large).into(),
            "the platform's response is larger than 64 KiB (status 200)",
        ),
        invalid(chunks.into(), "the platform's response is larger than 64 KiB (status 200)"),
    ]
}

#[test]
fn without_a_durable_state_every_failure_is_reported_and_no_grade_is_queued() {
    let (response, platform) = platform_with_response();
    let elsewhere = Recorder::start();
    let stage = Stage::with(platform, "", TIMEOUT);
    let token = stage.token();
    for (bytes, status, code, message, platform_status, description, _) in cases(&elsewhere) {
        let message = message.replace("{elsewhere}", &elsewhere.origin());
        *response.lock().expect("not poisoned") = bytes;
        for (method, body) in [("POST", SCORE), ("DELETE", ""), ("GET", "")] {
            let reply = stage.call(method, &token, body);
            assert_eq!(
                refused(&reply, status, code),
                json!({
                    "message": message,
                    "platform": { "status": platform_status, "description": description },
                })
            );
            stage.platform.request();
        }
    }
    elsewhere.saw_nothing();
    stage.upstream.saw_nothing();
}

#[test]
fn with_a_durable_state_the_grade_is_queued_after_a_temporary_failure() {
    let (response, platform) = platform_with_response();
    let elsewhere = Recorder::start();
    let stage = Stage::durable(platform, TIMEOUT);
    let token = stage.token();
    for (bytes, status, code, message, platform_status, description, may_change) in
        cases(&elsewhere)
    {
        let message = message.replace("{elsewhere}", &elsewhere.origin());
        *response.lock().expect("not poisoned") = bytes;
        let reply = stage.call("POST", &token, SCORE);
        stage.platform.request();
        if !may_change {
            assert_eq!(
                refused(&reply, status, code),
                json!({
                    "message": message,
                    "platform": { "status": platform_status, "description": description },
                })
            );
            continue;
        }
        let response = response_json(&reply, 202);
        let id = response["id"].as_str().expect("an id");
        assert_eq!(reply.header("location"), Some(format!("/grades/{id}").as_str()));
        assert_eq!(response, json!({ "status": "kept", "id": id, "reason": message }));
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
        // A read cannot be queued.
        refused(&stage.call("GET", &token, ""), status, code);
        stage.platform.request();
    }
    elsewhere.saw_nothing();
}

/// PHP's notices, in front of a response and behind it.
fn with_notices(document: &str) -> [String; 3] {
    let notice =
        "<br />\n<b>Notice</b>:  Undefined index: a<b in <b>/srv/x.php</b> on line 7<br />\n";
    [
        format!("{notice}{document}"),
        format!("\u{feff}{notice}{document}{notice}"),
        document.replace("</imsx_description>", "&nbsp;AT&T</imsx_description>"),
    ]
}

#[test]
fn a_response_behind_a_notice_of_php_counts_and_the_grade_is_not_sent_again() {
    let (response, platform) = platform_with_response();
    let stage = Stage::durable(platform, TIMEOUT);
    let token = stage.token();
    for body in with_notices(&envelope("success", "Stored", "")) {
        *response.lock().expect("not poisoned") = http("200 OK", "text/html", &body).into_bytes();
        stage.deliver(&token, "0.5");
        let request = stage.platform.request();
        assert_eq!(request.header("accept-encoding").as_deref(), Some("identity"));
    }
    for body in with_notices(&envelope("failure", "Grades are off", "")) {
        *response.lock().expect("not poisoned") = http("200 OK", "text/html", &body).into_bytes();
        let refusal = refused(&stage.call("POST", &token, SCORE), 502, "platform-refused");
        let description = refusal["platform"]["description"].as_str().expect("a description");
        assert!(description.starts_with("Grades are off"), "{refusal}");
        stage.platform.request();
    }
    let queued: usize = super::state::count(&stage, "kept");
    assert_eq!(queued, 0);
}

#[test]
fn a_response_that_is_compressed_unasked_is_read() {
    let body = envelope("success", "Stored", "");
    // Deflate without compression: one stored block.
    let length = u16::try_from(body.len()).expect("a short body");
    let mut gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01".to_vec();
    gzip.extend(length.to_le_bytes());
    gzip.extend((!length).to_le_bytes());
    gzip.extend(body.as_bytes());
    gzip.extend([0; 8]);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Encoding: gzip\r\n\
         Content-Length: {}\r\n\r\n",
        gzip.len()
    );
    let stage = Stage::new([head.into_bytes(), gzip].concat());
    let token = stage.token();
    stage.deliver(&token, "0.5");
    stage.platform.request();
}

/// A redirect to any location.
// Checklist F1.h 147.
#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for location in ["/elsewhere", "//elsewhere.example/", ""] {
            let response = format!(
                "HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            );
            let stage = Stage::new(response);
            let reply = stage.call("POST", &stage.token(), SCORE);
            refused(&reply, 502, "platform-answer");
            assert_eq!(
                stage.platform.request().line(),
                format!("POST {OUTCOME}"),
                "no other request"
            );
        }
    }
}

#[test]
fn the_gateway_respects_retry_after() {
    let response = |value: &str| {
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
        let stage = Stage::new(response(value));
        let reply = stage.call("POST", &stage.token(), SCORE);
        refused(&reply, 503, "platform-unreachable");
        assert_eq!(
            reply.header("retry-after"),
            seconds.map(|seconds: u64| seconds.to_string()).as_deref()
        );

        let stage = Stage::durable(Recorder::answering(response(value)), "");
        let token = stage.token();
        let id = stage.queue(&token, "0.5");
        // The gateway respects at most one hour.
        let wait = seconds.unwrap_or_default().clamp(1, 3600);
        let next = stage.find(&token, &id)["next_try"].as_u64().expect("a timestamp");
        assert!((NOW + wait..=NOW + wait + 1).contains(&next), "{value}: {next}");
    }
}

#[test]
fn a_204_is_no_response_to_a_read() {
    let stage = Stage::new("HTTP/1.1 204 No Content\r\n\r\n");
    let reply = stage.call("GET", &stage.token(), "");
    assert_eq!(
        refused(&reply, 502, "platform-answer"),
        json!({
            "message": "the platform's response is not XML, or incomplete (status 204)",
            "platform": { "status": 204, "description": "" },
        })
    );
}

/// The name of a behavior, the behavior on a connection, and whether the caller waits for the
/// timeout.
type Behavior = (&'static str, fn(Wire), bool);

/// Keeps a connection open until the other side closes it.
fn hold(mut wire: Wire) {
    wire.rest();
}

const BEHAVIORS: [Behavior; 8] = [
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
        "sends half a response head and closes",
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
    ("sends nothing", hold, true),
    (
        "sends half a response head and nothing more",
        |mut wire| {
            wire.head().expect("a request");
            wire.send("HTTP/1.1 200 O");
            hold(wire);
        },
        true,
    ),
    (
        "sends a response head and nothing more",
        |mut wire| {
            wire.head().expect("a request");
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<?xml");
            hold(wire);
        },
        true,
    ),
];

/// Calls the gateway while a platform handles the only connection with this behavior.
fn call_during(
    stage: &Stage,
    platform: &Upstream,
    behavior: fn(Wire),
    method: &str,
    token: &str,
) -> Reply {
    let server = &stage.server;
    let body = if method == "POST" { SCORE } else { "" };
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| call(server, method, "/grades", token, body));
        behavior(platform.accept());
        caller.join().expect("a response")
    })
}

/// Checks all behaviors at the same time, because most of the time is waiting.
fn for_each_behavior(check: impl Fn(Behavior) + Sync) {
    std::thread::scope(|scope| {
        for behavior in BEHAVIORS {
            let check = &check;
            scope.spawn(move || check(behavior));
        }
    });
}

#[test]
fn a_platform_that_does_not_respond_is_reported_within_the_timeout() {
    for_each_behavior(|(what, behavior, slow)| {
        let platform = Upstream::start();
        let stage = Stage::with(Recorder::start(), "", TIMEOUT);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        for method in ["POST", "GET", "DELETE"] {
            let reply = call_during(&stage, &platform, behavior, method, &token);
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
                assert!(!message.contains("http"), "the URL is private: {message}");
                assert_eq!(refusal.as_object().expect("an object").len(), 1, "{what}: {refusal}");
            }
            assert!(platform.saw_nothing(), "{what}: a try is one request");
        }
    });
}

#[test]
fn a_grade_for_a_platform_that_does_not_respond_is_queued() {
    for_each_behavior(|(what, behavior, slow)| {
        let platform = Upstream::start();
        let stage = Stage::durable(Recorder::start(), TIMEOUT);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        let reply = call_during(&stage, &platform, behavior, "POST", &token);
        let response = response_json(&reply, 202);
        let reason = response["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("the platform cannot be reached: "), "{what}: {reason}");
        assert_eq!(
            reason.contains("it did not respond within the tool's `timeout`"),
            slow,
            "{what}: {reason}"
        );
        let id = response["id"].as_str().expect("an id");
        assert_eq!(stage.find(&token, id)["status"], "kept", "{what}");
        assert!(platform.saw_nothing(), "{what}: it is not due yet");
    });
}

#[test]
fn an_unreachable_platform_is_reported_or_its_grade_is_queued() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}/o", listener.local_addr().expect("an address"));
    drop(listener);
    let stage = Stage::with(Recorder::start(), "", TIMEOUT);
    let refusal = refused(
        &stage.call("POST", &stage.token_of(&launch(&url)).expect("a grade token"), SCORE),
        503,
        "platform-unreachable",
    );
    assert!(
        refusal["message"].as_str().is_some_and(|message| message.contains("refused")),
        "{refusal}"
    );
    let stage = Stage::durable(Recorder::start(), TIMEOUT);
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    let id = stage.queue(&token, "0.5");
    assert_eq!(stage.find(&token, &id)["tries"], 1);
}

#[test]
fn a_slow_response_is_reported_within_the_timeout() {
    for start in ["HTTP/1.1 200 OK\r\nX-Drip: ", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"]
    {
        let platform = Upstream::start();
        let stage = Stage::with(Recorder::start(), "", TIMEOUT);
        let url = format!("{}{OUTCOME}", platform.origin());
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        let server = &stage.server;
        let reply = std::thread::scope(|scope| {
            let caller = scope.spawn(|| call(server, "POST", "/grades", &token, SCORE));
            let (mut wire, _) = platform.request();
            wire.send(start);
            while !caller.is_finished() {
                std::thread::sleep(Duration::from_millis(50));
                let _ = wire.offer("x");
            }
            caller.join().expect("a response")
        });
        refused(&reply, 504, "platform-slow");
    }
}
