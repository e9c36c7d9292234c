//! The binding of a login to its browser: the cookie, and the check before the platform is asked.

use super::*;
use crate::support::NOW;

/// The `Set-Cookie` header of a binding: its name and its value.
#[track_caller]
fn binding(reply: &Reply) -> (String, String) {
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=None; Partitioned");
    let (name, value) = pair.split_once('=').expect("a pair");
    assert!(name.starts_with("__Host-lti-"), "{name}");
    assert_eq!(name.len() + value.len(), 36);
    (name.to_owned(), value.to_owned())
}

#[track_caller]
fn next(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{reply:?}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let next = reply.header("location").expect("a URL").to_owned();
    assert!(next.starts_with("/~login?lti_login="), "{next}");
    for private in PRIVATE {
        assert!(!next.contains(private), "{next}");
    }
    next
}

/// The URL of the page's button.
#[track_caller]
fn window_url(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert!(reply.body.contains("target=\"_blank\">Open in a new window"), "{}", reply.body);
    for private in PRIVATE {
        assert!(!reply.body.contains(private), "{private} in {}", reply.body);
    }
    reply.link().expect("a button")
}

#[test]
fn the_platform_is_asked_only_after_the_browser_stored_the_cookie() {
    let stage = Stage::start();
    let mut browser = stage.browser();
    let first = browser.get(&format!("/~login?{}", login().body()));
    let (name, value) = binding(&first);
    let checked = browser.get(&next(&first));
    let redirected = Redirected::of(&checked);
    // The cookie is renewed, with the same value.
    assert_eq!(binding(&checked), (name, value));
    assert_eq!(redirected.url, "https://lms.example/auth");
}

// LTI13 §18, case 3.
#[test]
fn a_second_login_reuses_the_binding_without_a_check() {
    let stage = Stage::start();
    let (mut browser, _) = stage.logged_in();
    let before = browser.cookies.clone();
    let reply = browser.get(&format!("/~login?{}", login().body()));
    Redirected::of(&reply);
    assert_eq!(browser.cookies, before);
}

#[test]
fn a_cookie_with_another_form_is_replaced() {
    let stage = Stage::start();
    let target = format!("/~login?{}", login().body());
    for cookie in ["__Host-lti-abc=x", "__Host-lti-abcd=AAAAAAAAAAAAAAAAAAAAAA", "lti=a"] {
        let headers = [("Host", "tool.example"), ("Cookie", cookie)];
        let reply = stage.server.send("GET", &target, &headers, b"");
        next(&reply);
        binding(&reply);
    }
}

