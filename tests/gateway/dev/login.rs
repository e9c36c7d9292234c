//! Launches of the practice platform by LTI 1.3: the real login, its mistakes, and what keeps
//! others out.

use super::*;
use crate::support::Browser;

/// A launch by LTI 1.3 up to its form with the token.
pub(super) struct Launched<'s> {
    pub(super) browser: Browser<'s>,
    pub(super) answer: Form,
}

fn target(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("an address");
    rest[rest.find('/').expect("a path")..].to_owned()
}

/// Plays the launch that this query of `/dev/launch` chooses, up to the form with the token.
#[track_caller]
pub(super) fn answered<'s>(server: &'s Server, query: &str) -> Launched<'s> {
    let page = get(server, &format!("/dev/launch?{query}"));
    assert_eq!(page.status, 200, "{page:?}");
    let [login] = Form::all(&page.body).try_into().ok().expect("one form");
    let port = server.address.port();
    let tool = format!("127.0.0.1:{port}");
    assert_eq!(login.action, format!("http://{tool}/~login"));
    let mut browser = Browser::at(server, &tool);
    let checked = browser.post_form("/~login", &login.pairs.body());
    assert_eq!(checked.status, 303, "{checked:?}");
    let redirected = browser.get(checked.header("location").expect("a URL"));
    assert_eq!(redirected.status, 302, "{redirected:?}");
    let location = redirected.header("location").expect("a URL");
    // For browsers, another site than the tool.
    let platform = format!("http://localhost:{port}/dev/platform/auth?");
    assert!(location.starts_with(&platform), "{location}");
    let page = get(server, &target(location));
    assert_eq!(page.status, 200, "{page:?}");
    let [answer] = Form::all(&page.body).try_into().ok().expect("one form");
    Launched { browser, answer }
}

impl Launched<'_> {
    fn send(&mut self) -> Reply {
        let target = target(&self.answer.action);
        self.browser.post_form(&target, &self.answer.pairs.body())
    }
}

#[track_caller]
fn code(reply: &Reply) -> String {
    let reference = reply.reference().unwrap_or_else(|| panic!("no reference: {reply:?}"));
    let lines = log_lines(reference);
    let line = lines.first().expect("a line");
    line.split(" code=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("code").to_owned()
}

#[test]
fn a_tool_opens_by_lti_1_3_with_the_same_values_as_by_lti_1_1() {
    let server = server(TOOLS, true);
    for person in
        ["learner-1", "learner-3", "instructor-1", "assistant-1", "administrator-1", "nobody"]
    {
        for tool in ["page", "locked"] {
            let query = format!("tool={tool}&person={person}&link=unit-2&custom=x%3D1");
            let old = launched(&server, &query);
            let new = answered(&server, &format!("{query}&lti=1.3")).send();
            assert_eq!((new.status, &new.body), (200, &old.body), "{query}");
        }
    }
}

#[test]
fn each_mistake_has_its_code_and_the_button_names_it() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev").body;
    let card = card(&page, "A &lt;page&gt;");
    let mistakes = card.split("name=\"token_mistake\"").skip(1);
    let mut codes = Vec::new();
    for mistake in mistakes {
        let name = mistake.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let name = name.expect("a name");
        let announced = mistake.split("rejected as <code>").nth(1);
        let announced = announced.and_then(|rest| rest.split('<').next());
        let is_accepted = mistake.split("</li>").next().expect("an item").contains("accepted");
        if name == "rotated" {
            // The gateway has just fetched the keyset, and waits for a minute.
            server.set_running(61);
        }
        let reply = answered(&server, &format!("tool=page&token_mistake={name}")).send();
        if is_accepted {
            assert_eq!(reply.status, 200, "{name}: {reply:?}");
        } else {
            assert_eq!(Some(code(&reply).as_str()), announced, "{name}");
            codes.push(announced.expect("a code"));
        }
    }
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "algorithm",
            "bad-token-signature",
            "missing-claim",
            "no-state",
            "platform-error",
            "platform-keys-unreachable",
            "target-elsewhere",
            "token-expired",
            "token-too-early",
            "unknown-deployment",
            "unknown-key-id",
            "wrong-audience",
            "wrong-issuer",
            "wrong-nonce",
        ]
    );
    let refusals = get(&server, "/dev/refusals").body;
    assert!(refusals.contains("wrong-nonce") && refusals.contains("practice"), "{refusals}");
}

