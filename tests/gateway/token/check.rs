//! The eighteen checks of a launch, in their order, each with its code and its status. No rejected
//! launch spends the nonce: the right form is accepted afterwards.

use serde_json::{Value, json};

use super::*;
use crate::support::{
    NOW, Pairs, answer_form, changed, claims, lti_claim, token, token_header, token_with,
};

/// A spoiled launch, and what rejects it.
struct Case {
    status: u16,
    code: &'static str,
    /// A part of the reason.
    reason: &'static str,
    /// Whether the check needs the keys.
    fetches: bool,
    /// The form, for the login.
    form: Box<dyn Fn(&Redirected) -> String>,
}

/// Rejects a spoiled launch, and then accepts the right one of the same login.
#[track_caller]
fn check_at(stage: &Stage, case: &Case) -> Reply {
    let (mut browser, redirected) = stage.logged_in();
    let reply = browser.post_form("/lti/nb", &(case.form)(&redirected));
    let line = rejected(&reply, case.status, case.code);
    assert!(line.contains(case.reason), "{} is not in {line}", case.reason);
    if !case.fetches {
        stage.platform.recorder.saw_nothing();
    }
    stage.upstream.saw_nothing();
    opened(&browser.post_form("/lti/nb", &redirected.form()));
    reply
}

#[track_caller]
fn check(case: &Case) -> Reply {
    check_at(&Stage::start(), case)
}

fn before_keys(
    status: u16,
    code: &'static str,
    reason: &'static str,
    form: impl Fn(&Redirected) -> String + 'static,
) -> Case {
    Case { status, code, reason, fetches: false, form: Box::new(form) }
}

fn with_header(
    (status, code, reason): (u16, &'static str, &'static str),
    change: impl Fn(&mut Value) + 'static,
) -> Case {
    before_keys(status, code, reason, move |login| {
        let mut header = token_header();
        change(&mut header);
        answer_form(&token_with(&header, &claims(login.nonce())), login.state())
    })
}

fn with_claim(
    (status, code, reason): (u16, &'static str, &'static str),
    claim: &str,
    value: Value,
) -> Case {
    let claim = claim.to_owned();
    let form = move |login: &Redirected| {
        answer_form(&token(&changed(login.nonce(), &claim, value.clone())), login.state())
    };
    Case { status, code, reason, fetches: true, form: Box::new(form) }
}

// Check 1.
#[test]
fn check_1_the_form_is_of_one_protocol() {
    check(&before_keys(400, "two-protocols", "an id_token and OAuth parameters", |login| {
        format!("{}&oauth_consumer_key=key-1&oauth_signature=x", login.form())
    }));
    for name in ["id_token", "state"] {
        check(&before_keys(400, "repeated-oauth-parameter", "was sent twice", move |login| {
            let form = login.form();
            let value = Pairs::read(&form).get(name).to_owned();
            format!("{form}&{name}={value}")
        }));
    }
    check(&before_keys(400, "repeated-oauth-parameter", "error was sent twice", |login| {
        format!("{}&error=a&error=b", login.form())
    }));
    check(&before_keys(413, "too-large", "256 KiB", |login| {
        format!("{}&x={}", login.form(), "x".repeat(256 * 1024))
    }));
}

// Check 2.
// Checklist F1.i 178.
#[test]
fn check_2_the_platform_answers_with_an_error() {
    let error = |error: &'static str| {
        before_keys(401, "platform-error", error, move |login| {
            format!("error={error}&error_description=No%20such%20user&state={}", login.state())
        })
    };
    let reply = check(&error("login_required"));
    assert!(reply.body.contains("Sign in to your learning platform"), "{}", reply.body);
    let reply = check(&error("launch_no_longer_valid"));
    assert!(reply.body.contains("This page was open for too long"), "{}", reply.body);
    let reply = check(&error("invalid_request"));
    assert!(reply.body.contains("The tool could not be opened"), "{}", reply.body);
    let long = before_keys(401, "platform-error", "…", |login| {
        let description = format!("%3Cscript%3E%0A{}", "x".repeat(1000));
        format!("error=e&error_description={description}&state={}", login.state())
    });
    let reply = check(&long);
    assert!(line_of(&reply).len() < 1000 && !reply.body.contains("<script>"));
}

