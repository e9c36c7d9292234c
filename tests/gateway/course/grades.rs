//! Grades by the course staff: `X-LTI-Course-Grade-Token`.

use super::services::learner;
use super::*;
use crate::support::Form;

const AGS: &str = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint";
const NRPS: &str = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice";

/// A stage whose line item accepts scores, and whose course has two learners.
pub(super) struct Course(pub(super) Stage);

impl Course {
    pub(super) fn new(of_tool: &str) -> Self {
        Self::with(of_tool, "")
    }

    fn with(of_tool: &str, of_platform: &str) -> Self {
        let stage = Stage::with(of_tool, of_platform);
        stage.services.serve("POST /li/7/scores", "200 OK", "", "");
        stage.services.serve_members("/members", &members(), "");
        Self(stage)
    }

    /// Launches with the claim of the grade service.
    #[track_caller]
    pub(super) fn launched(
        &self,
        user: &str,
        role: &str,
        change: impl FnOnce(&mut Value),
    ) -> Recorded {
        let line_item = self.line_item();
        self.0.launched(user, role, |claims| {
            claims[AGS] = line_item;
            change(claims);
        })
    }

    fn line_item(&self) -> Value {
        let scope = |name: &str| format!("https://purl.imsglobal.org/spec/lti-ags/scope/{name}");
        json!({
            "scope": [scope("score"), scope("result.readonly")],
            "lineitem": format!("{}/li/7", self.0.services.origin()),
        })
    }

    /// The course grade token of an instructor.
    #[track_caller]
    pub(super) fn token(&self) -> String {
        let request = self.launched("teacher", INSTRUCTOR, |_| ());
        request.header("x-lti-course-grade-token").expect("a course grade token")
    }

    pub(super) fn call(&self, method: &str, target: &str, token: &str, body: &str) -> Reply {
        call(&self.0.server, method, target, token, body)
    }

    /// Sends a score for a user.
    pub(super) fn grade(&self, token: &str, user: &str) -> Reply {
        let body = json!({"score": 0.5, "comment": "Well done", "user": user}).to_string();
        self.call("POST", "/grades", token, &body)
    }

    /// The lines of all requests to the services so far.
    fn lines(&self) -> Vec<String> {
        self.0.services.all().iter().map(Recorded::line).collect()
    }
}

fn members() -> Value {
    let mut left = learner("left", "Grace Hopper");
    left["status"] = json!("Deleted");
    json!([learner("user-4711", "Ada Lovelace"), learner("user-4712", "Grace Hopper"), left])
}

#[test]
fn only_course_staff_receive_a_token_and_only_by_the_word_course() {
    let assistant =
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant";
    let administrator = "http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator";
    for (grades, with_token) in [
        ("", vec![]),
        ("grades = true", vec![]),
        ("grades = \"course\"", vec![INSTRUCTOR, administrator]),
    ] {
        let course = Course::new(grades);
        for role in [INSTRUCTOR, LEARNER, assistant, administrator] {
            let request = course.launched("user-4711", role, |_| ());
            let token = request.header("x-lti-course-grade-token");
            assert_eq!(token.is_some(), with_token.contains(&role), "{grades} {role}");
            let token = request.header("x-lti-grade-token");
            assert_eq!(token.is_some(), !grades.is_empty());
        }
        let request = course.launched("teacher", INSTRUCTOR, |claims| claims[AGS] = json!(null));
        assert_eq!(request.header("x-lti-course-grade-token"), None, "no line item");
    }
}

