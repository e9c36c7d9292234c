//! Streaming: the gateway passes each part of a body on as soon as it arrives, in both directions.

use crate::support::{Upstream, Wire, status_of};

use super::*;

const GZIP: &str = "Content-Encoding: gzip\r\n";

/// A gateway in front of an upstream that the test controls.
fn controlled(more: &str) -> (Upstream, Server) {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), more));
    (upstream, server)
}

/// Opens an event stream, and returns its browser's side and its upstream's side.
#[track_caller]
fn events(upstream: &Upstream, browser: &Browser<'_>, visit: &Visit) -> (Wire, Wire) {
    events_with("", upstream, browser, visit)
}

/// The same with further lines in the response head.
#[track_caller]
fn events_with(
    lines: &str,
    upstream: &Upstream,
    browser: &Browser<'_>,
    visit: &Visit,
) -> (Wire, Wire) {
    let mut wire = browser.ask("GET", &visit.at("/events"), &[("Accept", "text/event-stream")]);
    let (mut app, head) = upstream.request();
    assert_eq!(head.header("accept").as_deref(), Some("text/event-stream"));
    app.send(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\
            {lines}\r\n"
    ));
    let head = Reply::head(&mut wire).expect("a head before any event");
    assert_eq!(
        (status_of(&head), head.header("content-type").as_deref()),
        (200, Some("text/event-stream"))
    );
    (wire, app)
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[test]
fn an_event_arrives_before_the_next_is_sent() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let (mut wire, mut app) = events(&upstream, &browser, &visit);
    for number in 0..20 {
        let event = format!("id: {number}\ndata: x\n\n");
        app.send(chunk(&event));
        assert_eq!(wire.chunk().expect("a chunk"), event.as_bytes());
    }
    app.send("0\r\n\r\n");
    assert_eq!(wire.chunk(), Some(Vec::new()), "the end");
}

#[test]
fn every_part_of_a_response_arrives_before_the_next_is_sent() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/slow"), &[]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
    let head = Reply::head(&mut wire).expect("a head before the body");
    assert_eq!(head.header("content-length").as_deref(), Some("40"));
    for _ in 0..10 {
        app.send("abcd");
        assert_eq!(wire.at_most(4), b"abcd");
    }
}

#[test]
fn comments_are_the_keep_alive_of_an_idle_event_stream() {
    let (upstream, server) = controlled("timeout = \"1s\"");
    let (browser, visit) = opened(&server);
    let (mut wire, mut app) = events(&upstream, &browser, &visit);
    // A compressed stream cannot contain a comment, so the timeout applies. These two streams wait
    // at the same time.
    let (mut mute_wire, mut mute_app) = events_with(GZIP, &upstream, &browser, &visit);
    let (long_upstream, long_server) = controlled("timeout = \"1h\"");
    let (long_browser, long_visit) = opened(&long_server);
    let (mut long_wire, mut long_app) =
        events_with(GZIP, &long_upstream, &long_browser, &long_visit);
    for (end, app) in [(&mut mute_wire, &mut mute_app), (&mut long_wire, &mut long_app)] {
        app.send(chunk("\u{1f}not really compressed\n\n"));
        assert_eq!(end.chunk().expect("a chunk"), b"\x1fnot really compressed\n\n");
    }

    assert_eq!(wire.chunk().expect("a comment"), b":\n\n");
    app.send(chunk("data: 1\n\n"));
    assert_eq!(wire.chunk().expect("an event"), b"data: 1\n\n");
    // No comment within an event: only after its end, in any chunks.
    for part in ["data: 2", "\n", "\n"] {
        app.send(chunk(part));
        assert_eq!(wire.chunk().expect("a part of an event"), part.as_bytes());
    }
    assert_eq!(wire.chunk().expect("a comment"), b":\n\n");

    let end = mute_wire.chunk();
    assert!(matches!(end.as_deref(), None | Some([])), "it ends without a comment: {end:?}");
    assert!(mute_app.is_over());
    long_app.send(chunk("more"));
    assert_eq!(long_wire.chunk().expect("no comment"), b"more");
}

