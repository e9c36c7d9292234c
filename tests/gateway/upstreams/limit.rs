//! Limits on the size and the speed of requests.

use crate::support::{Upstream, many_files, status_of};

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

#[test]
fn a_session_has_32_event_streams_and_a_further_one_is_refused() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let mut streams = Vec::new();
    for _ in 0..32 {
        let mut wire = browser.ask("GET", &visit.at("/events"), &[JSON]);
        let (mut app, _) = upstream.request();
        app.send(head);
        assert_eq!(status_of(&Reply::head(&mut wire).expect("a head")), 200);
        streams.push((wire, app));
    }
    let mut wire = browser.ask("GET", &visit.at("/events"), &[JSON]);
    let (mut app, _) = upstream.request();
    app.send(head);
    refused(&Reply::read(&mut wire, "GET"), 429, "too-many-streams");
    // The session still has other requests.
    let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
}

#[test]
fn of_a_sessions_requests_64_are_in_flight_256_wait_and_a_further_one_is_refused() {
    let _files = many_files();
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let mut wires = Vec::new();
    let mut apps = Vec::new();
    for _ in 0..64 {
        wires.push(browser.ask("GET", &visit.at("/"), &[JSON]));
        apps.push(upstream.request().0);
    }
    assert_eq!(wires.len(), 64);
    // Which of the next 257 is refused depends on their order of arrival.
    let (sender, replies) = std::sync::mpsc::channel();
    for _ in 0..257 {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let sender = sender.clone();
        std::thread::spawn(move || {
            let _ = sender.send(Reply::read_if_any(&mut wire, "GET"));
        });
    }
    let first = replies.recv().expect("a thread").expect("a response");
    refused(&first, 429, "too-many-requests");
    assert!(replies.try_recv().is_err(), "the others wait");
    assert!(upstream.saw_nothing());
    // When one in flight ends, one that waits follows.
    apps[0].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wires[0], "GET").body, "ok");
    apps[0].head().expect("the next request, on the same connection");
    apps[0].send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    assert_eq!(replies.recv().expect("a thread").expect("a response").body, "next");
}

#[test]
fn beyond_8_mb_of_forms_that_wait_for_an_app_further_ones_get_503_but_launches_pass() {
    let _files = many_files();
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "prefix = \"tool\""));
    let (browser, _) = opened(&server);
    let mut apps = Vec::new();
    let mut wires = Vec::new();
    for _ in 0..64 {
        wires.push(browser.ask("GET", "/lti/nb/", &[JSON]));
        apps.push(upstream.request().0);
    }
    assert_eq!(wires.len(), 64);
    // Of 34 forms with 250 KB, 33 fit into 8 MiB and wait for the app.
    let length = 250_000;
    let (sender, replies) = std::sync::mpsc::channel();
    for _ in 0..34 {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", &*length.to_string()),
        ];
        let mut wire = browser.ask("POST", "/lti/nb", &headers);
        let sender = sender.clone();
        std::thread::spawn(move || {
            let _ = wire.offer("x".repeat(length));
            let _ = sender.send(Reply::read_if_any(&mut wire, "POST"));
        });
    }
    let first = replies.recv().expect("a thread").expect("a response");
    refused_page(&first, 503, "too-many-forms");
    assert!(replies.try_recv().is_err(), "the others wait");
    // Launches have memory of their own, also large ones.
    let large = "x".repeat(length);
    for form in [launch_again("2"), launch_again("3").but(&[("custom_text", &*large)])] {
        assert_eq!(Browser::new(&server).launch(&form).status, 303);
    }
    assert!(upstream.saw_nothing());
    // When a request in flight ends, a form follows.
    apps[0].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wires[0], "GET").body, "ok");
    let head = apps[0].head().expect("the next request, on the same connection");
    assert_eq!(apps[0].body(&head).bytes.len(), length);
    apps[0].send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nform");
    assert_eq!(replies.recv().expect("a thread").expect("a response").body, "form");
}
