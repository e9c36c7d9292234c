//! Forms: launches and grades that are too large, late or too many.

use std::time::Duration;

use super::FORM_TYPE;
use super::paused::{Answer, Paused, Peer, post, run};
use crate::support::Form;

const FORM: Duration = Duration::from_secs(15);
/// The largest launch, in bytes.
const LARGEST: usize = 256 * 1024;

/// The head of a launch of `page`, with this length and further lines.
fn head(length: usize, lines: &str) -> String {
    format!(
        "POST /lti/page HTTP/1.1\r\nHost: tool.example\r\n{FORM_TYPE}Content-Length: {length}\r\n\
            {lines}\r\n"
    )
}

fn signed(nonce: &str) -> String {
    Form { url: "https://tool.example/lti/page", nonce, ..Form::default() }.sign()
}

#[track_caller]
fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.is_complete && answer.body.contains("<!doctype html>"), "{answer:?}");
    assert_eq!(answer.head.header("cache-control").as_deref(), Some("no-store"));
}

/// Asserts that the connection takes another launch.
async fn is_usable(client: &mut Peer) {
    client.send(post("/lti/page", &signed("after"))).await;
    let answer = client.answer("POST").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "launched"));
}

#[test]
fn a_launch_that_announces_too_much_gets_413_at_once_without_100() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent(head(LARGEST + 1, "Expect: 100-continue\r\n")).await;
        // The first head is the final response.
        refused(&client.answer("POST").await, 413);
        gateway.logged_once("too-large", &[]);
        // hyper closes, because it cannot know whether the body follows.
        assert_eq!(client.rest().await, b"");
    });
}

#[test]
fn a_launch_that_fits_gets_100_first() {
    run(async |gateway: &Paused| {
        let form = signed("1");
        let mut client = gateway.sent(head(form.len(), "Expect: 100-continue\r\n")).await;
        let interim = client.head().await.expect("an interim response");
        assert_eq!(interim.line(), "HTTP/1.1 100 Continue");
        client.send(form).await;
        assert_eq!(client.answer("POST").await.body, "launched");
        is_usable(&mut client).await;
    });
}

#[test]
fn a_form_that_is_too_large_gets_413_under_its_upload() {
    run(async |gateway: &Paused| {
        let length = 1_000_000;
        let mut client = gateway.sent(head(length, "")).await;
        // The response does not wait for the body, and the gateway goes on reading.
        refused(&client.answer("POST").await, 413);
        client.send(vec![b'x'; length]).await;
        gateway.logged_once("too-large", &[]);
        is_usable(&mut client).await;
    });
}

#[test]
fn a_chunked_form_that_is_too_large_gets_413_under_its_upload() {
    run(async |gateway: &Paused| {
        let mut client = gateway
            .sent(format!(
                "POST /lti/page HTTP/1.1\r\nHost: tool.example\r\n{FORM_TYPE}\
                    Transfer-Encoding: chunked\r\n\r\n"
            ))
            .await;
        for _ in 0..64 {
            client.send(format!("4000\r\n{}\r\n", "x".repeat(0x4000))).await;
        }
        client.send("0\r\n\r\n").await;
        refused(&client.answer("POST").await, 413);
        gateway.logged_once("too-large", &[]);
        is_usable(&mut client).await;
    });
}

#[test]
fn a_wrong_media_type_gets_415_under_its_upload() {
    run(async |gateway: &Paused| {
        let length = 1_000_000;
        let head = head(length, "").replace(FORM_TYPE, "Content-Type: application/json\r\n");
        let mut client = gateway.sent(head).await;
        client.send(vec![b'x'; length]).await;
        refused(&client.answer("POST").await, 415);
        gateway.logged_once("not-a-form", &[]);
        is_usable(&mut client).await;
    });
}

#[test]
fn a_grade_without_a_token_gets_401_under_its_upload() {
    run(async |gateway: &Paused| {
        let length = 1_000_000;
        let head = head(length, "").replace("/lti/page", "/grades");
        let mut client = gateway.sent(head).await;
        client.send(vec![b'x'; length]).await;
        let answer = client.answer("POST").await;
        assert_eq!(answer.status, 401);
        assert!(answer.body.contains("no-grade-token"), "{answer:?}");
        is_usable(&mut client).await;
    });
}

#[test]
fn a_launch_that_lacks_a_byte_gets_408_after_15_seconds() {
    run(async |gateway: &Paused| {
        let form = signed("1");
        let (most, last) = form.split_at(form.len() - 1);
        let mut client = gateway.sent(head(form.len(), "") + most).await;
        gateway.expire(FORM, &mut client).await;
        refused(&client.answer("POST").await, 408);
        gateway.logged_once("incomplete", &["key-1"]);
        // The last byte is late. It is no launch, and the nonce is not spent.
        client.send(last).await;
        client.send(post("/lti/page", &form)).await;
        let answer = client.answer("POST").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "launched"));
    });
}

#[test]
fn bytes_do_not_extend_the_timeout_of_a_form() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent(head(100, "") + "a").await;
        for _ in 0..14 {
            gateway.advance(Duration::from_secs(1)).await;
            client.send("b").await;
            gateway.settle().await;
        }
        gateway.expire(Duration::from_secs(1), &mut client).await;
        refused(&client.answer("POST").await, 408);
        gateway.logged_once("incomplete", &[]);
    });
}

#[test]
fn a_launch_whose_client_leaves_within_its_form_is_no_launch() {
    run(async |gateway: &Paused| {
        let form = signed("1");
        let client = gateway.sent(head(form.len(), "") + &form[..form.len() - 1]).await;
        drop(client);
        gateway.settle().await;
        assert_eq!(gateway.log("outcome=\"opened\""), [""; 0]);
        let mut client = gateway.sent(post("/lti/page", &form)).await;
        assert_eq!(client.answer("POST").await.body, "launched");
    });
}

#[test]
fn beyond_8_mb_of_large_forms_further_ones_get_503_but_launches_pass() {
    run(async |gateway: &Paused| {
        let part = LARGEST - 1;
        // 32 forms of 256 KiB fill the memory for large forms, but for 32 bytes.
        let mut slow = Vec::new();
        for _ in 0..32 {
            let mut client = gateway.sent(head(LARGEST, "")).await;
            client.send(vec![b'x'; part]).await;
            slow.push(client);
        }
        for client in &slow {
            gateway.settle().await;
            assert!(client.is_silent());
        }
        let mut client = gateway.sent(head(20_000, "") + &"x".repeat(20_000)).await;
        refused(&client.answer("POST").await, 503);
        gateway.logged_once("too-many-forms", &[]);
        is_usable(&mut client).await;
        // The memory is free again after the timeout.
        gateway.advance(FORM + Duration::from_secs(1)).await;
        for client in &mut slow {
            refused(&client.answer("POST").await, 408);
        }
        let mut client = gateway.sent(head(20_000, "") + &"x".repeat(20_000)).await;
        assert_eq!(client.answer("POST").await.status, 400);
    });
}