// LTI13 §18, cases 5 and 8.
#[test]
fn without_cookies_the_login_goes_on_in_a_window_and_the_hint_is_unused() {
    let stage = Stage::start();
    let (first, frame) = (stage.browser(), &stage.server);
    let first_reply = frame.get(&format!("/~login?{}", login().body()));
    drop(first);
    // The frame stores no cookie.
    let page = frame.get(&next(&first_reply));
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(!policy.contains("script-src") && policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(page.all("set-cookie"), [""; 0]);
    let button = window_url(&page);
    // The window stores one. The state of the login is new, so no link carries a finished login.
    let mut window = stage.browser();
    let started = window.get(&button);
    binding(&started);
    let redirected = Redirected::of(&window.get(&next(&started)));
    assert_eq!(redirected.query.get("login_hint"), "hint-4711");
    opened(&window.post_form("/lti/nb", &redirected.form()));
}

#[test]
fn a_browser_that_stores_no_cookie_in_a_window_is_rejected() {
    let stage = Stage::start();
    let frame = &stage.server;
    let page = frame.get(&next(&frame.get(&format!("/~login?{}", login().body()))));
    let started = frame.get(&window_url(&page));
    let reply = frame.get(&next(&started));
    let line = rejected(&reply, 400, "cookies-blocked");
    assert!(line.contains("allow cookies"), "{line}");
    assert!(reply.body.contains("Your browser blocks cookies"), "{}", reply.body);
    // A login that begins in a window shows it without a button.
    let checked = next(&frame.get(&format!("/~login?{}", login().body())));
    let headers = [("Host", "tool.example"), ("Sec-Fetch-Dest", "document")];
    rejected(&frame.send("GET", &checked, &headers, b""), 400, "cookies-blocked");
    stage.saw_nothing();
}

#[test]
fn the_button_works_for_ten_minutes() {
    let stage = Stage::start();
    let frame = &stage.server;
    let page = frame.get(&next(&frame.get(&format!("/~login?{}", login().body()))));
    let button = window_url(&page);
    stage.server.set_now(NOW + 600);
    binding(&stage.browser().get(&button));
    stage.server.set_now(NOW + 601);
    rejected(&stage.browser().get(&button), 401, "state-expired");
}

// LTI13 §18, case 2.
#[test]
fn ten_first_logins_of_one_page_run_side_by_side() {
    let links: Vec<String> = (0..10).map(|number| format!("rl-{number}")).collect();
    let stage = Stage::start();
    let mut browser = stage.browser();
    let target = format!("/~login?{}", login().body());
    // Each frame sends its login before any response arrived.
    let replies: Vec<Reply> = links.iter().map(|_| stage.server.get(&target)).collect();
    for reply in &replies {
        let (name, value) = binding(reply);
        let path = "/".to_owned();
        browser.cookies.push(crate::support::Cookie { name, value, path });
    }
    let redirects: Vec<Redirected> =
        replies.iter().map(|reply| Redirected::of(&browser.get(&next(reply)))).collect();
    for (link, redirected) in links.iter().zip(&redirects) {
        let claim = crate::support::lti_claim("resource_link");
        let claims =
            crate::support::changed(redirected.nonce(), &claim, serde_json::json!({"id": link}));
        let form = crate::support::answer_form(&crate::support::token(&claims), redirected.state());
        opened(&browser.post_form("/lti/nb", &form));
    }
    let length = |cookie: &crate::support::Cookie| cookie.name.len() + cookie.value.len();
    let sessions = browser.cookies.iter().filter(|cookie| cookie.name == "__Secure-lti").count();
    assert_eq!(sessions, 10);
    let all: usize = browser.cookies.iter().map(length).sum();
    assert!(all < 10_240, "{all}");
}

// LTI13 §18, cases 7 and 17: case D of LTI13 §4.
#[test]
fn a_launch_from_another_browser_is_rejected_and_spends_nothing() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let form = redirected.form();
    let mut strangers = [stage.browser(), stage.browser()];
    Redirected::log_in(&mut strangers[1], &login());
    for stranger in &mut strangers {
        let reply = stranger.post_form("/lti/nb", &form);
        let line = rejected(&reply, 401, "other-browser");
        assert!(line.contains(" consumer=\"moodle\" "), "{line}");
        assert!(reply.body.contains("Open this again from your course"), "{}", reply.body);
    }
    // The name of the cookie is not enough.
    let cookie = format!("{}=AAAAAAAAAAAAAAAAAAAAAA", browser.cookies[0].name);
    let reply = stage.server.post_with("/lti/nb", &form, &[("Cookie", &cookie)]);
    rejected(&reply, 401, "other-browser");
    // The proof of a storage counts only if the state names one.
    let with_proof = format!("{form}&lti_login_proof={}", browser.cookies[0].value);
    rejected(&stage.server.post("/lti/nb", &with_proof), 401, "other-browser");
    stage.saw_nothing();
    opened(&browser.post_form("/lti/nb", &form));
}

#[test]
fn the_binding_reaches_no_upstream() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let launched = browser.post_form("/lti/nb", &redirected.form());
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    browser.get(entered.header("location").expect("a URL"));
    assert_eq!(stage.upstream.request().header("cookie"), None);
}
