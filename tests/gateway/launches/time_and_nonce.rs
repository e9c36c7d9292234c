//! The timestamp of a launch, and replay protection.

use std::sync::Barrier;

use crate::support::NOW;

use super::*;

/// The accepted difference between timestamp and clock, in both directions.
const WINDOW: u64 = 300;

fn at(timestamp: u64) -> Form<'static> {
    Form { timestamp, ..launch() }
}

fn server_with_replay_limit(replay: usize) -> Server {
    let templates = [("page.html.tera", PAGE)];
    Server::start(&Setup { tools: TOOLS, templates: &templates, replay, ..Setup::default() })
}

// Checklist F1.d 75 and 76.
#[test]
fn a_timestamp_is_accepted_within_the_clock_skew_in_both_directions() {
    let server = server();
    for (timestamp, reason) in [
        (NOW - WINDOW - 1, "is 301 s behind ours"),
        (NOW + WINDOW + 1, "is 301 s ahead of ours"),
        (NOW - 86_400, "is 86400 s behind ours"),
    ] {
        let reply = reject(&server, &at(timestamp).sign(), 401, "stale");
        let line = line_of(&reply);
        assert!(line.contains(reason), "{line}");
    }
    accept(&server, &at(NOW - WINDOW).sign());
    accept(&server, &at(NOW + WINDOW).sign());
    // The same form is valid or stale at different times.
    let later = at(NOW + WINDOW + 1);
    server.set_now(NOW + 1);
    accept(&server, &later.sign());
    server.set_now(NOW + 2 * WINDOW + 2);
    reject(&server, &later.sign(), 401, "stale");
}

// Checklist F1.d 77.
#[test]
fn timestamps_far_from_the_clock_are_rejected() {
    let server = server();
    for timestamp in [0, 1, 4_102_444_800, 170_000_000_000, 999_999_999_999] {
        reject(&server, &at(timestamp).sign(), 401, "stale");
    }
    // Thirteen digits are milliseconds. The log line says so.
    for timestamp in [NOW * 1000, u64::MAX] {
        let reply = reject(&server, &at(timestamp).sign(), 400, "malformed-timestamp");
        let line = line_of(&reply);
        assert!(line.contains("not in milliseconds"), "{line}");
    }
    // At the limits of the clock, nothing overflows.
    server.set_now(0);
    reject(&server, &launch().sign(), 401, "stale");
    accept(&server, &at(0).sign());
    server.set_now(u64::MAX);
    reject(&server, &launch().sign(), 401, "stale");
}

// Checklist F1.d 78.
#[test]
fn a_timestamp_has_only_digits() {
    let (server, form) = (server(), launch());
    let long = "1".repeat(40);
    for timestamp in [
        "abc",
        "1.5",
        "-5",
        "+1700000000",
        " 1700000000",
        "1700000000 ",
        "1700000000\n",
        "0x6553F100",
        "1_700_000_000",
        "1.7e9",
        "１７００００００００",
        &long,
    ] {
        let body = form.altered(|pairs| pairs.set("oauth_timestamp", timestamp));
        reject(&server, &body, 400, "malformed-timestamp");
    }
    accept(&server, &form.sign());
}

// Checklist F1.d 79.
#[test]
fn a_replayed_launch_is_rejected() {
    let (server, body) = (server(), launch().sign());
    accept(&server, &body);
    for _ in 0..3 {
        reject(&server, &body, 401, "replayed");
    }
    reject_at(&server, "/lti/a", &format!("{body}&"), 401, "replayed");
}

// Checklist F1.d 80.
#[test]
fn a_reload_in_the_same_browser_shows_the_page_again() {
    let server = server_of(&TOOLS.replace("tools.b", "tools.reload"));
    let url = "https://tool.example/lti/reload";
    let body = Form { key: "key-2", secret: "an0ther", url, ..launch() }.sign();
    let first = accept_at(&server, target(url), &body);
    let cookie = first.cookie().expect("a cookie").to_owned();
    let reload =
        |cookie: &str, body: &str| server.post_with("/lti/reload", body, &[("Cookie", cookie)]);

    let among_others = format!("a=b; {cookie}; __Secure-lti-x=1.y; c");
    for (now, cookie) in [(NOW, &cookie), (NOW + 8 * 3600, &cookie), (NOW, &among_others)] {
        server.set_now(now);
        let again = reload(cookie, &body);
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.all("set-cookie"), [""; 0], "no second receipt");
    }
    let again = " outcome=\"again\" ";
    assert_eq!(
        log_lines(" tool=\"reload\" ").iter().filter(|line| line.contains(again)).count(),
        3
    );

    // The cookie proves one form only, and only until it expires.
    server.set_now(NOW);
    let other = Form { key: "key-2", secret: "an0ther", url, nonce: "other", ..launch() }.sign();
    accept_at(&server, target(url), &other);
    rejected(&reload(&cookie, &other), 401, "replayed");
    rejected(&reload(&cookie, &body.replace("Learner", "Instructor")), 401, "bad-signature");
    server.set_now(NOW + 8 * 3600 + 1);
    rejected(&reload(&cookie, &body), 401, "stale");
}

