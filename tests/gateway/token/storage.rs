//! The platform's storage (1EdTech `lti-cs-oidc`), for a browser that stores no cookie in a frame.

use super::*;
use crate::support::{NOW, Pairs, answer_form, claims, token, unescaped};

fn storage_login(frame: &str) -> Pairs {
    let mut pairs = login();
    pairs.add("lti_storage_target", frame);
    pairs
}

/// The page for a browser without cookies.
#[track_caller]
fn page(stage: &Stage, login: &Pairs) -> Reply {
    let first = stage.server.get(&format!("/~login?{}", login.body()));
    let next = first.header("location").expect("a URL");
    stage.server.get(next)
}

/// The value of a `data-` attribute.
#[track_caller]
fn data(page: &Reply, name: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("data-{name}=\"")).expect("the attribute");
    unescaped(rest.split('"').next().expect("its end"))
}

/// The login that the page goes on with.
#[track_caller]
fn redirected(page: &Reply) -> Redirected {
    let next = data(page, "next");
    let (url, query) = next.split_once('?').expect("a query");
    Redirected { url: url.to_owned(), query: Pairs::read(query) }
}

#[test]
fn the_page_stores_the_binding_at_the_origin_of_the_platform() {
    let stage = Stage::start();
    for frame in ["_parent", "post_message_forwarding"] {
        let page = page(&stage, &storage_login(frame));
        assert_eq!((page.status, page.all("set-cookie")), (200, vec![]), "{page:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert_eq!(policy.matches("script-src").count(), 1);
        assert!(!policy.contains("unsafe-inline'; script") && policy.contains("frame-ancestors "));
        assert_eq!(data(&page, "frame"), frame);
        assert_eq!(data(&page, "origin"), "https://lms.example");
        assert_eq!(data(&page, "value").len(), 22);
        assert_eq!(data(&page, "key").len(), "lti_state_".len() + 16);
        assert!(data(&page, "key").starts_with("lti_state_"));
        let redirected = redirected(&page);
        assert_eq!(redirected.url, "https://lms.example/auth");
        assert_eq!(redirected.query.get("login_hint"), "hint-4711");
        // The binding itself is not in the URL.
        assert!(!data(&page, "next").contains(&data(&page, "value")));
        // The fallback.
        let button = page.link().expect("a button");
        assert!(button.starts_with("/~login?lti_login="), "{button}");
    }
    let (one, other) =
        (page(&stage, &storage_login("_parent")), page(&stage, &storage_login("_parent")));
    for name in ["value", "key", "message"] {
        assert_ne!(data(&one, name), data(&other, name), "{name}");
    }
    stage.saw_nothing();
}

#[test]
fn a_frame_with_an_odd_name_gets_the_button_only() {
    let stage = Stage::start();
    for frame in ["\"><script>alert(1)</script>", "a b", &"x".repeat(65)] {
        let page = page(&stage, &storage_login(frame));
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<script>") && page.link().is_some(), "{}", page.body);
    }
}

#[test]
fn a_browser_with_cookies_does_not_use_the_storage() {
    let stage = Stage::start();
    let mut browser = stage.browser();
    let redirected = Redirected::log_in(&mut browser, &storage_login("_parent"));
    opened(&browser.post_form("/lti/nb", &redirected.form()));
}

// Checklist F1.i 169.
#[test]
fn a_launch_with_the_stored_binding_is_accepted() {
    let stage = Stage::start();
    let stored = page(&stage, &storage_login("_parent"));
    let login = redirected(&stored);
    let id_token = token(&claims(login.nonce()));
    let form = answer_form(&id_token, login.state());
    // Without the proof, nothing is checked, spent or fetched.
    for _ in 0..2 {
        let page = stage.server.post("/lti/nb", &form);
        assert_eq!((page.status, page.all("set-cookie")), (200, vec![]), "{page:?}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        for (name, value) in [("id_token", &*id_token), ("state", login.state())] {
            let field = format!("name=\"{name}\" value=\"{value}\"");
            assert!(page.body.contains(&field), "{}", page.body);
        }
        assert_eq!(data(&page, "origin"), "https://lms.example");
        assert_eq!(data(&page, "frame"), "_parent");
        assert_eq!(data(&page, "key"), data(&stored, "key"));
        stage.saw_nothing();
    }
    assert!(log_lines(&id_token).is_empty());
    for proof in ["", "AAAAAAAAAAAAAAAAAAAAAA", "undefined"] {
        let reply = stage.server.post("/lti/nb", &format!("{form}&lti_login_proof={proof}"));
        rejected(&reply, 401, "other-browser");
    }
    stage.saw_nothing();
    let proven = format!("{form}&lti_login_proof={}", data(&stored, "value"));
    opened(&stage.server.post("/lti/nb", &proven));
    let replayed = stage.server.post("/lti/nb", &proven);
    rejected(&replayed, 401, "replayed");
}

#[test]
fn the_proof_is_of_one_login() {
    let stage = Stage::start();
    let (one, other) =
        (page(&stage, &storage_login("_parent")), page(&stage, &storage_login("_parent")));
    let proven = format!("{}&lti_login_proof={}", redirected(&one).form(), data(&other, "value"));
    rejected(&stage.server.post("/lti/nb", &proven), 401, "other-browser");
    stage.saw_nothing();
}

#[test]
fn the_page_contains_only_characters_of_tokens() {
    let stage = Stage::start();
    let login = redirected(&page(&stage, &storage_login("_parent")));
    for text in ["\"><script>alert(1)</script>", "a b", "é", ""] {
        let reply = stage.server.post("/lti/nb", &answer_form(text, login.state()));
        assert!(!reply.body.contains("alert(1)"), "{}", reply.body);
    }
    let spoiled = answer_form("a", &format!("{}\"><script>", login.state()));
    rejected(&stage.server.post("/lti/nb", &spoiled), 401, "bad-state");
}

#[test]
fn a_proof_after_ten_minutes_is_too_late() {
    let stage = Stage::start();
    let stored = page(&stage, &storage_login("_parent"));
    let proven =
        format!("{}&lti_login_proof={}", redirected(&stored).form(), data(&stored, "value"));
    stage.server.set_now(NOW + 601);
    rejected(&stage.server.post("/lti/nb", &proven), 401, "state-expired");
    stage.saw_nothing();
}
