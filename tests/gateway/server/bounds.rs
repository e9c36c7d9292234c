//! The bound on connections: clients that hold them shut nobody out.

use super::program::Program;
use crate::support::{Reply, Upstream, Wire, many_files};

/// The limit of open files, and the connections that fit.
const FILES: u32 = 256;
const CONNECTIONS: usize = 96;
/// The requests of sessions among them.
const SESSIONS: usize = 76;
/// A response after which the upstream closes its connection.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

#[test]
fn silent_connections_shut_nobody_out() {
    let _files = many_files();
    let upstream = Upstream::start();
    let program = Program::limited(&upstream.origin(), FILES);
    let mut silent: Vec<Wire> = Vec::new();
    for number in 0..300 {
        silent.push(program.connect());
        if number % 50 == 49 {
            program.is_up();
        }
    }
    program.is_up();
    assert!(program.open_files() < FILES as usize);
    // The gateway closed the oldest connections, without a byte.
    for wire in silent.iter_mut().take(300 - CONNECTIONS) {
        assert!(wire.is_over());
    }
    // The youngest is open.
    let mut youngest = silent.pop().expect("connections");
    youngest.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(Reply::read(&mut youngest, "GET").body, "I'm up");
    assert_eq!(program.log(), [""; 0]);
}

#[test]
fn the_longest_idle_connection_closes_first() {
    let upstream = Upstream::start();
    let program = Program::limited(&upstream.origin(), FILES);
    let ask = |wire: &mut Wire| {
        wire.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(Reply::read(wire, "GET").body, "I'm up");
    };
    let mut wires: Vec<Wire> = (0..CONNECTIONS).map(|_| program.connect()).collect();
    wires.iter_mut().for_each(ask);
    // The first is idle for a shorter time than the second now.
    std::thread::yield_now();
    ask(&mut wires[0]);
    program.is_up();
    assert!(wires[1].is_over(), "the longest idle one is closed");
    ask(&mut wires[0]);
}

#[test]
fn half_heads_shut_nobody_out() {
    let _files = many_files();
    let upstream = Upstream::start();
    let program = Program::limited(&upstream.origin(), FILES);
    let mut halves: Vec<Wire> = Vec::new();
    for number in 0..250 {
        let mut wire = program.connect();
        let _ = wire.offer("GET /is_up HTTP/1.1\r\nHost: ");
        halves.push(wire);
        if number % 50 == 49 {
            program.is_up();
        }
    }
    program.is_up();
    assert!(program.open_files() < FILES as usize);
    let mut youngest = halves.pop().expect("connections");
    youngest.send("x\r\n\r\n");
    assert_eq!(Reply::read(&mut youngest, "GET").body, "I'm up");
}

#[test]
fn half_forms_shut_nobody_out() {
    let _files = many_files();
    let upstream = Upstream::start();
    let program = Program::limited(&upstream.origin(), FILES);
    let mut halves: Vec<Wire> = Vec::new();
    for _ in 0..200 {
        let mut wire = program.connect();
        let _ = wire.offer(format!(
            "POST /lti/page HTTP/1.1\r\nHost: localhost:5000\r\n{}Content-Length: 9\r\n\r\na=b",
            super::FORM_TYPE
        ));
        halves.push(wire);
    }
    program.is_up();
    assert!(program.open_files() < FILES as usize);
}

#[test]
fn requests_of_sessions_leave_connections_for_others() {
    let _files = many_files();
    let upstream = Upstream::start();
    let program = Program::limited(&upstream.origin(), FILES);
    // One session may have 64 requests in flight.
    let sessions = [program.session(), program.session()];
    let ask = |number: usize| {
        let mut wire = program.connect();
        let head = Program::request(&sessions[number % 2], "GET", "/page");
        wire.send(head + "Accept: application/json\r\n\r\n");
        wire
    };
    let mut waiting = Vec::new();
    for number in 0..SESSIONS {
        let wire = ask(number);
        waiting.push((wire, upstream.request().0));
    }
    let mut refused = ask(0);
    let reply = Reply::read(&mut refused, "GET");
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert_eq!(reply.json()["error"], "too-busy");
    assert!(upstream.saw_nothing());
    program.wait_for_log("too-busy", 1);
    for _ in 0..50 {
        program.is_up();
    }
    assert_eq!(program.log(), [""; 0], "one line");
    // No request in flight was closed for these.
    for (wire, app) in &mut waiting {
        app.send(OK);
        assert_eq!(Reply::read(wire, "GET").body, "ok");
    }
    let mut wire = ask(0);
    let (mut app, _) = upstream.request();
    app.send(OK);
    assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
}
