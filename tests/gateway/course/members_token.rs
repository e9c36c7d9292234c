//! Who receives a members token, and when it ends.

use super::services::learner;
use super::*;

const NRPS: &str = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice";

#[test]
fn only_the_listed_roles_receive_a_token_and_only_with_the_claim() {
    let assistant =
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant";
    let of_institution = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor";
    for (members, with_token) in [
        ("", vec![]),
        ("members = \"staff\"", vec![INSTRUCTOR]),
        ("members = [\"teaching_assistant\", \"learner\"]", vec![assistant, LEARNER]),
    ] {
        let stage = Stage::new(members);
        for role in [INSTRUCTOR, LEARNER, assistant, of_institution] {
            let request = stage.launched("user-4711", role, |_| ());
            let has_token = request.header("x-lti-members-token").is_some();
            assert_eq!(has_token, with_token.contains(&role), "{members} {role}");
        }
        let request = stage.launched("user-4711", INSTRUCTOR, |claims| claims[NRPS] = json!(null));
        assert_eq!(request.header("x-lti-members-token"), None);
    }
}

#[test]
fn without_a_valid_token_nothing_is_listed() {
    let stage = Stage::new("members = \"staff\"\ngrades = true");
    let token = stage.members_token();
    let reply = stage.server.send("GET", "/members", &[("Host", "tool.example")], b"");
    let response = refused(&reply, 401, "no-members-token");
    assert!(response["message"].as_str().expect("text").contains("X-LTI-Members-Token"));
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    let altered = token.replacen(|letter: char| letter.is_ascii_lowercase(), "A", 1);
    for bad in ["x", &altered, &token[1..]] {
        let reply = call(&stage.server, "GET", "/members", bad, "");
        refused(&reply, 401, "bad-members-token");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    // Another secret, and a day later.
    let other = stage.start_with("own, of 32 characters", "own, of 32 characters, new");
    refused(&call(&other, "GET", "/members", &token, ""), 401, "bad-members-token");
    stage.services.serve_members("/members", &json!([learner("a", "Ada Lovelace")]), "");
    stage.server.set_now(NOW + 86_400 - 1);
    response_json(&call(&stage.server, "GET", "/members", &token, ""), 200);
    stage.server.set_now(NOW + 86_400 + 60);
    refused(&call(&stage.server, "GET", "/members", &token, ""), 401, "bad-members-token");
}

#[test]
fn a_grade_token_shows_that_the_session_has_no_list() {
    let stage =
        Stage::new("members = \"staff\"\ngrades = true\nkey = \"key-1\"\nsecret = \"s3cret\"");
    let form = crate::support::Form { url: "https://tool.example/lti/nb", ..Default::default() };
    let form = form.with(&[
        ("roles", "Instructor"),
        ("lis_outcome_service_url", "http://127.0.0.1:1/o"),
        ("lis_result_sourcedid", "s"),
    ]);
    let mut browser = Browser::new(&stage.server);
    let visit = browser.open(&form);
    browser.get(&visit.at("/"));
    let request = stage.upstream.request();
    assert_eq!(request.header("x-lti-members-token"), None);
    let token = request.header("x-lti-grade-token").expect("a grade token");
    let response = refused(&call(&stage.server, "GET", "/members", &token, ""), 409, "no-members");
    assert!(response["message"].as_str().expect("text").contains("LTI 1.1"), "{response}");
}

#[test]
fn a_removed_platform_client_deployment_tool_or_role_ends_the_token() {
    let stage = Stage::new("members = [\"staff\", \"learner\"]");
    let token = stage.members_token();
    let key = "key = \"key-1\"\nsecret = \"s3cret-of-20-characters\"";
    for (from, to) in [
        ("platforms = \"moodle\"", key),
        ("client_id = \"client-1\"", "client_id = \"client-2\""),
        ("client_id = \"client-1\"", "client_id = \"client-1\"\ndeployments = \"2\""),
        ("[tools.nb]", "[tools.other]"),
        ("members = [\"staff\", \"learner\"]", ""),
        ("members = [\"staff\", \"learner\"]", "members = \"learner\""),
    ] {
        let after = stage.start_with(from, to);
        let reply = call(&after, "GET", "/members", &token, "");
        refused(&reply, 401, "bad-members-token");
    }
    stage.services.saw_nothing();
}

#[test]
fn a_newer_launch_with_other_roles_ends_the_token() {
    let stage = Stage::new("members = \"staff\"");
    stage.services.serve_members("/members", &json!([]), "");
    let token = stage.members_token();
    let administrator = "http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator";
    stage.launched("user-4712", LEARNER, |_| ());
    response_json(&call(&stage.server, "GET", "/members", &token, ""), 200);
    stage.launched("user-4711", administrator, |_| ());
    refused(&call(&stage.server, "GET", "/members", &token, ""), 401, "bad-members-token");
}

#[test]
fn only_get_is_allowed() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = call(&stage.server, method, "/members", &token, "");
        refused(&reply, 405, "wrong-method");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn a_browser_neither_receives_nor_sends_the_token() {
    let stage = Stage::new("members = \"staff\"\ngrades = \"course\"");
    let mut browser = Browser::new(&stage.server);
    let redirected = Redirected::log_in(&mut browser, &login());
    let claims = stage.claims(redirected.nonce(), "user-4711", INSTRUCTOR);
    let form = answer_form(&token(&claims), redirected.state());
    let launched = browser.post_form("/lti/nb", &form);
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    let page = entered.header("location").expect("a URL").to_owned();
    let forged = [
        ("X-LTI-Members-Token", "forged"),
        ("x_lti_members_token", "forged"),
        ("X-LTI-Course-Grade-Token", "forged"),
        ("X_LTI_COURSE_GRADE_TOKEN", "forged"),
    ];
    let reply = browser.send("GET", &page, &forged, b"");
    let request = stage.upstream.request();
    assert!(!String::from_utf8_lossy(&request.head.raw).contains("forged"));
    let members = request.header("x-lti-members-token").expect("a members token");
    assert!(!format!("{reply:?}").contains(&members));
    let reply = browser.send("TRACE", &page, &forged, b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    let request = stage.upstream.request();
    let raw = String::from_utf8_lossy(&request.head.raw).to_ascii_lowercase();
    assert!(!raw.contains("forged") && !raw.contains("lti"), "{raw}");
}
