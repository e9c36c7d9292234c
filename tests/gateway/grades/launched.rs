//! Launches that accept a grade, and how the gateway reports that to upstreams and templates.

use crate::support::{Assertion, verify};
use crate::upstreams::edx;

use super::*;

/// The claims of a request's assertion.
#[track_caller]
fn claims(stage: &Stage, request: &Recorded) -> Value {
    let token = request.header("x-lti-assertion").expect("an assertion");
    let jwks = stage.server.get("/.well-known/jwks.json").json();
    let Assertion { claims, .. } = verify(&token, &jwks).expect("an assertion that verifies");
    claims
}

/// Asserts that a launch accepts no grade, that the assertion says so, and that the platform
/// receives no request.
#[track_caller]
fn accepts_none(stage: &Stage, form: &Form<'_>) {
    let request = stage.first_request(form);
    assert_eq!(request.header("x-lti-grade-token"), None);
    assert_eq!(claims(stage, &request)["grade"], json!({ "accepted": false }));
    assert!(!request.head.contains("x-lti-grade-token"));
    stage.platform.saw_nothing();
}

#[test]
fn a_launch_that_accepts_a_grade_says_so() {
    let stage = Stage::new(success());
    let request = stage.first_request(&launch(&stage.outcome_url()));
    assert!(request.header("x-lti-grade-token").is_some());
    let claims = claims(&stage, &request);
    assert_eq!(claims["grade"], json!({ "accepted": true }));
    let claims = claims.to_string();
    for private in ["instanceid", "/outcome", "lis_outcome", "lis_result"] {
        assert!(!claims.contains(private), "{private} in the claims");
    }
    stage.platform.saw_nothing();
}

/// Each case has a launch that differs from [`launch`], and the reason in the log.
#[test]
fn a_launch_without_a_grade_token_has_one_log_line_that_says_why() {
    let stage = Stage::new(success());
    let server = stage.start_with("[tools.nb]", "[tools.wordless]");
    let url = stage.outcome_url();
    let long = format!("https://lms.example/{}", "x".repeat(1024));
    let lines = || log_lines(" tool=\"wordless\" consumer=\"key-1\" grade_token=\"none\" ");
    let open = |form: &Form<'_>| {
        let form = Form { url: "https://tool.example/lti/wordless", ..form.clone() };
        Browser::new(&server).open(&form);
    };
    open(&launch(&url));
    assert_eq!(lines(), [""; 0], "a launch with a token");
    for (at, (changed, level, reason)) in [
        (("lis_outcome_service_url", ""), "INFO", "the platform sent no lis_outcome_service_url"),
        (("lis_result_sourcedid", ""), "INFO", "the platform sent no lis_result_sourcedid"),
        (
            ("lis_outcome_service_url", "/mod/lti/service.php"),
            "WARN",
            "lis_outcome_service_url is relative: it has no scheme and host",
        ),
        (
            ("lis_outcome_service_url", "https://lms.example/o#part"),
            "WARN",
            "lis_outcome_service_url has a fragment (#)",
        ),
        (
            ("lis_outcome_service_url", "https://user:word@lms.example/o"),
            "WARN",
            "lis_outcome_service_url has a user name or a password before its host",
        ),
        (
            ("lis_outcome_service_url", long.as_str()),
            "WARN",
            "lis_outcome_service_url is longer than 1024 bytes",
        ),
        (
            ("lis_outcome_service_url", "http://10.0.0.1/o"),
            "WARN",
            "the gateway does not send grades to lis_outcome_service_url: its host has no public \
             network address, and `outcome_hosts` does not name it",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let nonce = format!("wordless {at}");
        open(&Form { nonce: &nonce, ..launch(&url) }.but(&[changed]));
        let lines = lines();
        assert_eq!(lines.len(), at + 1, "{lines:?}");
        let line = &lines[at];
        assert!(line.contains(&format!(" {level} launch: ")), "{line}");
        assert!(line.contains(&format!(" reason=\"{reason}\" help=\"")), "{reason}: {line}");
        assert!(!line.contains("user:word") && !line.contains("10.0.0.1"), "{line}");
        nothing_private_in(&lines);
    }
}

/// A tool without `grades = true` promises no token.
#[test]
fn a_tool_without_grades_needs_no_log_line_about_its_token() {
    let stage = Stage::new(success());
    let tools = stage.tools.replace("[tools.nb]", "[tools.gradeless]");
    let server = start(&tools.replace("grades = true", ""));
    let url = "https://tool.example/lti/gradeless";
    let form = Form { url, ..launch("https://lms.example/o") };
    Browser::new(&server).open(&form.without("lis_outcome_service_url"));
    assert_eq!(log_lines(" tool=\"gradeless\" ").len(), 1);
}

