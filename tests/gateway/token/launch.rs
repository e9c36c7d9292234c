//! Accepted launches: the same page, headers and assertion as by LTI 1.1.

use serde_json::{Value, json};

use super::*;
use crate::support::{
    Form, Pairs, Recorded, answer_form, changed, claims, lti_claim, token, verify,
};

/// The same user, course and link as [`claims`] by LTI 1.1.
fn form() -> Form<'static> {
    let mut form = Form { url: "https://tool.example/lti/nb", ..Form::default() };
    form.params.retain(|(name, _)| *name != "resource_link_id");
    form.with(&[
        ("user_id", "user-4711"),
        ("lis_person_name_full", "Ada Lovelace"),
        ("lis_person_contact_email_primary", "ada@uni.example"),
        ("roles", "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"),
        ("context_id", "course-1"),
        ("context_title", "Chemistry"),
        ("resource_link_id", "rl-1"),
        ("resource_link_title", "Lab 1"),
        ("launch_presentation_return_url", "https://lms.example/return"),
    ])
}

/// Follows a launch to the first request at the upstream.
#[track_caller]
fn follow(browser: &mut Browser<'_>, launched: &Reply, upstream: &Recorder) -> Recorded {
    opened(launched);
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    assert_eq!(entered.status, 303, "{entered:?}");
    browser.get(entered.header("location").expect("a URL"));
    upstream.request()
}

// LTI13 §18, case 1.
#[test]
fn both_versions_send_the_same_headers_and_assertion() {
    let stage = Stage::with("", "key = \"key-1\"\nsecret = \"s3cret\"");
    let mut browser = stage.browser();
    let launched = browser.post_form("/lti/nb", &form().sign());
    let by_1p1 = follow(&mut browser, &launched, &stage.upstream);
    let (mut browser, redirected) = stage.logged_in();
    let launched = browser.post_form("/lti/nb", &redirected.form());
    let by_1p3 = follow(&mut browser, &launched, &stage.upstream);

    let jwks = stage.server.get("/.well-known/jwks.json").json();
    let assertion = |request: &Recorded| {
        let token = request.header("x-lti-assertion").expect("an assertion");
        verify(&token, &jwks).expect("a valid assertion").claims
    };
    let (mut one, mut other) = (assertion(&by_1p1), assertion(&by_1p3));
    let deployment = lti_claim("deployment_id");
    assert_eq!((&one[&deployment], &other[&deployment]), (&json!("key-1"), &json!("1")));
    assert_eq!(
        (&one["sub"], &other["sub"]),
        (&json!("key-1:user-4711"), &json!("moodle:user-4711"))
    );
    for claims in [&mut one, &mut other] {
        let claims = claims.as_object_mut().expect("an object");
        for differs in [&deployment, "sub", "jti"] {
            claims.remove(differs);
        }
    }
    assert_eq!(one, other);

    let headers = |request: &Recorded| -> Vec<(String, String)> {
        let differs = [
            "x-lti-assertion",
            "x-forwarded-user",
            "x-forwarded-prefix",
            "x-script-name",
            "cookie",
        ];
        let all = request.head.headers().into_iter();
        all.filter(|(name, _)| !differs.contains(&name.as_str())).collect()
    };
    assert_eq!(headers(&by_1p1), headers(&by_1p3));
    assert_eq!(by_1p3.header("x-forwarded-user").as_deref(), Some("moodle:user-4711"));
}

