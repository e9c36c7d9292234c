//! Reloads in development.

use super::host::{Host, is_running, python, signal};
use crate::support::wait_until;

#[test]
fn a_reload_restarts_only_apps_whose_command_has_changed() {
    let host = Host::start(&[python("a", &[]), python("b", &[]), python("c", &[])]);
    let [a, b, c] = ["a", "b", "c"].map(|tool| host.app(tool)["process"].clone());
    let gone = i32::try_from(c.as_i64().expect("an id")).expect("an id");
    let titled = format!("{}title = \"Another title\"\n", python("a", &[]));
    host.reload(&[titled, python("b", &["changed"]), python("d", &[])]);
    host.wait_until_ready("d");
    wait_until("the changed app runs", || host.app("b")["arguments"][2] == "changed");
    assert_eq!(host.app("a")["process"], a);
    assert_ne!(host.app("b")["process"], b);
    wait_until("the removed app ends", || !is_running(gone));
    let ready = host.get("/ready").body;
    assert_eq!(ready, "ready\napp a: ready\napp b: ready\napp d: ready");
}

#[test]
fn an_app_whose_first_process_leaves_its_group_is_still_replaced() {
    let mut host = Host::start(&[python("a", &["mover"])]);
    wait_until("the process has left its group", || host.path("moved").exists());
    let process = host.started("a", "process");
    host.reload(&[python("a", &["changed"])]);
    wait_until("the first process ends", || !is_running(process));
    host.wait_for_state("a", "ready");
    assert_eq!(host.app("a")["arguments"][2], "changed");
    signal("TERM", host.id());
    assert_eq!(host.ended().code(), Some(0));
}
