//! A tool with `prefix = "tool"`: launches and the app share the tool's URLs.

use super::*;
use crate::support::answer_form;

/// A stage, and a browser with a session of the tool.
#[track_caller]
fn in_session(stage: &Stage) -> (Browser<'_>, Redirected) {
    let (mut browser, redirected) = stage.logged_in();
    let launched = browser.post_form("/lti/nb", &redirected.form());
    opened(&launched);
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    assert_eq!(entered.status, 303, "{entered:?}");
    (browser, redirected)
}

#[test]
fn an_answer_of_a_platform_is_a_launch_also_in_a_session() {
    let stage = Stage::with("", "prefix = \"tool\"");
    let (mut browser, _) = in_session(&stage);
    let again = Redirected::log_in(&mut browser, &login());
    opened(&browser.post_form("/lti/nb", &again.form()));
    let error = format!("error=login_required&state={}", again.state());
    rejected(&browser.post_form("/lti/nb", &error), 401, "platform-error");
    rejected(&browser.post_form("/lti/nb", &answer_form("x", again.state())), 400, "not-a-token");
    stage.upstream.saw_nothing();
}

#[test]
fn a_form_of_the_app_with_an_error_and_a_state_reaches_the_app() {
    let stage = Stage::with("", "prefix = \"tool\"");
    let (mut browser, _) = in_session(&stage);
    let origin = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "https://tool.example"),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    for body in ["error=access_denied&state=af0ifjsldkj", "error=1", "state=x"] {
        browser.send("POST", "/lti/nb", &origin, body.as_bytes());
        assert_eq!(stage.upstream.request().body, body.as_bytes());
    }
}

#[test]
fn a_login_at_the_launch_url_goes_on_at_its_own_unless_the_browser_has_a_session() {
    let stage = Stage::with("", "prefix = \"tool\"");
    let target = format!("/lti/nb?{}", login().body());
    let reply = stage.server.get(&target);
    assert_eq!(reply.status, 307, "{reply:?}");
    assert_eq!(reply.header("location"), Some(&*format!("/~login?{}", login().body())));
    stage.saw_nothing();
    let (mut browser, _) = in_session(&stage);
    browser.get(&target);
    let line = stage.upstream.request().line();
    assert!(line.starts_with("GET /app?") || line.starts_with("GET /app/?"), "{line}");
}

#[test]
fn the_login_of_a_tool_at_the_root_of_its_host_is_not_the_apps() {
    let stage = Stage::with("", "host = \"nb.example\"\nprefix = \"tool\"");
    let headers = [("Host", "nb.example")];
    for (method, target) in [("GET", "/~login"), ("POST", "/~login"), ("GET", "/~login?x=y")] {
        let reply = stage.server.send(method, target, &headers, b"");
        assert!(matches!(reply.status, 400 | 415), "{reply:?}");
    }
    stage.upstream.saw_nothing();
}