#[test]
fn course_staff_set_read_and_clear_the_grade_of_a_member() {
    let course = Course::new("grades = \"course\"\nmembers = \"staff\"");
    let request = course.launched("teacher", INSTRUCTOR, |_| ());
    let token = request.header("x-lti-course-grade-token").expect("a course grade token");
    let members = request.header("x-lti-members-token").expect("a members token");
    let listed = response_json(&course.call("GET", "/members", &members, ""), 200);
    let user = listed["members"][1]["id"].as_str().expect("an id").to_owned();
    assert_eq!(user, "moodle:user-4712");
    course.0.services.all();

    assert_eq!(response_json(&course.grade(&token, &user), 200)["status"], "delivered");
    let requests = course.0.services.all();
    let scores = requests.last().expect("a score");
    assert_eq!(scores.line(), "POST /li/7/scores");
    let score: Value = serde_json::from_slice(&scores.body).expect("JSON");
    assert_eq!((&score["userId"], &score["scoreGiven"]), (&json!("user-4712"), &json!(0.5)));
    assert_eq!(score["comment"], "Well done");

    let results = json!([
        {"userId": "user-4711", "resultScore": 1, "resultMaximum": 1},
        {"userId": "user-4712", "resultScore": 5, "resultMaximum": 10},
    ]);
    let headers = "Content-Type: application/vnd.ims.lis.v2.resultcontainer+json\r\n";
    let line = "GET /li/7/results?user_id=user-4712";
    course.0.services.serve(line, "200 OK", headers, &results.to_string());
    let target = "/grades?user=moodle%3Auser-4712";
    let read = response_json(&course.call("GET", target, &token, ""), 200);
    assert_eq!(read["score"], json!(0.5));
    course.0.services.all();

    course.0.server.set_now(NOW + 5);
    assert_eq!(
        response_json(&course.call("DELETE", target, &token, ""), 200)["status"],
        "delivered"
    );
    let requests = course.0.services.all();
    let cleared: Value =
        serde_json::from_slice(&requests.last().expect("a score").body).expect("JSON");
    assert_eq!((&cleared["userId"], &cleared["scoreGiven"]), (&json!("user-4712"), &Value::Null));
}

#[test]
fn an_unknown_user_is_a_422_and_no_score_is_sent() {
    let course = Course::new("grades = \"course\"");
    let token = course.token();
    for user in ["moodle:user-4713", "user-4711", "canvas:user-4711", "moodle:left", "", "moodle:"]
    {
        let response = refused(&course.grade(&token, user), 422, "unknown-user");
        assert!(!response.to_string().contains("4713"), "{response}");
        let target = format!("/grades?user={}", user.replace(':', "%3A"));
        for method in ["GET", "DELETE"] {
            refused(&course.call(method, &target, &token, ""), 422, "unknown-user");
        }
    }
    assert!(course.lines().iter().all(|line| !line.contains("/li/")));
}

#[test]
fn a_list_counts_for_a_minute_and_strangers_cause_one_request_in_ten_seconds() {
    let course = Course::new("grades = \"course\"");
    let token = course.token();
    let lists =
        |course: &Course| course.lines().iter().filter(|line| *line == "GET /members").count();
    for (user, status) in [("user-4711", 200), ("user-4712", 200), ("stranger", 422)] {
        assert_eq!(course.grade(&token, &format!("moodle:{user}")).status, status);
    }
    assert_eq!(lists(&course), 1);
    course.0.server.set_running(9);
    refused(&course.grade(&token, "moodle:new"), 422, "unknown-user");
    assert_eq!(lists(&course), 0);
    // The learner joins the course.
    course.0.services.serve_members("/members", &json!([learner("new", "Ada Lovelace")]), "");
    course.0.server.set_running(10);
    response_json(&course.grade(&token, "moodle:new"), 200);
    assert_eq!(lists(&course), 1);
    // The learner leaves the course.
    course.0.services.serve_members("/members", &json!([]), "");
    course.0.server.set_running(69);
    course.0.server.set_now(NOW + 5);
    response_json(&course.grade(&token, "moodle:new"), 200);
    course.0.server.set_running(70);
    refused(&course.grade(&token, "moodle:new"), 422, "unknown-user");
    assert_eq!(lists(&course), 1);
}

