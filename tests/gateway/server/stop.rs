//! The end of the program after SIGTERM.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::FORM_TYPE;
use super::program::{Ended, HOST, Program};
use crate::support::{Reply, Upstream, Wire, status_of};

const SECOND: Duration = Duration::from_secs(1);
/// `grace` is longer than any of these tests, so that it ends none of them.
const LONG: &str = "[default.shutdown]\ngrace = 60\nmercy = 1\n";

fn started(rocket: &str) -> (Upstream, Program, (String, String)) {
    let upstream = Upstream::start();
    let program = Program::start(&upstream.origin(), rocket);
    let session = program.session();
    (upstream, program, session)
}

/// A request in a session, and its upstream's side.
fn requested(
    (upstream, program, session): &(Upstream, Program, (String, String)),
    lines: &str,
) -> (Wire, Wire) {
    let mut wire = program.connect();
    wire.send(Program::request(session, "GET", "/page") + lines + "\r\n");
    let (app, _) = upstream.request();
    (wire, app)
}

/// Waits until the program refuses connections.
fn wait_for_stop(program: &Program) {
    let start = Instant::now();
    while TcpStream::connect(program.address).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(30), "it goes on accepting");
    }
}

#[track_caller]
fn check(ended: &Ended, line: &str) {
    assert_eq!(ended.status.code(), Some(0));
    let lines: Vec<&String> = ended.log.iter().filter(|line| line.contains("stopped")).collect();
    assert_eq!(lines.len(), 1, "{:?}", ended.log);
    assert!(lines[0].ends_with(line), "{lines:?}");
    assert!(std::ptr::eq(lines[0], &raw const ended.log[ended.log.len() - 1]), "the last line");
}

const COMPLETE: &str = "stopped; every request had its response";

#[test]
fn a_program_without_requests_ends_at_once_and_idle_connections_do_not_delay_it() {
    let (_upstream, program, _) = started(LONG);
    let mut idle = program.connect();
    idle.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(Reply::read(&mut idle, "GET").status, 200);
    let mut silent = program.connect();
    let mut half = program.connect();
    half.send("GET /is_up HT");
    program.is_up();
    let start = Instant::now();
    program.terminate();
    assert_eq!((idle.rest(), silent.rest()), (vec![], vec![]));
    let _ = half.rest();
    let ended = program.ended();
    assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
    check(&ended, COMPLETE);
}

#[test]
fn a_request_in_flight_finishes_and_the_program_ends_with_it() {
    let all = started(LONG);
    let (mut wire, mut app) = requested(&all, "");
    let (_upstream, program, _) = all;
    program.terminate();
    wait_for_stop(&program);
    // The gateway goes on waiting for the app.
    let start = Instant::now();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    assert!(wire.is_over(), "the connection closes after its response");
    let ended = program.ended();
    assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
    check(&ended, COMPLETE);
}

#[test]
fn a_websocket_gets_a_close_frame_within_a_second() {
    let all = started(LONG);
    let (mut wire, mut app) = requested(
        &all,
        &format!(
            "Origin: http://{HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        ),
    );
    app.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x01\x02ab",
    );
    assert_eq!(status_of(&Reply::head(&mut wire).expect("a head")), 101);
    assert_eq!(wire.at_most(4), b"\x01\x02ab");
    let (_upstream, program, _) = all;
    let start = Instant::now();
    program.terminate();
    // A Close frame (RFC 6455 §5.5.1) with the status 1001.
    let frame = wire.at_most(4);
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    assert_eq!((frame[0], &frame[2..]), (0x88, &1001_u16.to_be_bytes()[..]), "{frame:?}");
    // The client's masked Close frame.
    let _ = wire.offer(b"\x88\x82\0\0\0\0\x03\xe9");
    let _ = (wire.rest(), app.rest());
    drop((wire, app));
    let ended = program.ended();
    assert!(start.elapsed() < 5 * SECOND, "{:?}", start.elapsed());
    check(&ended, COMPLETE);
}

#[test]
fn an_event_stream_ends() {
    let all = started(LONG);
    let (mut wire, mut app) = requested(&all, "Accept: text/event-stream\r\n");
    app.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
            9\r\ndata: x\n\n\r\n",
    );
    assert_eq!(status_of(&Reply::head(&mut wire).expect("a head")), 200);
    assert_eq!(wire.chunk().expect("an event"), b"data: x\n\n");
    let (_upstream, program, _) = all;
    let start = Instant::now();
    program.terminate();
    assert_eq!(wire.chunk(), Some(Vec::new()), "complete");
    assert!(wire.is_over() && app.is_over());
    let ended = program.ended();
    assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
    check(&ended, COMPLETE);
}

#[test]
fn a_request_that_does_not_end_is_cut_after_the_grace() {
    let all = started("[default.shutdown]\ngrace = 1\nmercy = 1\n");
    let (mut wire, mut app) = requested(&all, "");
    let (mut other, mut other_app) = requested(&all, "");
    other_app.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhello");
    let head = Reply::head(&mut other).expect("a head");
    let (_upstream, program, _) = all;
    let start = Instant::now();
    program.terminate();
    assert_eq!(wire.rest(), b"");
    assert!(start.elapsed() >= SECOND, "{:?}", start.elapsed());
    assert!(!other.body(&head).complete);
    assert!(app.is_over() && other_app.is_over());
    let ended = program.ended();
    assert!(start.elapsed() < 3 * SECOND, "{:?}", start.elapsed());
    check(&ended, "stopped; 2 requests were cut");
}

#[test]
fn without_keep_alive_each_connection_closes_after_its_response() {
    let upstream = Upstream::start();
    let program = Program::start(&upstream.origin(), "[default]\nkeep_alive = 0\n");
    let mut wire = program.connect();
    wire.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n");
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.body.as_str(), reply.header("connection")), ("I'm up", Some("close")));
    assert!(wire.is_over());
}

/// A launch that the platform posts slowly is no launch yet, so that it may delay the end only for
/// the grace.
#[test]
fn a_form_that_arrives_after_the_signal_is_answered() {
    let (_upstream, program, _) = started(LONG);
    let mut wire = program.connect();
    wire.send(format!(
        "POST /lti/page HTTP/1.1\r\nHost: {HOST}\r\n{FORM_TYPE}Content-Length: 3\r\n\r\na="
    ));
    for _ in 0..20 {
        program.is_up();
    }
    program.terminate();
    wait_for_stop(&program);
    wire.send("b");
    let reply = Reply::read(&mut wire, "POST");
    assert_eq!((reply.status, reply.complete), (400, true));
    assert!(wire.is_over());
    check(&program.ended(), COMPLETE);
}
