//! Launches of an upstream: accepted, rejected, and the URLs to which they lead.

use std::sync::Barrier;

use super::*;

/// Asserts that a launch is rejected, sets no cookie and reaches no upstream.
#[track_caller]
fn reject(server: &Server, recorder: &Recorder, target: &str, body: &str, status: u16, code: &str) {
    refused_page(&server.post(target, body), status, code);
    recorder.saw_nothing();
}

#[test]
fn a_rejected_launch_opens_nothing() {
    let (recorder, server) = recorded_with("roles = [\"instructor\"]");
    let form = launch().but(&[("roles", "Instructor")]);
    let reject =
        |body: &str, status, code| reject(&server, &recorder, "/lti/nb", body, status, code);
    reject(&form.tampered(|pairs| pairs.set("user_id", "user-1")), 401, "bad-signature");
    reject(&Form { key: "key-2", ..form.clone() }.sign(), 401, "unknown-consumer");
    reject(&Form { timestamp: NOW - 301, ..form.clone() }.sign(), 401, "stale");
    reject(&form.clone().but(&[("roles", "Learner")]).sign(), 403, "role-not-allowed");
    reject(&form.clone().without("resource_link_id").sign(), 400, "no-resource-link");
    reject("", 400, "unsigned");
    // None of them spent the nonce. The accepted launch spends it.
    assert_eq!(Browser::new(&server).launch(&form).status, 303);
    reject(&form.sign(), 401, "replayed");
}

#[test]
fn of_identical_launches_at_once_one_opens_a_session() {
    let (recorder, server) = recorded();
    let (body, barrier) = (launch().sign(), Barrier::new(8));
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let guests: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    server.post("/lti/nb", &body)
                })
            })
            .collect();
        guests.into_iter().map(|guest| guest.join().expect("a reply")).collect()
    });
    let (opened, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 303);
    assert_eq!((opened.len(), others.len()), (1, 7));
    others.iter().for_each(|reply| refused_page(reply, 401, "replayed"));
    recorder.saw_nothing();
}

#[test]
fn a_launch_path_cannot_leave_the_session() {
    let (recorder, server) = recorded();
    for path in
        ["/..", "/../x", "/a/../../x", "/%2e%2e/x", "/..%2fx", "/.", "/..;/x", "/%252e%252e/"]
    {
        let url = format!("https://tool.example/lti/nb{path}");
        let form = Form { url: &url, ..launch() };
        reject(&server, &recorder, &format!("/lti/nb{path}"), &form.sign(), 400, "bad-path");
    }
    // A path that resembles another host stays below the prefix.
    for (nonce, path) in
        [("1", "//evil.example/"), ("2", "/http://evil.example/"), ("3", "/\\evil.example")]
    {
        let url = format!("https://tool.example/lti/nb{path}");
        let visit = Browser::new(&server).open(&Form { url: &url, nonce, ..launch() });
        assert_eq!(visit.address, visit.at(path));
    }
}
