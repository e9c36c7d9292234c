//! Connections: their timeouts, and the order of responses.

use std::time::Duration;

use super::paused::{Answer, Paused, post, run};
use crate::support::Form;

const HEAD: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(95);
const READER: Duration = Duration::from_secs(300);

/// Asserts the page for a head that did not arrive in time.
#[track_caller]
fn too_slow(answer: &Answer) {
    assert_eq!(answer.status, 408);
    assert!(answer.body.contains("The connection was interrupted"), "{answer:?}");
    assert_eq!(answer.head.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(answer.head.header("connection").as_deref(), Some("close"));
    assert_eq!(answer.head.header("cache-control").as_deref(), Some("no-store"));
}

#[test]
fn half_a_head_gets_a_page_after_15_seconds() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent("GET /lti/Ada HTTP/1.1\r\nCookie: secret-").await;
        gateway.advance(Duration::from_secs(10)).await;
        // Further bytes do not extend the timeout.
        client.send("4711\r\n").await;
        gateway.settle().await;
        gateway.expire(Duration::from_secs(5), &mut client).await;
        too_slow(&client.answer("GET").await);
        assert_eq!(client.rest().await, b"");
        gateway.logged_once("head-slow", &["Ada", "secret-", "4711"]);
    });
}

#[test]
fn the_timeout_of_a_head_begins_with_its_first_byte() {
    run(async |gateway: &Paused| {
        let mut client = gateway.connect().await;
        gateway.settle().await;
        gateway.advance(Duration::from_secs(90)).await;
        client.send("G").await;
        gateway.settle().await;
        gateway.expire(HEAD, &mut client).await;
        too_slow(&client.answer("GET").await);
        gateway.logged_once("head-slow", &[]);
    });
}

#[test]
fn half_a_head_after_a_request_has_the_same_timeout() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(client.answer("GET").await.status, 200);
        gateway.advance(Duration::from_secs(50)).await;
        client.send("GET /is_up").await;
        gateway.settle().await;
        gateway.expire(HEAD, &mut client).await;
        too_slow(&client.answer("GET").await);
        gateway.logged_once("head-slow", &[]);
    });
}

#[test]
fn a_head_that_arrives_in_time_is_answered() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent("GET /is_up HTTP/1.1\r\n").await;
        gateway.advance(Duration::from_secs(14)).await;
        client.send("Host: x\r\n\r\n").await;
        assert_eq!(client.answer("GET").await.body, "I'm up");
        // The timeout of the head is over, too.
        gateway.settle().await;
        gateway.advance(Duration::from_secs(14)).await;
        assert!(client.is_silent());
        assert_eq!(gateway.log("code="), [""; 0]);
    });
}

#[test]
fn a_silent_connection_closes_without_a_byte_after_95_seconds() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent("").await;
        gateway.expire(IDLE, &mut client).await;
        assert_eq!(client.rest().await, b"");
        assert_eq!(gateway.log("WARN"), [""; 0]);
    });
}

#[test]
fn an_idle_connection_closes_without_a_byte_95_seconds_after_its_last_response() {
    run(async |gateway: &Paused| {
        let mut client = gateway.connect().await;
        for _ in 0..3 {
            client.send("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert_eq!(client.answer("GET").await.status, 200);
            gateway.settle().await;
            // Together longer than one timeout: every request starts it again.
            gateway.advance(Duration::from_secs(90)).await;
            assert!(client.is_silent());
        }
        gateway.expire(Duration::from_secs(5), &mut client).await;
        assert_eq!(client.rest().await, b"");
        assert_eq!(gateway.log("code="), [""; 0]);
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async |gateway: &Paused| {
        let launch = Form { url: "https://tool.example/lti/page", ..Form::default() }.sign();
        let mut requests = String::new();
        for target in ["/is_up", "/nothing", "/ready"] {
            requests.push_str(&format!("GET {target} HTTP/1.1\r\nHost: tool.example\r\n\r\n"));
        }
        requests.push_str(&post("/lti/page", &launch));
        requests.push_str("GET /is_up HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n\r\n");
        let mut client = gateway.sent(requests).await;
        let mut answers = Vec::new();
        for _ in 0..5 {
            let answer = client.answer("GET").await;
            assert!(answer.is_complete);
            answers.push((answer.status, answer.body.len().min(8)));
        }
        assert_eq!(answers, [(200, 6), (404, 8), (200, 5), (200, 8), (200, 6)]);
        assert_eq!(client.rest().await, b"");
    });
}

#[test]
fn a_connection_that_asks_for_it_closes_after_its_response() {
    run(async |gateway: &Paused| {
        for request in [
            "GET /is_up HTTP/1.0\r\n\r\n",
            "GET /is_up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ] {
            let mut client = gateway.sent(request).await;
            assert_eq!(client.answer("GET").await.body, "I'm up");
            assert_eq!(client.rest().await, b"");
        }
    });
}

#[test]
fn a_client_that_reads_nothing_for_300_seconds_loses_its_connection() {
    run(async |gateway: &Paused| {
        let session = gateway.session().await;
        let mut client = gateway.sent(session.request("GET", "/film", "")).await;
        let (mut app, _) = gateway.request().await;
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
        // The app sends until the buffers on the way are full.
        let (mut writer, reader) = app.split();
        let sending = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt as _;
            let mut sent = 0;
            while writer.write_all(&[b'x'; 65536]).await.is_ok() {
                sent += 65536;
            }
            sent
        });
        for _ in 0..200 {
            gateway.settle().await;
        }
        assert!(!sending.is_finished());
        gateway.advance(READER - Duration::from_secs(1)).await;
        assert!(!sending.is_finished(), "not before 300 seconds");
        gateway.advance(Duration::from_secs(2)).await;
        // The gateway closes its connection to the upstream.
        let sent = super::paused::within(sending).await.expect("no panic");
        assert!((1..40_000_000).contains(&sent), "{sent}");
        assert_eq!(reader.rest().await, "");
        assert!(client.rest().await.len() < 40_000_000);
    });
}
