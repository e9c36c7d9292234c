//! The services of the practice platform, in the hands of a tool with its own key.

use lti::Secret;
use lti::jose::{RsaKey, sign};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::*;
use crate::support::NOW;

const ISSUER: &str = "http://practice.localhost/dev/platform";
const LINE_ITEM: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem";
const READONLY: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly";
const RESULTS: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly";
const SCORE: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/score";
const MEMBERS: &str = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";

const SCORE_TYPE: &str = "application/vnd.ims.lis.v1.score+json";
const RESULT_TYPE: &str = "application/vnd.ims.lis.v2.resultcontainer+json";
const ITEM_TYPE: &str = "application/vnd.ims.lis.v2.lineitem+json";
const ITEMS_TYPE: &str = "application/vnd.ims.lis.v2.lineitemcontainer+json";
const MEMBER_TYPE: &str = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";

/// The gateway's own key for the practice platform.
pub(super) fn tool_key() -> RsaKey {
    RsaKey::derive(&Secret::new("the gateway's own, of 32 characters"), &"practice".into())
}

/// The claims of an assertion of the tool `page`.
fn assertion_claims(id: &str) -> Value {
    json!({
        "iss": "page", "sub": "page", "aud": format!("{ISSUER}/token"),
        "iat": NOW, "exp": NOW + 300, "jti": id,
    })
}

fn signed(claims: &Value, key: &RsaKey) -> String {
    sign(claims, key, &SystemRandom::new()).expect("a token")
}

/// The form of a request for a token.
fn form(assertion: &str, scope: &str) -> Pairs {
    let mut pairs = Pairs(Vec::new());
    pairs.add("grant_type", "client_credentials");
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    pairs.add("client_assertion_type", kind);
    pairs.add("client_assertion", assertion);
    pairs.add("scope", scope);
    pairs
}

fn ask(server: &Server, form: &Pairs) -> Reply {
    let headers =
        [("Host", "practice.localhost"), ("Content-Type", "application/x-www-form-urlencoded")];
    server.send("POST", "/dev/platform/token", &headers, form.body().as_bytes())
}

/// An access token of the tool `page`.
#[track_caller]
fn access(server: &Server, id: &str, scope: &str) -> String {
    let reply = ask(server, &form(&signed(&assertion_claims(id), &tool_key()), scope));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

/// A service of the tool `page`, with an access token.
struct Service<'s> {
    server: &'s Server,
    token: String,
}

impl Service<'_> {
    fn send(&self, method: &str, path: &str, header: (&str, &str), body: &str) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let headers =
            [("Host", "practice.localhost"), ("Authorization", authorization.as_str()), header];
        self.server.send(method, &format!("/dev/platform/{path}"), &headers, body.as_bytes())
    }

    fn get(&self, path: &str, accept: &str) -> Reply {
        self.send("GET", path, ("Accept", accept), "")
    }

    fn score(&self, item: &str, score: &Value) -> Reply {
        let path = format!("page/lineitems/{item}/lineitem/scores?type_id=1");
        self.send("POST", &path, ("Content-Type", SCORE_TYPE), &score.to_string())
    }

    fn result(&self, item: &str, user: &str) -> Reply {
        let path = format!("page/lineitems/{item}/lineitem/results?type_id=1&user_id={user}");
        self.get(&path, RESULT_TYPE)
    }
}

/// The newest finding in the gradebook.
fn finding(server: &Server) -> String {
    let page = get(server, "/dev/gradebook").body;
    let entry = page.split("<details class=\"entry\">").nth(1).expect("a message");
    let line = entry.split("</time>").nth(1).and_then(|rest| rest.split("</summary>").next());
    let line = super::gradebook::without_tags(line.expect("a line"));
    unescaped(line.split_once(", ").expect("a method").1)
}