#[test]
fn a_hint_is_valid_once_and_names_the_launch_url() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev/launch?tool=page&lti=1.3");
    let [login] = Form::all(&page.body).try_into().ok().expect("one form");
    let port = server.address.port();
    let launch_url = format!("http://127.0.0.1:{port}/lti/page");
    let request = |change: &dyn Fn(&mut Pairs)| {
        let mut pairs = Pairs(Vec::new());
        for (name, value) in [
            ("scope", "openid"),
            ("response_type", "id_token"),
            ("response_mode", "form_post"),
            ("prompt", "none"),
            ("client_id", "page"),
            ("redirect_uri", &launch_url),
            ("login_hint", login.pairs.get("login_hint")),
            ("lti_message_hint", login.pairs.get("lti_message_hint")),
            ("state", "s&<\">"),
            ("nonce", "n"),
        ] {
            pairs.add(name, value);
        }
        change(&mut pairs);
        let page = get(&server, &format!("/dev/platform/auth?{}", pairs.body()));
        (page.status, Form::all(&page.body))
    };
    let answer = |(status, forms): (u16, Vec<Form>)| {
        assert_eq!(status, 200);
        let [form] = forms.try_into().ok().expect("one form");
        assert_eq!((form.action.as_str(), form.pairs.get("state")), (&*launch_url, "s&<\">"));
        form.pairs.0.iter().find(|(name, _)| name == "error").map(|(_, error)| error.clone())
    };
    assert_eq!(answer(request(&|_| ())), None);
    let again = answer(request(&|_| ()));
    assert_eq!(again.as_deref(), Some("launch_no_longer_valid"));
    // The answer goes to the launch URL of the chosen tool, whatever the request names.
    let elsewhere = request(&|pairs| pairs.set("redirect_uri", "https://evil.example/"));
    assert_eq!(answer(elsewhere).as_deref(), Some("launch_no_longer_valid"));
    assert_eq!(request(&|pairs| pairs.set("client_id", "no-tool")).0, 404);
}

#[test]
fn a_changed_request_gets_an_error_in_place_of_a_token() {
    let server = server(TOOLS, true);
    let port = server.address.port();
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("client_id", "locked"),
        ("login_hint", "administrator-1"),
        ("scope", "openid profile"),
        ("response_mode", "query"),
        ("nonce", ""),
    ] {
        let page = get(&server, "/dev/launch?tool=page&lti=1.3");
        let [login] = Form::all(&page.body).try_into().ok().expect("one form");
        let mut browser = Browser::at(&server, &format!("127.0.0.1:{port}"));
        let checked = browser.post_form("/~login", &login.pairs.body());
        let redirected = browser.get(checked.header("location").expect("a URL"));
        let location = redirected.header("location").expect("a URL");
        let mut query = Pairs::read(location.split_once('?').expect("a query").1);
        query.set(name, value);
        let page = get(&server, &format!("/dev/platform/auth?{}", query.body()));
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        assert_eq!(form.action, format!("http://127.0.0.1:{port}/lti/page"), "{name}");
        assert_eq!(form.pairs.get("error"), "invalid_request", "{name}");
        assert!(!page.body.contains("eyJ"), "{name}: {}", page.body);
        let reply = browser.post_form("/lti/page", &form.pairs.body());
        assert_eq!((reply.status, code(&reply).as_str()), (401, "platform-error"), "{name}");
    }
}

#[test]
fn others_get_no_login_of_the_practice_platform() {
    let server = server(TOOLS, true);
    let host = format!("localhost:{}", server.address.port());
    let target = "/dev/launch?tool=locked&lti=1.3";
    let ask = |header: (&str, &str)| server.send("GET", target, &[("Host", &host), header], b"");
    for header in [("X-Forwarded-For", "192.0.2.7"), ("Via", "1.1 tunnel")] {
        assert_eq!(ask(header).status, 404, "{header:?}");
    }
    for header in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        let reply = ask(header);
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(!reply.body.contains("lti_message_hint"), "{}", reply.body);
    }
    let forwarded = [("Host", host.as_str()), ("X-Forwarded-For", "192.0.2.7")];
    let page = server.send("GET", "/dev", &forwarded, b"").body;
    assert!(!card(&page, "locked").contains("<button"), "{page}");
    // A process cannot derive the key of another one.
    let keys = |server: &Server| get(server, "/dev/platform/jwks").body;
    assert_ne!(keys(&server), keys(&super::server(TOOLS, true)));
    assert_eq!(keys(&server), keys(&server));
}

#[test]
fn a_tool_without_a_key_opens_by_lti_1_3_only() {
    let tools = format!(
        "{TOOLS}\n[platforms.moodle]\ntype = \"moodle\"\nurl = \"https://moodle.example\"\n\
         client_id = \"c\"\n[tools.only]\ntemplate = \"page\"\nplatforms = \"moodle\"\n"
    );
    let server = server(&tools, true);
    let page = get(&server, "/dev").body;
    let card = card(&page, "only");
    let first = card.split("<button").nth(1).expect("a button");
    assert!(first.contains("name=\"lti\" value=\"1.3\""), "{card}");
    assert!(card.contains("by LTI 1.1: it has no key for LTI 1.1"), "{card}");
    let reply = answered(&server, "tool=only&lti=1.3").send();
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn outside_development_the_practice_platform_is_unknown() {
    let public = format!("{TOOLS}\n")
        .replace("[gateway]", "[gateway]\npublic_url = \"https://tool.example\"");
    let server = server(&public, false);
    let login = "iss=http%3A%2F%2Fpractice.localhost%2Fdev%2Fplatform&login_hint=u&client_id=page&\
                 target_link_uri=https%3A%2F%2Ftool.example%2Flti%2Fpage";
    let reply = server.get(&format!("/~login?{login}"));
    assert_eq!((reply.status, code(&reply).as_str()), (401, "unknown-platform"));
    for path in ["/dev/platform/auth?client_id=page", "/dev/platform/jwks"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}
