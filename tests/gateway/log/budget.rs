//! Log lines that a client can cause without signing in: 20 a second of each tool and code.

use crate::support::{Form, NOW, Reply, Server, Setup, log_lines};

/// A server with the gateway's own budget. The log of all tests is one, so each test has tools of
/// its own.
fn server(tool: &str, development: bool) -> Server {
    let tools = format!(
        "[gateway]\npublic_url = \"https://tool.example\"\n\
         secret = \"the gateway's own, of 32 characters\"\n\
         [tools.{tool}]\nkey = \"key-1\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n\
         [tools.{tool}-app]\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
         upstream = \"http://127.0.0.1:9/\"\n"
    );
    Server::start(&Setup { tools: &tools, log_lines: None, development, ..Setup::default() })
}

/// The reference of a page.
fn reference(page: &Reply) -> Option<&str> {
    let (_, rest) = page.body.split_once("give them the reference <code>")?;
    rest.split_once("</code>").map(|(reference, _)| reference)
}

/// The lines of this tool. `text` is a part of them.
fn lines(tool: &str, text: &str) -> Vec<String> {
    let tool = format!("tool=\"{tool}\"");
    log_lines(text).into_iter().filter(|line| line.contains(&tool)).collect()
}

#[test]
fn of_1000_rejected_launches_in_a_second_20_have_a_line_and_a_later_line_has_the_number() {
    let server = server("flooded", false);
    let mut shown = Vec::new();
    for _ in 0..1000 {
        let page = server.post("/lti/flooded", "oauth_consumer_key=key-1");
        assert_eq!(page.status, 400);
        shown.push(reference(&page).map(str::to_owned));
    }
    let (with, without) = shown.split_at(20);
    assert!(without.iter().all(Option::is_none), "980 pages without a reference");
    let logged = lines("flooded", "outcome=\"refused\"");
    assert_eq!(logged.len(), 20);
    for (reference, line) in with.iter().zip(&logged) {
        let reference = reference.as_ref().expect("a reference");
        assert!(line.contains(&format!("reference=\"{reference}\"")), "{reference}: {line}");
    }
    assert_eq!(lines("flooded", "left out").len(), 0);
    // Other codes, and accepted launches, have their lines.
    let stale =
        Form { url: "https://tool.example/lti/flooded", timestamp: NOW - 3600, ..Form::default() };
    assert!(reference(&server.post("/lti/flooded", &stale.sign())).is_some());
    for number in 0..50 {
        let nonce = format!("nonce-{number}");
        let form =
            Form { url: "https://tool.example/lti/flooded", nonce: &nonce, ..Form::default() };
        assert_eq!(server.post("/lti/flooded", &form.sign()).status, 200);
    }
    assert_eq!(lines("flooded", "outcome=\"accepted\"").len(), 50);
    server.set_now(NOW + 1);
    assert!(reference(&server.post("/lti/flooded", "oauth_consumer_key=key-1")).is_some());
    let left_out = lines("flooded", "left out");
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert!(left_out[0].contains("WARN log: 980 lines left out "), "{left_out:?}");
    assert_eq!(lines("flooded", "outcome=\"refused\"").len(), 20 + 1 + 1);
}

#[test]
fn lines_are_reported_as_left_out_even_if_no_further_line_follows() {
    let server = server("silent", false);
    for _ in 0..30 {
        server.post("/lti/silent", "oauth_consumer_key=key-1");
    }
    server.set_now(NOW + 1);
    crate::support::wait_until("the report", || lines("silent", "10 lines left out").len() == 1);
    // At the end, too.
    for _ in 0..22 {
        server.post("/lti/silent", "oauth_consumer_key=key-1");
    }
    drop(server);
    assert_eq!(lines("silent", " 2 lines left out").len(), 1);
}

#[test]
fn the_json_of_a_refused_request_without_a_line_has_no_reference() {
    let server = server("json", false);
    let headers = [("Host", "tool.example"), ("Accept", "application/json")];
    let references = |method: &str, target: &str| {
        let replies = (0..30).map(|_| server.send(method, target, &headers, b"").json());
        replies.filter(|reply| reply.get("reference").is_some()).count()
    };
    assert_eq!(references("GET", "/lti/json-app/~AAAAAAAAAAAAAAAA/"), 20);
    assert_eq!(lines("json-app", "no-session").len(), 20);
    assert_eq!(references("GET", "/grades"), 20);
    assert_eq!(references("PUT", "/grades"), 20);
}

#[test]
fn requests_that_belong_to_no_tool_have_a_budget_too() {
    let server = server("none", false);
    for _ in 0..30 {
        assert_eq!(server.post("/lti/budget-of-no-tool", "").status, 404);
        let malformed = server.raw(b"GET /\0 HTTP/1.1\r\nHost: tool.example\r\n\r\n");
        assert_eq!(malformed.status, 400);
        let foreign = server.raw(b"GET /budget-without-host HTTP/1.1\r\n\r\n");
        assert_eq!(foreign.status, 400);
    }
    assert_eq!(log_lines("/lti/budget-of-no-tool").len(), 20);
    assert_eq!(log_lines("/budget-without-host").len(), 20);
}

#[test]
fn a_long_method_makes_no_long_line() {
    let server = server("method", false);
    let method = format!("LONG{}", "M".repeat(4000));
    for target in ["/of-no-tool", "/lti/method-app/~AAAAAAAAAAAAAAAA/"] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: tool.example\r\n\r\n");
        assert!(server.raw(request.as_bytes()).status >= 400);
    }
    let lines = log_lines("LONGMM");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 1000), "{lines:?}");
}

#[test]
fn in_development_every_rejected_launch_is_listed_with_the_reference_of_its_page() {
    let server = server("listed", true);
    let post = || {
        let form_type = ("Content-Type", "application/x-www-form-urlencoded");
        let headers = [("Host", "localhost"), form_type];
        server.send("POST", "/lti/listed", &headers, b"oauth_consumer_key=key-1")
    };
    let pages: Vec<Reply> = (0..30).map(|_| post()).collect();
    assert_eq!(lines("listed", "outcome=\"refused\"").len(), 20);
    let list = server.send("GET", "/dev/refusals", &[("Host", "localhost")], b"");
    for page in &pages {
        let reference = reference(page).expect("a reference");
        assert!(list.body.contains(reference), "{reference}");
    }
}