#[test]
fn an_event_stream_ends_at_the_upstream_after_the_browser_left() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let (wire, mut app) = events(&upstream, &browser, &visit);
    drop(wire);
    // A write of the app, or the heartbeat, shows that the browser has left.
    while app.offer(chunk("data: x\n\n")).is_ok() {}
    assert!(app.is_over());
}

#[test]
fn a_download_ends_at_the_upstream_after_the_browser_left() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let wire = browser.ask("GET", &visit.at("/large"), &[]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\n\r\n");
    drop(wire);
    while app.offer([b'x'; 65536]).is_ok() {}
    assert!(app.is_over());
}

#[test]
fn an_event_stream_ends_only_if_a_launch_changes_the_roles() {
    for lines in ["", GZIP] {
        let (upstream, server) = controlled("timeout = \"1h\"");
        let (browser, visit) = opened(&server);
        let (mut wire, mut app) = events_with(lines, &upstream, &browser, &visit);
        Browser::new(&server).open(&launch_again("2"));
        app.send(chunk("data: still\n\n"));
        assert_eq!(wire.chunk().expect("an event"), b"data: still\n\n");
        Browser::new(&server).open(&launch_again("3").but(&[("roles", "Instructor")]));
        let end = wire.chunk();
        assert!(matches!(end.as_deref(), None | Some([])), "{end:?}");
        assert!(app.is_over());
    }
}

#[test]
fn an_upload_arrives_while_it_is_sent() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("POST", &visit.at("/up"), &[("Transfer-Encoding", "chunked")]);
    wire.send(chunk("the first bytes, which Rocket looks at"));
    let (mut app, _) = upstream.request();
    assert_eq!(app.chunk().expect("a chunk"), b"the first bytes, which Rocket looks at");
    for number in 0..20 {
        let text = format!("part {number}");
        wire.send(chunk(&text));
        assert_eq!(app.chunk().expect("a chunk"), text.as_bytes());
    }
    wire.send("0\r\n\r\n");
    assert_eq!(app.chunk(), Some(Vec::new()), "the end");
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
    assert_eq!(Reply::read(&mut wire, "POST").body, "well");
}

#[test]
fn upload_and_download_run_at_once() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("POST", &visit.at("/chat"), &[("Transfer-Encoding", "chunked")]);
    wire.send(chunk("the first bytes, which Rocket looks at"));
    let (mut app, _) = upstream.request();
    assert!(app.chunk().is_some());
    app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    app.send(chunk("hello"));
    assert_eq!(status_of(&Reply::head(&mut wire).expect("a response during the upload")), 200);
    assert_eq!(wire.chunk().expect("a chunk"), b"hello");
    for number in 0..20 {
        let text = format!("part {number}");
        wire.send(chunk(&text));
        assert_eq!(app.chunk().expect("a chunk"), text.as_bytes());
        app.send(chunk(&text));
        assert_eq!(wire.chunk().expect("a chunk"), text.as_bytes());
    }
    wire.send("0\r\n\r\n");
    assert_eq!(app.chunk(), Some(Vec::new()));
    app.send("0\r\n\r\n");
    assert_eq!(wire.chunk(), Some(Vec::new()));
}

/// Asserts that an upload ended without its last chunk, and that the connection closed.
#[track_caller]
fn broke_off(mut app: Wire) {
    let rest = app.rest();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    assert!(app.is_over());
}

