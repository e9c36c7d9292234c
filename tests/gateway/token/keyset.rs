//! The keysets of platforms: when they are fetched, how long they count, and what broken ones do.

use serde_json::json;

use super::*;
use crate::support::{Head, NOW, Upstream, answer_form, claims, token, token_header, token_with};

/// Launches with a new login, in a browser of its own.
#[track_caller]
fn launch(stage: &Stage) -> Reply {
    let (mut browser, redirected) = stage.logged_in();
    browser.post_form("/lti/nb", &redirected.form())
}

/// Launches with a key that the keyset does not have.
#[track_caller]
fn launch_with_unknown_key(stage: &Stage) -> Reply {
    let (mut browser, redirected) = stage.logged_in();
    let mut header = token_header();
    header["kid"] = "unknown".into();
    let token = token_with(&header, &claims(redirected.nonce()));
    browser.post_form("/lti/nb", &answer_form(&token, redirected.state()))
}

/// The keyset with another id of its key.
fn renamed_keys(kid: &str) -> serde_json::Value {
    let mut keys = Platform::keys();
    keys["keys"][0]["kid"] = kid.into();
    keys
}

#[test]
fn one_fetch_serves_all_launches_of_an_hour() {
    let stage = Stage::start();
    opened(&launch(&stage));
    let request = stage.platform.recorder.request();
    assert_eq!(request.line(), "GET /jwks");
    assert_eq!(request.header("accept").as_deref(), Some("application/json"));
    assert_eq!((request.header("cookie"), request.header("authorization")), (None, None));
    for running in [0, 60, 3599] {
        stage.server.set_running(running);
        opened(&launch(&stage));
    }
    stage.platform.recorder.saw_nothing();
    stage.server.set_running(3600);
    opened(&launch(&stage));
    stage.platform.recorder.request();
}

#[test]
fn the_platform_chooses_the_lifetime_within_limits() {
    for (header, fresh) in [
        ("Cache-Control: max-age=0\r\n", 300),
        ("Cache-Control: public, max-age=600\r\n", 600),
        ("Cache-Control: max-age=999999\r\n", 86_400),
        ("Cache-Control: no-cache, no-store\r\n", 3600),
    ] {
        let stage = Stage::start();
        stage.platform.serve_keys(&Platform::keys(), header);
        opened(&launch(&stage));
        stage.platform.recorder.request();
        stage.server.set_running(fresh - 1);
        opened(&launch(&stage));
        stage.platform.recorder.saw_nothing();
        stage.server.set_running(fresh);
        opened(&launch(&stage));
        stage.platform.recorder.request();
    }
}

// Checklist F1.i 166.
#[test]
fn an_unknown_key_causes_a_fetch_at_most_once_a_minute() {
    let stage = Stage::start();
    stage.platform.serve_keys(&renamed_keys("old"), "");
    rejected(&launch(&stage), 401, "unknown-key-id");
    stage.platform.recorder.request();
    // The platform rotates its keys.
    stage.platform.serve_keys(&Platform::keys(), "");
    stage.server.set_running(59);
    let line = rejected(&launch(&stage), 401, "unknown-key-id");
    assert!(line.contains("fetched 59 s ago"), "{line}");
    stage.platform.recorder.saw_nothing();
    stage.server.set_running(60);
    opened(&launch(&stage));
    stage.platform.recorder.request();
    for _ in 0..3 {
        rejected(&launch_with_unknown_key(&stage), 401, "unknown-key-id");
    }
    opened(&launch(&stage));
    stage.platform.recorder.saw_nothing();
}

