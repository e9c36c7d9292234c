//! Limits on the size and the speed of requests.

use crate::support::Upstream;

use super::*;

#[test]
fn headers_of_up_to_64_kib_pass_and_more_are_refused() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let fitting = "x".repeat(60 * 1024);
    assert_eq!(browser.send("GET", &visit.at("/"), &[("X-Large", &fitting)], b"").status, 200);
    assert_eq!(recorder.request().header("x-large"), Some(fitting));
    let large = "x".repeat(64 * 1024);
    refused(
        &browser.send("GET", &visit.at("/"), &[JSON, ("X-Large", &large)], b""),
        431,
        "headers-too-large",
    );
    let half = "x".repeat(33 * 1024);
    let two = [JSON, ("X-Large", half.as_str()), ("X-Large", half.as_str())];
    refused(&browser.send("POST", &visit.at("/"), &two, b"x=1"), 431, "headers-too-large");
    let cookie = format!("a={large}");
    refused(
        &browser.send("GET", &visit.at("/"), &[JSON, ("Cookie", &cookie)], b""),
        431,
        "headers-too-large",
    );
    recorder.saw_nothing();
}

#[test]
fn more_than_a_hundred_headers_are_refused() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let names: Vec<String> = (0..101).map(|number| format!("X-{number}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(browser.send("GET", &visit.at("/"), &all, b"").status, 431);
    recorder.saw_nothing();
    assert_eq!(browser.send("GET", &visit.at("/"), &all[..90], b"").status, 200);
    let request = recorder.request();
    assert!(names[..90].iter().all(|name| request.header(&name.to_lowercase()).is_some()));
}

#[test]
fn a_slow_upload_is_passed_on_piece_by_piece() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "timeout = \"1s\""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("POST", &visit.at("/up"), &[("Content-Length", "100")]);
    // Rocket waits for fourteen bytes of the body before it routes a request.
    wire.send("0123456789abcdef");
    let (mut app, head) = upstream.request();
    assert_eq!(head.header("content-length").as_deref(), Some("100"));
    assert_eq!(app.at_most(16), b"0123456789abcdef");
    // Each piece reaches the upstream before the next is written.
    for byte in b'A'..b'A' + 84 {
        wire.send([byte]);
        assert_eq!(app.at_most(1), [byte]);
    }
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
    let reply = Reply::read(&mut wire, "POST");
    assert_eq!((reply.status, reply.body.as_str()), (200, "well"));
}

#[test]
fn a_slow_upload_delays_no_other_request() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let half: Vec<_> = (0..50)
        .map(|_| {
            let mut wire = server.connect();
            wire.send(format!("GET {} HTTP/1.1\r\nHost: tool.ex", visit.at("/")));
            wire
        })
        .collect();
    let uploads: Vec<_> = (0..50)
        .map(|_| {
            let mut wire = browser.ask("POST", &visit.at("/up"), &[("Content-Length", "1000")]);
            wire.send("twenty bytes of body");
            wire
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(browser.get(&visit.at("/")).body, "ok");
        assert_eq!(recorder.request().line(), "GET /app/", "and no incomplete upload");
    }
    drop((half, uploads));
}

#[test]
fn a_slow_download_delays_no_other_request() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    // Larger than all buffers between the two ends.
    const SIZE: usize = 64 << 20;
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..4)
            .map(|_| {
                let wire = browser.ask("GET", &visit.at("/large"), &[]);
                let (mut app, _) = upstream.request();
                scope.spawn(move || {
                    app.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
                    (0..SIZE / 65536).for_each(|_| app.send([b'x'; 65536]));
                });
                wire
            })
            .collect();
        for _ in 0..20 {
            let mut wire = browser.ask("GET", &visit.at("/"), &[]);
            let (mut app, _) = upstream.request();
            app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
        }
        // The slow downloads are complete in the end.
        for mut wire in slow {
            let reply = Reply::read(&mut wire, "GET");
            assert_eq!((reply.bytes.len(), reply.complete), (SIZE, true));
        }
    });
}