#[test]
fn whom_get_members_has_just_returned_is_known_at_once() {
    for target in ["/members", "/members?role=learner"] {
        let course = Course::new("grades = \"course\"\nmembers = \"staff\"");
        let request = course.launched("teacher", INSTRUCTOR, |_| ());
        let token = request.header("x-lti-course-grade-token").expect("a course grade token");
        let members = request.header("x-lti-members-token").expect("a members token");
        refused(&course.grade(&token, "moodle:new"), 422, "unknown-user");
        // The learner joins the course.
        course.0.services.serve_members("/members", &json!([learner("new", "Ada Lovelace")]), "");
        let listed = response_json(&course.call("GET", target, &members, ""), 200);
        assert_eq!(listed["members"][0]["id"], "moodle:new");
        course.0.services.all();
        response_json(&course.grade(&token, "moodle:new"), 200);
        refused(&course.grade(&token, "moodle:user-4711"), 422, "unknown-user");
        assert!(course.lines().iter().all(|line| line != "GET /members"));
    }
}

#[test]
fn each_request_with_a_course_grade_token_names_the_learner_and_no_other_request_does() {
    let course = Course::new("grades = \"course\"");
    let request = course.launched("teacher", INSTRUCTOR, |_| ());
    let token = request.header("x-lti-course-grade-token").expect("a course grade token");
    let own = request.header("x-lti-grade-token").expect("a grade token");
    let body = r#"{"score":1}"#;
    for (method, target, body) in [
        ("POST", "/grades", body),
        ("GET", "/grades", ""),
        ("DELETE", "/grades", ""),
        ("GET", "/grades/AAAAAAAAAAAAAAAAAAAAAA", ""),
    ] {
        refused(&course.call(method, target, &token, body), 422, "user-missing");
        let named = format!("{target}?user=moodle%3Auser-4711");
        let body = body.replace('}', ",\"user\":\"moodle:user-4711\"}");
        refused(&course.call(method, &named, &own, &body), 422, "user-not-allowed");
    }
    assert_eq!(course.lines(), [""; 0]);
}

#[test]
fn without_a_list_of_members_only_ids_of_the_platform_count() {
    let course = Course::new("grades = \"course\"");
    let request = course.launched("teacher", INSTRUCTOR, |claims| claims[NRPS] = json!(null));
    let token = request.header("x-lti-course-grade-token").expect("a course grade token");
    for user in ["user-4711", "canvas:user-4711", "moodle", "moodle:", ":user-4711"] {
        refused(&course.grade(&token, user), 422, "unknown-user");
    }
    response_json(&course.grade(&token, "moodle:user-4711"), 200);
    course.0.services.serve(
        "POST /li/7/scores",
        "404 Not Found",
        "Content-Type: text/plain\r\n",
        "no such user",
    );
    let response = refused(&course.grade(&token, "moodle:stranger"), 502, "platform-refused");
    assert_eq!(response["platform"]["status"], json!(404));
    assert!(course.lines().iter().all(|line| line != "GET /members"));
}

#[test]
fn a_refused_scope_is_a_platform_without_a_list_and_a_failing_list_is_none() {
    let course = Course::new("grades = \"course\"");
    let token = course.token();
    course.0.services.serve("GET /members", "503 Busy", "Retry-After: 7\r\n", "");
    let reply = course.grade(&token, "moodle:user-4711");
    refused(&reply, 503, "platform-unreachable");
    assert_eq!(reply.header("retry-after"), Some("7"));
    assert!(course.lines().iter().all(|line| !line.contains("/li/")));
    course.0.services.refuse_scope("contextmembership");
    let other = Course::new("grades = \"course\"");
    other.0.services.refuse_scope("contextmembership");
    let token = other.token();
    response_json(&other.grade(&token, "moodle:user-4711"), 200);
    refused(&other.grade(&token, "canvas:user-4711"), 422, "unknown-user");
}

