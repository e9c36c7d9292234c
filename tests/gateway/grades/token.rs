//! Valid and invalid grade tokens.

use super::*;

const SCORE: &str = r#"{"score":1}"#;
const DAYS: u64 = 86_400;

/// Every call with a token.
const CALLS: [(&str, &str, &str); 4] = [
    ("POST", "/grades", SCORE),
    ("GET", "/grades", ""),
    ("DELETE", "/grades", ""),
    ("GET", "/grades/AAAAAAAAAAAAAAAAAAAAAA", ""),
];

/// Asserts that a gateway accepts a token for no call.
#[track_caller]
pub(super) fn is_invalid(stage: &Stage, server: &Server, token: &str) {
    let message = "the grade token is invalid or has expired, \
                   or its tool or consumer may not send grades; let the user launch again";
    for (method, target, body) in CALLS {
        let reply = call(server, method, target, token, body);
        assert_eq!(refused(&reply, 401, "bad-grade-token"), json!({ "message": message }));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    stage.platform.saw_nothing();
    stage.upstream.saw_nothing();
    if token.len() >= 16 {
        assert_eq!(log_lines(token), [""; 0]);
    }
}

#[test]
fn without_a_token_every_call_is_refused() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    let message =
        "the request has no grade token; send `Authorization: Bearer <X-LTI-Grade-Token>`";
    let basic = format!("Basic {token}");
    let joined = format!("Bearer{token}");
    for headers in [
        &[][..],
        &[("Authorization", token.as_str())],
        &[("Authorization", &basic)],
        &[("Authorization", &joined)],
        &[("Authorization", "Bearer")],
        &[("Authorization", "")],
        &[("X-LTI-Grade-Token", &token)],
        &[("Cookie", &joined)],
    ] {
        for (method, target, body) in CALLS {
            let mut all = vec![("Host", "tool.example")];
            all.extend_from_slice(headers);
            let reply = stage.server.send(method, target, &all, body.as_bytes());
            assert_eq!(refused(&reply, 401, "no-grade-token"), json!({ "message": message }));
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    let in_query = format!("/grades?access_token={token}");
    refused(
        &stage.server.send("POST", &in_query, &[("Host", "tool.example")], SCORE.as_bytes()),
        401,
        "no-grade-token",
    );
    stage.platform.saw_nothing();
    assert_eq!(log_lines(&token), [""; 0]);
}

#[test]
fn the_authorization_scheme_is_case_insensitive() {
    let stage = Stage::new(success());
    let token = stage.token();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let authorization = format!("{scheme} {token}");
        let headers = [("Host", "tool.example"), ("Authorization", authorization.as_str())];
        response_json(&stage.server.send("POST", "/grades", &headers, SCORE.as_bytes()), 200);
        stage.platform.request();
    }
}

#[test]
fn an_altered_token_is_invalid() {
    let stage = Stage::new(success());
    let token = stage.token();
    for at in [0, 1, 2, 30, 34, token.len() / 2, token.len() - 2] {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        is_invalid(&stage, &stage.server, &String::from_utf8(altered).expect("ASCII"));
    }
    for wrong in
        [&token[1..], &token[..token.len() - 1], &format!("{token}A"), &format!("{token}="), "x"]
    {
        is_invalid(&stage, &stage.server, wrong);
    }
    stage.deliver(&token, "1");
}

#[test]
fn other_values_of_the_gateway_are_not_grade_tokens() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    let mut browser = Browser::new(&stage.server);
    let launched = browser.launch(&launch(&url));
    let door = launched.header("location").expect("a door").to_owned();
    let ticket = door.rsplit('=').next().expect("a ticket").to_owned();
    assert!(ticket.len() > 40, "{door}");
    let arrived = browser.get(&door);
    let address = arrived.header("location").expect("a clean address").to_owned();
    let cookies: Vec<String> = browser.cookies.iter().map(|cookie| cookie.value.clone()).collect();
    assert!(cookies.len() > 1, "a session and a receipt");
    assert_eq!(browser.get(&address).status, 200);
    let request = stage.upstream.request();
    let assertion = request.header("x-lti-assertion").expect("an assertion");
    for other in cookies.iter().chain([&ticket, &assertion]) {
        is_invalid(&stage, &stage.server, other);
    }
    // A grade token is not a session either.
    let token = request.header("x-lti-grade-token").expect("a grade token");
    let cookie = format!("__Secure-lti={token}");
    let headers =
        [("Host", "tool.example"), ("Cookie", cookie.as_str()), ("Accept", "application/json")];
    assert_eq!(stage.server.send("GET", &address, &headers, b"").status, 401);
    stage.upstream.saw_nothing();
}

#[test]
fn a_token_is_valid_for_seven_days() {
    let stage = Stage::new(success());
    let token = stage.token();
    stage.server.set_now(NOW + 7 * DAYS);
    stage.deliver(&token, "1");
    stage.platform.request();
    stage.server.set_now(NOW + 7 * DAYS + 1);
    is_invalid(&stage, &stage.server, &token);
}

