//! The parameters of a login, and the redirect to the platform.

use super::*;
use crate::support::Pairs;

fn get(stage: &Stage, login: &Pairs) -> Reply {
    stage.server.get(&format!("/~login?{}", login.body()))
}

fn but(name: &str, value: &str) -> Pairs {
    let mut pairs = login();
    pairs.set(name, value);
    pairs
}

fn without(name: &str) -> Pairs {
    let mut pairs = login();
    pairs.remove(name);
    pairs
}

// Checklist F1.i 149.
#[test]
fn a_login_redirects_to_the_platform_with_every_parameter() {
    let stage = Stage::start();
    let (browser, redirected) = stage.logged_in();
    assert_eq!(redirected.url, "https://lms.example/auth");
    let names: Vec<&str> = redirected.query.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "a",
            "scope",
            "response_type",
            "response_mode",
            "prompt",
            "client_id",
            "redirect_uri",
            "login_hint",
            "lti_message_hint",
            "state",
            "nonce",
        ]
    );
    for (name, value) in [
        ("a", "b"),
        ("scope", "openid"),
        ("response_type", "id_token"),
        ("response_mode", "form_post"),
        ("prompt", "none"),
        ("client_id", "client-1"),
        ("redirect_uri", "https://tool.example/lti/nb"),
        ("login_hint", "hint-4711"),
        ("lti_message_hint", r#"{"cmid":5,"x":"a&b=c+%é"}"#),
    ] {
        assert_eq!(redirected.query.get(name), value);
    }
    assert!(redirected.state().len() <= 260, "{}", redirected.state().len());
    assert_eq!(browser.cookies.len(), 1);
    stage.saw_nothing();
}

// LTI13 §18, case 4.
#[test]
fn a_login_by_post_redirects_too() {
    let stage = Stage::start();
    let (mut browser, first) = stage.logged_in();
    let reply = browser.post_form("/~login", &login().body());
    let second = Redirected::of(&reply);
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(second.query.get("redirect_uri"), first.query.get("redirect_uri"));
    assert_ne!(second.nonce(), first.nonce());
    assert_ne!(second.state(), first.state());
}

// Checklist F1.i 152.
#[test]
fn a_hint_of_the_message_is_sent_only_if_it_was_received() {
    let stage = Stage::start();
    let mut browser = stage.browser();
    let redirected = Redirected::log_in(&mut browser, &without("lti_message_hint"));
    assert!(!redirected.query.0.iter().any(|(name, _)| name == "lti_message_hint"));
    let redirected = Redirected::log_in(&mut browser, &but("lti_message_hint", ""));
    assert_eq!(redirected.query.get("lti_message_hint"), "");
}

// Checklist F1.i 150.
#[test]
fn a_login_without_a_required_parameter_is_rejected() {
    let stage = Stage::start();
    for name in ["iss", "login_hint", "target_link_uri"] {
        let line = rejected(&get(&stage, &without(name)), 400, "malformed-login");
        assert!(line.contains(&format!("the login has no {name}")), "{line}");
    }
    let mut twice = login();
    twice.add("iss", "https://lms.example");
    rejected(&get(&stage, &twice), 400, "malformed-login");
    let long = but("login_hint", &"x".repeat(4096));
    rejected(&get(&stage, &long), 400, "malformed-login");
    rejected(&stage.server.get("/~login"), 400, "malformed-login");
    rejected(&stage.server.post("/~login", ""), 400, "malformed-login");
    rejected(&stage.server.get("/~login?iss=%zz"), 400, "broken-escape");
    let json = stage.server.send("POST", "/~login", &[("Host", "tool.example")], b"{}");
    rejected(&json, 415, "not-a-form");
    stage.saw_nothing();
}

// Checklist F1.i 151.
#[test]
fn a_login_from_an_unknown_platform_is_rejected_with_the_nearest() {
    let stage = Stage::start();
    for issuer in ["http://lms.example", "https://lms.example/", "https://LMS.example"] {
        let line = rejected(&get(&stage, &but("iss", issuer)), 401, "unknown-platform");
        assert!(line.contains("the nearest is moodle"), "{line}");
        assert!(line.contains("[platforms] table"), "{line}");
    }
    let line = rejected(&get(&stage, &but("iss", "https://evil.example")), 401, "unknown-platform");
    assert!(!line.contains("nearest"), "{line}");
    rejected(&get(&stage, &but("client_id", "client-2")), 401, "unknown-platform");
    stage.saw_nothing();
}

