//! The practice platform and the real gateway together: LTI Advantage as a tool's app sees it.

use serde_json::{Value, json};

use super::gradebook::gradebook;
use super::login::{Launched, answered};
use super::*;
use crate::support::{Browser, NOW, Recorded};

/// A gateway in development, and the app of the tool `nb`.
struct Stage {
    server: Server,
    app: Recorder,
}

impl Stage {
    /// The tool has further lines and tables.
    fn new(lines: &str, tables: &str) -> Self {
        let app = Recorder::start();
        let tools = format!(
            "{TOOLS}\n[tools.nb]\ntitle = \"Notebook\"\nkey = \"nb-key\"\n\
             secret = {{ env = \"NB_SECRET\" }}\nupstream = \"{}\"\n{lines}\n{tables}\n",
            app.url()
        );
        Self { server: server(&tools, true), app }
    }

    fn browser(&self) -> Browser<'_> {
        Browser::at(&self.server, &format!("127.0.0.1:{}", self.server.address.port()))
    }

    /// The first request at the app of a launch by LTI 1.3.
    #[track_caller]
    fn open(&self, query: &str) -> Recorded {
        let Launched { mut browser, answer } = answered(&self.server, query);
        self.follow(&mut browser, &answer)
    }

    /// The first request at the app of a launch by LTI 1.1.
    #[track_caller]
    fn open_v1p1(&self, query: &str) -> Recorded {
        let page = get(&self.server, &format!("/dev/launch?{query}"));
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        self.follow(&mut self.browser(), &form)
    }

    #[track_caller]
    fn follow(&self, browser: &mut Browser<'_>, form: &Form) -> Recorded {
        let mut reply = browser.post_form(&path(&form.action), &form.pairs.body());
        for _ in 0..2 {
            assert_eq!(reply.status, 303, "{reply:?}");
            reply = browser.get(reply.header("location").expect("a redirect"));
        }
        assert_eq!(reply.status, 200, "{reply:?}");
        self.app.request()
    }

    /// Picks these links of the gateway's page. Returns the page of the practice platform.
    #[track_caller]
    fn pick(&self, browser: &mut Browser<'_>, form: &Form, titles: &[&str]) -> String {
        let picker = browser.post_form(&path(&form.action), &form.pairs.body());
        assert_eq!(picker.status, 200, "{picker:?}");
        let [asked] = Form::all(&picker.body).try_into().ok().expect("one form");
        let mut pairs = asked.pairs.clone();
        for title in titles {
            let (before, _) = picker.body.split_once(&format!(">{title}<")).expect("the title");
            let value = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next());
            pairs.add("link", value.expect("a value"));
        }
        let host = format!("http://127.0.0.1:{}", self.server.address.port());
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", host.as_str()),
        ];
        let sent = browser.send("POST", "/~links", &headers, pairs.body().as_bytes());
        assert_eq!(sent.status, 200, "{sent:?}");
        let [response] = Form::all(&sent.body).try_into().ok().expect("one form");
        let shown = response.send(&self.server);
        assert_eq!(shown.status, 200, "{shown:?}");
        unescaped(&super::gradebook::without_tags(&shown.body))
    }
}

/// The path and query of a URL.
fn path(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("a URL");
    rest[rest.find('/').expect("a path")..].to_owned()
}

const LINKS: &str = r#"
[[tools.nb.links]]
title = "Week 1"
description = "The first one"
path = "/week/1?x=2"
custom = { unit = "w1" }
points = 10

[[tools.nb.links]]
title = "Week 2"
path = "/week/2"
"#;