#[test]
fn a_list_that_never_arrives_is_a_504() {
    let silent = crate::support::Upstream::start();
    let course = Course::new("grades = \"course\"\ntimeout = \"1s\"");
    let request = course.launched("teacher", INSTRUCTOR, |claims| {
        claims[NRPS]["context_memberships_url"] = json!(format!("{}/members", silent.origin()));
    });
    let token = request.header("x-lti-course-grade-token").expect("a course grade token");
    refused(&course.grade(&token, "moodle:user-4711"), 504, "platform-slow");
    let (_wire, head) = silent.request();
    assert_eq!(head.line(), "GET /members HTTP/1.1");
    assert!(course.lines().iter().all(|line| !line.contains("/li/")));
}

#[test]
fn by_lti_1_1_the_grades_of_others_are_a_409() {
    let course = Course::new("grades = \"course\"\nkey = \"key-1\"\nsecret = \"s3cret\"");
    let form = Form { url: "https://tool.example/lti/nb", ..Form::default() };
    let form = form.with(&[("roles", "Instructor")]);
    let mut browser = Browser::new(&course.0.server);
    let visit = browser.open(&form);
    browser.get(&visit.at("/"));
    let request = course.0.upstream.request();
    let token = request.header("x-lti-course-grade-token").expect("a course grade token");
    let response = refused(&course.grade(&token, "key-1:user-4711"), 409, "no-course-grades");
    assert!(response["message"].as_str().expect("text").contains("LTI 1.1"), "{response}");
    refused(&course.call("GET", "/grades?user=a", &token, ""), 409, "no-course-grades");
    refused(&course.call("DELETE", "/grades?user=a", &token, ""), 409, "no-course-grades");
    assert_eq!(course.lines(), [""; 0]);
    let learner = form.but(&[("roles", "Learner")]);
    let learner = Form { nonce: "another", ..learner };
    let visit = browser.open(&learner);
    browser.get(&visit.at("/"));
    assert_eq!(course.0.upstream.request().header("x-lti-course-grade-token"), None);
}

#[test]
fn a_migrated_learner_is_graded_by_the_old_id() {
    let of_tool = "grades = \"course\"\nkey = \"old-key\"\nsecret = \"a secret of 20 characters\"";
    let course = Course::with(of_tool, "formerly = \"old-key\"");
    let mut migrated = learner("user-4711", "Ada Lovelace");
    migrated["lti11_legacy_user_id"] = json!("old-1");
    course.0.services.serve_members("/members", &json!([migrated]), "");
    let token = course.token();
    let launched = course.launched("user-4711", LEARNER, |claims| {
        claims[lti_claim("lti11_legacy_user_id")] = json!("old-1");
    });
    assert_eq!(launched.header("x-forwarded-user").as_deref(), Some("old-key:old-1"));
    course.0.services.all();
    response_json(&course.grade(&token, "old-key:old-1"), 200);
    let requests = course.0.services.all();
    let score: Value =
        serde_json::from_slice(&requests.last().expect("a score").body).expect("JSON");
    assert_eq!(score["userId"], "user-4711");
    for other in ["moodle:user-4711", "old-key:user-4711", "moodle:old-1"] {
        refused(&course.grade(&token, other), 422, "unknown-user");
    }
}

#[test]
fn a_course_grade_token_ends_with_its_day_its_configuration_and_its_roles() {
    let course = Course::new("grades = \"course\"");
    let token = course.token();
    let key = "key = \"key-1\"\nsecret = \"s3cret-of-20-characters\"";
    for (from, to) in [
        ("grades = \"course\"", "grades = true"),
        ("grades = \"course\"", ""),
        ("grades = \"course\"", "grades = \"course\"\nroles = \"learner\""),
        ("platforms = \"moodle\"", key),
        ("client_id = \"client-1\"", "client_id = \"client-2\""),
        ("client_id = \"client-1\"", "client_id = \"client-1\"\ndeployments = \"2\""),
        ("[tools.nb]", "[tools.other]"),
        ("own, of 32 characters", "own, of 32 characters, new"),
    ] {
        let after = course.0.start_with(from, to);
        let body = r#"{"score":1,"user":"moodle:user-4711"}"#;
        refused(&call(&after, "POST", "/grades", &token, body), 401, "bad-grade-token");
    }
    course.launched("another teacher", LEARNER, |_| ());
    course.0.server.set_now(NOW + 5);
    response_json(&course.grade(&token, "moodle:user-4711"), 200);
    course.launched("teacher", LEARNER, |claims| claims["exp"] = json!(NOW + 600));
    refused(&course.grade(&token, "moodle:user-4711"), 401, "bad-grade-token");
    let course = Course::new("grades = \"course\"");
    let token = course.token();
    course.0.server.set_now(NOW + 86_400 - 1);
    response_json(&course.grade(&token, "moodle:user-4711"), 200);
    course.0.server.set_now(NOW + 86_400 + 60);
    refused(&course.grade(&token, "moodle:user-4711"), 401, "bad-grade-token");
}

