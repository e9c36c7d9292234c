//! Responses that break off, and clients that leave.

use std::time::Duration;

use super::paused::{Paused, Peer, post, run};
use crate::support::Form;

const SECOND: Duration = Duration::from_secs(1);

/// A session's request, and its upstream's side.
async fn requested(gateway: &Paused, lines: &str) -> (Peer, Peer) {
    let session = gateway.session().await;
    let client = gateway.sent(session.request("GET", "/page", lines)).await;
    let (app, _) = gateway.request().await;
    (client, app)
}

/// Asserts one line in the log about a response that broke off.
#[track_caller]
fn broken_once(gateway: &Paused) {
    gateway.logged_once("response-broken", &[]);
    let lines = gateway.log("response-broken");
    assert!(lines[0].contains("outcome=\"broken\"") && lines[0].contains("tool=\"nb\""));
}

#[test]
fn a_chunked_response_that_breaks_off_has_no_last_chunk() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        let head = client.head().await.expect("a head");
        assert_eq!(client.chunk().await.expect("a chunk"), b"hello");
        drop(app);
        assert_eq!(client.body(&head).await, (vec![], false), "no last chunk");
        assert_eq!(client.rest().await, b"");
        broken_once(gateway);
    });
}

#[test]
fn a_response_that_breaks_off_within_a_chunk_has_no_last_chunk() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello").await;
        let head = client.head().await.expect("a head");
        drop(app);
        assert_eq!(client.body(&head).await, (b"hello".to_vec(), false));
        broken_once(gateway);
    });
}

#[test]
fn a_response_with_a_length_breaks_off() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\nhello").await;
        let head = client.head().await.expect("a head");
        assert_eq!(head.header("content-length").as_deref(), Some("50000"));
        drop(app);
        assert_eq!(client.body(&head).await, (b"hello".to_vec(), false));
        broken_once(gateway);
    });
}

/// The gateway waits a moment for the whole of a small response.
#[test]
fn a_small_response_that_breaks_off_at_once_gets_502() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "Accept: application/json\r\n").await;
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        drop(app);
        let answer = client.answer("GET").await;
        assert_eq!((answer.status, answer.is_complete), (502, true), "{answer:?}");
        let lines = gateway.log("outcome=\"refused\"");
        assert_eq!(lines.len(), 1, "{lines:?}");
    });
}

#[test]
fn a_small_response_that_breaks_off_later_breaks_off() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        gateway.settle().await;
        gateway.advance(SECOND).await;
        let head = client.head().await.expect("a head");
        drop(app);
        assert_eq!(client.body(&head).await, (b"hello".to_vec(), false));
        broken_once(gateway);
    });
}

#[test]
fn a_response_that_is_silent_for_the_tools_timeout_breaks_off() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        let head = client.head().await.expect("a head");
        assert_eq!(client.chunk().await.expect("a chunk"), b"hello");
        gateway.settle().await;
        gateway.expire(Duration::from_secs(3600), &mut client).await;
        assert_eq!(client.body(&head).await, (vec![], false));
        assert_eq!(app.rest().await, b"");
        broken_once(gateway);
    });
}

/// The clock does not move: the upstream sees the end as soon as the gateway does.
#[test]
fn a_client_that_leaves_before_the_head_cancels_the_upstreams_request() {
    run(async |gateway: &Paused| {
        let (client, mut app) = requested(gateway, "").await;
        drop(client);
        assert_eq!(app.rest().await, b"");
        gateway.settle().await;
        assert_eq!(gateway.log("WARN"), [""; 0], "the upstream is not to blame");
    });
}

#[test]
fn a_client_that_leaves_within_an_idle_event_stream_cancels_it() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "Accept: text/event-stream\r\n").await;
        app.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\
                \r\n9\r\ndata: x\n\n\r\n",
        )
        .await;
        client.head().await.expect("a head");
        assert_eq!(client.chunk().await.expect("an event"), b"data: x\n\n");
        drop(client);
        assert_eq!(app.rest().await, b"");
        gateway.settle().await;
        assert_eq!(gateway.log("WARN"), [""; 0]);
    });
}

#[test]
fn a_client_that_leaves_within_a_silent_download_cancels_it() {
    run(async |gateway: &Paused| {
        let (mut client, mut app) = requested(gateway, "").await;
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello").await;
        client.head().await.expect("a head");
        assert_eq!(client.at_most(5).await, b"hello");
        drop(client);
        assert_eq!(app.rest().await, b"");
        gateway.settle().await;
        assert_eq!(gateway.log("WARN"), [""; 0]);
    });
}

#[test]
fn a_client_that_leaves_does_not_cancel_its_launch() {
    run(async |gateway: &Paused| {
        let form = Form { url: "https://tool.example/lti/page", ..Form::default() }.sign();
        let mut client = gateway.connect().await;
        client.send(post("/lti/page", &form)).await;
        drop(client);
        gateway.settle().await;
        let accepted = gateway.log("outcome=\"accepted\"");
        assert_eq!(accepted.len(), 1, "{accepted:?}");
        // Its nonce is spent.
        let mut client = gateway.sent(post("/lti/page", &form)).await;
        assert_eq!(client.answer("POST").await.status, 401);
        assert_eq!(gateway.log("outcome=\"accepted\"").len(), 1);
    });
}