#[test]
fn a_login_to_a_tool_that_does_not_name_the_platform_is_rejected() {
    let platform = Platform::start();
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\ntemplate = \"page\"\n\
         [tools.other]\nkey = \"key-1\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n",
        platform.table("")
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let login = but("target_link_uri", "https://tool.example/lti/other");
    let reply = server.get(&format!("/~login?{}", login.body()));
    let line = rejected(&reply, 401, "platform-not-allowed");
    assert!(line.contains("moodle is not in the tool's platforms"), "{line}");
    assert!(line.contains(" tool=\"other\" "), "{line}");
}

#[test]
fn a_login_without_a_client_needs_one_client_only() {
    let stage = Stage::start();
    let mut browser = stage.browser();
    let redirected = Redirected::log_in(&mut browser, &without("client_id"));
    assert_eq!(redirected.query.get("client_id"), "client-1");

    let platform = Platform::start();
    let table =
        platform.table("").replace("client_id = \"client-1\"", "client_id = [\"a\", \"b\"]");
    let tools =
        format!("{GATEWAY}{table}\n[tools.nb]\nplatforms = \"moodle\"\ntemplate = \"page\"\n");
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let reply = server.get(&format!("/~login?{}", without("client_id").body()));
    let line = rejected(&reply, 400, "several-clients");
    assert!(line.contains("2 clients match"), "{line}");
}

// LTI13 §18, case 19.
#[test]
fn a_login_to_another_place_is_rejected() {
    let stage = Stage::start();
    for target in [
        "https://tool.example/lti/none",
        "https://tool.example/",
        "http://tool.example/lti/nb",
        "https://tool.example:8443/lti/nb",
        "https://www.tool.example/lti/nb",
        "https://evil.example/lti/nb",
        "https://tool.example@evil.example/lti/nb",
        "https://user@tool.example/lti/nb",
        "https://tool.example/lti/nb/../a",
        "https://tool.example/lti/nb/%2e%2e/a",
        "https://tool.example/lti/nb/%2fa",
        "https://tool.example/lti/nb\\a",
        "https://tool.example/lti/nb#a",
        "/lti/nb",
        "javascript:alert(1)",
    ] {
        let reply = get(&stage, &but("target_link_uri", target));
        rejected(&reply, 400, "target-elsewhere");
    }
    let line = rejected(
        &get(&stage, &but("target_link_uri", "https://evil.example/x?user=user-4711")),
        400,
        "target-elsewhere",
    );
    assert!(line.contains("https://evil.example/x\\\""), "{line}");
    let mut browser = stage.browser();
    for target in [
        "https://tool.example/lti/nb/",
        "https://tool.example/lti/nb/week/1?x=2",
        "HTTPS://Tool.Example:443/lti/nb",
    ] {
        let redirected = Redirected::log_in(&mut browser, &but("target_link_uri", target));
        // Whatever the link, the redirect URI is the launch URL.
        assert_eq!(redirected.query.get("redirect_uri"), "https://tool.example/lti/nb");
    }
    stage.saw_nothing();
}

