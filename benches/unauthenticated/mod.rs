//! Requests that anyone can send: each is refused. The bench compares them with a fixed page.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::edx;

/// A kind of request, as bytes, and the status of its response.
pub struct Case {
    /// Its name in the output.
    pub name: &'static str,
    /// The whole request.
    pub request: Vec<u8>,
    /// The status.
    pub status: u16,
}

/// The path of a session that no cookie here opens.
const SESSION: &str = "/lti/adder/~AAAAAAAAAAAAAAAA/";

/// All kinds.
pub fn cases() -> Vec<Case> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let good = edx::launch(now, "a nonce that is spent");
    let launch = |body: &str| post("/lti/hello", body);
    let cookies = |cookie: &dyn Fn(usize) -> String| {
        let all: Vec<String> = (0..20).map(cookie).collect();
        get(SESSION, &format!("Cookie: {}\r\n", all.join("; ")))
    };
    let case = |name, request, status| Case { name, request, status };
    vec![
        case("unknown key", launch(&good.replace(edx::KEY, "other-key")), 401),
        case("unknown key of 250 bytes", launch(&good.replace(edx::KEY, &"k".repeat(250))), 401),
        case("wrong signature", launch(&good.replace("Learner", "Instructor")), 401),
        case(
            "wrong signature, all variants",
            post("/lti/hello?custom_week=12", &format!("{good}&ext_submit=Press%20to%20launch")),
            401,
        ),
        case("replay", launch(&good), 401),
        case("stale timestamp", launch(&edx::launch(now - 10_000, "another nonce")), 401),
        case("malformed form", launch(&format!("{good}&x=%zz")), 400),
        case("unsigned form", launch("lti_message_type=basic-lti-launch-request"), 400),
        case("no form", post_as("application/json", "/lti/hello", "{}", ""), 415),
        case("GET of a launch path", get("/lti/hello", ""), 405),
        case(
            "bad ticket",
            get(&format!("{}?lti_ticket={}", SESSION.trim_end_matches('/'), sealed(900, 0)), ""),
            401,
        ),
        case("session without a cookie", get(SESSION, ""), 401),
        case("20 foreign cookies", cookies(&|at| format!("app-{at}={}", sealed(60, at))), 401),
        case("20 broken cookies", cookies(&|at| format!("__Secure-lti={}", sealed(800, at))), 401),
        case(
            "broken grade token",
            post_as(
                "application/json",
                "/grades",
                "{\"score\": 0.5}",
                &format!("Authorization: Bearer {}\r\n", sealed(500, 0)),
            ),
            401,
        ),
        case("grade call without a token", get("/grades", ""), 401),
        case("unknown path", get("/wp-login.php", ""), 404),
        case("POST to an unknown path", post("/wp-login.php", "a=1"), 404),
        case("session id without a session", get("/lti/adder/~ada", ""), 401),
    ]
}

/// A POST of a form.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    post_as("application/x-www-form-urlencoded", path, body, "")
}

fn post_as(media_type: &str, path: &str, body: &str, headers: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: our-tools.example\r\nContent-Type: {media_type}\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: our-tools.example\r\n{headers}\r\n").into_bytes()
}

/// Characters that look like a value of the gateway's seal, version 1. Each number is another one.
fn sealed(length: usize, number: usize) -> String {
    let mut text = format!("AQ{number:04}{}", "Ab3-_".repeat(length / 5));
    text.truncate(length / 4 * 4);
    text
}
