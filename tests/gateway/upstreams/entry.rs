//! The entry URL, where a ticket opens a session, with or without cookies in the platform's frame.

use crate::support::unescaped;

use super::*;

/// The entry URL of a launch, with its ticket.
#[track_caller]
pub(super) fn enter(browser: &mut Browser<'_>, form: &Form<'_>) -> String {
    let launched = browser.launch(form);
    assert_eq!(launched.status, 303, "{launched:?}");
    launched.header("location").expect("an entry URL").to_owned()
}

/// The page for a browser without cookies in a frame, and the URL and body of its form.
pub(super) struct NewWindow {
    page: Reply,
    pub(super) action: String,
    pub(super) body: String,
}

impl NewWindow {
    #[track_caller]
    pub(super) fn at(server: &Server, entry: &str) -> Self {
        let page = server.get(entry);
        assert_eq!(page.status, 200, "{page:?}");
        let (_, form) = page.body.split_once("<form").expect("a form");
        let (form, _) = form.split_once("</form>").expect("its end");
        let attribute = |name: &str| {
            let (_, rest) = form.split_once(&format!("{name}=\"")).expect("the attribute");
            unescaped(rest.split('"').next().expect("its end"))
        };
        assert_eq!(
            (attribute("method"), attribute("target")),
            ("post".to_owned(), "_blank".to_owned())
        );
        let (_, hidden) = form.split_once("name=\"lti_ticket\"").expect("a hidden field");
        let (_, value) = hidden.split_once("value=\"").expect("its value");
        let body = format!("lti_ticket={}", value.split('"').next().expect("its end"));
        Self { action: attribute("action"), body, page }
    }

    /// Clicks the button: a new window with the same cookies.
    pub(super) fn click(&self, browser: &mut Browser<'_>) -> Reply {
        browser.post_form(&self.action, &self.body)
    }
}

#[test]
fn a_ticket_is_valid_once() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    assert_eq!(browser.get(&entry).status, 303);
    refused(&browser.send("GET", &entry, &[JSON], b""), 401, "bad-ticket");
    let page = server.get(&entry);
    refused_page(&page, 401, "bad-ticket");
    assert!(page.body.contains("open the activity again"), "{}", page.body);
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    recorder.saw_nothing();
}