#[test]
fn a_token_has_exactly_the_granted_scopes() {
    let server = server(TOOLS, true);
    let assertion = signed(&assertion_claims("1"), &tool_key());
    let reply = ask(&server, &form(&assertion, &format!("{SCORE}  {RESULTS} {SCORE}")));
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    let granted = reply.json();
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["expires_in"], 3600);
    assert_eq!(granted["scope"], format!("{SCORE} {RESULTS}"));

    let page = get(&server, "/dev/gradebook").body;
    let token = granted["access_token"].as_str().expect("a token");
    assert!(!page.contains(token), "the page shows only its first characters");
    assert_eq!(
        finding(&server),
        format!("an access token for page was granted: {SCORE} {RESULTS}")
    );

    let again = ask(&server, &form(&assertion, SCORE));
    assert_eq!((again.status, &again.json()["error"]), (401, &"invalid_client".into()));
    assert_eq!(again.json()["error_description"], "the assertion was used before");
    server.set_now(NOW + 3601);
    let service = Service { server: &server, token: token.to_owned() };
    let expired = service.result("unit-1", "learner-1");
    assert_eq!((expired.status, expired.header("www-authenticate")), (401, Some("Bearer")));
}

#[test]
fn an_assertion_with_one_wrong_part_gets_no_token_and_stays_unspent() {
    let server = server(TOOLS, true);
    let key = tool_key();
    let check = |claims: &Value, key: &RsaKey, description: &str| {
        let reply = ask(&server, &form(&signed(claims, key), SCORE));
        assert_eq!((reply.status, &reply.json()["error"]), (401, &"invalid_client".into()));
        assert_eq!(reply.json()["error_description"], description, "{claims}");
    };
    let other =
        RsaKey::derive(&Secret::new("another secret of 32 characters."), &"practice".into());
    check(&assertion_claims("1"), &other, "the token names no key of the keyset");
    let good = assertion_claims("1");
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let audience = format!("aud of the assertion is not {ISSUER}/token");
    for (name, value, description) in [
        ("iss", json!("locked"), "iss and sub of the assertion differ"),
        ("sub", json!("locked"), "iss and sub of the assertion differ"),
        ("sub", Value::Null, "the assertion has no sub"),
        ("aud", json!(ISSUER), audience.as_str()),
        ("aud", json!([ISSUER]), &audience),
        ("aud", Value::Null, &audience),
        ("exp", json!(NOW - 61), "the assertion has expired"),
        ("exp", Value::Null, "the assertion has no exp"),
        ("exp", json!(NOW + 3601), "the assertion is valid for more than an hour"),
        ("iat", json!(NOW + 61), "the assertion is from the future"),
        ("iat", Value::Null, "the assertion has no iat"),
        ("jti", Value::Null, "the assertion has no jti"),
        ("jti", json!(""), "the assertion has no jti"),
        ("jti", json!("x".repeat(256)), "jti of the assertion is too long"),
    ] {
        check(&changed(name, value), &key, description);
    }
    let mut absent = changed("iss", json!("absent"));
    absent["sub"] = json!("absent");
    check(&absent, &key, "no client has this id");
    let list = changed("aud", json!(["https://x.example", format!("{ISSUER}/token")]));
    assert_eq!(ask(&server, &form(&signed(&list, &key), SCORE)).status, 200);
}