// Check 3.
// Checklist F1.i 162.
#[test]
fn check_3_the_state_is_ours_for_this_tool() {
    check(&before_keys(400, "no-state", "no state", |login| {
        format!("id_token={}", token(&claims(login.nonce())))
    }));
    for state in ["x", "", "AQ"] {
        let code = if state.is_empty() { (400, "no-state") } else { (401, "bad-state") };
        check(&before_keys(code.0, code.1, "state", move |login| {
            answer_form(&token(&claims(login.nonce())), state)
        }));
    }
    // Every character of the state counts.
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let state = redirected.state();
    for at in (0..state.len()).step_by(7) {
        let mut altered = state.as_bytes().to_vec();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        let form = answer_form(&token(&claims(redirected.nonce())), &altered);
        rejected(&browser.post_form("/lti/nb", &form), 401, "bad-state");
    }
    stage.saw_nothing();
}

#[test]
fn check_3_the_state_expires_after_ten_minutes() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let mut claims = claims(redirected.nonce());
    claims["exp"] = (NOW + 3600).into();
    let form = answer_form(&token(&claims), redirected.state());
    stage.server.set_now(NOW + 601);
    let reply = browser.post_form("/lti/nb", &form);
    rejected(&reply, 401, "state-expired");
    assert!(reply.body.contains("This page was open for too long"), "{}", reply.body);
    stage.saw_nothing();
    stage.server.set_now(NOW + 600);
    opened(&browser.post_form("/lti/nb", &form));
}

// LTI13 §18, case 18.
#[test]
fn check_3_a_state_of_another_tool_does_not_open() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tool = |name: &str| {
        format!("[tools.{name}]\nplatforms = \"moodle\"\nupstream = \"{}\"\n", upstream.url())
    };
    let tools = format!("{GATEWAY}{}\n{}{}", platform.table(""), tool("nb"), tool("other"));
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let reply = browser.post_form("/lti/other", &redirected.form());
    let line = rejected(&reply, 401, "bad-state");
    assert!(line.contains("or is another tool's") && line.contains(" tool=\"other\" "), "{line}");
    platform.recorder.saw_nothing();
    upstream.saw_nothing();
    opened(&browser.post_form("/lti/nb", &redirected.form()));
}

// Check 5.
#[test]
fn check_5_the_token_is_a_compact_jws() {
    let spoiled = |reason: &'static str, change: fn(&str) -> String| {
        before_keys(400, "not-a-token", reason, move |login| {
            answer_form(&change(&token(&claims(login.nonce()))), login.state())
        })
    };
    check(&spoiled("it has 1 parts", |_| String::new()));
    check(&spoiled("it has 1 parts", |_| "x".to_owned()));
    check(&spoiled("it has 2 parts", |token| {
        token.rsplit_once('.').expect("a signature").0.to_owned()
    }));
    check(&spoiled("it has 5 parts", |token| format!("{token}.a.b")));
    check(&spoiled("base64url", |token| format!("{token}=")));
    check(&spoiled("base64url", |token| format!("{token}+")));
    check(&spoiled("not a JSON object", |token| {
        format!("bnVsbA{}", &token[token.find('.').expect("a dot")..])
    }));
    check(&spoiled("longer than 64 KiB", |_| "x".repeat(64 * 1024 + 1)));
    check(&with_header((400, "not-a-token", "(crit)"), |header| {
        header["crit"] = json!(["exp"]);
    }));
}

// Check 6.
// Checklist F1.i 158.
#[test]
fn check_6_the_platform_may_use_the_algorithm() {
    for algorithm in ["none", "None", "HS256", "RS512", "ES256", "PS256", ""] {
        check(&with_header((401, "algorithm", "accepted: RS256"), move |header| {
            header["alg"] = algorithm.into();
        }));
    }
    check(&with_header((401, "algorithm", "names no algorithm"), |header| {
        header.as_object_mut().expect("an object").remove("alg");
    }));
}

// Check 7.
#[test]
fn check_7_the_token_names_its_key() {
    for kid in [Value::Null, json!(1), json!("x".repeat(256))] {
        check(&with_header((401, "no-key-id", "names no key"), move |header| {
            header["kid"] = kid.clone();
        }));
    }
}

// Check 8.
// Checklist F1.i 154.
#[test]
fn check_8_the_keyset_has_the_key() {
    for kid in ["other", "../../etc/passwd", "' OR 1=1 --"] {
        let mut case =
            with_header((401, "unknown-key-id", "1 keys, fetched 0 s ago"), move |header| {
                header["kid"] = kid.into();
            });
        case.fetches = true;
        let stage = Stage::start();
        check_at(&stage, &case);
        // The key is not in the URL of the fetch.
        assert_eq!(stage.platform.recorder.request().line(), "GET /jwks");
    }
}