#[test]
fn a_ticket_is_valid_for_a_minute_and_the_clock_skew() {
    for (seconds, status) in [(60, 303), (360, 303), (361, 401), (600, 401)] {
        let (recorder, server) = recorded();
        let mut browser = Browser::new(&server);
        let entry = enter(&mut browser, &launch());
        server.set_now(NOW + seconds);
        let reply = browser.send("GET", &entry, &[JSON], b"");
        assert_eq!(reply.status, status, "after {seconds} s");
        if status == 401 {
            refused(&reply, 401, "bad-ticket");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn a_ticket_opens_only_its_own_session() {
    let recorder = Recorder::start();
    let second = "[tools.other]\nkey = \"key-1\"\nsecret = \"s3cret\"\nupstream = \"";
    let file = format!("{}\n{second}{}\"\n", tools(&recorder.url(), ""), recorder.url());
    let server = server(&file);
    let mut browser = Browser::new(&server);
    let own = enter(&mut browser, &launch());
    let link = enter(&mut browser, &launch_again("2").but(&[("resource_link_id", "rl-2")]));
    let tool =
        enter(&mut browser, &Form { url: "https://tool.example/lti/other", ..launch_again("3") });
    let (prefix, ticket) = own.split_once("?lti_ticket=").expect("a ticket");
    for other in [&link, &tool] {
        let (prefix, _) = other.split_once('?').expect("a ticket");
        for browser in [&mut browser, &mut Browser::new(&server)] {
            let stolen = format!("{prefix}?lti_ticket={ticket}");
            refused(&browser.send("GET", &stolen, &[JSON], b""), 401, "bad-ticket");
        }
    }
    // No character of the ticket can be changed, removed or added.
    for at in 0..ticket.len() {
        let swapped = if ticket.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut tampered = ticket.to_owned();
        tampered.replace_range(at..=at, swapped);
        refused(
            &browser.send("GET", &format!("{prefix}?lti_ticket={tampered}"), &[JSON], b""),
            401,
            "bad-ticket",
        );
    }
    for query in [
        "lti_ticket",
        "lti_ticket=",
        &format!("lti_ticket={ticket}A"),
        &format!("lti_ticket={}", &ticket[1..]),
    ] {
        refused(
            &browser.send("GET", &format!("{prefix}?{query}"), &[JSON], b""),
            401,
            "bad-ticket",
        );
    }
    // The ticket is still unspent.
    assert_eq!(browser.get(&own).status, 303);
    recorder.saw_nothing();
}

#[test]
fn without_cookies_a_button_opens_the_session_in_a_new_window() {
    let (recorder, server) = recorded_with("frame_ancestors = [\"https://lms.example\"]");
    let url = "https://tool.example/lti/nb/week-1?x='1'";
    let entry = enter(&mut Browser::new(&server), &Form { url, ..launch() });
    let (prefix, ticket) = entry.split_once("?lti_ticket=").expect("a ticket");
    let window = NewWindow::at(&server, &entry);
    assert_eq!(window.page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(window.page.header("referrer-policy"), Some("no-referrer"));
    opened_nothing(&window.page);
    let policy = window.page.header("content-security-policy").expect("a policy");
    assert!(policy.ends_with("frame-ancestors https://lms.example"), "{policy}");
    assert_eq!(window.action, format!("{prefix}?lti_ticket"), "no URL contains the ticket");
    // Otherwise, a browser without `Sec-Fetch-Site` sends `Origin: null`.
    let meta = "<meta name=\"referrer\" content=\"strict-origin\">";
    assert!(window.page.body.contains(meta), "{}", window.page.body);
    assert!(!window.page.body.contains(ticket), "the ticket of the URL is spent");

    let mut browser = Browser::new(&server);
    let reply = window.click(&mut browser);
    assert_eq!(reply.status, 303);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("location"), Some(format!("{prefix}/week-1?x='1'").as_str()));
    let cookies = reply.all("set-cookie");
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let attributes =
        format!("; Path={prefix}; Max-Age=28800; HttpOnly; Secure; SameSite=None; Partitioned");
    assert!(
        cookies[0].starts_with("__Secure-lti=") && cookies[0].ends_with(&attributes),
        "{cookies:?}"
    );
    recorder.saw_nothing();
    assert_eq!(browser.get(&format!("{prefix}/week-1?x='1'")).body, "ok");
    let request = recorder.request();
    assert_eq!(request.line(), "GET /app/week-1?x='1'");
    assert_eq!(request.header("x-forwarded-user").as_deref(), Some("key-1:user-4711"));
    for secret in [ticket, &window.body["lti_ticket=".len()..]] {
        assert_eq!(log_lines(secret), [""; 0]);
    }
}

#[test]
fn the_button_works_once_and_for_ten_minutes_and_the_clock_skew() {
    for (seconds, status) in [(0, 303), (600, 303), (900, 303), (901, 401)] {
        let (recorder, server) = recorded();
        let entry = enter(&mut Browser::new(&server), &launch());
        let window = NewWindow::at(&server, &entry);
        server.set_now(NOW + seconds);
        let first = window.click(&mut Browser::new(&server));
        assert_eq!(first.status, status, "after {seconds} s");
        let second = window.click(&mut Browser::new(&server));
        refused_page(&second, 401, "bad-ticket");
        recorder.saw_nothing();
    }
}

#[test]
fn a_launchs_ticket_opens_by_get_and_a_pages_by_post_and_each_once() {
    let (recorder, server) = recorded();
    let post = |prefix: &str, ticket: &str| {
        Browser::new(&server)
            .post_form(&format!("{prefix}?lti_ticket"), &format!("lti_ticket={ticket}"))
    };
    let entry_of = |nonce| enter(&mut Browser::new(&server), &launch_again(nonce));
    let shown = entry_of("1");
    let (prefix, ticket) = shown.split_once("?lti_ticket=").expect("a ticket");
    refused_page(&post(prefix, ticket), 401, "bad-ticket");
    // The attempt did not spend it.
    let window = NewWindow::at(&server, &shown);
    refused_page(&post(prefix, ticket), 401, "bad-ticket");
    refused_page(&server.get(&shown), 401, "bad-ticket");

    refused_page(&server.get(&format!("{prefix}?{}", window.body)), 401, "bad-ticket");
    assert_eq!(window.click(&mut Browser::new(&server)).status, 303, "it is still valid");
    refused_page(&window.click(&mut Browser::new(&server)), 401, "bad-ticket");
    refused_page(&server.get(&format!("{prefix}?{}", window.body)), 401, "bad-ticket");

    let contested = entry_of("4");
    let barrier = std::sync::Barrier::new(8);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guests: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    server.get(&contested).status
                })
            })
            .collect();
        guests.into_iter().map(|guest| guest.join().expect("a status")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7, "{statuses:?}");
    recorder.saw_nothing();
}

