//! Attacks with tickets: floods of the replay store, login CSRF, and a clock that is wrong.

use super::entry::{NewWindow, enter};
use super::*;

/// The time for which a launch's ticket is valid: a minute, and the clock skew.
const VALID: u64 = 360;

/// A launch of the other tool of [`two_tools`].
fn launch_other(nonce: &'static str) -> Form<'static> {
    Form { url: "https://tool.example/lti/other", ..launch_again(nonce) }
}

/// The tools file with a second tool.
fn two_tools(recorder: &Recorder) -> String {
    let other = "[tools.other]\nkey = \"key-1\"\nsecret = \"s3cret\"\nupstream = \"";
    format!("{}\n{other}{}\"\n", tools(&recorder.url(), ""), recorder.url())
}

/// Follows a launch's ticket and the page's ticket, by GET and POST, again and again.
#[track_caller]
fn follow(server: &Server, entry: &str, rounds: usize) {
    let (prefix, ticket) = entry.split_once('?').expect("a ticket");
    let window = NewWindow::at(server, entry);
    let mut opened = 0;
    for round in 0..rounds {
        for ticket in [ticket, window.body.as_str()] {
            let reply = server.get(&format!("{prefix}?{ticket}"));
            refused_page(&reply, 401, "bad-ticket");
            assert!(!reply.body.contains("lti_ticket"), "a further ticket in round {round}");
            let reply = server.post(&window.action, ticket);
            opened += usize::from(reply.status == 303);
        }
    }
    assert_eq!(opened, 1);
}

#[test]
fn a_launch_spends_at_most_three_nonces_whatever_its_tickets_are_used_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let recorder = Recorder::start();
    let state = format!("[gateway]\nstate = \"{}\"", directory.path().display());
    let server = server(&tools(&recorder.url(), "").replacen("[gateway]", &state, 1));
    let entry = enter(&mut Browser::new(&server), &launch());
    follow(&server, &entry, 20);
    let file = directory.path().join("replay.sqlite");
    let sqlite = rusqlite::Connection::open(file).expect("the file");
    let count = sqlite.query_row("SELECT COUNT(*) FROM nonce", [], |row| row.get::<_, u64>(0));
    assert_eq!(count.expect("a number"), 3);
    recorder.saw_nothing();
}

/// Follows each ticket of a page by GET. Returns the number of pages with a ticket.
fn length_of_chain(server: &Server, entry: &str) -> usize {
    let (prefix, _) = entry.split_once('?').expect("a ticket");
    let mut next = entry.to_owned();
    (0..100)
        .take_while(|_| {
            let page = server.get(&next).body;
            let ticket = page.split_once("name=\"lti_ticket\" value=\"").map(|(_, rest)| rest);
            let ticket = ticket.and_then(|rest| rest.split('"').next());
            next = format!("{prefix}?lti_ticket={}", ticket.unwrap_or_default());
            ticket.is_some()
        })
        .count()
}

#[test]
fn five_chains_of_tickets_lock_out_no_other_tool() {
    let recorder = Recorder::start();
    let setup = Setup { tools: &two_tools(&recorder), replay: 40, ..Setup::default() };
    let server = Server::start(&setup);
    std::thread::scope(|scope| {
        for nonce in ["1", "2", "3", "4", "5"] {
            let server = &server;
            scope.spawn(move || {
                let launched = Browser::new(server).launch(&launch_again(nonce));
                match launched.header("location") {
                    Some(entry) => assert!(length_of_chain(server, entry) <= 1),
                    // The share of the consumer is used up.
                    None => refused_page(&launched, 503, "replay-memory-full"),
                }
            });
        }
    });
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch_other("6"));
    assert_eq!(browser.get(&entry).status, 303);
    recorder.saw_nothing();
}

#[test]
fn a_ticket_counts_for_the_consumer_that_launched() {
    let recorder = Recorder::start();
    let both = "consumers = [{ key = \"key-1\", secret = \"s3cret\" }, \
                { key = \"key-2\", secret = \"an0ther\" }]";
    let tools = tools(&recorder.url(), "");
    let tools = tools.replace("key = \"key-1\"\nsecret = \"s3cret\"", both);
    let server = Server::start(&Setup { tools: &tools, replay: 8, ..Setup::default() });
    let of_key_2 = Form { key: "key-2", secret: "an0ther", ..launch_again("2") };
    // A launch and its ticket use up the share of a consumer.
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    assert_eq!(browser.get(&entry).status, 303);
    let full = Browser::new(&server).launch(&launch_again("3"));
    refused_page(&full, 503, "replay-memory-full");
    let line = line_of(full.reference().expect("a reference"));
    assert!(line.contains("the replay store is full for this consumer"), "{line}");
    // The other consumer has a share of its own.
    enter(&mut browser, &of_key_2);
    recorder.saw_nothing();
}