#[test]
fn links_of_the_gateways_page_are_launched_by_both_versions() {
    let stage = Stage::new("grades = true", LINKS);
    let Launched { mut browser, answer } =
        answered(&stage.server, "tool=nb&person=instructor-1&message=links-1.3");
    let page = stage.pick(&mut browser, &answer, &["Week 1", "Week 2"]);
    assert!(page.contains("Notebook answered by LTI 1.3. The signature is right."), "{page}");
    assert!(page.contains("Week 1 The first one") && page.contains("/week/1?x=2"), "{page}");
    assert!(page.contains("unit w1 Points 10"), "{page}");
    assert!(page.contains("Place in the tool /week/2 Points (no grade)"), "{page}");

    let page = get(&stage.server, "/dev/launch?tool=nb&person=instructor-1&message=links");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let page = stage.pick(&mut stage.browser(), &form, &["Week 1"]);
    assert!(page.contains("Notebook answered by LTI 1.1. The signature is right."), "{page}");
    assert!(page.contains("/week/1?x=2 unit w1 Points 10"), "{page}");

    for block in ["link-1", "link-3"] {
        let by_1p3 = stage.open(&format!("tool=nb&lti=1.3&link={block}"));
        let by_1p1 = stage.open_v1p1(&format!("tool=nb&link={block}"));
        for request in [by_1p3, by_1p1] {
            assert_eq!(request.line(), "GET /app/week/1?x=2", "{block}");
            assert!(request.header("x-lti-grade-token").is_some(), "{block}");
        }
    }
    let second = stage.open("tool=nb&lti=1.3&link=link-2");
    assert_eq!(
        (second.line().as_str(), second.header("x-lti-grade-token")),
        ("GET /app/week/2", None)
    );
}

#[test]
fn a_tool_without_links_is_picked_as_a_whole() {
    let stage = Stage::new("", "");
    let Launched { mut browser, answer } =
        answered(&stage.server, "tool=nb&person=instructor-1&message=links-1.3");
    let page = stage.pick(&mut browser, &answer, &[]);
    let added = "Notebook Block of the course link-1 Place in the tool (the tool)";
    assert!(page.contains(added), "{page}");
}

/// Calls `/grades` as the app does.
fn grade(server: &Server, method: &str, token: &str, body: &str) -> Reply {
    let host = format!("localhost:{}", server.address.port());
    let authorization = format!("Bearer {token}");
    let headers = [("Host", host.as_str()), ("Authorization", &authorization)];
    server.send(method, "/grades", &headers, body.as_bytes())
}

fn grade_token(request: &Recorded) -> String {
    request.header("x-lti-grade-token").expect("a grade token")
}