#[test]
fn a_launch_and_its_redirect_come_from_any_origin() {
    let (recorder, server) = recorded();
    let foreign = [("Origin", "null"), ("Sec-Fetch-Site", "cross-site")];
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let form: Vec<(&str, &str)> = form.into_iter().chain(foreign).collect();
    let mut browser = Browser::new(&server);
    let launched = browser.send("POST", "/lti/nb", &form, launch().sign().as_bytes());
    let entry = launched.header("location").expect("an entry URL").to_owned();
    assert_eq!(browser.send("GET", &entry, &foreign, b"").status, 303);
    recorder.saw_nothing();
}

#[test]
fn the_entry_url_refuses_other_requests() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"] {
        let reply = browser.send(method, &entry, &[JSON], b"");
        assert!(reply.status >= 400, "{method}: {reply:?}");
        opened_nothing(&reply);
    }
    let (prefix, _) = entry.split_once('?').expect("a ticket");
    let target = format!("{prefix}?lti_ticket");
    for body in ["", "lti_ticket", "lti_ticket=", "other=1", &"x".repeat(100_000)] {
        let reply = browser.post_form(&target, body);
        assert!((400..500).contains(&reply.status), "{reply:?}");
        opened_nothing(&reply);
    }
    recorder.saw_nothing();
    assert_eq!(browser.get(&entry).status, 303, "the ticket is still valid");
}

#[test]
fn the_entry_url_names_its_own_methods_and_its_own_limit() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    for method in ["PUT", "OPTIONS"] {
        let reply = browser.send(method, &entry, &[JSON], b"");
        refused(&reply, 405, "not-posted");
        assert_eq!(reply.header("allow"), Some("GET, POST"));
    }
    let reply = browser.send("PUT", &entry, &[], b"");
    assert_eq!(reply.header("allow"), Some("GET, POST"));
    let line = line_of(reply.reference().expect("a reference"));
    assert!(line.contains("the entry URL of a session accepts only GET and POST"), "{line}");
    assert_eq!(browser.send("HEAD", &entry, &[], b"").header("allow"), Some("GET, POST"));

    let (prefix, _) = entry.split_once('?').expect("a ticket");
    let large = "x".repeat(64 * 1024 + 1);
    let reply = browser.post_form(&format!("{prefix}?lti_ticket"), &large);
    refused_page(&reply, 413, "too-large");
    let line = line_of(reply.reference().expect("a reference"));
    assert!(line.contains("the body is larger than 64 KiB"), "{line}");
    recorder.saw_nothing();
}

#[test]
fn a_ticket_never_reaches_an_upstream() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let entry = enter(&mut browser, &launch());
    let (prefix, ticket) = entry.split_once("?lti_ticket=").expect("a ticket");
    for rest in [format!("?lti_ticket={ticket}&x=1"), format!("?lti_ticket={ticket}=")] {
        let reply = browser.send("GET", &format!("{prefix}{rest}"), &[JSON], b"");
        assert_ne!(reply.status, 200, "{rest}");
    }
    recorder.saw_nothing();
}

#[test]
fn a_reload_redirects_back_to_the_session() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let url = "https://tool.example/lti/nb/week-1?x=1";
    let form = Form { url, ..launch() };
    let visit = browser.open(&form);
    let again = |browser: &mut Browser<'_>, now: u64| {
        server.set_now(now);
        let reply = browser.launch(&form);
        assert_eq!((reply.status, reply.header("location")), (303, Some(visit.address.as_str())));
        assert_eq!(reply.all("set-cookie"), [""; 0], "the existing session stays");
    };
    for now in [NOW, NOW + 400, NOW + 8 * 3600] {
        again(&mut browser, now);
    }
    assert_eq!(browser.get(&visit.address).body, "ok");
    assert_eq!(recorder.request().line(), "GET /app/week-1?x=1");

    // The session without the receipt does not prove the reload. The receipt expires with the
    // session.
    server.set_now(NOW);
    let mut stranger = Browser::new(&server);
    stranger.cookies =
        browser.cookies.iter().filter(|cookie| cookie.name == "__Secure-lti").cloned().collect();
    refused_page(&stranger.launch(&form), 401, "replayed");
    refused_page(&Browser::new(&server).launch(&form), 401, "replayed");
    server.set_now(NOW + 8 * 3600 + 1);
    refused_page(&browser.launch(&form), 401, "stale");
    recorder.saw_nothing();
}
