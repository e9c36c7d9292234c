//! CSRF: only the upstream's own pages may act in a session.

use super::*;

const WEBSOCKET: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Headers of requests from pages of other origins.
const FOREIGN: [&[(&str, &str)]; 12] = [
    &[("Origin", "https://evil.example")],
    &[("Origin", "http://tool.example")],
    &[("Origin", "https://tool.example:444")],
    &[("Origin", "https://tool.example.evil.example")],
    &[("Origin", "https://tool.example/")],
    &[("Origin", "null")],
    &[("Origin", "")],
    &[("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "same-site")],
    &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://tool.example")],
    &[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")],
    &[("Origin", "https://tool.example"), ("Origin", "https://evil.example")],
];

/// Headers of requests from the upstream's own pages, and from programs.
const OWN: [&[(&str, &str)]; 6] = [
    &[],
    &[("Origin", "https://tool.example")],
    &[("Sec-Fetch-Site", "same-origin")],
    &[("Sec-Fetch-Site", "none")],
    &[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://tool.example")],
    &[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")],
];

#[test]
fn a_csrf_request_is_refused_and_changes_nothing() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for foreign in FOREIGN {
        let headers: Vec<(&str, &str)> = foreign.iter().copied().chain([JSON]).collect();
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let reply = browser.send(method, &visit.at("/save"), &headers, b"x=1");
            refused(&reply, 403, "foreign-origin");
            recorder.saw_nothing();
        }
    }
    refused_page(
        &browser.send("POST", &visit.at("/save"), &[("Origin", "https://evil.example")], b"x=1"),
        403,
        "foreign-origin",
    );
    recorder.saw_nothing();
}

#[test]
fn a_page_of_another_origin_opens_no_websocket() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for foreign in FOREIGN {
        let headers: Vec<(&str, &str)> =
            foreign.iter().copied().chain(WEBSOCKET).chain([JSON]).collect();
        let mut wire = browser.ask("GET", &visit.at("/socket"), &headers);
        refused(&Reply::read(&mut wire, "GET"), 403, "foreign-origin");
        recorder.saw_nothing();
    }
}

#[test]
fn a_page_of_another_origin_may_link_and_embed() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for foreign in FOREIGN {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(
                browser.send(method, &visit.at("/"), foreign, b"").status,
                200,
                "{method} {foreign:?}"
            );
            assert_eq!(recorder.request().line(), format!("{method} /app/"));
        }
    }
}

#[test]
fn the_upstreams_own_pages_and_programs_pass_the_csrf_check() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for own in OWN {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let reply = browser.send(method, &visit.at("/save"), own, b"x=1");
            assert_eq!(reply.status, 200, "{method} {own:?}: {reply:?}");
            assert_eq!(recorder.request().body, b"x=1");
        }
    }
}

#[test]
fn without_a_session_a_page_of_another_origin_learns_nothing_more() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let headers = [("Host", "tool.example"), ("Origin", "https://evil.example"), JSON];
    let reply = server.send("POST", &visit.at("/save"), &headers, b"x=1");
    assert!(matches!(reply.status, 401 | 403), "{reply:?}");
    opened_nothing(&reply);
    recorder.saw_nothing();
}
