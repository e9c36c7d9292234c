//! The end of the gateway, and the end of its apps.

use std::net::TcpStream;

use super::host::{Host, is_running, python, shell, signal};
use crate::support::{Reply, wait_until};

#[test]
fn three_apps_stop_within_the_grace_and_the_exit_code_is_0() {
    let script = "sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & wait_for=$!; \
                  python3 app.py {port}";
    let tools = [python("a", &[]), python("b", &["stubborn"]), shell("c", script)];
    let mut host = Host::start(&tools);
    let apps: Vec<i32> = ["a", "b", "c"]
        .into_iter()
        .map(|tool| {
            host.wait_until_ready(tool);
            host.started(tool, "process")
        })
        .collect();
    signal("TERM", host.id());
    assert_eq!(host.ended().code(), Some(0));
    for app in apps {
        assert!(!is_running(app));
        assert!(!has_group(app), "{app}");
    }
    let log = host.log();
    assert!(log.iter().any(|line| line.contains("tool=\"b\"") && line.contains("after SIGKILL")));
    assert!(log.iter().any(|line| {
        line.contains("tool=\"a\"") && line.contains("stopped") && !line.contains("SIGKILL")
    }));
    assert!(log.last().is_some_and(|line| line.contains("every request had its response")));
}

/// Whether a process of a group runs.
fn has_group(group: i32) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.any(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        fields.split(' ').nth(2) == Some(&group.to_string()) && is_running(id)
    })
}

#[test]
fn a_request_in_progress_has_its_response_before_its_app_stops() {
    let mut host = Host::start(&[python("a", &[])]);
    host.wait_until_ready("a");
    let visit = host.visit("a");
    let mut wire = host.ask(&visit, "GET", "/slow", "Connection: close\r\n");
    wait_until("the request is there", || host.path("slow").exists());
    signal("TERM", host.id());
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.status, reply.complete), (200, true), "{reply:?}");
    assert_eq!(host.ended().code(), Some(0));
}

#[test]
fn no_app_starts_again_while_the_gateway_stops() {
    let mut host = Host::start(&[python("a", &[]), python("b", &[])]);
    host.wait_until_ready("a");
    host.wait_until_ready("b");
    let visit = host.visit("b");
    let mut wire = host.ask(&visit, "GET", "/slow", "Connection: close\r\n");
    wait_until("the request is there", || host.path("slow").exists());
    // As Heroku: a signal to every process at once. The request keeps the gateway busy.
    let apps = ["a", "b"].map(|tool| host.started(tool, "process"));
    signal("TERM", host.id());
    wait_until("it accepts no connection", || TcpStream::connect(host.address).is_err());
    signal("TERM", apps[0]);
    wait_until("the app ends", || !is_running(apps[0]));
    drop(Reply::read_if_any(&mut wire, "GET"));
    assert_eq!(host.ended().code(), Some(0));
    let log = host.log();
    assert_eq!(log.iter().filter(|line| line.contains("INFO app: started")).count(), 2, "{log:?}");
    assert!(!log.iter().any(|line| line.contains("starts again")), "{log:?}");
}

#[test]
fn an_app_ends_with_a_gateway_that_was_killed() {
    let mut host = Host::start(&[python("a", &["stubborn"])]);
    host.wait_until_ready("a");
    let app = host.started("a", "process");
    signal("KILL", host.id());
    host.ended();
    wait_until("the app ends", || !is_running(app));
}

#[test]
fn a_process_that_outlived_its_gateway_is_reported_and_keeps_its_port() {
    let script = "setsid python3 app.py {port} & wait";
    let mut host = Host::start(&[shell("a", script)]);
    let app = host.app("a");
    let process = i32::try_from(app["process"].as_i64().expect("an id")).expect("an id");
    signal("KILL", host.id());
    host.ended();
    assert!(is_running(process), "it left the group");
    let again = Host::start(&[python("a", &[])]);
    let line = again.wait_for_log(&["left over", &format!("process={process}")]);
    assert!(line.contains("tool=\"a\""), "{line}");
    let new = again.app("a");
    assert_ne!(new["port"], app["port"]);
    assert_ne!(new["process"], app["process"]);
    signal("KILL", process);
}