#[test]
fn a_ticket_for_which_there_is_no_space_is_not_spent() {
    let recorder = Recorder::start();
    let tools = tools(&recorder.url(), "");
    let server = Server::start(&Setup { tools: &tools, replay: 1, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    refused(&browser.send("GET", &entry, &[JSON], b""), 503, "replay-memory-full");
    // The launch's nonce has expired.
    server.set_now(NOW + 301);
    assert_eq!(browser.get(&entry).status, 303);
    recorder.saw_nothing();
}

#[test]
fn a_spent_ticket_stays_spent_as_long_as_it_is_valid() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    assert_eq!(browser.get(&entry).status, 303);
    for (now, nonce) in [(NOW + 61, "2"), (NOW + VALID, "3")] {
        server.set_now(now);
        // A launch deletes expired nonces.
        let timestamp = now;
        enter(&mut Browser::new(&server), &Form { timestamp, ..launch_again(nonce) });
        refused(&browser.send("GET", &entry, &[JSON], b""), 401, "bad-ticket");
    }
    recorder.saw_nothing();
}

#[test]
fn after_the_clock_was_set_back_a_ticket_is_not_spent_twice() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let spent = enter(&mut browser, &launch());
    assert_eq!(browser.get(&spent).status, 303);
    let other = enter(&mut browser, &launch_again("2"));
    server.set_now(NOW + 10_000);
    enter(&mut Browser::new(&server), &Form { timestamp: NOW + 10_000, ..launch_again("3") });
    server.set_now(NOW);
    for entry in [&spent, &other] {
        let reply = browser.get(entry);
        refused_page(&reply, 503, "clock-set-back");
        assert!(reply.body.contains("Activities cannot be opened right now"), "{}", reply.body);
    }
    recorder.saw_nothing();
}

/// Browsers send `Origin: null` from pages with `Referrer-Policy: no-referrer`, or a sandbox.
#[test]
fn a_ticket_posted_by_another_sites_page_is_refused_and_stays_unspent() {
    const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    let own = ("Origin", "https://tool.example");
    let (recorder, server) = recorded();
    let window = NewWindow::at(&server, &enter(&mut Browser::new(&server), &launch()));
    let post = |headers: &[(&str, &str)]| {
        let headers = [&[FORM], headers].concat();
        Browser::new(&server).send("POST", &window.action, &headers, window.body.as_bytes())
    };
    for headers in [
        &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")][..],
        &[("Origin", "https://evil.example")],
        &[("Origin", "https://lms.example")],
        &[("Origin", "http://tool.example")],
        &[("Origin", "https://evil.tool.example"), ("Sec-Fetch-Site", "same-site")],
        &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "null")],
        &[("Origin", "null"), ("Sec-Fetch-Site", "none")],
        &[("Sec-Fetch-Site", "same-site")],
        &[own, ("Sec-Fetch-Site", "cross-site")],
        &[own, ("Origin", "https://evil.example")],
    ] {
        refused_page(&post(headers), 403, "foreign-origin");
        let reply = post(&[headers, &[JSON]].concat());
        refused(&reply, 403, "foreign-origin");
    }
    assert_eq!(post(&[own, ("Sec-Fetch-Site", "same-origin")]).status, 303);

    // Our own page, with and without `Sec-Fetch-Site`, and a program.
    let own: [(&str, &[(&str, &str)]); 3] = [
        ("2", &[own]),
        ("3", &[("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]),
        ("4", &[]),
    ];
    for (nonce, headers) in own {
        let entry = enter(&mut Browser::new(&server), &launch_again(nonce));
        let window = NewWindow::at(&server, &entry);
        let headers = [&[FORM], headers].concat();
        let mut browser = Browser::new(&server);
        let reply = browser.send("POST", &window.action, &headers, window.body.as_bytes());
        assert_eq!(reply.status, 303, "{headers:?}");
        assert_eq!(reply.all("set-cookie").len(), 1);
    }
    recorder.saw_nothing();
}

/// Each tool has the origin that browsers see, also with `prefix = "tool"` and on its own host.
#[test]
fn a_button_posts_to_the_origin_of_its_tool() {
    let recorder = Recorder::start();
    for (more, host, url) in [
        ("prefix = \"tool\"", "tool.example", "https://tool.example/lti/nb"),
        ("host = \"nb.example\"", "nb.example", "https://nb.example/"),
    ] {
        let server = server(&tools(&recorder.url(), more));
        let mut browser = Browser::at(&server, host);
        let launched = browser.launch(&Form { url, ..launch() });
        let entry = launched.header("location").expect("an entry URL").to_owned();
        let mut stranger = Browser::at(&server, host);
        let page = stranger.get(&entry);
        let (_, value) = page.body.split_once("name=\"lti_ticket\" value=\"").expect("a ticket");
        let body = format!("lti_ticket={}", value.split('"').next().expect("its end"));
        let (path, _) = entry.split_once('?').expect("a ticket");
        let target = format!("{path}?lti_ticket");
        for (origin, status) in [
            ("https://evil.example".to_owned(), 403),
            (format!("http://{host}"), 403),
            (format!("https://{host}"), 303),
        ] {
            let headers =
                [("Origin", &*origin), ("Content-Type", "application/x-www-form-urlencoded")];
            let reply = stranger.send("POST", &target, &headers, body.as_bytes());
            assert_eq!(reply.status, status, "{origin}");
        }
    }
    recorder.saw_nothing();
}