#[test]
fn a_malformed_request_for_a_token_is_refused() {
    let server = server(TOOLS, true);
    let good = |id: &str| form(&signed(&assertion_claims(id), &tool_key()), SCORE);
    let check = |form: &Pairs, status: u16, error: &str| {
        let reply = ask(&server, form);
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)));
    };
    for (number, (name, value, status, error)) in [
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("client_assertion_type", "jwt", 401, "invalid_client"),
        ("client_assertion", "a.b.c", 401, "invalid_client"),
        ("scope", "", 400, "invalid_scope"),
        ("scope", "openid", 400, "invalid_scope"),
        ("scope", &format!("{SCORE} https://x.example/scope"), 400, "invalid_scope"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut form = good(&number.to_string());
        form.set(name, value);
        check(&form, status, error);
    }
    for name in ["grant_type", "client_assertion", "client_assertion_type", "scope"] {
        let mut form = good(name);
        form.remove(name);
        check(&form, 400, "invalid_request");
        let mut form = good(name);
        form.add(name, "again");
        check(&form, 400, "invalid_request");
    }
    let host = ("Host", "practice.localhost");
    let body = good("json").body();
    let json = [host, ("Content-Type", "application/json")];
    let reply = server.send("POST", "/dev/platform/token", &json, body.as_bytes());
    assert_eq!((reply.status, &reply.json()["error"]), (400, &"invalid_request".into()));
    let large = "x".repeat(64 * 1024 + 1);
    let form = [host, ("Content-Type", "application/x-www-form-urlencoded")];
    let reply = server.send("POST", "/dev/platform/token", &form, large.as_bytes());
    assert_eq!(reply.status, 413);
    // Pages of other sites do not fill the list (CSRF).
    let before = get(&server, "/dev/gradebook").body.matches("class=\"entry\"").count();
    let foreign = [form[0], form[1], ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(server.send("POST", "/dev/platform/token", &foreign, b"a=b").status, 400);
    let after = get(&server, "/dev/gradebook").body.matches("class=\"entry\"").count();
    assert_eq!(before, after);
}

#[test]
fn the_client_of_the_mistake_gets_no_scopes() {
    let server = server(TOOLS, true);
    let mut claims = assertion_claims("1");
    claims["iss"] = json!("page.denied");
    claims["sub"] = json!("page.denied");
    let reply = ask(&server, &form(&signed(&claims, &tool_key()), SCORE));
    assert_eq!((reply.status, &reply.json()["error"]), (400, &"invalid_scope".into()));
    claims["iss"] = json!("page.lost");
    claims["sub"] = json!("page.lost");
    assert_eq!(ask(&server, &form(&signed(&claims, &tool_key()), SCORE)).status, 200);
}

fn score(seconds: &str) -> Value {
    json!({
        "userId": "learner-1", "scoreGiven": 0.50, "scoreMaximum": 1,
        "timestamp": format!("2026-11-05T06:13:{seconds}Z"),
        "activityProgress": "Completed", "gradingProgress": "FullyGraded",
    })
}

/// A timestamp at which the scores of these tests are of the last minute.
const AT: u64 = 1_793_859_240;

fn scoring(server: &Server) -> Service<'_> {
    server.set_now(AT);
    let mut claims = assertion_claims("scoring");
    claims["iat"] = json!(AT);
    claims["exp"] = json!(AT + 300);
    let scopes = [LINE_ITEM, RESULTS, SCORE].join(" ");
    let reply = ask(server, &form(&signed(&claims, &tool_key()), &scopes));
    assert_eq!(reply.status, 200, "{reply:?}");
    let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
    Service { server, token }
}

