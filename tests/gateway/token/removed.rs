//! A platform, a client or a deployment that `tools.toml` no longer has.

use super::*;

/// A `tools.toml` with these clients and deployments of the platform.
fn tools(platform: &Platform, upstream: &Recorder, client: &str, deployments: &str) -> String {
    format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        platform.table(deployments).replace("\"client-1\"", client),
        upstream.url()
    )
}

#[test]
fn a_removed_client_or_deployment_ends_its_logins_and_sessions() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let start = |tools: &str| Server::start(&Setup { tools, ..Setup::default() });
    let before = start(&tools(&platform, &upstream, "\"client-1\"", ""));
    let mut browser = Browser::new(&before);
    let redirected = Redirected::log_in(&mut browser, &login());
    let launched = browser.post_form("/lti/nb", &redirected.form());
    opened(&launched);
    let session = launched.header("location").expect("an entry URL").to_owned();
    let session = format!("{}/", session.split('?').next().expect("a path"));
    browser.get(&session);
    upstream.request();
    let later = Redirected::log_in(&mut browser, &login());

    let consumer = "key = \"key-1\"\nsecret = \"s3cret-of-20-characters\"";
    let without_tool =
        tools(&platform, &upstream, "\"client-1\"", "").replace("platforms = \"moodle\"", consumer);
    for (tools, code) in [
        (tools(&platform, &upstream, "\"client-2\"", ""), "unknown-platform"),
        (
            tools(&platform, &upstream, "\"client-1\"", "deployments = [\"2\"]"),
            "unknown-deployment",
        ),
        (without_tool, "lti-1p3-not-configured"),
    ] {
        let after = start(&tools);
        let mut same = Browser::new(&after);
        same.cookies = browser.cookies.clone();
        let reply = same.get(&session);
        assert_eq!(reply.status, 401, "{code}: {reply:?}");
        let reply = same.post_form("/lti/nb", &later.form());
        assert!(line_of(&reply).contains(&format!("code=\"{code}\"")), "{}", line_of(&reply));
        upstream.saw_nothing();
    }
}

#[test]
fn a_platform_that_is_being_set_up_cannot_log_in() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tools =
        tools(&platform, &upstream, "\"client-1\"", "").replace("client_id = \"client-1\"\n", "");
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let reply = server.get(&format!("/~login?{}", login().body()));
    let line = rejected(&reply, 401, "unknown-platform");
    assert!(line.contains("the nearest is moodle"), "{line}");
}
