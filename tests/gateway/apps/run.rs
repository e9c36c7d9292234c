//! Programs that run: requests, several processes, much output.

use super::host::{Host, is_running, python, shell, signal};
use crate::support::wait_until;

#[test]
fn requests_reach_the_program_at_the_port_of_its_run() {
    let host = Host::start(&[python("a", &[])]);
    let app = host.app("a");
    let authority = format!("127.0.0.1:{}", app["port"]);
    assert_eq!(app["headers"]["host"], *authority);
    assert!(app["headers"]["x-lti-assertion"].is_string(), "{app}");
    // URLs of the app lead back into the session.
    let visit = host.visit("a");
    let redirect = host.fetch(&visit, "GET", "/redirect");
    assert_eq!(redirect.header("location"), Some(&*format!("{}/target", visit.prefix)));
}

#[test]
fn an_upstream_that_is_a_path_is_the_apps_base_path() {
    let host = Host::start(&[format!("{}upstream = \"/base\"\n", python("a", &[]))]);
    assert_eq!(host.app("a")["path"], "/base/facts");
}

#[test]
fn an_app_that_listens_on_ipv6_alone_is_reached() {
    let host = Host::start(&[python("a", &["six"])]);
    let app = host.app("a");
    assert_eq!(app["headers"]["host"], *format!("[::1]:{}", app["port"]));
}

#[test]
fn a_child_of_the_program_may_listen() {
    let script = "python3 app.py {port} & echo forked; wait";
    let host = Host::start(&[shell("a", script)]);
    let app = host.app("a");
    assert_ne!(app["process"], host.started("a", "process"));
}

#[test]
fn an_app_that_others_can_reach_is_reported_once() {
    let host = Host::start(&[python("a", &["public"])]);
    host.wait_until_ready("a");
    let line = host.wait_for_log(&["reachable from the network", "tool=\"a\""]);
    assert!(line.contains("--host 127.0.0.1"), "{line}");
    signal("KILL", host.started("a", "process"));
    host.wait_for_state("a", "ready, 1 restart");
    let warnings = host.log().iter().filter(|line| line.contains("reachable from")).count();
    assert_eq!(warnings, 1);
}

#[test]
fn a_killed_app_starts_again_and_its_neighbor_does_not_notice() {
    let host = Host::start(&[python("a", &[]), python("b", &[])]);
    let (a, b) = (host.app("a"), host.app("b"));
    let visit = host.visit("a");
    signal("KILL", host.started("a", "process"));
    host.wait_for_log(&["ended and starts again", "tool=\"a\"", "signal: 9"]);
    let page = host.open(&visit, "/");
    if page.status != 200 {
        assert_eq!(page.status, 503, "{page:?}");
        assert_eq!(page.header("refresh"), Some("3"), "{page:?}");
    }
    // A script waits for the app.
    let again = host.fetch(&visit, "POST", "/again");
    assert_eq!(again.status, 200, "{again:?}");
    let again = again.json();
    assert_ne!(again["process"], a["process"]);
    assert_ne!(again["port"], a["port"], "a port may be in TIME_WAIT");
    assert_eq!(host.app("b")["process"], b["process"]);
    let ready = host.get("/ready");
    assert_eq!(ready.status, 200);
    assert_eq!(ready.body, "ready\napp a: ready, 1 restart\napp b: ready");
}

#[test]
fn endless_output_neither_blocks_the_app_nor_fills_the_log_or_the_memory() {
    let host = Host::start(&[python("a", &["noisy"])]);
    host.app("a");
    host.wait_for_log(&["lines left out", "tool=\"a\"", "code=\"app-output\""]);
    let before = host.memory();
    host.app("a");
    host.wait_for_log(&["line=\"short \\\"quoted\\\" line\""]);
    let long = host.wait_for_log(&["(cut)"]);
    assert!(long.contains("\u{fffd}\\u{1b}[31m"), "escaped: {long}");
    // Most of the rest was left out.
    let lines = host.log().len();
    let printed = output_of(host.started("a", "process"));
    assert!(lines < 2000 && printed > 10_000_000, "{lines} lines of {printed} bytes");
    assert!(host.memory() < before + 16 * 1024 * 1024);
}

/// Waits until a process has written much. Returns the number of bytes.
fn output_of(process: i32) -> u64 {
    let mut written = 0;
    wait_until("much output", || {
        let text = std::fs::read_to_string(format!("/proc/{process}/io")).expect("a process");
        let line = text.lines().find_map(|line| line.strip_prefix("wchar: ")).expect("its output");
        written = line.parse().expect("a number");
        written > 10_000_000
    });
    written
}

#[test]
fn processes_of_the_group_end_with_the_program() {
    let script = "sh -c 'trap \"\" TERM; echo $$ > member; while :; do sleep 0.05; done' & \
                  exec python3 app.py {port}";
    let host = Host::start(&[shell("a", script)]);
    host.wait_until_ready("a");
    let mut member = 0;
    wait_until("the member runs", || {
        let text = std::fs::read_to_string(host.path("member")).unwrap_or_default();
        member = text.trim().parse().unwrap_or_default();
        member != 0
    });
    signal("KILL", host.started("a", "process"));
    wait_until("the member ends", || !is_running(member));
    host.wait_for_state("a", "ready, 1 restart");
}
