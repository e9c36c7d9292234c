//! Which launches have a grade token, and what the log says about the others.

use super::*;

/// A change of the claims.
type Change = fn(&mut Value);

/// The log lines of launches of a stage's tool that have no token, with this reason.
fn lines_without_token(reason: &str) -> Vec<String> {
    let lines = log_lines("grade_token=\"none\"").into_iter();
    lines.filter(|line| line.contains(reason)).collect()
}

// LTI13 §18, case 25.
#[test]
fn a_launch_without_a_usable_line_item_has_no_token_and_one_line() {
    let stage = Stage::with("", "");
    let checks: [(&str, &str, Change); 6] = [
        ("INFO", "the platform sent no grade service (AGS)", |claims| {
            claims.as_object_mut().expect("an object").remove(ENDPOINT);
        }),
        ("INFO", "the platform has no line item for this link", |claims| {
            claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
        }),
        ("WARN", "does not grant the scope for scores", |claims| {
            claims[ENDPOINT]["scope"] = json!([RESULTS, LINE_ITEMS]);
        }),
        ("WARN", "the URL of the line item is not an http or https URL", |claims| {
            claims[ENDPOINT]["lineitem"] = "/li/7".into();
        }),
        (
            "WARN",
            "the gateway does not send grades to the URL of the line item: its host",
            |claims| {
                claims[ENDPOINT]["lineitem"] = "http://10.0.0.1/li/7".into();
            },
        ),
        ("INFO", "the platform sent no grade service (AGS)", |claims| {
            claims[ENDPOINT] = "none".into();
        }),
    ];
    for (level, reason, change) in checks {
        let before = lines_without_token(reason).len();
        assert_eq!(stage.token_of(change), None, "{reason}");
        let lines = lines_without_token(reason);
        assert_eq!(lines.len(), before + 1, "{reason}");
        let line = &lines[before];
        assert!(line.contains(&format!(" {level} launch: ")), "{line}");
        assert!(line.contains("consumer=\"moodle\"") && line.contains("help="), "{line}");
    }
}

#[test]
fn a_declared_line_item_needs_the_scope_to_create_it() {
    let stage = Stage::with("", "line_item = { label = \"Lab\", points = 1 }");
    let token = stage.token_of(|claims| {
        claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
        claims[ENDPOINT]["scope"] = json!([SCORE]);
    });
    assert_eq!(token, None);
    let lines = lines_without_token("does not grant the scope to create one");
    assert!(!lines.is_empty());
}

#[test]
fn a_launch_without_a_user_has_no_token() {
    let stage = Stage::start().restarted("client_id = ", "anonymous = true\nclient_id = ", NOW);
    let token = stage.token_of(|claims| {
        claims.as_object_mut().expect("an object").remove("sub");
    });
    assert_eq!(token, None);
    assert!(!lines_without_token("the platform sent no user").is_empty());
}

// LTI13 §18: the claims are those of Canvas's documentation, with every privacy setting on.
#[test]
fn a_canvas_launch_with_every_claim_seals_within_900_characters() {
    let stage = Stage::with("", "members = [\"learner\"]\nidentity = [\"name\", \"email\"]");
    let origin = stage.platform.recorder.origin();
    let mut browser = Browser::new(&stage.server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let mut claims = claims(redirected.nonce());
    claims[ENDPOINT] = json!({
        "scope": [SCORE, RESULTS, LINE_ITEMS],
        "lineitems": format!("{origin}/api/lti/courses/1250000000004321/line_items"),
        "lineitem": format!("{origin}/api/lti/courses/1250000000004321/line_items/98765"),
    });
    claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = json!({
        "context_memberships_url":
            format!("{origin}/api/lti/courses/1250000000004321/names_and_roles"),
        "service_versions": ["2.0"],
    });
    for (claim, value) in [
        ("sub", json!("a445ca99-1a64-4697-9bfa-508a118245ea")),
        ("name", json!("Ada Augusta King Lovelace")),
        ("given_name", json!("Ada Augusta")),
        ("family_name", json!("King Lovelace")),
        ("email", json!("ada.lovelace@students.school.example.edu")),
        ("picture", json!("https://school.instructure.com/images/thumbnails/1234/abcdefghij")),
        ("locale", json!("en-GB")),
    ] {
        claims[claim] = value;
    }
    for (claim, value) in [
        (
            "context",
            json!({
                "id": "4dde05e8ca1973bcca9bffc13e1548820eee93a3", "label": "CHEM-101-2026S",
                "title": "Chemistry for first-year students",
                "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
            }),
        ),
        (
            "resource_link",
            json!({
                "id": "4dde05e8ca1973bcca9bffc13e1548820eee93a4", "title": "Lab 1: titration",
                "description": "",
            }),
        ),
        (
            "roles",
            json!([
                "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student",
                "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
                "http://purl.imsglobal.org/vocab/lis/v2/system/person#User",
            ]),
        ),
        (
            "tool_platform",
            json!({
                "guid": "db8ff8b5f0d0e9c3a1c4d9b7e2f6.school.instructure.com",
                "name": "School of Chemistry", "version": "cloud", "product_family_code": "canvas",
            }),
        ),
        (
            "launch_presentation",
            json!({
                "document_target": "iframe", "height": 400, "width": 800, "locale": "en-GB",
                "return_url": "https://school.instructure.com/courses/4321/external_content/success/\
                               external_tool_redirect",
            }),
        ),
        (
            "lis",
            json!({
                "person_sourcedid": "s1234567", "course_offering_sourcedid": "CHEM-101-2026S",
            }),
        ),
        (
            "custom",
            json!({
                "canvas_course_id": "4321", "canvas_user_login_id": "s1234567", "week": "1",
            }),
        ),
    ] {
        claims[crate::support::lti_claim(claim)] = value;
    }
    let form = answer_form(&id_token(&claims), redirected.state());
    let launched = browser.post_form("/lti/nb", &form);
    assert_eq!(launched.status, 303, "{:?}", launched.reference().map(log_lines));
    let is_session = |cookie: &&str| cookie.starts_with("__Secure-lti=");
    let cookies = launched.all("set-cookie");
    let cookie = cookies.into_iter().find(is_session).expect("a session");
    let cookie = cookie.split(';').next().expect("a value");
    assert!(cookie.len() <= 900, "{}", cookie.len());
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    browser.get(entered.header("location").expect("a URL"));
    let request = stage.upstream.request();
    for header in ["x-lti-grade-token", "x-lti-members-token"] {
        assert!(request.header(header).is_some(), "{header}");
    }
}
