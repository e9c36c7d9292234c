//! The budget of searches for the causes of wrong signatures.

use crate::support::NOW;

use super::*;

/// The searches at once, and per second.
const SEARCHES: usize = 50;
/// A launch URL with another scheme than the public URL: the search finds this cause.
const WRONG_SCHEME: &str = "http://tool.example/lti/a";

/// Tool `a`, and ten others that have other log lines.
fn tools() -> String {
    let others = (0..10).map(|number| {
        format!("[tools.t{number}]\nkey = \"key-1\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n")
    });
    format!("{TOOLS}{}", others.collect::<String>())
}

/// Sends launches with a cause, in turns to the other tools. Returns the causes in the log.
fn causes(server: &Server, key: &str, count: usize) -> BTreeSet<String> {
    let form = Form { url: WRONG_SCHEME, key, ..launch() };
    let code = if key == "key-1" { "bad-signature" } else { "unknown-consumer" };
    let sent = (0..count).map(|number| {
        let url = format!("http://tool.example/lti/t{}", number % 10);
        let reply = server.post(target(&url), &Form { url: &url, ..form.clone() }.sign());
        rejected(&reply, 401, code);
        cause(&line_of(&reply))
    });
    sent.collect()
}

/// The cause in a log line.
#[track_caller]
fn cause(line: &str) -> String {
    let (_, rest) = line.split_once(" cause=\"").expect("a cause");
    rest.split('"').next().expect("its end").to_owned()
}

/// The cause of a launch of tool `a` in the log, and the page without its reference.
#[track_caller]
fn cause_and_page(server: &Server, form: &Form<'_>) -> (String, String) {
    let reply = reject(server, &form.sign(), 401, "bad-signature");
    let page = reply.body.replace(reply.reference().expect("a reference"), "REFERENCE");
    (cause(&line_of(&reply)), page)
}

#[test]
fn known_and_unknown_keys_spend_one_budget_of_searches_alike() {
    let form = Form { url: WRONG_SCHEME, ..launch() };
    for (key, found) in [("key-1", "scheme"), ("key-9", "-")] {
        let server = server_of(&tools());
        assert_eq!(causes(&server, key, SEARCHES - 1), BTreeSet::from([found.to_owned()]));
        // The last search, and a launch beyond the budget: only the log line differs.
        let (last, page) = cause_and_page(&server, &form);
        let (beyond, same) = cause_and_page(&server, &form);
        assert_eq!((last.as_str(), beyond.as_str()), ("scheme", "-"), "{key}");
        assert_eq!(page, same);
        assert_eq!(causes(&server, "key-9", 1), BTreeSet::from(["-".to_owned()]));
        // A second later, the budget is full again, and no fuller.
        server.set_now(NOW + 1);
        assert_eq!(causes(&server, key, SEARCHES - 1), BTreeSet::from([found.to_owned()]));
        assert_eq!(cause_and_page(&server, &form).0, "scheme");
        assert_eq!(cause_and_page(&server, &form).0, "-");
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_end_the_search_for_causes() {
    let server = server_of(&tools());
    let form = Form { url: WRONG_SCHEME, ..launch() };
    assert_eq!(causes(&server, "key-1", SEARCHES), BTreeSet::from(["scheme".to_owned()]));
    for (now, expected) in [(NOW - 86_400, "-"), (NOW - 86_399, "scheme"), (0, "scheme")] {
        server.set_now(now);
        assert_eq!(cause_and_page(&server, &form).0, expected, "{now}");
    }
}

#[test]
fn without_a_search_every_variant_of_a_launch_is_accepted() {
    let server = server_of(&tools());
    assert_eq!(causes(&server, "key-9", SEARCHES), BTreeSet::from(["-".to_owned()]));
    let form = |nonce| Form { nonce, ..launch() };
    let button = form("1").with(&[("ext_submit", "Press")]);
    let query = form("2").with(&[("week", "12")]).sign();
    let encoded = form("3").tampered(|pairs| pairs.set("oauth_consumer_key", "key%2D1"));
    for (target, body, variant) in [
        (
            "/lti/a",
            button.tampered(|pairs| pairs.add("ext_submit", "Press")),
            "doubled-submit-button",
        ),
        ("/lti/a?week=12", query, "canvas-query-once"),
        ("/lti/a", encoded, "edx-encoded-key"),
        ("/lti/a", form("4").sign(), "strict"),
    ] {
        let before = log_lines(&format!(" variant=\"{variant}\" ")).len();
        accepted(&server.post(target, &body));
        assert!(log_lines(&format!(" variant=\"{variant}\" ")).len() > before, "{variant}");
    }
    // An accepted launch spends nothing: the budget of a second is whole.
    server.set_now(NOW + 1);
    for nonce in ["5", "6", "7", "8", "9"] {
        accepted(&server.post("/lti/a", &form(nonce).sign()));
    }
    assert_eq!(causes(&server, "key-1", SEARCHES), BTreeSet::from(["scheme".to_owned()]));
}

#[test]
fn in_development_every_rejected_launch_is_explained() {
    let tools = tools().replace("public_url = \"https://tool.example\"", "");
    let server = Server::start(&Setup { tools: &tools, development: true, ..Setup::default() });
    for number in 0..SEARCHES + 5 {
        let url = format!("https://localhost/lti/t{}", number % 10);
        let form = Form { url: &url, ..launch() }.sign();
        let headers =
            [("Host", "localhost"), ("Content-Type", "application/x-www-form-urlencoded")];
        let reply = server.send("POST", target(&url), &headers, form.as_bytes());
        rejected(&reply, 401, "bad-signature");
        assert_eq!(cause(&line_of(&reply)), "scheme", "{number}");
    }
}
