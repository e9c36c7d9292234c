//! Sessions at the limits of the clock, and when it jumps.

use crate::support::verify;

use super::*;

const HOURS: u64 = 3600;
/// The first second, the limits of signed and unsigned 32-bit seconds (2038 and 2106), and the last
/// second that a timestamp of twelve digits can name.
const LIMITS: [u64; 8] =
    [0, 1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 253_402_300_800, 999_999_999_999];

#[track_caller]
fn get(server: &Server, visit: &Visit) -> Reply {
    let headers = [("Host", "tool.example"), JSON, ("Cookie", visit.cookie.as_str())];
    server.send("GET", &visit.at("/"), &headers, b"")
}

#[track_caller]
fn is_open(server: &Server, recorder: &Recorder, visit: &Visit) -> serde_json::Value {
    assert_eq!(get(server, visit).status, 200);
    let token = recorder.request().header("x-lti-assertion").expect("an assertion");
    let jwks = server.get("/.well-known/jwks.json").json();
    verify(&token, &jwks).expect("a valid assertion").claims
}

#[track_caller]
fn has_ended(server: &Server, recorder: &Recorder, visit: &Visit) {
    refused(&get(server, visit), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn a_session_has_its_lifetime_at_every_limit_of_the_clock() {
    for now in LIMITS {
        let (recorder, server) = recorded();
        server.set_now(now);
        let form = Form { timestamp: now, ..launch() };
        let visit = Browser::new(&server).open(&form);
        // The headers of a session are prepared once a minute.
        let next = (now / 60 + 1) * 60;
        for (at, issued) in
            [(now, now), (next - 1, now), (next, next), (now + 8 * HOURS, now + 8 * HOURS)]
        {
            server.set_now(at);
            let claims = is_open(&server, &recorder, &visit);
            assert_eq!((&claims["iat"], &claims["exp"]), (&issued.into(), &(issued + 300).into()));
        }
        for at in [now + 8 * HOURS + 1, u64::MAX] {
            server.set_now(at);
            has_ended(&server, &recorder, &visit);
        }
    }
}

#[test]
fn a_clock_that_jumps_opens_no_session_that_has_ended_and_ends_no_other() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch());
    for (now, is_valid) in [
        (NOW + 8 * HOURS + 1, false),
        (NOW, true),
        (0, true),
        (u64::MAX, false),
        (NOW - 86_400, true),
        (u64::MAX / 1000, false),
        (NOW + 8 * HOURS, true),
    ] {
        server.set_now(now);
        if is_valid {
            let claims = is_open(&server, &recorder, &visit);
            assert!(
                claims["iat"].as_u64().expect("a number").abs_diff(now) < 60,
                "{now}: {claims}"
            );
        } else {
            has_ended(&server, &recorder, &visit);
        }
    }
}

#[test]
fn a_reload_and_a_stale_form_are_told_apart_whatever_the_clock_says() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    browser.open(&launch());
    let before = browser.cookies.clone();
    for (now, is_reload) in [
        (NOW + 8 * HOURS, true),
        (NOW + 8 * HOURS + 1, false),
        (0, true),
        (u64::MAX, false),
        (NOW - 86_400, true),
    ] {
        server.set_now(now);
        let reply = browser.launch(&launch());
        if is_reload {
            assert_eq!((reply.status, reply.all("set-cookie").len()), (303, 0), "{now}: {reply:?}");
        } else {
            refused_page(&reply, 401, "stale");
        }
        assert_eq!(browser.cookies, before);
    }
    recorder.saw_nothing();
}

#[test]
fn a_clock_that_was_set_back_gives_no_former_role_back() {
    let (recorder, server) = recorded();
    let instructor = Browser::new(&server).open(&launch().but(&[("roles", "Instructor")]));
    // The next launch has an earlier time than the one before.
    server.set_now(NOW - 20);
    let learner = Browser::new(&server).open(&launch_again("2"));
    for now in [NOW - 20, NOW, NOW + 60] {
        server.set_now(now);
        has_ended(&server, &recorder, &instructor);
        is_open(&server, &recorder, &learner);
    }
}
