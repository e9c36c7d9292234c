//! What an upstream receives: ids, roles, status, and the personal data that it may have.

use super::services::learner;
use super::*;

/// Two learners, an assistant and someone of the institution.
fn members() -> Value {
    json!([
        learner("user-4711", "Ada Lovelace"),
        {"user_id": "user-4712", "roles": [LEARNER], "status": "Inactive", "name": "Grace Hopper"},
        {"user_id": "t", "roles": [
            "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
            "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"],
            "given_name": "T", "family_name": "A"},
        {"user_id": "i", "roles": ["urn:lti:instrole:ims/lis/Instructor"], "status": "Deleted"},
    ])
}

#[test]
fn members_have_our_ids_and_roles_and_the_platform_is_asked_as_the_standard_says() {
    let stage = Stage::new("members = \"staff\"");
    stage.services.serve_members("/members", &members(), "");
    let token = stage.members_token();
    let reply = call(&stage.server, "GET", "/members", &token, "");
    let expected = json!({
        "context": {"id": "course-1", "title": "Chemistry"},
        "members": [
            {"id": "moodle:user-4711", "roles": ["learner"], "status": "active",
             "name": "Ada Lovelace"},
            {"id": "moodle:user-4712", "roles": ["learner"], "status": "inactive",
             "name": "Grace Hopper"},
            {"id": "moodle:t", "roles": ["teaching_assistant"], "status": "active", "name": "T A"},
            {"id": "moodle:i", "roles": [], "status": "deleted"},
        ],
    });
    assert_eq!(response_json(&reply, 200), expected);
    let form = stage.services.token_request();
    let scope = "scope=https%3A%2F%2Fpurl.imsglobal.org%2Fspec%2Flti-nrps%2Fscope%2F\
                 contextmembership.readonly";
    assert!(form.split('&').any(|pair| pair == scope), "{form}");
    let request = stage.services.next();
    assert_eq!(request.line(), "GET /members");
    assert_eq!(request.header("authorization").as_deref(), Some("Bearer access-token-1"));
    let media_type = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";
    assert_eq!(request.header("accept").as_deref(), Some(media_type));

    // The access token is reused, the list is not.
    response_json(&call(&stage.server, "GET", "/members", &token, ""), 200);
    assert_eq!(stage.services.next().line(), "GET /members");
    stage.services.saw_nothing();
    let lines = log_lines(" members: ");
    assert!(lines.iter().any(|line| line.contains("outcome=\"listed\" members=4 ")), "{lines:?}");
}

#[test]
fn head_responds_without_a_body() {
    let stage = Stage::new("members = \"staff\"");
    stage.services.serve_members("/members", &members(), "");
    let token = stage.members_token();
    let reply = call(&stage.server, "HEAD", "/members", &token, "");
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
}

#[test]
fn role_selects_members_by_our_names() {
    let stage = Stage::new("members = \"staff\"");
    stage.services.serve_members("/members", &members(), "");
    let token = stage.members_token();
    let ids = |role: &str| -> Vec<String> {
        let reply = call(&stage.server, "GET", &format!("/members?role={role}"), &token, "");
        let response = response_json(&reply, 200);
        let members = response["members"].as_array().expect("a list").iter();
        members.map(|member| member["id"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(ids("learner"), ["moodle:user-4711", "moodle:user-4712"]);
    assert_eq!(ids("teaching_assistant"), ["moodle:t"]);
    assert_eq!(ids("instructor"), [""; 0]);
    assert_eq!(ids("staff"), [""; 0]);
    for role in ["", "Learner", "student", "*"] {
        let reply = call(&stage.server, "GET", &format!("/members?role={role}"), &token, "");
        refused(&reply, 422, "unknown-role");
    }
}

#[test]
fn identity_selects_the_personal_data() {
    for (identity, name, email) in [
        ("[]", None, None),
        ("\"name\"", Some("Ada Lovelace"), None),
        ("\"email\"", None, Some("user-4711@uni.example")),
        ("[\"name\", \"email\"]", Some("Ada Lovelace"), Some("user-4711@uni.example")),
    ] {
        let stage = Stage::new(&format!("members = \"staff\"\nidentity = {identity}"));
        stage.services.serve_members("/members", &members(), "");
        let reply = call(&stage.server, "GET", "/members", &stage.members_token(), "");
        let response = response_json(&reply, 200);
        let member = &response["members"][0];
        assert_eq!((member["name"].as_str(), member["email"].as_str()), (name, email));
        let expected = 3 + usize::from(name.is_some()) + usize::from(email.is_some());
        assert_eq!(member.as_object().map(serde_json::Map::len), Some(expected), "{member}");
    }
}

#[test]
fn migrated_members_have_the_id_of_their_launches() {
    let legacy = |user: &str, old: Value| {
        let mut member = learner(user, "Ada Lovelace");
        member["lti11_legacy_user_id"] = old;
        member
    };
    let members =
        json!([legacy("user-4711", json!("old-1")), learner("user-4712", "Grace Hopper")]);
    let ids = |of_platform: &str| -> Vec<String> {
        let of_tool = "members = [\"staff\", \"learner\"]\nkey = \"old-key\"\n\
                       secret = \"a secret of 20 characters\"";
        let stage = Stage::with(of_tool, of_platform);
        stage.services.serve_members("/members", &members, "");
        // Each learner's own launch, with the same claim as the member.
        let launched = [("user-4711", Some("old-1")), ("user-4712", None)].map(|(user, old)| {
            let request = stage.launched(user, LEARNER, |claims| {
                if let Some(old) = old {
                    claims[lti_claim("lti11_legacy_user_id")] = json!(old);
                }
            });
            request.header("x-forwarded-user").expect("a user")
        });
        let reply = call(&stage.server, "GET", "/members", &stage.members_token(), "");
        let response = response_json(&reply, 200);
        let listed = response["members"].as_array().expect("a list").iter();
        let listed: Vec<String> =
            listed.map(|member| member["id"].as_str().expect("text").to_owned()).collect();
        assert_eq!(listed, launched);
        listed
    };
    assert_eq!(ids(""), ["moodle:user-4711", "moodle:user-4712"]);
    assert_eq!(ids("formerly = \"old-key\""), ["old-key:old-1", "moodle:user-4712"]);
    assert_eq!(ids("formerly = [\"old-key\", \"b\"]"), ["moodle:user-4711", "moodle:user-4712"]);
    // Moodle's `sub` is the old id.
    let moodle = "formerly = \"old-key\"\ntype = \"moodle\"\nurl = \"https://lms.example\"";
    assert_eq!(ids(moodle), ["old-key:old-1", "old-key:user-4712"]);
}