#[test]
fn a_score_replaces_another_one_only_by_a_whole_second_as_in_moodle() {
    let server = server(TOOLS, true);
    let service = scoring(&server);
    assert_eq!(service.result("unit-1", "learner-1").status, 400, "Moodle's status");
    assert_eq!(service.result("unit-1", "learner-1").body, "[]");
    let stored = service.score("unit-1", &score("20.100"));
    assert_eq!((stored.status, stored.body.as_str()), (200, ""));
    assert_eq!(finding(&server), "the score was stored");
    for seconds in ["20.999", "20", "19.999"] {
        let refused = service.score("unit-1", &score(seconds));
        assert_eq!(refused.status, 409, "{refused:?}");
        let reason = "Refusing score with an earlier timestamp for item unit-1 and user learner-1";
        assert_eq!(refused.json()["reason"], reason);
        assert_eq!(finding(&server), reason);
    }
    let mut newer = score("21.000");
    newer["scoreGiven"] = json!(7);
    newer["scoreMaximum"] = json!(8);
    newer["comment"] = json!("Well <done>");
    assert_eq!(service.score("unit-1", &newer).status, 200);
    let reply = service.result("unit-1", "learner-1");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(RESULT_TYPE)));
    let result = &reply.json()[0];
    let item = format!("{ISSUER}/page/lineitems/unit-1/lineitem");
    assert_eq!(result["scoreOf"], format!("{item}?type_id=1"));
    assert_eq!(result["id"], format!("{item}/results/learner-1?type_id=1"));
    assert_eq!((&result["resultScore"], &result["resultMaximum"]), (&json!(87.5), &json!(100)));
    assert_eq!(result["comment"], "Well <done>");
    let grades = super::gradebook::gradebook(&server).0;
    assert_eq!(grades, ["Ada, a learner, A <page>, unit-1: 0.875 “Well <done>”"]);

    // Another user and another unit have their own timestamps.
    let mut of_ben = score("20");
    of_ben["userId"] = json!("learner-2");
    assert_eq!(service.score("unit-1", &of_ben).status, 200);
    assert_eq!(service.score("unit-2", &score("20")).status, 200);
    let all = service.get("page/lineitems/unit-1/lineitem/results?type_id=1", RESULT_TYPE);
    assert_eq!(all.json().as_array().map(Vec::len), Some(2));

    // A cleared score keeps its timestamp.
    let mut clear = score("22");
    clear.as_object_mut().expect("an object").remove("scoreGiven");
    clear["activityProgress"] = json!("Initialized");
    clear["gradingProgress"] = json!("NotReady");
    assert_eq!(service.score("unit-1", &clear).status, 200);
    assert_eq!(service.result("unit-1", "learner-1").body, "[]");
    assert_eq!(service.score("unit-1", &score("22")).status, 409);
}

#[test]
fn progress_without_a_final_score_is_visible() {
    let server = server(TOOLS, true);
    let service = scoring(&server);
    let mut submitted = score("20");
    submitted["activityProgress"] = json!("Submitted");
    submitted["gradingProgress"] = json!("PendingManual");
    // Moodle stores no score before the grading has ended.
    assert_eq!(service.score("unit-1", &submitted).status, 200);
    let shown = "Ada, a learner, A <page>, unit-1: – Submitted, PendingManual";
    assert_eq!(super::gradebook::gradebook(&server).0, [shown]);
    let result = service.result("unit-1", "learner-1");
    assert_eq!((result.status, &result.json()[0]["resultScore"]), (200, &Value::Null));
    assert_eq!(service.score("unit-1", &score("21")).status, 200);
    assert_eq!(super::gradebook::gradebook(&server).0, ["Ada, a learner, A <page>, unit-1: 0.5"]);
}

#[test]
fn a_wrong_score_changes_no_grade() {
    let server = server(TOOLS, true);
    let service = scoring(&server);
    for (name, value, status) in [
        ("userId", json!("nobody"), 404),
        ("userId", Value::Null, 400),
        ("scoreGiven", json!("1"), 400),
        ("scoreGiven", json!(1.1), 400),
        ("scoreGiven", json!(-0.5), 400),
        ("scoreMaximum", json!(0), 400),
        ("scoreMaximum", Value::Null, 400),
        ("timestamp", json!("yesterday"), 400),
        ("timestamp", json!("2026-11-05T08:14:20Z"), 400),
        ("timestamp", Value::Null, 400),
        ("activityProgress", json!("Done"), 400),
        ("gradingProgress", Value::Null, 400),
    ] {
        let mut wrong = score("20");
        wrong[name] = value;
        let reply = service.score("unit-1", &wrong);
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        assert!(reply.json()["reason"].is_string(), "{reply:?}");
    }
    let path = "page/lineitems/unit-1/lineitem/scores";
    let good = score("20").to_string();
    let typed = |path: &str, media_type: &str| {
        service.send("POST", path, ("Content-Type", media_type), &good).status
    };
    // The query belongs to the URL.
    assert_eq!(typed(path, SCORE_TYPE), 404);
    assert_eq!(typed(&format!("{path}?type_id=1"), "application/json"), 400);
    let charset = format!("{SCORE_TYPE}; charset=utf-8");
    assert_eq!(typed(&format!("{path}?type_id=1"), &charset), 400);
    assert_eq!(typed("page/lineitems/a%2Fb/lineitem/scores?type_id=1", SCORE_TYPE), 404);
    assert_eq!(typed("locked/lineitems/unit-1/lineitem/scores?type_id=1", SCORE_TYPE), 403);
    assert_eq!(typed("absent/lineitems/unit-1/lineitem/scores?type_id=1", SCORE_TYPE), 404);
    let results = "page/lineitems/unit-1/lineitem/results?type_id=1";
    assert_eq!(service.get(results, "application/json").status, 406);
    assert_eq!(service.get(results, "text/html, application/*;q=0.5").status, 200);
    assert_eq!(super::gradebook::gradebook(&server).0, [""; 0]);
    assert_eq!(service.score("unit-1", &score("20")).status, 200);
}

