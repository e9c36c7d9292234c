//! Service workers: their scope stays below the session's prefix.
//!
//! The scope of a worker is the directory of its script. The directory of the prefix itself would
//! contain other tools, and the launches that platforms post to them.

use super::*;

const SCRIPT: (&str, &str) = ("Service-Worker", "script");

/// A browser's request for a worker's script.
fn script(browser: &mut Browser<'_>, target: &str) -> Reply {
    browser.send("GET", target, &[SCRIPT, ("Sec-Fetch-Dest", "serviceworker"), JSON], b"")
}

#[test]
fn a_workers_script_at_the_prefix_itself_is_refused() {
    for more in ["", "prefix = \"tool\""] {
        let (recorder, server) = recorded_with(more);
        let (mut browser, visit) = opened(&server);
        for query in ["", "?", "?v=1", "?/sw.js"] {
            let target = format!("{}{query}", visit.prefix);
            refused(&script(&mut browser, &target), 403, "worker-scope");
        }
        recorder.saw_nothing();
        // The page itself and scripts below it pass.
        assert_eq!(browser.get(&visit.prefix).body, "ok");
        recorder.request();
        for rest in ["/", "/?v=1", "/sw.js", "/a/sw.js?v=1"] {
            assert_eq!(script(&mut browser, &visit.at(rest)).body, "ok", "{rest}");
            recorder.request();
        }
    }
}

#[test]
fn a_workers_script_is_refused_without_a_session_too() {
    let (recorder, server) = recorded_with("prefix = \"tool\"");
    let headers = [("Host", "tool.example"), SCRIPT, JSON];
    refused(&server.send("GET", "/lti/nb", &headers, b""), 403, "worker-scope");
    recorder.saw_nothing();
}

/// A browser fetches a worker's script without following redirects, so this one registers nothing
/// (Service Workers, "Update").
#[test]
fn an_app_at_the_root_of_its_host_only_redirects_such_a_script() {
    let recorder = Recorder::start();
    let server = server(&tools(&recorder.origin(), ""));
    let (mut browser, visit) = opened(&server);
    for (query, expected) in [("", "/"), ("?v=1", "/?v=1")] {
        let reply = script(&mut browser, &format!("{}{query}", visit.prefix));
        let location = visit.at(expected);
        assert_eq!((reply.status, reply.header("location")), (308, Some(location.as_str())));
    }
    recorder.saw_nothing();
}

#[test]
fn on_a_host_of_its_own_the_scope_is_the_host() {
    for (more, path) in [("prefix = \"tool\"", "/"), ("", "/~")] {
        let recorder = Recorder::answering(
            "HTTP/1.1 200 OK\r\nService-Worker-Allowed: /app/sw/\r\n\
            Content-Length: 2\r\n\r\nok",
        );
        let server = server(&tools(&recorder.url(), &format!("host = \"nb.example\"\n{more}")));
        let mut browser = Browser::at(&server, "nb.example");
        let visit = browser.open(&Form { url: "https://nb.example/", ..launch() });
        let reply = script(&mut browser, &visit.at("/sw.js"));
        let allowed = reply.header("service-worker-allowed").expect("a scope");
        assert_eq!(allowed, visit.at("/"));
        assert!(allowed.starts_with(path), "{allowed}");
    }
}