#[test]
fn an_upload_that_breaks_off_during_the_response_never_looks_complete() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let begin = || {
        let mut wire = browser.ask("POST", &visit.at("/up"), &[("Transfer-Encoding", "chunked")]);
        wire.send(chunk("the first bytes, which Rocket looks at"));
        let (mut app, head) = upstream.request();
        assert_eq!(head.header("transfer-encoding").as_deref(), Some("chunked"));
        assert!(app.chunk().is_some());
        (wire, app)
    };
    // The browser leaves, or only stops in the middle of a chunk.
    let leaves: [fn(&mut Wire); 2] = [|wire| wire.second().close(), Wire::finish];
    for leave in leaves {
        let (mut wire, mut app) = begin();
        app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        app.send(chunk("hello"));
        assert_eq!(status_of(&Reply::head(&mut wire).expect("a response during the upload")), 200);
        assert_eq!(wire.chunk().expect("a chunk"), b"hello");
        wire.send("ff\r\nonly some of its bytes");
        leave(&mut wire);
        broke_off(app);
    }
    // The browser leaves while the response is still arriving.
    let (wire, mut app) = begin();
    app.send("HTTP/1.1 200 OK\r\n\r\n");
    let mut writer = app.second();
    std::thread::scope(|scope| {
        scope.spawn(move || while writer.offer([b'x'; 65536]).is_ok() {});
        drop(wire);
        broke_off(app);
    });
    // The response ends before the upload.
    for response in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let (mut wire, mut app) = begin();
        app.send(format!("HTTP/1.1 200 OK\r\n{response}"));
        let reply = Reply::read(&mut wire, "POST");
        assert_eq!((reply.status, reply.body.as_str(), reply.complete), (200, "hello", true));
        broke_off(app);
    }
}

#[test]
fn an_upstream_may_respond_before_it_reads_the_upload() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("POST", &visit.at("/up"), &[("Content-Length", "100000000")]);
    wire.send("only its first bytes");
    let (mut app, _) = upstream.request();
    app.send(
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large",
    );
    drop(app);
    let reply = Reply::read(&mut wire, "POST");
    assert_eq!((reply.status, reply.body.as_str(), reply.complete), (413, "too large", true));
}

#[test]
fn large_bodies_pass_complete_in_both_directions() {
    const SIZE: usize = 64 << 20;
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    let block: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
    let length = SIZE.to_string();
    let mut wire = browser.ask("PUT", &visit.at("/large"), &[("Content-Length", &length)]);
    let mut writer = wire.second();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..SIZE / block.len()).for_each(|_| writer.send(&block)));
        let (mut app, head) = upstream.request();
        assert_eq!(head.header("content-length").as_deref(), Some(length.as_str()));
        for _ in 0..SIZE / block.len() {
            assert!(app.at_most(block.len()) == block);
        }
        app.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        scope.spawn({
            let block = &block;
            move || (0..SIZE / block.len()).for_each(|_| app.send(block))
        });
        let head = Reply::head(&mut wire).expect("a response");
        assert_eq!((status_of(&head), head.header("content-length")), (200, Some(length.clone())));
        for _ in 0..SIZE / block.len() {
            assert!(wire.at_most(block.len()) == block);
        }
    });
}

#[test]
fn an_upstream_may_refuse_a_large_upload_while_it_arrives() {
    let (upstream, server) = controlled("");
    let (browser, visit) = opened(&server);
    for _ in 0..10 {
        let mut wire = browser.ask("PUT", &visit.at("/up"), &[("Content-Length", "100000000")]);
        let mut writer = wire.second();
        std::thread::scope(|scope| {
            scope.spawn(move || while writer.offer([b'x'; 65536]).is_ok() {});
            let (mut app, _) = upstream.request();
            assert_eq!(app.at_most(1000).len(), 1000);
            // As servers do: the upstream sends nothing more, and discards the rest of the upload.
            app.send(
                "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\n\
                    too large",
            );
            app.finish();
            let reply = Reply::read(&mut wire, "PUT");
            assert_eq!((reply.status, reply.body.as_str()), (413, "too large"));
            wire.close();
            app.rest();
        });
    }
}
