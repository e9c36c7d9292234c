//! No request reaches a listener that is not the app's.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;

use super::host::{Host, python};
use crate::support::wait_until;

#[test]
fn a_program_that_takes_the_port_of_an_app_receives_nothing() {
    let host = Host::start(&[python("a", &[])]);
    let app = host.app("a");
    let port = u16::try_from(app["port"].as_u64().expect("a port")).expect("a port");
    let visit = host.visit("a");
    // The app closes its listener and lives on: the gateway does not restart it.
    assert_eq!(host.fetch(&visit, "GET", "/close").status, 200);
    let mut thief = None;
    wait_until("the port is free", || {
        thief = TcpListener::bind(("127.0.0.1", port)).ok();
        thief.is_some()
    });
    let thief = thief.expect("a listener");
    // The kept connection still leads to the app. Two requests at once need another one.
    let mut slow = host.ask(&visit, "GET", "/slow", "Accept: application/json\r\n");
    wait_until("the first request is there", || host.path("slow").exists());
    let second = host.fetch(&visit, "GET", "/secret");
    assert_eq!(second.status, 503, "{second:?}");
    let (mut stream, _) = thief.accept().expect("the gateway's connection");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("the end");
    assert_eq!(received, b"");
    host.wait_for_log(&["upstream-foreign", "tool=\"a\"", &format!("port {port}")]);
    drop(crate::support::Reply::read(&mut slow, "GET"));
}

#[test]
fn an_app_that_takes_the_port_of_another_receives_none_of_its_requests() {
    let host = Host::start(&[python("a", &["late"]), python("b", &["thief"])]);
    host.wait_until_ready("b");
    // `a` could not listen. It starts again, at another port.
    let first = fs::read_to_string(host.path("late.port")).expect("a file");
    host.wait_for_log(&["ended and starts again", "tool=\"a\"", "Address already in use"]);
    let a = host.app("a");
    assert_ne!(a["port"].to_string(), first);
    assert_eq!(a["arguments"][2], "late");
    assert_eq!(host.app("b")["arguments"][2], "thief");
}

#[test]
fn a_neighbor_cannot_join_the_group_of_an_app_to_receive_its_requests() {
    let host = Host::start(&[python("a", &[]), python("b", &["joiner"])]);
    let a = host.app("a");
    host.wait_until_ready("b");
    let visit = host.visit("a");
    assert_eq!(host.fetch(&visit, "GET", "/close").status, 200);
    let neighbor = format!("{} {}", a["process"], a["port"]);
    fs::write(host.path("neighbor.new"), neighbor).expect("a file");
    fs::rename(host.path("neighbor.new"), host.path("neighbor")).expect("a file");
    wait_until("the neighbor has the port", || host.path("stolen").exists());
    // The kept connection is in use, so that the second request needs another one.
    let mut slow = host.ask(&visit, "GET", "/slow", "Accept: application/json\r\n");
    wait_until("the first request is there", || host.path("slow").exists());
    let second = host.ask(&visit, "GET", "/secret", "Accept: application/json\r\n");
    wait_until("the neighbor has a connection", || host.path("received").exists());
    assert_eq!(fs::read_to_string(host.path("received")).expect("a file"), "");
    drop((crate::support::Reply::read(&mut slow, "GET"), second));
}

#[test]
fn a_neighbor_that_shares_the_port_of_an_app_for_a_moment_receives_nothing() {
    let host = Host::start(&[python("a", &["shared"]), python("b", &["sharer"])]);
    let port = host.app("a")["port"].to_string();
    host.wait_until_ready("b");
    let visit = host.visit("a");
    fs::write(host.path("shared.new"), port).expect("a file");
    fs::rename(host.path("shared.new"), host.path("shared")).expect("a file");
    wait_until("the neighbor shares the port", || host.path("sharing").exists());
    let mut answers = 0;
    for _ in 0..60 {
        let reply = host.fetch(&visit, "GET", "/secret");
        // A refused connection, or one that was reset with its listener.
        answers += u32::from(reply.status == 200);
        if host.path("received").exists() {
            break;
        }
    }
    assert!(host.path("accepted").exists(), "the neighbor has had connections");
    let received = fs::read_to_string(host.path("received")).unwrap_or_default();
    assert_eq!(received, "");
    assert!(answers > 0);
}
