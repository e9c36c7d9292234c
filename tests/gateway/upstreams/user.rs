//! Session URLs and roles per user, link and course.

use super::*;

/// The roles that the upstream received with a request in a session.
#[track_caller]
fn roles(server: &Server, recorder: &Recorder, visit: &Visit) -> Option<String> {
    let headers = [("Host", "tool.example"), ("Cookie", visit.cookie.as_str())];
    assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").status, 200);
    recorder.request().header("x-forwarded-groups")
}

#[track_caller]
fn has_ended(server: &Server, recorder: &Recorder, visit: &Visit) {
    let headers = [("Host", "tool.example"), JSON, ("Cookie", visit.cookie.as_str())];
    refused(&server.send("GET", &visit.at("/"), &headers, b""), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn the_same_user_and_link_have_the_same_url() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let first = browser.open(&launch());
    server.set_now(NOW + 200);
    let second = browser.open(&launch_again("2"));
    assert_eq!(first.prefix, second.prefix);
    assert_ne!(first.cookie, second.cookie);
    assert_eq!(browser.cookies.len(), 2, "newer cookies replace older ones: {:?}", browser.cookies);
    for visit in [first, second] {
        assert_eq!(roles(&server, &recorder, &visit).as_deref(), Some("learner"));
    }
}

#[test]
fn another_role_is_valid_at_once() {
    let (recorder, server) = recorded();
    let learner = Browser::new(&server).open(&launch());
    assert_eq!(roles(&server, &recorder, &learner).as_deref(), Some("learner"));
    let promoted = launch_again("2").but(&[("roles", "Instructor")]);
    let instructor = Browser::new(&server).open(&promoted);
    assert_eq!(learner.prefix, instructor.prefix);
    has_ended(&server, &recorder, &learner);
    assert_eq!(roles(&server, &recorder, &instructor).as_deref(), Some("instructor"));
    // A launch with the first role ends the promoted session in turn.
    let demoted = Browser::new(&server).open(&launch_again("3"));
    has_ended(&server, &recorder, &instructor);
    assert_eq!(roles(&server, &recorder, &demoted).as_deref(), Some("learner"));
}

#[test]
fn another_role_ends_no_other_session() {
    let (recorder, server) = recorded();
    let open = |nonce, changes: &[(&'static str, &'static str)]| {
        Browser::new(&server).open(&launch_again(nonce).but(changes))
    };
    let ada = open("1", &[]);
    let bob = open("2", &[("user_id", "user-2")]);
    let link = open("3", &[("resource_link_id", "rl-2")]);
    let course = open("4", &[("context_id", "course-2")]);
    open("5", &[("roles", "Instructor")]);
    has_ended(&server, &recorder, &ada);
    for visit in [bob, link, course] {
        assert_eq!(roles(&server, &recorder, &visit).as_deref(), Some("learner"));
    }
}

#[test]
fn every_user_link_and_course_has_its_own_url() {
    let (_recorder, server) = recorded();
    let mut prefixes = Vec::new();
    for (nonce, name, value) in [
        ("1", "user_id", "user-4711"),
        ("2", "user_id", "user-4712"),
        ("3", "user_id", "USER-4711"),
        ("4", "resource_link_id", "rl-2"),
        ("5", "context_id", "course-2"),
    ] {
        let visit = Browser::new(&server).open(&launch_again(nonce).but(&[(name, value)]));
        assert!(!visit.prefix.contains("user") && !visit.prefix.contains("rl-"));
        prefixes.push(visit.prefix);
    }
    prefixes.sort();
    prefixes.dedup();
    assert_eq!(prefixes.len(), 5);
}

#[test]
fn launches_without_a_user_share_nothing() {
    let (recorder, server) = recorded();
    let open = |nonce| Browser::new(&server).open(&launch_again(nonce).without("user_id"));
    let (first, second) = (open("1"), open("2"));
    assert_ne!(first.prefix, second.prefix);
    for visit in [&first, &second] {
        let headers = [("Host", "tool.example"), ("Cookie", visit.cookie.as_str())];
        assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").status, 200);
        let request = recorder.request();
        assert_eq!(request.header("x-forwarded-user"), None);
        assert_eq!(assertion::claims_of(&server, &request).get("sub"), None);
    }
    let headers = [("Host", "tool.example"), JSON, ("Cookie", first.cookie.as_str())];
    refused(&server.send("GET", &second.at("/"), &headers, b""), 401, "no-session");
    recorder.saw_nothing();
}