#[test]
fn a_grade_by_lti_1_3_arrives_in_the_gradebook_with_its_requests() {
    let stage = Stage::new("grades = true", "");
    let token = grade_token(&stage.open("tool=nb&lti=1.3&person=learner-2"));
    let sent = grade(&stage.server, "POST", &token, r#"{"score":0.875,"comment":"Well <done>"}"#);
    assert_eq!((sent.status, &sent.json()["status"]), (200, &"delivered".into()), "{sent:?}");
    let (grades, messages) = gradebook(&stage.server);
    assert_eq!(grades, ["Ben, a learner, Notebook, unit-1: 0.875 “Well <done>”"]);
    let path = "/dev/platform/nb/lineitems/unit-1/lineitem/scores?type_id=1";
    assert!(messages[0].starts_with("POST, the score was stored "), "{messages:?}");
    assert!(messages[0].contains(&format!("Request POST {path} ")), "{messages:?}");
    assert!(messages[0].contains("\"scoreGiven\":0.875"), "{messages:?}");
    assert!(messages[1].starts_with("POST, an access token for nb was granted: "), "{messages:?}");
    assert_eq!(messages.len(), 2);

    let read = grade(&stage.server, "GET", &token, "");
    assert_eq!((read.status, &read.json()["score"]), (200, &json!(0.875)), "{read:?}");
    assert_eq!(read.json()["comment"], "Well <done>");
    stage.server.set_now(NOW + 1);
    let cleared = grade(&stage.server, "DELETE", &token, "");
    assert_eq!(cleared.status, 200, "{cleared:?}");
    assert_eq!(gradebook(&stage.server).0, [""; 0]);
    let read = grade(&stage.server, "GET", &token, "");
    assert_eq!((read.status, &read.json()["score"]), (200, &Value::Null), "{read:?}");
}

#[test]
fn progress_by_lti_1_3_is_visible_in_the_gradebook() {
    let stage = Stage::new("grades = true", "");
    let token = grade_token(&stage.open("tool=nb&lti=1.3"));
    let progress = r#"{"activity_progress":"Submitted","grading_progress":"PendingManual"}"#;
    let sent = grade(&stage.server, "POST", &token, progress);
    assert_eq!(sent.status, 200, "{sent:?}");
    let shown = "Ada, a learner, Notebook, unit-1: – Submitted, PendingManual";
    assert_eq!(gradebook(&stage.server).0, [shown]);
}

#[test]
fn a_platform_that_denies_scopes_gets_no_grade() {
    let stage = Stage::new("grades = true", "");
    let token = grade_token(&stage.open("tool=nb&token_mistake=scope"));
    let sent = grade(&stage.server, "POST", &token, r#"{"score":1}"#);
    assert_eq!((sent.status, &sent.json()["error"]), (502, &"scope-refused".into()), "{sent:?}");
    let (grades, messages) = gradebook(&stage.server);
    assert_eq!(grades, [""; 0]);
    assert!(messages[0].starts_with("POST, invalid_scope: "), "{messages:?}");
}

#[test]
fn a_declared_line_item_becomes_one_column_of_an_activity_without_one() {
    let stage = Stage::new("grades = true\nline_item = { label = \"Notes\", points = 10 }", "");
    for (person, score) in [("learner-1", "0.5"), ("learner-2", "1")] {
        let query = format!("tool=nb&lti=1.3&person={person}&ungraded=yes");
        let token = grade_token(&stage.open(&query));
        let sent = grade(&stage.server, "POST", &token, &format!("{{\"score\":{score}}}"));
        assert_eq!(sent.status, 200, "{sent:?}");
    }
    let expected = ["Ada, a learner, Notebook, Notes: 0.5", "Ben, a learner, Notebook, Notes: 1"];
    let (grades, messages) = gradebook(&stage.server);
    assert_eq!(grades, expected);
    let created = messages.iter().filter(|message| message.contains("the line item was created"));
    assert_eq!(created.count(), 1, "{messages:?}");
    // Without the declaration, such a launch accepts no grade.
    let stage = Stage::new("grades = true", "");
    let request = stage.open("tool=nb&lti=1.3&ungraded=yes");
    assert_eq!(request.header("x-lti-grade-token"), None);
}

#[test]
fn an_app_lists_the_members_of_three_pages() {
    let stage = Stage::new("members = [\"staff\"]", "");
    let learner = stage.open("tool=nb&lti=1.3&person=learner-1");
    assert_eq!(learner.header("x-lti-members-token"), None);
    let staff = stage.open("tool=nb&lti=1.3&person=instructor-1");
    let token = staff.header("x-lti-members-token").expect("a members token");
    let host = format!("localhost:{}", stage.server.address.port());
    let authorization = format!("Bearer {token}");
    let headers = [("Host", host.as_str()), ("Authorization", &authorization)];
    let listed = stage.server.send("GET", "/members", &headers, b"");
    assert_eq!(listed.status, 200, "{listed:?}");
    let members = listed.json()["members"].as_array().expect("a list").clone();
    let ids: Vec<&str> = members.iter().filter_map(|member| member["id"].as_str()).collect();
    let expected = [
        "practice:learner-1",
        "practice:learner-2",
        "practice:learner-3",
        "practice:instructor-1",
        "practice:assistant-1",
        "practice:administrator-1",
    ];
    assert_eq!(ids, expected);
    let findings: Vec<String> = gradebook(&stage.server)
        .1
        .iter()
        .filter_map(|message| message.split(" Time ").next().map(str::to_owned))
        .collect();
    assert_eq!(findings[..2], ["GET, page 3 of 3: 2 members", "GET, page 2 of 3: 2 members"]);
    let headers = [headers[0], headers[1]];
    let some = stage.server.send("GET", "/members?role=instructor", &headers, b"").json();
    assert_eq!(some["members"].as_array().map(Vec::len), Some(1), "{some}");
}

#[test]
fn staff_grade_other_learners_of_the_course() {
    let stage = Stage::new("grades = \"course\"", "");
    let staff = stage.open("tool=nb&lti=1.3&person=instructor-1");
    let token = staff.header("x-lti-course-grade-token").expect("a course grade token");
    let body = r#"{"user":"practice:learner-3","score":0.25}"#;
    let sent = grade(&stage.server, "POST", &token, body);
    assert_eq!(sent.status, 200, "{sent:?}");
    let shown = "A learner without name and email, Notebook, unit-1: 0.25";
    assert_eq!(gradebook(&stage.server).0, [shown]);
    let unknown = r#"{"user":"practice:nobody","score":0.25}"#;
    assert_eq!(grade(&stage.server, "POST", &token, unknown).status, 422);
}