#[test]
fn a_token_opens_only_the_services_of_its_scopes() {
    let server = server(TOOLS, true);
    let paths = [
        ("page/lineitems?type_id=1", ITEMS_TYPE),
        ("page/lineitems/unit-1/lineitem?type_id=1", ITEM_TYPE),
        ("page/lineitems/unit-1/lineitem/results?type_id=1", RESULT_TYPE),
        ("page/memberships", MEMBER_TYPE),
    ];
    let allowed = [
        (LINE_ITEM, [200, 200, 403, 403]),
        (READONLY, [200, 200, 403, 403]),
        (RESULTS, [403, 403, 200, 403]),
        (SCORE, [403, 403, 403, 403]),
        (MEMBERS, [403, 403, 403, 200]),
    ];
    for (scope, expected) in allowed {
        let service = Service { server: &server, token: access(&server, scope, scope) };
        let statuses = paths.map(|(path, accept)| service.get(path, accept).status);
        assert_eq!(statuses, expected, "{scope}");
        let scored = service.score("unit-1", &json!({})).status;
        assert_eq!(scored, if scope == SCORE { 400 } else { 403 }, "{scope}");
        let item = ("Content-Type", ITEM_TYPE);
        let created = service.send("POST", "page/lineitems", item, "{}").status;
        assert_eq!(created, if scope == LINE_ITEM { 400 } else { 403 }, "{scope}");
    }
    for token in ["", "unknown"] {
        let service = Service { server: &server, token: token.to_owned() };
        for (path, accept) in paths {
            assert_eq!(service.get(path, accept).status, 401, "{path}");
        }
    }
}

