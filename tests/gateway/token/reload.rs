//! A reload: the same browser sends the same form again.

use super::*;
use crate::support::NOW;

// LTI13 §18, case 17.
#[test]
fn a_reload_returns_to_the_session_after_state_and_token_expired() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let form = redirected.form();
    let first = browser.post_form("/lti/nb", &form);
    opened(&first);
    let entry = first.header("location").expect("an entry URL").to_owned();
    let session = entry.split('?').next().expect("a path").to_owned();
    let binding: Vec<_> = browser.cookies.iter().map(|cookie| cookie.name.clone()).collect();
    assert!(binding.iter().any(|name| name.starts_with("__Secure-lti-")), "{binding:?}");
    for now in [NOW, NOW + 61, NOW + 3600] {
        stage.server.set_now(now);
        // The binding may have expired, too.
        browser.cookies.retain(|cookie| !cookie.name.starts_with("__Host-"));
        let reply = browser.post_form("/lti/nb", &form);
        assert_eq!(reply.status, 303, "{reply:?}");
        assert_eq!(reply.header("location"), Some(&*format!("{session}/")));
        assert_eq!(reply.all("set-cookie"), [""; 0]);
    }
    // Another browser has no receipt.
    let reply = stage.server.post("/lti/nb", &form);
    rejected(&reply, 401, "state-expired");
    stage.server.set_now(NOW + 10);
    rejected(&stage.server.post("/lti/nb", &form), 401, "other-browser");
}

#[test]
fn a_receipt_is_for_one_token_only() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    opened(&browser.post_form("/lti/nb", &redirected.form()));
    stage.server.set_now(NOW + 1);
    let other = crate::support::changed(redirected.nonce(), "name", "Grace Hopper".into());
    let form = crate::support::answer_form(&crate::support::token(&other), redirected.state());
    rejected(&browser.post_form("/lti/nb", &form), 401, "replayed");
    stage.server.set_now(NOW + 601);
    rejected(&browser.post_form("/lti/nb", &form), 401, "state-expired");
}
