//! `prefix = "tool"`: an app at one URL for all users, because its own settings fix its base path.

use super::*;

const TOOL: &str = "prefix = \"tool\"";

#[test]
fn the_app_lives_below_the_launch_path() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let launched = browser.launch(&launch());
    assert_eq!(launched.status, 303);
    let entry = launched.header("location").expect("an entry URL").to_owned();
    assert!(entry.starts_with("/lti/nb?lti_ticket="), "{entry}");
    let cookies = launched.all("set-cookie");
    let attributes = "; Path=/lti/nb; Max-Age=28800; HttpOnly; Secure; SameSite=None; Partitioned";
    assert!(
        cookies.len() == 2 && cookies.iter().all(|cookie| cookie.ends_with(attributes)),
        "{cookies:?}"
    );
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Secure-lti=")), "{cookies:?}");
    let arrived = browser.get(&entry);
    assert_eq!((arrived.status, arrived.header("location")), (303, Some("/lti/nb/")));
    recorder.saw_nothing();

    for (method, rest) in [
        ("GET", "/"),
        ("GET", "/lab/tree?x"),
        ("POST", "/api"),
        ("POST", "/~x"),
        ("POST", "/lti/nb"),
        ("PUT", "/"),
        ("DELETE", "/a//b/"),
        ("GET", "/?x=1"),
    ] {
        assert_eq!(
            browser.send(method, &format!("/lti/nb{rest}"), &[], b"").body,
            "ok",
            "{method} {rest}"
        );
        let request = recorder.request();
        assert_eq!(request.line(), format!("{method} /app{rest}"));
        assert_eq!(request.header("x-forwarded-prefix").as_deref(), Some("/lti/nb"));
        assert_eq!(request.header("x-script-name").as_deref(), Some("/lti/nb"));
        assert!(!request.head.contains("__Secure"), "{request:?}");
    }
}

#[test]
fn only_a_post_to_the_launch_path_itself_launches() {
    let (recorder, server) = recorded_with(TOOL);
    let (mut browser, _) = opened(&server);
    for (nonce, path) in
        [("1", "/lti/nb"), ("2", "/lti/nb/"), ("3", "/lti/nb?x=1"), ("4", "/lti/nb/?x=1")]
    {
        let url = format!("https://tool.example{path}");
        assert_eq!(browser.launch(&Form { url: &url, nonce, ..launch() }).status, 303, "{path}");
        recorder.saw_nothing();
    }
    // A launch below the launch path is a request like any other.
    let url = "https://tool.example/lti/nb/week-1";
    let form = Form { url, nonce: "5", ..launch() };
    assert_eq!(browser.launch(&form).body, "ok");
    let request = recorder.request();
    assert_eq!(
        (request.line().as_str(), request.body.as_slice()),
        ("POST /app/week-1", form.sign().as_bytes())
    );
    refused_page(&Browser::new(&server).launch(&Form { nonce: "6", ..form }), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn the_newest_launch_wins() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let user = |recorder: &Recorder| recorder.request().header("x-forwarded-user");
    for (number, id) in ["user-1", "user-2", "user-1"].into_iter().enumerate() {
        let nonce = number.to_string();
        server.set_now(NOW + number as u64);
        browser.open(&Form { nonce: &nonce, ..launch() }.but(&[("user_id", id)]));
        browser.get("/lti/nb/");
        assert_eq!(user(&recorder), Some(format!("key-1:{id}")));
    }
    let sessions = browser.cookies.iter().filter(|cookie| cookie.name == "__Secure-lti").count();
    assert_eq!(sessions, 1, "{:?}", browser.cookies);
}

#[test]
fn another_role_is_valid_at_once_here_too() {
    let (recorder, server) = recorded_with(TOOL);
    let old = Browser::new(&server).open(&launch());
    let new = Browser::new(&server).open(&launch_again("2").but(&[("roles", "Instructor")]));
    let get = |visit: &Visit| {
        server.send(
            "GET",
            "/lti/nb/",
            &[("Host", "tool.example"), JSON, ("Cookie", &visit.cookie)],
            b"",
        )
    };
    refused(&get(&old), 401, "no-session");
    recorder.saw_nothing();
    assert_eq!(get(&new).status, 200);
    assert_eq!(recorder.request().header("x-forwarded-groups").as_deref(), Some("instructor"));
}

#[test]
fn without_a_session_the_app_is_not_reachable() {
    let (recorder, server) = recorded_with(TOOL);
    opened(&server);
    let get = |path: &str| server.send("GET", path, &[("Host", "tool.example"), JSON], b"");
    for path in ["/lti/nb/x", "/lti/nb/~AAAAAAAAAAAAAAAA/", "/lti/nb//"] {
        refused(&get(path), 401, "no-session");
    }
    let page = server.get("/lti/nb");
    assert_eq!((page.status, page.header("allow")), (405, Some("POST")), "{page:?}");
    assert!(page.body.contains("Open this from your course"));
    recorder.saw_nothing();
}

#[test]
fn a_session_of_one_prefix_setting_is_invalid_with_the_other() {
    let recorder = Recorder::start();
    let by_session = server(&tools(&recorder.url(), ""));
    let by_tool = server(&tools(&recorder.url(), TOOL));
    let (_, one) = opened(&by_session);
    let (_, other) = opened(&by_tool);
    let headers = |cookie: &'static str| [("Host", "tool.example"), JSON, ("Cookie", cookie)];
    let (one_cookie, other_cookie): (&'static str, &'static str) =
        (Box::leak(one.cookie.clone().into()), Box::leak(other.cookie.into()));
    refused(&by_tool.send("GET", "/lti/nb/x", &headers(one_cookie), b""), 401, "no-session");
    refused(&by_session.send("GET", &one.at("/x"), &headers(other_cookie), b""), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn a_reload_redirects_back_to_the_app() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch());
    assert_eq!(visit.address, "/lti/nb/");
    let again = browser.launch(&launch());
    assert_eq!((again.status, again.header("location")), (303, Some("/lti/nb/")));
    assert_eq!(again.all("set-cookie"), [""; 0]);
    recorder.saw_nothing();
}