// LTI13 §18, case 16.
#[test]
fn without_keys_the_launch_waits_and_its_nonce_is_unspent() {
    let stage = Stage::start();
    stage.platform.serve("500 Oops", "Content-Type: text/plain\r\n", "user-4711\nis broken");
    let (mut browser, redirected) = stage.logged_in();
    let form = redirected.form();
    let reply = browser.post_form("/lti/nb", &form);
    let line = line_of(&reply);
    assert!(line.contains("code=\"platform-keys-unreachable\""), "{line}");
    assert!(line.contains("status 500") && line.contains("/jwks"), "{line}");
    assert_eq!(reply.status, 503);
    assert!(reply.body.contains("Activities cannot be opened right now"), "{}", reply.body);
    stage.platform.recorder.request();
    // The failure counts for 15 seconds.
    stage.platform.serve_keys(&Platform::keys(), "");
    stage.server.set_running(14);
    assert_eq!(browser.post_form("/lti/nb", &form).status, 503);
    stage.platform.recorder.saw_nothing();
    stage.server.set_running(15);
    opened(&browser.post_form("/lti/nb", &form));
    stage.platform.recorder.request();
}

// Checklist F1.i 167.
#[test]
fn stale_keys_serve_for_a_day_while_fetches_fail() {
    let stage = Stage::start();
    opened(&launch(&stage));
    stage.platform.recorder.request();
    stage.platform.serve("503 Down", "", "");
    for running in [3600, 3615, 3600 + 86_399] {
        stage.server.set_running(running);
        opened(&launch(&stage));
        stage.platform.recorder.request();
    }
    let url = format!("url=\"{}\"", stage.platform.jwks_url());
    let lines = log_lines(&url);
    let failed = lines.iter().filter(|line| line.contains("outcome=\"failed\" keys=\"older\""));
    assert_eq!(failed.count(), 3, "{lines:?}");
    stage.server.set_running(3600 + 86_415);
    rejected(&launch(&stage), 503, "platform-keys-unreachable");
}

#[test]
fn a_broken_keyset_rejects_the_launch_with_its_fault() {
    let many = json!({"keys": vec![Platform::keys()["keys"][0].clone(); 201]}).to_string();
    let large = format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(256 * 1024));
    for (status, headers, body, reason) in [
        ("404 Not Found", "", "", "status 404"),
        ("200 OK", "", "<html>", "not a JSON object"),
        ("200 OK", "", "[]", "not a JSON object"),
        ("200 OK", "", "{\"keys\": [], \"keys\": []}", "not a JSON object"),
        ("204 No Content", "", "", "not a JSON object"),
        ("200 OK", "", &*many, "more than 200 keys"),
        ("200 OK", "", &*large, "longer than 256 KiB"),
    ] {
        let stage = Stage::start();
        stage.platform.serve(status, headers, body);
        let line = rejected(&launch(&stage), 503, "platform-keys-unreachable");
        assert!(line.contains(reason), "{reason} is not in {line}");
        stage.upstream.saw_nothing();
    }
}

#[test]
fn a_large_keyset_is_accepted() {
    let stage = Stage::start();
    let mut keys = Platform::keys();
    keys["keys"][0]["x5c"] = json!(["A".repeat(200 * 1024)]);
    stage.platform.serve_keys(&keys, "");
    opened(&launch(&stage));
}

#[test]
fn a_redirect_of_the_keyset_is_not_followed() {
    let (stage, other) = (Stage::start(), Platform::start());
    let location = format!("Location: {}\r\n", other.jwks_url());
    stage.platform.serve("302 Found", &location, "");
    let line = rejected(&launch(&stage), 503, "platform-keys-unreachable");
    assert!(line.contains("the gateway follows no redirect"), "{line}");
    other.recorder.saw_nothing();
}

#[test]
fn a_host_that_does_not_answer_is_named() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        platform.table("").replace(&platform.recorder.authority(), "127.0.0.1:1"),
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let reply = browser.post_form("/lti/nb", &redirected.form());
    let line = rejected(&reply, 503, "platform-keys-unreachable");
    assert!(line.contains("cannot be reached") && line.contains("127.0.0.1:1/jwks"), "{line}");
}

