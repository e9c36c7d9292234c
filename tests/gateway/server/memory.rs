//! The memory of the built program while many clients are slow.

use super::FORM_TYPE;
use super::program::Program;
use crate::support::{Reply, Upstream, Wire, many_files, status_of};

const MIB: u64 = 1 << 20;

/// The most memory that the program uses until it has handled `count` connections more, beyond
/// `before`.
fn growth(program: &Program, before: u64) -> u64 {
    let mut most = 0;
    // Each request passes all that is waiting, so that the program reads what it accepts.
    for _ in 0..50 {
        program.is_up();
        most = most.max(program.memory().saturating_sub(before));
    }
    most
}

/// Starts the program, and uses each of its parts once.
fn started(upstream: &Upstream) -> (Program, u64) {
    let program = Program::start(&upstream.origin(), "");
    let session = program.session();
    let mut wire = program.connect();
    wire.send(Program::request(&session, "GET", "/page") + "Connection: close\r\n\r\n");
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    let before = program.memory();
    (program, before)
}

#[test]
#[cfg(target_os = "linux")]
fn two_hundred_slow_readers_of_10_mb_cost_under_100_mb() {
    let _files = many_files();
    let upstream = Upstream::start();
    let (program, before) = started(&upstream);
    let sessions: Vec<_> = (0..4).map(|_| program.session()).collect();
    let mut readers: Vec<(Wire, Wire)> = Vec::new();
    for number in 0..200 {
        let mut wire = program.connect();
        wire.limit_buffers();
        wire.send(Program::request(&sessions[number / 50], "GET", "/film") + "\r\n");
        let (app, _) = upstream.request();
        readers.push((wire, app));
    }
    let length = 10 * MIB;
    // More is waste: the gateway must not take so much. The buffers of all sockets share a part of
    // the system's memory, and without more of it, the system fails connections.
    let offered = 2 * MIB;
    std::thread::scope(|scope| {
        for (wire, app) in &mut readers {
            app.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
            assert_eq!(status_of(&Reply::head(wire).expect("a head")), 200);
            let mut sender = app.second();
            scope.spawn(move || {
                let block = vec![b'x'; 1 << 16];
                for _ in 0..offered >> 16 {
                    if sender.offer(&block).is_err() {
                        return;
                    }
                }
            });
        }
        let growth = growth(&program, before);
        assert!(growth < 100 * MIB, "{growth}");
        // They are in the middle of their downloads.
        for (wire, app) in readers.drain(..) {
            wire.close();
            app.close();
        }
    });
    program.is_up();
}

#[test]
#[cfg(target_os = "linux")]
fn four_hundred_forms_that_lack_a_byte_cost_under_64_mb() {
    let _files = many_files();
    let upstream = Upstream::start();
    let (program, before) = started(&upstream);
    let length = 250_000;
    let form = vec![b'x'; length - 1];
    let head = format!(
        "POST /lti/page HTTP/1.1\r\nHost: localhost:5000\r\n{FORM_TYPE}Content-Length: {length}\
            \r\n\r\n"
    );
    let mut forms: Vec<Wire> = Vec::new();
    for _ in 0..400 {
        let mut wire = program.connect();
        wire.send(&head);
        let _ = wire.offer(&form);
        forms.push(wire);
    }
    let growth = growth(&program, before);
    assert!(growth < 64 * MIB, "{growth}");
    // Forms beyond the memory for forms got a page, and the log counts them.
    program.wait_for_log("too-many-forms", 300);
    // A launch passes.
    program.session();
}

#[test]
#[cfg(target_os = "linux")]
fn unfinished_heads_of_379_kb_cost_under_64_mb() {
    let _files = many_files();
    let upstream = Upstream::start();
    let (program, before) = started(&upstream);
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}", "x".repeat(379_000));
    // Heads that stay below the limit of one head, too.
    let shorter = &head[..60_000];
    let mut heads: Vec<Wire> = Vec::new();
    for number in 0..826 {
        let mut wire = program.connect();
        let _ = wire.offer(if number % 2 == 0 { head.as_str() } else { shorter });
        heads.push(wire);
    }
    let growth = growth(&program, before);
    assert!(growth < 64 * MIB, "{growth}");
    program.is_up();
    program.session();
}