// LTI13 §18, case 1.
#[test]
fn both_versions_render_the_same_page() {
    let page = "{{ launch.user.id }}|{{ launch.user.name }}|{{ launch.user.email }}|\
                {{ launch.context.title }}|{{ launch.resource.title }}|\
                {% for param in launch.params %}{{ param.name }}={{ param.value }};{% endfor %}";
    let platform = Platform::start();
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
         template = \"page\"\n",
        platform.table("")
    );
    let templates = [("page.html.tera", page)];
    let server = Server::start(&Setup { tools: &tools, templates: &templates, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let by_1p1 = browser.post_form("/lti/nb", &form().sign());
    let redirected = Redirected::log_in(&mut browser, &login());
    let by_1p3 = browser.post_form("/lti/nb", &redirected.form());
    assert_eq!((by_1p1.status, by_1p3.status), (200, 200), "{by_1p1:?} {by_1p3:?}");
    let sorted = |reply: &Reply| {
        let (facts, params) = reply.body.rsplit_once('|').expect("parameters");
        let mut params: Vec<String> = params.split_terminator(';').map(str::to_owned).collect();
        params.sort();
        (facts.to_owned(), params)
    };
    assert_eq!(sorted(&by_1p1), sorted(&by_1p3));
    assert!(by_1p3.body.contains("|Ada Lovelace|ada@uni.example|Chemistry|"), "{}", by_1p3.body);
    for header in ["cache-control", "content-security-policy", "content-type"] {
        assert_eq!(by_1p1.header(header), by_1p3.header(header));
    }
}

// LTI13 §18, case 20.
#[test]
fn the_link_leads_to_its_place_in_the_upstream() {
    for of_tool in ["", "prefix = \"tool\""] {
        let stage = Stage::with("", of_tool);
        let target = "https://tool.example/lti/nb/week/1?x=2";
        let mut to_week = login();
        to_week.set("target_link_uri", target);
        let mut browser = stage.browser();
        let redirected = Redirected::log_in(&mut browser, &to_week);
        let claims = changed(redirected.nonce(), &lti_claim("target_link_uri"), target.into());
        let form = answer_form(&token(&claims), redirected.state());
        let launched = browser.post_form("/lti/nb", &form);
        let request = follow(&mut browser, &launched, &stage.upstream);
        assert_eq!(request.line(), "GET /app/week/1?x=2", "{of_tool}");
    }
}

// LTI13 §18, case 20: edX posts to the link itself.
#[test]
fn a_launch_below_the_launch_url_leads_where_its_token_says() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let target = "https://tool.example/lti/nb/week/1";
    let claims = changed(redirected.nonce(), &lti_claim("target_link_uri"), target.into());
    let form = answer_form(&token(&claims), redirected.state());
    let launched = browser.post_form("/lti/nb/week/2?x=y", &form);
    let request = follow(&mut browser, &launched, &stage.upstream);
    assert_eq!(request.line(), "GET /app/week/1");
}

// LTI13 §18, case 21.
#[test]
fn a_tool_with_its_own_host_is_launched_there() {
    let stage = Stage::with("", "host = \"nb.example\"");
    let mut browser = Browser::at(&stage.server, "nb.example");
    let mut login = login();
    login.set("target_link_uri", "https://nb.example/");
    let redirected = Redirected::log_in(&mut browser, &login);
    let path = redirected.query.get("redirect_uri").strip_prefix("https://nb.example");
    let path = path.expect("the tool's host").to_owned();
    let claims =
        changed(redirected.nonce(), &lti_claim("target_link_uri"), "https://nb.example/".into());
    let form = answer_form(&token(&claims), redirected.state());
    let launched = browser.post_form(&path, &form);
    assert_eq!(follow(&mut browser, &launched, &stage.upstream).line(), "GET /app/");
}

// LTI13 §18, case 9 and the first half of case 10.
#[test]
fn a_login_survives_a_restart_and_a_rotation_of_the_secret() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tools = |secrets: &str| {
        format!(
            "{}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n",
            GATEWAY.replace("\"the gateway's own, of 32 characters\"", secrets),
            platform.table(""),
            upstream.url()
        )
    };
    let (old, new) =
        ("\"the gateway's own, of 32 characters\"", "\"a new one with 32 characters here\"");
    let start = |tools: &str| Server::start(&Setup { tools, ..Setup::default() });
    let before = start(&tools(old));
    let mut browser = Browser::new(&before);
    let redirected = Redirected::log_in(&mut browser, &login());
    let cookies = browser.cookies.clone();
    for secrets in [old.to_owned(), format!("[{new}, {old}]")] {
        let after = start(&tools(&secrets));
        let mut browser = Browser::new(&after);
        browser.cookies = cookies.clone();
        opened(&browser.post_form("/lti/nb", &redirected.form()));
    }
    let other = start(&tools(new));
    let mut browser = Browser::new(&other);
    browser.cookies = cookies;
    rejected(&browser.post_form("/lti/nb", &redirected.form()), 401, "bad-state");
}