#[test]
fn the_rewrite_of_urls_applies_to_keysets() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let origin = platform.recorder.origin();
    let gateway = format!(
        "{GATEWAY}outcome_url_rewrite = {{ \"https://lms.example\" = \"{origin}/inside\" }}\n"
    );
    let table = platform.table("").replace(&origin, "https://lms.example");
    let tools = format!(
        "{gateway}{table}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let redirected = Redirected::log_in(&mut browser, &login());
    // The browser follows this URL, so it stays as it is.
    assert_eq!(redirected.url, "https://lms.example/auth");
    opened(&browser.post_form("/lti/nb", &redirected.form()));
    assert_eq!(platform.recorder.request().line(), "GET /inside/jwks");
}

#[test]
fn launches_at_once_wait_for_one_fetch() {
    const LAUNCHES: usize = 6;
    let (keys, upstream) = (Upstream::start(), Recorder::start());
    let platform = Platform::start();
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        platform.table("").replace(&platform.recorder.origin(), &keys.origin()),
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    std::thread::scope(|scope| {
        let launches: Vec<_> = (0..LAUNCHES)
            .map(|_| {
                scope.spawn(|| {
                    let mut browser = Browser::new(&server);
                    let redirected = Redirected::log_in(&mut browser, &login());
                    browser.post_form("/lti/nb", &redirected.form())
                })
            })
            .collect();
        let (mut wire, head): (_, Head) = keys.request();
        assert_eq!(head.line(), "GET /jwks HTTP/1.1");
        let body = Platform::keys().to_string();
        wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        for launch in launches {
            opened(&launch.join().expect("a launch"));
        }
    });
    assert!(keys.saw_nothing());
}

// LTI13 §16: nobody can make the gateway fetch keys without a state of its own.
#[test]
fn a_flood_without_a_state_fetches_nothing() {
    let stage = Stage::start();
    for state in ["", "x", "AQAAAAAA"] {
        for id_token in [token(&claims("n")), "a.b.c".to_owned()] {
            stage.server.post("/lti/nb", &answer_form(&id_token, state));
        }
    }
    stage.server.get(&format!("/~login?{}", login().body()));
    // A state that has expired does not count either.
    let (mut browser, redirected) = stage.logged_in();
    stage.server.set_now(NOW + 601);
    browser.post_form("/lti/nb", &redirected.form());
    stage.saw_nothing();
}

// Checklist F1.i 168.
#[test]
fn a_hundred_unknown_keys_in_a_minute_cause_two_fetches_at_most() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    for number in 0..100 {
        stage.server.set_running(number / 2);
        let mut header = token_header();
        header["kid"] = format!("unknown-{number}").into();
        let token = token_with(&header, &claims(redirected.nonce()));
        let reply = browser.post_form("/lti/nb", &answer_form(&token, redirected.state()));
        rejected(&reply, 401, "unknown-key-id");
    }
    stage.platform.recorder.request();
    opened(&browser.post_form("/lti/nb", &redirected.form()));
}

#[test]
fn a_fetch_for_an_unknown_key_delays_no_other_launch() {
    let (keys, upstream, platform) = (Upstream::start(), Recorder::start(), Platform::start());
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        platform.table("").replace(&platform.recorder.origin(), &keys.origin()),
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let body = Platform::keys().to_string();
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let log_in = || {
        let mut browser = Browser::new(&server);
        let redirected = Redirected::log_in(&mut browser, &login());
        (browser, redirected)
    };
    let launch = || {
        let (mut browser, redirected) = log_in();
        browser.post_form("/lti/nb", &redirected.form())
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(launch);
        let (mut wire, _) = keys.request();
        wire.send(&response);
        opened(&first.join().expect("a launch"));
        server.set_running(60);
        let unknown = scope.spawn(|| {
            let (mut browser, redirected) = log_in();
            let mut header = token_header();
            header["kid"] = "unknown".into();
            let token = token_with(&header, &claims(redirected.nonce()));
            browser.post_form("/lti/nb", &answer_form(&token, redirected.state()))
        });
        // The gateway may keep the connection for its next fetch.
        let asked = wire.head().expect("a second fetch");
        assert_eq!(asked.line(), "GET /jwks HTTP/1.1");
        opened(&launch());
        wire.send(&response);
        rejected(&unknown.join().expect("a launch"), 401, "unknown-key-id");
    });
}