#[test]
fn edx_receives_the_target_link_as_redirect_uri() {
    let platform = Platform::start();
    let jwks_url = format!("{}/api/lti_consumer/v1/public_keysets/1", platform.recorder.origin());
    let tools = format!(
        "{GATEWAY}\n[platforms.edx]\ntype = \"edx\"\nclient_id = \"client-1\"\n\
         jwks_url = \"{jwks_url}\"\n\n[tools.nb]\nplatforms = \"edx\"\ntemplate = \"page\"\n"
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut login = but("target_link_uri", "https://tool.example/lti/nb/week/1?x=2");
    login.set("iss", &platform.recorder.origin());
    let redirected = Redirected::log_in(&mut Browser::new(&server), &login);
    let auth_url = format!("{}/api/lti_consumer/v1/launch/", platform.recorder.origin());
    assert_eq!(redirected.url, auth_url);
    assert_eq!(redirected.query.get("redirect_uri"), "https://tool.example/lti/nb/week/1?x=2");
}

// LTI13 §18, case 21.
#[test]
fn a_login_for_a_tool_with_its_own_host_goes_on_there() {
    let stage = Stage::with("", "host = \"nb.example\"");
    let login = but("target_link_uri", "https://nb.example/");
    let target = format!("/~login?{}", login.body());
    let reply = stage.server.get(&target);
    assert_eq!((reply.status, reply.all("set-cookie").len()), (303, 0), "{reply:?}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let location = reply.header("location").expect("a URL").to_owned();
    let rest = location.strip_prefix("https://nb.example").expect("the tool's host");
    assert!(rest.starts_with("/~login?lti_login="), "{location}");
    for private in PRIVATE {
        assert!(!location.contains(private), "{location}");
    }
    let mut browser = Browser::at(&stage.server, "nb.example");
    let moved = browser.get(rest);
    assert_eq!(moved.status, 303, "{moved:?}");
    let next = moved.header("location").expect("a URL").to_owned();
    let redirected = Redirected::of(&browser.get(&next));
    assert_eq!(redirected.query.get("redirect_uri"), "https://nb.example/");
    // At the tool's own host, no redirect is necessary.
    Redirected::of(&browser.get(&target));
    // A proxy that hides the host causes one redirect, and no loop.
    let mut behind_proxy = Browser::at(&stage.server, "gateway.internal");
    let checked = behind_proxy.get(rest);
    assert!(checked.header("location").expect("a URL").starts_with("/~login?"), "{checked:?}");
}

#[test]
fn a_login_at_a_launch_url_goes_on_at_its_own() {
    let stage = Stage::start();
    let (mut browser, _) = stage.logged_in();
    let query = login().body();
    let by_get = browser.get(&format!("/lti/nb?{query}"));
    assert_eq!(by_get.status, 307, "{by_get:?}");
    assert_eq!(by_get.header("location"), Some(&*format!("/~login?{query}")));
    let by_post = browser.post_form("/lti/nb", &query);
    assert_eq!((by_post.status, by_post.header("location")), (307, Some("/~login")));
    stage.saw_nothing();
}

#[test]
fn a_login_in_progress_is_sealed_and_expires() {
    let stage = Stage::start();
    let mut browser = stage.browser();
    let reply = browser.get(&format!("/~login?{}", login().body()));
    let next = reply.header("location").expect("a URL").to_owned();
    for spoiled in [
        "/~login?lti_login=".to_owned(),
        "/~login?lti_login=x".to_owned(),
        next[..next.len() - 1].to_owned(),
        format!("{next}&iss=https://lms.example"),
    ] {
        rejected(&browser.get(&spoiled), 401, "bad-state");
    }
    // A state is no login.
    let redirected = Redirected::of(&browser.get(&next));
    let swapped = format!("/~login?lti_login={}", redirected.state());
    rejected(&browser.get(&swapped), 401, "bad-state");
    stage.server.set_now(crate::support::NOW + 60);
    Redirected::of(&browser.get(&next));
    stage.server.set_now(crate::support::NOW + 61);
    rejected(&browser.get(&next), 401, "state-expired");
    stage.saw_nothing();
}

// LTI13 §18: the redirect URI on Heroku.
#[test]
fn without_a_public_url_the_redirect_uri_has_the_requested_domain() {
    let platform = Platform::start();
    let tools = format!(
        "{}{}\n[tools.nb]\nplatforms = \"moodle\"\ntemplate = \"page\"\n",
        GATEWAY.replace("public_url = \"https://tool.example\"\n", ""),
        platform.table("")
    );
    let setup = Setup { tools: &tools, environment: &[("DYNO", "web.1")], ..Setup::default() };
    let server = Server::start(&setup);
    for host in ["ours.herokuapp.com", "tools.example"] {
        let mut browser = Browser::at(&server, host);
        let target = format!("https://{host}/lti/nb");
        let redirected = Redirected::log_in(&mut browser, &but("target_link_uri", &target));
        assert_eq!(redirected.query.get("redirect_uri"), target);
        let claim = crate::support::lti_claim("target_link_uri");
        let claims = crate::support::changed(redirected.nonce(), &claim, target.as_str().into());
        let form = crate::support::answer_form(&crate::support::token(&claims), redirected.state());
        assert_eq!(browser.post_form("/lti/nb", &form).status, 200);
        // A login to another domain than the requested one belongs to no tool.
        let other = login();
        let reply = browser.get(&format!("/~login?{}", other.body()));
        rejected(&reply, 400, "target-elsewhere");
    }
}

#[test]
fn in_development_rejected_logins_are_listed_without_values() {
    let platform = Platform::start();
    let tools = format!(
        "{}{}\n[tools.nb]\nplatforms = \"moodle\"\ntemplate = \"page\"\n",
        GATEWAY.replace("public_url = \"https://tool.example\"\n", ""),
        platform.table("")
    );
    let server = Server::start(&Setup { tools: &tools, development: true, ..Setup::default() });
    let mut browser = Browser::at(&server, "localhost");
    let mut unknown = but("target_link_uri", "http://localhost/lti/nb");
    unknown.set("client_id", "client-2");
    let reply = browser.get(&format!("/~login?{}", unknown.body()));
    rejected(&reply, 401, "unknown-platform");
    let page = browser.get("/dev/refusals").body;
    for shown in ["unknown-platform", "login_hint", "client-2", "[platforms] table"] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    for private in PRIVATE {
        assert!(!page.contains(private), "{private} in {page}");
    }
}