#[test]
fn a_later_request_of_the_session_brings_a_token_that_expires_later() {
    let stage = Stage::with(Recorder::answering(success()), "session = \"24h\"", "");
    let url = stage.outcome_url();
    let mut browser = Browser::new(&stage.server);
    let visit = browser.open(&launch(&url));
    stage.server.set_now(NOW + 3600);
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let token = stage.upstream.request().header("x-lti-grade-token").expect("a grade token");
    stage.server.set_now(NOW + 3600 + 7 * DAYS);
    stage.deliver(&token, "1");
    stage.server.set_now(NOW + 3601 + 7 * DAYS);
    stage.platform.request();
    is_invalid(&stage, &stage.server, &token);
}

#[test]
fn a_token_outlives_its_session() {
    let stage = Stage::with(Recorder::answering(success()), "session = \"1h\"", "");
    let token = stage.token();
    stage.server.set_now(NOW + DAYS);
    stage.deliver(&token, "1");
}

/// Sends a request with these header bytes.
fn with_headers(stage: &Stage, method: &str, target: &str, headers: &[u8]) -> Reply {
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n")
            .into_bytes();
    request.extend_from_slice(headers);
    if method == "POST" {
        request.extend_from_slice(
            format!("Content-Length: {}\r\n\r\n{SCORE}", SCORE.len()).as_bytes(),
        );
    } else {
        request.extend_from_slice(b"\r\n");
    }
    stage.server.raw(&request)
}

#[test]
fn an_authorization_in_another_form_is_refused() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    let long = "A".repeat(60 * 1024);
    for value in [
        "bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer\t{token}"),
        format!("Bearer:{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer '{token}'"),
        format!("\"Bearer {token}\""),
        format!("Bearer token={token}"),
        format!("Bearer {token}, Basic eDp5"),
        format!("Bearer {token} {token}"),
        format!("Bearer Bearer {token}"),
        format!("Basic {token}"),
        format!("OAuth {token}"),
        format!("Bearer {long}"),
        format!("Bearer {token}{long}"),
        long.clone(),
    ] {
        for (method, target, _) in CALLS {
            let reply = with_headers(
                &stage,
                method,
                target,
                format!("Authorization: {value}\r\n").as_bytes(),
            );
            let code = if reply.body.contains("no-grade-token") {
                "no-grade-token"
            } else {
                "bad-grade-token"
            };
            refused(&reply, 401, code);
        }
    }
    stage.platform.saw_nothing();
    stage.upstream.saw_nothing();
    assert_eq!((log_lines(&token), log_lines(&long)), (vec![], vec![]));
}

#[test]
fn two_authorization_headers_are_refused() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    for (first, second) in [
        (format!("Bearer {token}"), "Basic eDp5".to_owned()),
        ("Basic eDp5".to_owned(), format!("Bearer {token}")),
        (format!("Bearer {token}"), "Bearer x".to_owned()),
        (format!("Bearer {token}"), format!("Bearer {token}")),
        (format!("Bearer {token}"), String::new()),
    ] {
        let headers = format!("Authorization: {first}\r\nauthorization: {second}\r\n");
        for (method, target, _) in CALLS {
            refused(
                &with_headers(&stage, method, target, headers.as_bytes()),
                401,
                "no-grade-token",
            );
        }
    }
    stage.platform.saw_nothing();
    assert_eq!(log_lines(&token), [""; 0]);
}

#[test]
fn an_authorization_that_is_not_utf_8_is_refused() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    for value in [
        [b"Bearer \xff\xfe".as_slice(), token.as_bytes()].concat(),
        [b"Bearer ".as_slice(), token.as_bytes(), b"\xff"].concat(),
        [b"Bearer\xa0".as_slice(), token.as_bytes()].concat(),
        "Bearer \u{e9}\u{1f600}".as_bytes().to_vec(),
        b"\xc3".to_vec(),
    ] {
        for (method, target, _) in CALLS {
            let headers = [b"Authorization: ".as_slice(), &value, b"\r\n"].concat();
            let reply = with_headers(&stage, method, target, &headers);
            let code = if reply.body.contains("no-grade-token") {
                "no-grade-token"
            } else {
                "bad-grade-token"
            };
            refused(&reply, 401, code);
        }
    }
    stage.platform.saw_nothing();
    assert_eq!(log_lines(&token), [""; 0]);
}

/// RFC 9110 §11.4.
#[test]
fn several_spaces_before_the_token_are_accepted() {
    let stage = Stage::new(success());
    let token = stage.token();
    for spaces in ["  ", "     "] {
        let headers = format!("Authorization: Bearer{spaces}{token}\r\n");
        response_json(&with_headers(&stage, "POST", "/grades", headers.as_bytes()), 200);
        stage.platform.request();
    }
}