// Checklist F1.i 159 and 160.
#[test]
fn audiences_of_real_platforms_are_accepted() {
    let stage = Stage::start();
    for (aud, azp) in [
        // Blackboard's `azp` differs.
        (json!("client-1"), json!("other")),
        // Schoology sends a list of one.
        (json!(["client-1"]), Value::Null),
        (json!(["other", "client-1"]), json!("client-1")),
    ] {
        let (mut browser, redirected) = stage.logged_in();
        let mut claims = claims(redirected.nonce());
        claims["aud"] = aud;
        if !azp.is_null() {
            claims["azp"] = azp;
        }
        let form = answer_form(&token(&claims), redirected.state());
        opened(&browser.post_form("/lti/nb", &form));
    }
}

#[test]
fn values_that_a_launch_cannot_contain_are_dropped_with_a_note() {
    let stage = Stage::start();
    let (mut browser, redirected) = stage.logged_in();
    let custom = json!({"unit": "w1", "list": [1], "noted-4713": {}});
    let claims = changed(redirected.nonce(), &lti_claim("custom"), custom);
    let form = answer_form(&token(&claims), redirected.state());
    opened(&browser.post_form("/lti/nb", &form));
    let lines = log_lines("custom_noted-4713 is dropped: it is an object");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("custom_list is dropped: it is a list"), "{lines:?}");
}