/// No request to the platform.
// Checklist F1.h 143.
#[test]
fn a_launch_without_url_or_sourcedid_accepts_no_grade() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    let whole = |nonce: &'static str| Form { nonce, ..launch(&url) };
    accepts_none(&stage, &whole("1").without("lis_outcome_service_url"));
    accepts_none(&stage, &whole("2").without("lis_result_sourcedid"));
    accepts_none(
        &stage,
        &whole("3").without("lis_outcome_service_url").without("lis_result_sourcedid"),
    );
    accepts_none(&stage, &whole("4").but(&[("lis_outcome_service_url", "")]));
    accepts_none(&stage, &whole("5").but(&[("lis_result_sourcedid", "")]));
    accepts_none(&stage, &whole("6").but(&[("lis_outcome_service_url", "$LineItem.url")]));
    accepts_none(&stage, &whole("7").but(&[("lis_result_sourcedid", "$Result.sourcedId")]));
    for (nonce, wrong) in [
        ("8", "lms.example/o"),
        ("9", "ftp://lms.example/o"),
        ("10", "file:///etc/passwd"),
        ("11", "javascript:alert(1)"),
        ("12", "http://user@lms.example/o"),
        ("13", "http://lms.example/o#part"),
        ("14", "http://lms.example/a b"),
        ("15", "http://"),
        ("16", "http://[::1/o"),
        ("17", "http://lms.example:99999/o"),
    ] {
        accepts_none(&stage, &whole(nonce).but(&[("lis_outcome_service_url", wrong)]));
    }
    let reply =
        stage.server.send("POST", "/grades", &[("Host", "tool.example")], br#"{"score":1}"#);
    refused(&reply, 401, "no-grade-token");
    stage.platform.saw_nothing();
}

#[test]
fn a_tool_without_grades_receives_no_token() {
    let stage = Stage::new(success());
    for lines in ["", "grades = false"] {
        let server = stage.start_with("grades = true", lines);
        let mut browser = Browser::new(&server);
        let visit = browser.open(&launch(&stage.outcome_url()));
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        let request = stage.upstream.request();
        assert!(!request.head.contains("x-lti-grade-token"));
        let jwks = server.get("/.well-known/jwks.json").json();
        let token = request.header("x-lti-assertion").expect("an assertion");
        let claims = verify(&token, &jwks).expect("an assertion that verifies").claims;
        assert_eq!(claims.get("grade"), None);
    }
}

#[test]
fn a_template_knows_whether_the_launch_accepts_a_grade() {
    let tools = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
[tools.a]
key = "key-1"
secret = "s3cret"
template = "page"
"#;
    let page = "{% if launch.grade.accepted %}accepted{% else %}not accepted{% endif %}";
    let server =
        Server::start(&Setup { tools, templates: &[("page.html.tera", page)], ..Setup::default() });
    let form = |nonce: &'static str| {
        Form { nonce, ..Form::default() }.with(&[
            ("lis_outcome_service_url", "https://lms.example/o"),
            ("lis_result_sourcedid", "4711"),
        ])
    };
    for (form, expected) in [
        (form("1"), "accepted"),
        (form("2").without("lis_outcome_service_url"), "not accepted"),
        (form("3").without("lis_result_sourcedid"), "not accepted"),
        (form("4").but(&[("lis_result_sourcedid", "")]), "not accepted"),
        (form("5").but(&[("lis_outcome_service_url", "")]), "not accepted"),
    ] {
        let reply = server.post("/lti/a", &form.sign());
        assert_eq!((reply.status, reply.body.as_str()), (200, expected));
        assert_eq!(reply.header("x-lti-grade-token"), None);
    }
}

/// Several courses, resource links and users.
// Checklist F1.h 148.
#[test]
fn each_course_link_and_user_has_a_separate_grade() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    let mut tokens = Vec::new();
    for context in ["course-1", "course-2"] {
        for link in ["rl-1", "rl-2"] {
            for user in ["user-1", "user-2"] {
                let sourcedid = format!("{context}:{link}:{user}");
                let form = Form { nonce: &sourcedid, ..launch(&url) }.but(&[
                    ("context_id", context),
                    ("resource_link_id", link),
                    ("user_id", user),
                    ("lis_result_sourcedid", &sourcedid),
                ]);
                tokens.push((stage.token_of(&form).expect("a grade token"), sourcedid.clone()));
            }
        }
    }
    for (at, (token, sourcedid)) in tokens.iter().enumerate() {
        stage.deliver(token, &format!("0.{at}"));
        let request = stage.platform.request();
        assert_eq!(element(&request, "sourcedId"), *sourcedid);
        assert_eq!(element(&request, "textString"), format!("0.{at}"));
    }
}

/// Requests of a newer launch use its sourcedid.
// Checklist F1.h 148.
#[test]
fn a_newer_launch_brings_a_newer_sourcedid() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    for (nonce, sourcedid) in [("1", "sourcedid-older"), ("2", "sourcedid-newer")] {
        let form = Form { nonce, ..launch(&url) }.but(&[("lis_result_sourcedid", sourcedid)]);
        stage.deliver(&stage.token_of(&form).expect("a grade token"), "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), sourcedid);
    }
}

