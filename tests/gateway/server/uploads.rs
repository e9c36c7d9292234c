//! Uploads in sessions: their timeouts, and responses that arrive before their end.

use std::time::Duration;

use super::paused::{Answer, Paused, Peer, Session, run};

const FIRST_BYTE: Duration = Duration::from_secs(15);
const NEXT_PART: Duration = Duration::from_secs(30);
/// The client for upstreams probes for TLS after a silent failure, for at most one second.
const PROBE: Duration = Duration::from_secs(1);
const DRAIN: Duration = Duration::from_secs(10);
const MIB: usize = 1 << 20;
const JSON: &str = "Accept: application/json\r\n";

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.is_complete && answer.body.contains(&format!("\"{code}\"")), "{answer:?}");
}

/// A request of the session that announces a body.
fn upload(session: &Session, length: usize, lines: &str) -> String {
    session.request("PUT", "/file", &format!("{JSON}Content-Length: {length}\r\n{lines}"))
}

/// Asserts that the connection takes another request.
async fn is_usable(client: &mut Peer) {
    client.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.answer("GET").await.body, "I'm up");
}

#[test]
fn an_upload_without_a_first_byte_gets_408_after_15_seconds() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let mut client = gateway.sent(upload(&session, 10, "")).await;
        let (mut app, _) = gateway.request().await;
        gateway.expire(FIRST_BYTE, &mut client).await;
        gateway.advance(PROBE).await;
        refused(&client.answer("PUT").await, 408, "upload-slow");
        gateway.logged_once("upload-slow", &[&session.cookie]);
        assert_eq!(app.rest().await, b"", "the upstream's request ends without a body");
    });
}

#[test]
fn an_upload_without_progress_gets_408_after_30_seconds() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let mut client = gateway.sent(upload(&session, 10, "") + "a").await;
        let (mut app, _) = gateway.request().await;
        assert_eq!(app.at_most(1).await, b"a");
        for _ in 0..3 {
            // Together longer than one timeout: every part starts it again.
            gateway.advance(Duration::from_secs(29)).await;
            client.send("b").await;
            assert_eq!(app.at_most(1).await, b"b");
            gateway.settle().await;
        }
        gateway.expire(NEXT_PART, &mut client).await;
        gateway.advance(PROBE).await;
        refused(&client.answer("PUT").await, 408, "upload-slow");
        gateway.logged_once("upload-slow", &[]);
        assert_eq!(app.rest().await, b"");
    });
}

#[test]
fn an_upload_whose_client_leaves_ends_at_the_upstream() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let client = gateway.sent(upload(&session, 10, "") + "abc").await;
        let (mut app, _) = gateway.request().await;
        assert_eq!(app.at_most(3).await, b"abc");
        drop(client);
        assert_eq!(app.rest().await, b"", "not complete");
    });
}

/// The response arrives at a client that first sends everything and then reads.
#[test]
fn an_early_response_arrives_under_an_upload_of_10_mb() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let other = Session { cookie: "a=b".into(), prefix: session.prefix.clone() };
        let foreign = "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n";
        for (request, status, code) in [
            (upload(&other, 10 * MIB, ""), 401, "no-session"),
            (upload(&session, 10 * MIB, foreign), 403, "foreign-origin"),
        ] {
            let mut client = gateway.sent(request).await;
            client.send(vec![b'x'; 10 * MIB]).await;
            refused(&client.answer("PUT").await, status, code);
            is_usable(&mut client).await;
        }
        assert!(gateway.upstream_saw_nothing().await);
    });
}

#[test]
fn an_early_response_of_the_app_arrives_under_an_upload_of_10_mb() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let mut client = gateway.sent(upload(&session, 10 * MIB, "")).await;
        let (mut app, _) = gateway.request().await;
        // The app reads nothing of the body.
        let head = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n";
        app.send(format!("{head}\r\nlarge")).await;
        gateway.settle().await;
        client.send(vec![b'x'; 10 * MIB]).await;
        let answer = client.answer("PUT").await;
        assert_eq!((answer.status, answer.body.as_str()), (413, "large"));
        is_usable(&mut client).await;
    });
}

#[test]
fn a_body_is_drained_for_at_most_10_seconds() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let other = Session { cookie: "a=b".into(), prefix: session.prefix.clone() };
        let mut client = gateway.sent(upload(&other, 10, "") + "abc").await;
        refused(&client.answer("PUT").await, 401, "no-session");
        gateway.settle().await;
        gateway.expire(DRAIN, &mut client).await;
        assert_eq!(client.rest().await, b"");
    });
}

#[test]
fn a_body_is_drained_up_to_16_mib() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let other = Session { cookie: "a=b".into(), prefix: session.prefix.clone() };
        let mut client = gateway.sent(upload(&other, 100 * MIB, "")).await;
        refused(&client.answer("PUT").await, 401, "no-session");
        let mut sent = 0;
        while client.offer(vec![b'x'; MIB]).await.is_ok() {
            sent += MIB;
        }
        // The buffers of both sockets hold further bytes.
        assert!((16 * MIB..40 * MIB).contains(&sent), "{sent}");
    });
}

#[test]
fn at_most_64_bodies_are_drained_at_once() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let other = Session { cookie: "a=b".into(), prefix: session.prefix.clone() };
        let mut draining = Vec::new();
        for _ in 0..64 {
            let mut client = gateway.connect().await;
            client.send(upload(&other, 10, "") + "abc").await;
            refused(&client.answer("PUT").await, 401, "no-session");
            draining.push(client);
        }
        gateway.settle().await;
        assert!(draining.iter().all(Peer::is_silent), "open");
        let mut client = gateway.sent(upload(&other, 10, "") + "abc").await;
        refused(&client.answer("PUT").await, 401, "no-session");
        assert_eq!(client.rest().await, b"", "closed at once");
        // A drain that ends makes room for another one.
        let mut first = draining.remove(0);
        first.send("defghij").await;
        is_usable(&mut first).await;
        let mut client = gateway.sent(upload(&other, 10, "") + "abc").await;
        refused(&client.answer("PUT").await, 401, "no-session");
        client.send("defghij").await;
        is_usable(&mut client).await;
    });
}
