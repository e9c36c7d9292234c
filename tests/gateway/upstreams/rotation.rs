//! Sessions after changes of secrets, of `tools.toml` and of the process.

use super::*;

const OTHER: &str = "another secret of 32 characters!!";

/// A `tools.toml` with these secrets of the gateway.
fn with_secrets(upstream: &str, secrets: &[&str]) -> String {
    let list = format!("secret = {secrets:?}");
    tools(upstream, "").replace("secret = \"the gateway's own, of 32 characters\"", &list)
}

/// Whether a session opens at this server. Asserts a 401 otherwise.
#[track_caller]
fn opens(server: &Server, recorder: &Recorder, visit: &Visit) -> bool {
    let headers = [("Host", "tool.example"), JSON, ("Cookie", visit.cookie.as_str())];
    let reply = server.send("GET", &visit.at("/page"), &headers, b"");
    if reply.status == 200 {
        assert_eq!(recorder.request().line(), "GET /app/page");
        return true;
    }
    refused(&reply, 401, "no-session");
    recorder.saw_nothing();
    false
}

#[test]
fn sessions_survive_a_restart_and_work_in_another_process() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "");
    let first = server(&file);
    let (_, visit) = opened(&first);
    let second = server(&file);
    assert!(opens(&second, &recorder, &visit));
    drop(first);
    assert!(opens(&second, &recorder, &visit));
}

#[test]
fn the_first_secret_seals_and_all_secrets_open() {
    const OWN: &str = "the gateway's own, of 32 characters";
    let recorder = Recorder::start();
    let url = recorder.url();
    let before = server(&with_secrets(&url, &[OWN]));
    let during = server(&with_secrets(&url, &[OTHER, OWN]));
    let after = server(&with_secrets(&url, &[OTHER]));
    let (_, old) = opened(&before);
    assert!(opens(&before, &recorder, &old));
    assert!(opens(&during, &recorder, &old));
    assert!(!opens(&after, &recorder, &old));
    let (_, new) = opened(&during);
    assert!(!opens(&before, &recorder, &new));
    assert!(opens(&during, &recorder, &new));
    assert!(opens(&after, &recorder, &new));
}

#[test]
fn the_sessions_of_a_removed_consumer_end() {
    let recorder = Recorder::start();
    let consumers = |list: &str| {
        let table =
            format!("\n[tools.nb]\nupstream = \"{}\"\nconsumers = [{list}]\n", recorder.url());
        server(&format!("{GATEWAY}{table}"))
    };
    let first = "{ key = \"key-1\", secret = \"s3cret\" }";
    let second = "{ key = \"key-2\", secret = \"an0ther\" }";
    let both = consumers(&format!("{first}, {second}"));
    let (_, visit) = opened(&both);
    let other = Form { key: "key-2", secret: "an0ther", ..launch() };
    let other = Browser::new(&both).open(&other);
    assert_ne!(visit.prefix, other.prefix, "the same user id of another consumer is another user");
    let without = consumers(second);
    assert!(!opens(&without, &recorder, &visit));
    assert!(opens(&without, &recorder, &other));
    // A new secret of the same key ends no session: the gateway's own secret seals sessions.
    let rotated = consumers("{ key = \"key-1\", secret = \"n3w\" }");
    assert!(opens(&rotated, &recorder, &visit));
}

#[test]
fn a_renamed_tool_is_another_tool() {
    let recorder = Recorder::start();
    let (_, visit) = opened(&server(&tools(&recorder.url(), "")));
    let renamed =
        tools(&recorder.url(), "path = \"/lti/nb\"").replace("[tools.nb]", "[tools.notebook]");
    assert!(!opens(&server(&renamed), &recorder, &visit));
}

#[test]
fn a_removed_tool_is_a_404() {
    let recorder = Recorder::start();
    let (_, visit) = opened(&server(&tools(&recorder.url(), "")));
    let gone = server(&tools(&recorder.url(), "").replace("[tools.nb]", "[tools.notebook]"));
    let headers = [("Host", "tool.example"), ("Cookie", visit.cookie.as_str())];
    assert_eq!(gone.send("GET", &visit.at("/page"), &headers, b"").status, 404);
    recorder.saw_nothing();
}

#[test]
fn the_sessions_of_a_role_that_is_no_longer_admitted_end() {
    let recorder = Recorder::start();
    let (_, visit) = opened(&server(&tools(&recorder.url(), "")));
    assert!(!opens(&server(&tools(&recorder.url(), "roles = [\"staff\"]")), &recorder, &visit));
    assert!(opens(&server(&tools(&recorder.url(), "roles = [\"learner\"]")), &recorder, &visit));
}

#[test]
fn a_reload_after_a_restart_redirects_back_to_the_session() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "");
    let first = server(&file);
    let (browser, visit) = opened(&first);
    let second = server(&file);
    let mut same = Browser::new(&second);
    same.cookies.clone_from(&browser.cookies);
    let reply = same.launch(&launch());
    assert_eq!((reply.status, reply.header("location")), (303, Some(visit.address.as_str())));
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(same.get(&visit.address).body, "ok");
    assert_eq!(recorder.request().line(), "GET /app/");
}