/// An incompressible string of `length` characters. It differs for each seed.
fn noise(seed: u64, length: usize) -> String {
    let numbers = std::iter::successors(Some(NOW + seed), |last| {
        Some(last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    numbers
        .skip(1)
        .take(length)
        .map(|number| char::from(letters[(number >> 40) as usize % 62]))
        .collect()
}

/// The number of bytes of the gateway's headers in a request.
fn identity(request: &Recorded) -> usize {
    let headers = request.head.headers();
    let own = headers.iter().filter(|(name, _)| name.starts_with("x-"));
    own.map(|(name, value)| name.len() + value.len() + 4).sum()
}

#[test]
fn the_longest_url_and_sourcedid_still_open_a_session_whose_identity_fits() {
    let stage = Stage::new(success());
    let origin = stage.platform.origin();
    let url = format!("{origin}/{}", noise(1, 1024 - origin.len() - 1));
    let sourcedid = noise(2, 1024);
    assert_eq!((url.len(), sourcedid.len()), (1024, 1024));
    let form = launch(&url).but(&[("lis_result_sourcedid", &sourcedid)]);
    let request = stage.first_request(&form);
    assert!(identity(&request) <= 6 * 1024, "{}", identity(&request));
    let token = request.header("x-lti-grade-token").expect("a grade token");
    stage.deliver(&token, "0.5");
    let request = stage.platform.request();
    assert_eq!(request.line(), format!("POST {}", &url[origin.len()..]));
    assert_eq!(element(&request, "sourcedId"), sourcedid);

    for (nonce, url, sourcedid) in
        [("2", format!("{url}x"), sourcedid.clone()), ("3", url, format!("{sourcedid}x"))]
    {
        let form = Form { nonce, ..launch(&url) }.but(&[("lis_result_sourcedid", &sourcedid)]);
        accepts_none(&stage, &form);
    }
}

#[test]
fn every_session_has_an_identity_that_fits_if_necessary_without_a_grade() {
    let stage = Stage::new(success());
    let origin = stage.platform.origin();
    let url = format!("{origin}/{}", noise(1, 1024 - origin.len() - 1));
    let sourcedid: String = noise(2, 340)
        .chars()
        .map(|letter| char::from_u32(0x4e00 + letter as u32 * 97).expect("a letter"))
        .collect();
    let mut results = Vec::new();
    for length in (1..1000).step_by(50) {
        let (user, nonce) = (noise(3, length), length.to_string());
        let form = Form { nonce: &nonce, ..launch(&url) }
            .but(&[("user_id", &user), ("lis_result_sourcedid", &sourcedid)]);
        let mut browser = Browser::new(&stage.server);
        let launched = browser.launch(&form);
        let Some(door) = launched.header("location") else {
            assert_eq!(launched.status, 400);
            results.push("rejected");
            continue;
        };
        let url = browser.get(door).header("location").expect("a URL without a ticket").to_owned();
        assert_eq!(browser.get(&url).status, 200);
        let request = stage.upstream.request();
        let accepts_grade = request.header("x-lti-grade-token").is_some();
        results.push(if accepts_grade { "with a grade" } else { "without" });
        assert!(identity(&request) <= 6 * 1024, "{} of a user id of {length}", identity(&request));
    }
    results.dedup();
    assert_eq!(results, ["with a grade", "without", "rejected"]);
}

#[test]
fn an_omitted_grade_is_reported_to_the_upstream_and_logged() {
    let stage = Stage::new(success());
    let origin = stage.platform.origin();
    let url = format!("{origin}/{}", noise(1, 1024 - origin.len() - 1));
    let sourcedid: String = noise(2, 340)
        .chars()
        .map(|letter| char::from_u32(0x4e00 + letter as u32 * 97).expect("a letter"))
        .collect();
    let user = noise(3, 500);
    // So many omitted parameters that the log truncates their names.
    let names: Vec<String> =
        (0..20).map(|number| format!("custom_left_out_{number}_{}", noise(number, 30))).collect();
    let custom: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), user.as_str())).collect();
    for (nonce, custom) in [("1", &custom[..0]), ("2", &custom)] {
        let form = Form { nonce, ..launch(&url) }
            .but(&[("user_id", &user), ("lis_result_sourcedid", &sourcedid)])
            .with(custom);
        let before = log_lines(" left_out=\"lis_outcome_service_url lis_result_sourcedid").len();
        accepts_none(&stage, &form);
        let lines = log_lines(" left_out=\"lis_outcome_service_url lis_result_sourcedid");
        assert!(lines.len() > before, "{lines:?}");
        for line in &lines {
            assert!(line.contains(" WARN launch: ") && line.contains("tool=\"nb\""), "{line}");
            for private in [&user, &sourcedid, &url] {
                assert!(!line.contains(private.as_str()), "{line}");
            }
        }
    }
}

#[test]
fn a_typical_edx_launch_fits_with_its_grade() {
    let stage = Stage::new(success());
    let mut browser = Browser::new(&stage.server);
    let visit = browser.open(&edx());
    assert!(visit.cookie.len() <= 900, "{} characters", visit.cookie.len());
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let request = stage.upstream.request();
    assert!(request.header("x-lti-grade-token").is_some());
    let claims = claims(&stage, &request);
    assert_eq!((&claims["grade"], claims.get("left_out")), (&json!({ "accepted": true }), None));
    assert!(identity(&request) <= 6 * 1024, "{}", identity(&request));
}