// Check 9.
#[test]
fn check_9_a_key_of_the_platform_made_the_signature() {
    let spoiled = |change: fn(String) -> String| Case {
        status: 401,
        code: "bad-token-signature",
        reason: "made its signature",
        fetches: true,
        form: Box::new(move |login| {
            answer_form(&change(token(&claims(login.nonce()))), login.state())
        }),
    };
    check(&spoiled(|token| {
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        format!("{signed}.AAAA")
    }));
    check(&spoiled(|token| {
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        format!("{signed}.")
    }));
    // Embedded keys do not count.
    let mut embedded = with_header((401, "unknown-key-id", "is not in"), |header| {
        header["kid"] = "embedded".into();
        header["jwk"] = Platform::keys()["keys"][0].clone();
        header["jku"] = "http://127.0.0.1:9/".into();
    });
    embedded.fetches = true;
    check(&embedded);
}

// Checklist F1.i 157.
#[test]
fn checks_10_to_13_belong_to_this_login() {
    let issuer = |value| with_claim((401, "wrong-issuer", "issuer"), "iss", value);
    for value in ["https://lms.example/", "http://lms.example", "https://evil.example", ""] {
        check(&issuer(value.into()));
    }
    check(&issuer(Value::Null));
    check(&issuer(json!(["https://lms.example"])));
    let audience = |value| with_claim((401, "wrong-audience", "audience"), "aud", value);
    for value in [json!("client-2"), json!([]), json!(["client-2"]), Value::Null, json!(1)] {
        check(&audience(value));
    }
    // Several audiences need an `azp`.
    check(&audience(json!(["client-1", "client-2"])));
    check(&with_claim((401, "token-expired", "expired 301 s ago"), "exp", (NOW - 301).into()));
    check(&with_claim((401, "token-expired", "expired"), "exp", json!(22_222)));
    check(&with_claim((401, "token-too-early", "valid in 301 s"), "iat", (NOW + 301).into()));
    check(&with_claim((401, "token-too-early", "valid in 301 s"), "nbf", (NOW + 301).into()));
    check(&with_claim((400, "missing-claim", "exp is absent"), "exp", Value::Null));
    check(&with_claim((400, "malformed-claim", "iat is"), "iat", json!("now")));
    for value in [json!("other"), json!(""), Value::Null, json!(1)] {
        check(&with_claim((401, "wrong-nonce", "answers another login"), "nonce", value));
    }
}

// Checklist F1.i 161.
#[test]
fn check_13_a_token_of_another_login_of_this_browser_is_rejected() {
    let stage = Stage::start();
    let (mut browser, first) = stage.logged_in();
    let second = Redirected::log_in(&mut browser, &login());
    let mixed = answer_form(&token(&claims(first.nonce())), second.state());
    rejected(&browser.post_form("/lti/nb", &mixed), 401, "wrong-nonce");
    opened(&browser.post_form("/lti/nb", &first.form()));
    opened(&browser.post_form("/lti/nb", &second.form()));
}

// Check 14.
// Checklist F1.i 155.
#[test]
fn check_14_it_is_a_launch_of_an_allowed_deployment() {
    for value in [json!("1.1"), json!("1.3"), Value::Null] {
        check(&with_claim((400, "lti-version", "LTI version"), &lti_claim("version"), value));
    }
    for value in [json!("basic-lti-launch-request"), Value::Null] {
        let claim = lti_claim("message_type");
        check(&with_claim((400, "message-type", "message type"), &claim, value));
    }
    let selection = with_claim(
        (400, "missing-claim", "deep_linking_settings"),
        &lti_claim("message_type"),
        json!("LtiDeepLinkingRequest"),
    );
    check(&selection);
    let claim = lti_claim("deployment_id");
    for value in [json!("3"), json!(1), Value::Null] {
        let stage = Stage::with("deployments = [\"1\", \"2\"]", "");
        let case = with_claim((401, "unknown-deployment", "deployment"), &claim, value);
        check_at(&stage, &case);
    }
    check(&with_claim((401, "unknown-deployment", "…"), &claim, json!("x".repeat(256))));
}

// Check 15. LTI13 §18, case 19.
// Checklist F1.i 165.
#[test]
fn check_15_the_link_belongs_to_the_tool() {
    let claim = lti_claim("target_link_uri");
    for target in [
        "https://tool.example/lti/other",
        "https://evil.example/lti/nb",
        "https://tool.example/lti/nb/../other",
        "https://tool.example/lti/nb/%2e%2e/other",
        "https://tool.example/lti/nb\\..\\other",
        "//evil.example/",
        "",
    ] {
        let stage = Stage::start();
        let case = with_claim((400, "target-elsewhere", "target_link_uri"), &claim, target.into());
        check_at(&stage, &case);
    }
    check(&with_claim((400, "target-elsewhere", "is missing"), &claim, Value::Null));
}