#[test]
fn line_items_are_created_and_found() {
    let server = server(TOOLS, true);
    let service = Service { server: &server, token: access(&server, "1", LINE_ITEM) };
    let block = "block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-1";
    let item = json!({
        "label": "Lab <1>", "scoreMaximum": 7.5, "resourceId": "r-1", "tag": "t",
        "resourceLinkId": block,
    });
    let create = |item: &Value| {
        let header = ("Content-Type", ITEM_TYPE);
        service.send("POST", "page/lineitems?type_id=1", header, &item.to_string())
    };
    let found = |query: &str| {
        let reply = service.get(&format!("page/lineitems?type_id=1{query}"), ITEMS_TYPE);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(ITEMS_TYPE)));
        reply.json().as_array().expect("a list").clone()
    };
    assert_eq!(found(""), [json!(null); 0]);
    let created = create(&item);
    assert_eq!((created.status, created.header("content-type")), (201, Some(ITEM_TYPE)));
    let mut expected = item.clone();
    expected["id"] = json!(format!("{ISSUER}/page/lineitems/column.1/lineitem?type_id=1"));
    assert_eq!(created.json(), expected);
    let link = Pairs(vec![("resource_link_id".to_owned(), block.to_owned())]).body();
    for query in ["", "&resource_id=r-1", "&tag=t", &format!("&{link}&resource_id=r-1")] {
        assert_eq!(found(query), [expected.clone()], "{query}");
    }
    assert_eq!(found("&resource_id=r-2"), [json!(null); 0]);
    let one = service.get("page/lineitems/column.1/lineitem?type_id=1", ITEM_TYPE);
    assert_eq!(one.json(), expected);
    assert_eq!(service.get("page/lineitems/column.2/lineitem?type_id=1", ITEM_TYPE).status, 404);
    for (name, value, status) in [
        ("label", json!(""), 400),
        ("label", Value::Null, 400),
        ("label", json!("x".repeat(4097)), 400),
        ("scoreMaximum", json!(0), 400),
        ("scoreMaximum", json!("1"), 400),
        ("resourceLinkId", json!("elsewhere"), 404),
    ] {
        let mut wrong = item.clone();
        wrong[name] = value;
        assert_eq!(create(&wrong).status, status, "{name}");
    }
    for _ in 0..101 {
        assert_eq!(create(&item).status, 201);
    }
    assert_eq!(found("").len(), 100);
    // The column of a grade has the label.
    let scoring = scoring(&server);
    assert_eq!(scoring.score("column.102", &score("20")).status, 200);
    let grades = super::gradebook::gradebook(&server).0;
    assert_eq!(grades, ["Ada, a learner, A <page>, Lab <1>: 0.5"]);
}

#[test]
fn the_members_have_three_pages_whose_links_have_another_scheme() {
    let server = server(TOOLS, true);
    let service = Service { server: &server, token: access(&server, "1", MEMBERS) };
    let mut path = "page/memberships".to_owned();
    let (mut ids, mut relations) = (Vec::new(), Vec::new());
    loop {
        let reply = service.get(&path, MEMBER_TYPE);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(MEMBER_TYPE)));
        let page = reply.json();
        assert_eq!(page["context"]["title"], "A course to practise with");
        for member in page["members"].as_array().expect("a list") {
            ids.push(member["user_id"].as_str().expect("an id").to_owned());
        }
        let Some(link) = reply.header("link") else { break };
        let (url, relation) = link.split_once("; rel=").expect("a relation");
        relations.push(relation.to_owned());
        let url = url.trim_matches(['<', '>']);
        let prefix = "https://practice.localhost/dev/platform/";
        url.strip_prefix(prefix).expect("https").clone_into(&mut path);
    }
    assert_eq!(relations, ["\"next\"", "next"]);
    let expected =
        ["learner-1", "learner-2", "learner-3", "instructor-1", "assistant-1", "administrator-1"];
    assert_eq!(ids, expected);
    let staff = service.get("page/memberships?role=Instructor", MEMBER_TYPE).json();
    assert_eq!(staff["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(staff["members"][0]["name"], "Cleo Practice");
    let uri = "http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Learner";
    let learners = service.get(&format!("page/memberships?role={uri}"), MEMBER_TYPE);
    assert!(learners.header("link").is_some_and(|link| link.contains(uri)), "{learners:?}");
    let past = service.get("page/memberships?page=99999999999999999999", MEMBER_TYPE);
    assert_eq!(past.json()["members"][0]["user_id"], "learner-1");
    let past = service.get("page/memberships?page=9223372036854775807", MEMBER_TYPE);
    assert_eq!(past.json()["members"], json!([]));
}

#[test]
fn the_newest_hundred_tokens_are_valid() {
    let server = server(TOOLS, true);
    let first = access(&server, "first", MEMBERS);
    for number in 0..100 {
        access(&server, &number.to_string(), MEMBERS);
    }
    let service = Service { server: &server, token: first };
    assert_eq!(service.get("page/memberships", MEMBER_TYPE).status, 401);
}