#[test]
fn grades_of_learner_and_staff_are_in_one_order() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let line =
        format!("outcome_hosts = [\"127.0.0.1\"]\nstate = \"{}/s\"", directory.path().display());
    let mut course = Course::new("grades = \"course\"");
    course.0.server = course.0.start_with("outcome_hosts = [\"127.0.0.1\"]", &line);
    let staff = course.token();
    let own = course.launched("user-4711", LEARNER, |_| ()).header("x-lti-grade-token");
    let own = own.expect("a grade token");
    // The learner's grade waits, and the newer one of the staff arrives.
    course.0.services.serve("POST /li/7/scores", "503 Busy", "", "");
    let kept = response_json(&course.call("POST", "/grades", &own, r#"{"score":0.1}"#), 202);
    let id = kept["id"].as_str().expect("an id").to_owned();
    course.0.services.serve("POST /li/7/scores", "200 OK", "", "");
    course.0.server.set_now(NOW + 2);
    response_json(&course.grade(&staff, "moodle:user-4711"), 200);
    let target = format!("/grades/{id}");
    let found = response_json(&course.call("GET", &target, &own, ""), 200);
    assert_eq!(found["status"], "superseded");
    // The staff's grade waits, and the newer one of the learner arrives.
    course.0.services.serve("POST /li/7/scores", "503 Busy", "", "");
    course.0.server.set_now(NOW + 4);
    let reply = course.grade(&staff, "moodle:user-4711");
    let kept = response_json(&reply, 202);
    let id = kept["id"].as_str().expect("an id").to_owned();
    let location = format!("/grades/{id}?user=moodle%3Auser-4711");
    assert_eq!(reply.header("location"), Some(location.as_str()));
    let found = response_json(&course.call("GET", &location, &staff, ""), 200);
    assert_eq!(found["status"], "kept");
    let other = format!("/grades/{id}?user=moodle%3Auser-4712");
    refused(&course.call("GET", &other, &staff, ""), 404, "no-such-grade");
    course.0.services.serve("POST /li/7/scores", "200 OK", "", "");
    course.0.server.set_now(NOW + 6);
    response_json(&course.call("POST", "/grades", &own, r#"{"score":0.9}"#), 200);
    let found = response_json(&course.call("GET", &location, &staff, ""), 200);
    assert_eq!(found["status"], "superseded");
}

#[test]
fn grade_lifetime_is_that_of_a_learners_token() {
    const DAY: u64 = 86_400;
    for (of_tool, valid, expired) in [
        ("grades = true", 7 * DAY - 1, 7 * DAY + 60),
        ("grades = true\ngrade_lifetime = \"1h\"", 3599, 3660),
        ("grades = true\ngrade_lifetime = \"400d\"", 400 * DAY - 1, 400 * DAY + 60),
    ] {
        let course = Course::new(of_tool);
        let request = course.launched("user-4711", LEARNER, |_| ());
        let token = request.header("x-lti-grade-token").expect("a grade token");
        course.0.server.set_now(NOW + valid);
        response_json(&course.call("POST", "/grades", &token, r#"{"score":1}"#), 200);
        course.0.server.set_now(NOW + expired);
        let reply = course.call("POST", "/grades", &token, r#"{"score":1}"#);
        refused(&reply, 401, "bad-grade-token");
    }
}