// Check 16.
// Checklist F1.i 156.
#[test]
fn check_16_the_required_claims_are_present() {
    check(&with_claim((400, "missing-claim", "sub is absent"), "sub", Value::Null));
    check(&with_claim((400, "missing-claim", "sub is absent"), "sub", json!("")));
    for value in [json!(4711), json!({}), json!("x".repeat(256))] {
        check(&with_claim((400, "malformed-claim", "sub is"), "sub", value));
    }
    let roles = lti_claim("roles");
    check(&with_claim((400, "missing-claim", "roles is absent"), &roles, Value::Null));
    check(&with_claim((400, "malformed-claim", "roles is"), &roles, json!("Learner")));
    check(&with_claim((400, "malformed-claim", "a list with"), &roles, json!([1])));
    let link = lti_claim("resource_link");
    for value in [Value::Null, json!({}), json!({"id": ""})] {
        check(&with_claim((400, "no-resource-link", "resource_link_id"), &link, value));
    }
    check(&with_claim((400, "malformed-claim", "resource_link is"), &link, json!("rl-1")));
}

// Check 17.
#[test]
fn check_17_the_user_has_an_allowed_role() {
    let stage = Stage::with("", "roles = [\"instructor\"]");
    let (mut browser, redirected) = stage.logged_in();
    let reply = browser.post_form("/lti/nb", &redirected.form());
    rejected(&reply, 403, "role-not-allowed");
    let return_url = "https://lms.example/return?lti_errormsg=\
                      This%20activity%20is%20not%20for%20your%20role";
    assert_eq!(reply.link().as_deref(), Some(return_url));
    stage.upstream.saw_nothing();
    let claim = lti_claim("roles");
    let role = json!(["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]);
    let form = answer_form(&token(&changed(redirected.nonce(), &claim, role)), redirected.state());
    opened(&browser.post_form("/lti/nb", &form));
}

// Check 18.
#[test]
fn check_18_the_nonce_is_spent_once_and_last() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let form = redirected.form();
    opened(&browser.post_form("/lti/nb", &form));
    // The receipt shows a reload. Without it, the form is a replay.
    browser.cookies.retain(|cookie| cookie.name.starts_with("__Host-"));
    let reply = browser.post_form("/lti/nb", &form);
    rejected(&reply, 401, "replayed");
    // Another token of the same login is one, too.
    let other = changed(redirected.nonce(), "name", json!("Grace Hopper"));
    let form = answer_form(&token(&other), redirected.state());
    rejected(&browser.post_form("/lti/nb", &form), 401, "replayed");
    stage.upstream.saw_nothing();
}

#[test]
fn check_18_a_full_replay_store_rejects_the_launch() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
        platform.table(""),
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, replay: 0, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let reply = browser.post_form("/lti/nb", &redirected.form());
    rejected(&reply, 503, "replay-memory-full");
    upstream.saw_nothing();
}

/// The part of a page that does not depend on its reference.
fn without_reference(reply: &Reply) -> String {
    let reference = reply.reference().expect("a reference");
    reply.body.replace(reference, "REFERENCE")
}

#[test]
fn every_401_of_checks_6_to_13_has_the_same_page() {
    let with_keys = |mut case: Case| {
        case.fetches = true;
        case
    };
    let expected = without_reference(&check(&with_claim(
        (401, "wrong-issuer", "issuer"),
        "iss",
        json!("https://evil.example"),
    )));
    assert!(expected.contains("The tool could not be opened"), "{expected}");
    assert!(!expected.contains("lms.example"), "{expected}");
    for case in [
        with_header((401, "algorithm", ""), |header| header["alg"] = "none".into()),
        with_header((401, "no-key-id", ""), |header| header["kid"] = Value::Null),
        with_keys(with_header((401, "unknown-key-id", ""), |header| header["kid"] = "x".into())),
        with_claim((401, "wrong-audience", ""), "aud", json!("client-2")),
        with_claim((401, "token-expired", ""), "exp", (NOW - 301).into()),
        with_claim((401, "token-too-early", ""), "nbf", (NOW + 301).into()),
        with_claim((401, "wrong-nonce", ""), "nonce", json!("x")),
    ] {
        assert_eq!(without_reference(&check(&case)), expected, "{}", case.code);
    }
}