#[test]
fn a_reload_of_an_upstreams_launch_leads_back_to_its_session() {
    let recorder = Recorder::start();
    let server = server_of(&before_upstream(&recorder));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch());
    let again = browser.launch(&launch());
    assert_eq!((again.status, again.header("location")), (303, Some(visit.address.as_str())));
    assert_eq!(again.all("set-cookie"), [""; 0], "no second session");
    rejected(&Browser::new(&server).launch(&launch()), 401, "replayed");
    assert_eq!(browser.get(&visit.address).body, "ok");
    assert_eq!(recorder.request().line(), "GET /app/");
}

// Checklist F1.d 81 to 83.
#[test]
fn a_nonce_is_unique_per_consumer_and_timestamp() {
    let both = "consumers = [{ key = \"key-1\", secret = \"s3cret\" }, \
                { key = \"key-2\", secret = \"an0ther\" }]";
    let server = server_of(&TOOLS.replacen("key = \"key-1\"\nsecret = \"s3cret\"", both, 1));
    let of_key_2 = Form { key: "key-2", secret: "an0ther", ..launch() };
    let of_b = Form { url: "https://tool.example/lti/b", ..of_key_2.clone() };
    let forms = [launch(), at(NOW + 1), Form { nonce: "nonce-0002", ..launch() }, of_key_2, of_b];
    for form in &forms {
        accept_at(&server, target(form.url), &form.sign());
    }
    for form in forms {
        reject_at(&server, target(form.url), &form.sign(), 401, "replayed");
        // Another launch with a spent nonce is rejected too.
        reject_at(&server, target(form.url), &form.with(&[("x", "1")]).sign(), 401, "replayed");
    }
}

// Checklist F1.d 84.
#[test]
fn a_rejected_launch_spends_no_nonce() {
    let staff = TOOLS.replace("[tools.b]", "roles = [\"staff\"]\n[tools.b]");
    let server = server_of(&staff);
    let form = launch().but(&[("roles", "Instructor")]);
    reject(&server, &Form { secret: "wrong", ..form.clone() }.sign(), 401, "bad-signature");
    reject(&server, &form.tampered(|pairs| pairs.set("user_id", "evil")), 401, "bad-signature");
    reject(&server, &form.clone().without("resource_link_id").sign(), 400, "no-resource-link");
    reject(&server, &form.clone().but(&[("lti_version", "LTI-2p0")]).sign(), 400, "lti-version");
    reject(
        &server,
        &form.clone().with(&[("roles", "Learner")]).sign(),
        400,
        "conflicting-parameter",
    );
    reject(&server, &launch().sign(), 403, "role-not-allowed");
    server.set_now(NOW + WINDOW + 1);
    reject(&server, &form.sign(), 401, "stale");
    server.set_now(NOW);
    accept(&server, &form.sign());
}

// Checklist F1.d 85.
#[test]
fn of_two_concurrent_copies_exactly_one_is_accepted() {
    let server = server();
    for round in 0..20 {
        let nonce = round.to_string();
        let body = Form { nonce: &nonce, ..launch() }.sign();
        let start = Barrier::new(2);
        let mut statuses = std::thread::scope(|scope| {
            let both = [(); 2].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    server.post("/lti/a", &body).status
                })
            });
            both.map(|one| one.join().expect("no panic"))
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

// Checklist F1.d 86.
#[test]
fn a_nonce_may_have_any_characters_and_up_to_1024_bytes() {
    let server = server();
    let long = [
        "n".repeat(43),
        "n".repeat(255),
        "n".repeat(1024),
        "ü".repeat(512),
        "n".repeat(1025),
        "n".repeat(10_000),
    ];
    let others = ["n", " ", "a b+c%20&=", "ünï 👩‍🚀", "\r\n\0"];
    for nonce in others.into_iter().chain(long[..4].iter().map(String::as_str)) {
        accept(&server, &Form { nonce, ..launch() }.sign());
        reject(&server, &Form { nonce, ..launch() }.sign(), 401, "replayed");
    }
    for nonce in &long[4..] {
        reject(&server, &Form { nonce, ..launch() }.sign(), 400, "nonce-too-long");
    }
    // Nonces are not truncated: those that differ only in their last character are different.
    let almost = format!("{}m", "n".repeat(1023));
    accept(&server, &Form { nonce: &almost, ..launch() }.sign());
}