// LTI13 §18: a Canvas launch with every claim seals within 900 characters.
#[test]
fn a_canvas_launch_with_every_claim_fits_into_its_session() {
    let fixture = include_str!("../../../crates/lti/tests/token/claims/canvas.json");
    let fixture: Value = serde_json::from_str(fixture).expect("JSON");
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let tools = format!(
        "{GATEWAY}\n[platforms.canvas]\ntype = \"canvas\"\nurl = \"https://school.instructure.com\"\n\
         client_id = \"125900000000000123\"\njwks_url = \"{}\"\n\n[tools.canvas-fits]\n\
         platforms = \"canvas\"\nupstream = \"{}\"\nidentity = [\"name\", \"email\"]\n",
        platform.jwks_url(),
        upstream.url()
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let target = "https://tool.example/lti/canvas-fits/week/1?x=2";
    let mut pairs = Pairs(Vec::new());
    for (name, value) in [
        ("iss", "https://canvas.instructure.com"),
        ("login_hint", "hint-4711"),
        ("client_id", "125900000000000123"),
        ("deployment_id", "37:4dde05e8ca1973bcca9bffc13e1548820eee93a3"),
        ("target_link_uri", target),
        ("lti_message_hint", "eyJ0.eyJ0.x"),
        ("canvas_region", "eu-west-1"),
        ("canvas_environment", "prod"),
        ("lti_storage_target", "post_message_forwarding"),
    ] {
        pairs.add(name, value);
    }
    let redirected = Redirected::log_in(&mut browser, &pairs);
    assert_eq!(redirected.url, "https://sso.canvaslms.com/api/lti/authorize_redirect");
    let mut claims = fixture["claims"].clone();
    claims["nonce"] = redirected.nonce().into();
    claims[&lti_claim("target_link_uri")] = target.into();
    let form = answer_form(&token(&claims), redirected.state());
    let launched = browser.post_form("/lti/canvas-fits", &form);
    let request = follow(&mut browser, &launched, &upstream);
    assert_eq!(request.line(), "GET /app/week/1?x=2");
    let session = browser.cookies.iter().find(|cookie| cookie.name == "__Secure-lti");
    let session = session.expect("a session");
    let length = session.name.len() + 1 + session.value.len();
    assert!(length <= 900, "{length}");
    let left_out: Vec<String> = log_lines("tool=\"canvas-fits\"")
        .into_iter()
        .filter(|line| line.contains("left_out"))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn a_signed_form_of_lti_1p1_may_have_parameters_with_any_name() {
    let stage = Stage::with("", "key = \"key-1\"\nsecret = \"s3cret\"");
    let form = form().with(&[("error", "x"), ("state", "y"), ("iss", "z"), ("login_hint", "1")]);
    let mut browser = stage.browser();
    opened(&browser.post_form("/lti/nb", &form.sign()));
    stage.saw_nothing();
}

#[test]
fn a_tool_without_consumers_rejects_lti_1p1() {
    let stage = Stage::start();
    let reply = stage.server.post("/lti/nb", &form().sign());
    assert_eq!(reply.status, 401, "{reply:?}");
    assert!(line_of(&reply).contains("code=\"unknown-consumer\""));
    stage.upstream.saw_nothing();
}

/// The page of a launch with these claims changed.
#[track_caller]
fn page_with(changes: &[(&str, Value)]) -> String {
    let page = "{{ launch.user.name }}|{{ launch.user.email }}|{{ launch.is_learner }}\
                {{ launch.is_instructor }}|\
                {{ launch.roles | sort | join(sep=\",\") }}";
    let platform = Platform::start();
    let tools = format!(
        "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\ntemplate = \"page\"\n",
        platform.table("")
    );
    let templates = [("page.html.tera", page)];
    let server = Server::start(&Setup { tools: &tools, templates: &templates, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let mut claims = claims(redirected.nonce());
    for (claim, value) in changes {
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(*claim)),
            value => claims[*claim] = value.clone(),
        }
    }
    let form = answer_form(&token(&claims), redirected.state());
    let reply = browser.post_form("/lti/nb", &form);
    assert_eq!(reply.status, 200, "{:?}", reply.reference().map(log_lines));
    reply.body
}

/// A role in a course, as LTI 1.3 writes it.
fn course_role(name: &str) -> String {
    format!("http://purl.imsglobal.org/vocab/lis/v2/membership#{name}")
}

// Checklist F1.i 153.
#[test]
fn users_with_any_roles_and_any_personal_data_are_accepted() {
    let roles = lti_claim("roles");
    let check = |changes: &[(&str, Value)], expected: &str| {
        let page = page_with(changes);
        assert!(page.starts_with(expected), "{changes:?}: {page}");
    };
    let learner = "Ada Lovelace|ada@uni.example|truefalse|learner";
    check(&[], learner);
    let both = "Ada Lovelace|ada@uni.example|truetrue|";
    let list = json!([course_role("Instructor"), course_role("Learner")]);
    check(&[(&roles, list)], both);
    check(&[(&roles, json!(["Learner"]))], learner);
    let none = "Ada Lovelace|ada@uni.example|falsefalse|";
    check(&[(&roles, json!([course_role("Wizard")]))], none);
    check(&[(&roles, json!([""]))], none);
    check(&[(&roles, json!([]))], none);
    check(&[("name", Value::Null)], "|ada@uni.example|");
    check(&[("email", Value::Null)], "Ada Lovelace||");
    check(&[("name", Value::Null), ("email", Value::Null)], "||truefalse|");
    check(
        &[("name", Value::Null), ("given_name", json!("Ada")), ("family_name", json!("L"))],
        "Ada L|",
    );
    check(&[(&lti_claim("context"), Value::Null)], learner);
}

// Checklist F1.i 180.
#[test]
fn the_order_of_roles_does_not_matter() {
    let roles: Vec<String> = ["Learner", "Instructor", "ContentDeveloper"].map(course_role).into();
    let page = |order: [usize; 3]| {
        let list: Vec<&String> = order.iter().map(|at| &roles[*at]).collect();
        page_with(&[(&lti_claim("roles"), json!(list))])
    };
    let expected = page([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(page(order), expected);
    }
}

// Checklist F1.i 179.
#[test]
fn two_launches_in_parallel_tabs_are_accepted() {
    let stage = Stage::start();
    let (mut browser, one) = stage.logged_in();
    let other = Redirected::log_in(&mut browser, &login());
    opened(&browser.post_form("/lti/nb", &other.form()));
    opened(&browser.post_form("/lti/nb", &one.form()));
}