#[test]
fn the_earlier_check_decides() {
    // A form with every fault, which are fixed one after the other.
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let mut stranger = stage.browser();
    let mut header = token_header();
    header["alg"] = "none".into();
    header["kid"] = Value::Null;
    let mut claims = claims("other");
    for (claim, value) in [
        ("iss", json!("x")),
        ("aud", json!("x")),
        ("exp", json!(NOW - 9999)),
        (&*lti_claim("version"), json!("x")),
        (&*lti_claim("target_link_uri"), json!("https://evil.example/")),
        ("sub", Value::Null),
    ] {
        claims[claim] = value;
    }
    let form = |header: &Value, claims: &Value| {
        answer_form(&token_with(header, claims), redirected.state())
    };
    let reply = stranger.post_form("/lti/nb", &form(&header, &claims));
    rejected(&reply, 401, "other-browser");
    let broken = answer_form("x", redirected.state());
    rejected(&stranger.post_form("/lti/nb", &broken), 401, "other-browser");
    let mut next = |header: &Value, claims: &Value, status: u16, code: &str| {
        let reply = browser.post_form("/lti/nb", &form(header, claims));
        rejected(&reply, status, code);
    };
    next(&header, &claims, 401, "algorithm");
    header["alg"] = "RS256".into();
    next(&header, &claims, 401, "no-key-id");
    stage.platform.recorder.saw_nothing();
    header["kid"] = "x".into();
    next(&header, &claims, 401, "unknown-key-id");
    header["kid"] = Platform::key_id().into();
    next(&header, &claims, 401, "wrong-issuer");
    claims["iss"] = "https://lms.example".into();
    next(&header, &claims, 401, "wrong-audience");
    claims["aud"] = "client-1".into();
    next(&header, &claims, 401, "token-expired");
    claims["exp"] = (NOW + 60).into();
    next(&header, &claims, 401, "wrong-nonce");
    claims["nonce"] = redirected.nonce().into();
    next(&header, &claims, 400, "lti-version");
    claims[&lti_claim("version")] = "1.3.0".into();
    next(&header, &claims, 400, "target-elsewhere");
    claims[&lti_claim("target_link_uri")] = "https://tool.example/lti/nb".into();
    next(&header, &claims, 400, "missing-claim");
    claims["sub"] = "user-4711".into();
    stage.upstream.saw_nothing();
    opened(&browser.post_form("/lti/nb", &form(&header, &claims)));
}

// Checklist F1.i 163 and 164.
#[test]
fn a_token_of_one_registration_does_not_answer_the_login_of_another() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let other = platform
        .table("deployments = [\"1\"]")
        .replace("platforms.moodle", "platforms.other")
        .replace("issuer = \"https://lms.example\"", "issuer = \"https://other.example\"");
    let table = platform
        .table("deployments = [\"1\"]")
        .replace("client_id = \"client-1\"", "client_id = [\"client-1\", \"client-2\"]");
    let tools = format!(
        "{GATEWAY}{table}{other}\n[tools.nb]\nplatforms = [\"moodle\", \"other\"]\n\
         upstream = \"{}\"\n",
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let log_in = |browser: &mut Browser<'_>, name: &str, value: &str| {
        let mut pairs = login();
        pairs.set(name, value);
        Redirected::log_in(browser, &pairs)
    };
    let other_client = log_in(&mut browser, "client_id", "client-2");
    let reply = browser.post_form("/lti/nb", &other_client.form());
    rejected(&reply, 401, "wrong-audience");
    let other_platform = log_in(&mut browser, "iss", "https://other.example");
    let reply = browser.post_form("/lti/nb", &other_platform.form());
    rejected(&reply, 401, "wrong-issuer");
    let redirected = Redirected::log_in(&mut browser, &login());
    let deployment = changed(redirected.nonce(), &lti_claim("deployment_id"), json!("2"));
    let reply = browser.post_form("/lti/nb", &answer_form(&token(&deployment), redirected.state()));
    let line = rejected(&reply, 401, "unknown-deployment");
    assert!(line.contains("add the id to deployments"), "{line}");
    upstream.saw_nothing();
    opened(&browser.post_form("/lti/nb", &redirected.form()));
}

#[test]
fn a_token_that_is_no_launch_is_rejected() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let form = answer_form(&token(&json!({"name": "badltilaunch"})), redirected.state());
    rejected(&browser.post_form("/lti/nb", &form), 401, "wrong-issuer");
    stage.upstream.saw_nothing();
}