// Checklist F1.d 87.
#[test]
fn a_nonce_is_stored_as_long_as_its_timestamp_is_accepted() {
    let server = server();
    // If the platform's clock is ahead by the maximum, a launch is acceptable for twice the window.
    let body = at(NOW + WINDOW).sign();
    accept(&server, &body);
    for now in [NOW + 1, NOW + WINDOW, NOW + 2 * WINDOW] {
        server.set_now(now);
        reject(&server, &body, 401, "replayed");
    }
    server.set_now(NOW + 2 * WINDOW + 1);
    reject(&server, &body, 401, "stale");
}

// Checklist F1.d 88.
#[test]
fn a_full_replay_store_rejects_launches_and_evicts_nothing() {
    let server = server_with_replay_limit(1);
    let second = Form { nonce: "2", ..launch() };
    accept(&server, &launch().sign());
    for _ in 0..2 {
        reject(&server, &second.sign(), 503, "replay-memory-full");
    }
    reject(&server, &launch().sign(), 401, "replayed");
    server.set_now(NOW + WINDOW);
    reject(&server, &second.sign(), 503, "replay-memory-full");
    reject(&server, &launch().sign(), 401, "replayed");
    // The store deletes the first nonce only when its timestamp is not acceptable any more.
    server.set_now(NOW + WINDOW + 1);
    accept(&server, &Form { nonce: "2", ..at(NOW + 1) }.sign());
    reject(&server, &launch().sign(), 401, "stale");
}

#[test]
fn a_flood_from_one_consumer_locks_out_no_other() {
    let server = server_with_replay_limit(4);
    accept(&server, &launch().sign());
    let reply = reject(&server, &Form { nonce: "2", ..launch() }.sign(), 503, "replay-memory-full");
    let line = line_of(&reply);
    assert!(line.contains("the replay store is full for this consumer"), "{line}");
    let of_b =
        Form { key: "key-2", secret: "an0ther", url: "https://tool.example/lti/b", ..launch() };
    accept_at(&server, "/lti/b", &of_b.sign());
}

#[test]
fn after_the_clock_was_set_back_launches_are_rejected_until_it_has_caught_up() {
    const AHEAD: u64 = 24 * 60 * 60;
    let server = server();
    let copied = Form { nonce: "copied", ..launch() }.sign();
    accept(&server, &copied);
    // The clock is ahead. Launches with right timestamps are stale, and the nonce is deleted.
    server.set_now(NOW + AHEAD);
    reject(&server, &launch().sign(), 401, "stale");
    accept(&server, &Form { nonce: "2", ..at(NOW + AHEAD) }.sign());
    // The clock is right again. Neither the copy nor a new launch of that time is accepted.
    server.set_now(NOW + 10);
    for form in [&copied, &launch().sign()] {
        let reply = reject(&server, form, 503, "clock-set-back");
        let line = line_of(&reply);
        assert!(line.contains("clock was set back"), "{line}");
        assert!(!reply.body.contains("Too many people"), "{}", reply.body);
        assert!(reply.body.contains("open the activity again"), "{}", reply.body);
    }
    // A later launch is: the store deleted no nonce that could be its.
    server.set_now(NOW + 11);
    accept(&server, &Form { nonce: "3", ..at(NOW + 11) }.sign());
    // At the latest when the clock shows the time again that it had shown.
    server.set_now(NOW + AHEAD);
    accept(&server, &Form { nonce: "4", ..at(NOW + AHEAD - WINDOW) }.sign());
}

/// Another process holds the lock of the file, as a backup program may.
#[test]
fn a_launch_whose_nonce_cannot_be_written_is_rejected() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = format!("[gateway]\nstate = \"{}\"", directory.path().display());
    let server = server_of(&TOOLS.replacen("[gateway]", &state, 1));
    accept(&server, &launch().sign());
    let sqlite = rusqlite::Connection::open(directory.path().join("replay.sqlite"));
    let sqlite = sqlite.expect("the file");
    sqlite.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let form = Form { nonce: "2", ..launch() }.sign();
    let reply = reject(&server, &form, 503, "replay-store-unavailable");
    let line = line_of(&reply);
    assert!(line.contains("the replay store cannot be written"), "{line}");
    assert!(reply.body.contains("This server has a problem"), "{}", reply.body);
    sqlite.execute_batch("ROLLBACK").expect("no lock");
    accept(&server, &Form { nonce: "3", ..launch() }.sign());
}
