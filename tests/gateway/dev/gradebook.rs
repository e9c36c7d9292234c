//! The gradebook of the practice platform.

use lti::oauth1::{Credentials, SignatureMethod, SigningKey, authorization};
use lti::v1p1::outcome::{self, Operation};
use lti::v2p0::result;
use lti::{Score, Secret};

use super::*;
use crate::support::{Browser, NOW};

/// The learner of these tests.
const SOURCEDID: &str = "course-v1%3APractice%2BLTI%2B2026:\
                         block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-1:learner-1";
/// Where the practice platform takes outcomes of that block of the tool `nb`.
const OUTCOMES: &str = "/dev/platform/nb/unit-1/handler_noauth/outcome_service_handler";
/// Where it takes results of that learner.
const RESULT: &str = "/dev/platform/nb/unit-1/handler_noauth/result_service_handler/user/learner-1";

/// A gateway in development with an upstream that sends grades, and further lines in `[gateway]`.
fn stage(gateway: &str) -> (Server, Recorder) {
    let upstream = Recorder::start();
    let tools = format!(
        "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = {{ env = \"NB_SECRET\" }}\n\
         upstream = \"{}\"\ngrades = true\n",
        upstream.url()
    );
    (server(&tools.replace("[gateway]", &format!("[gateway]\n{gateway}")), true), upstream)
}

/// The grade token of a launch from the practice platform, as the upstream sees it.
#[track_caller]
fn token(server: &Server, upstream: &Recorder, query: &str) -> Option<String> {
    let page = get(server, &format!("/dev/launch?tool=nb&{query}"));
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    token_of(server, upstream, &form.pairs.body())
}

/// The same for a form.
#[track_caller]
fn token_of(server: &Server, upstream: &Recorder, body: &str) -> Option<String> {
    let mut browser = Browser::at(server, &format!("127.0.0.1:{}", server.address.port()));
    let mut reply = browser.post_form("/lti/nb", body);
    for _ in 0..2 {
        assert_eq!(reply.status, 303, "{reply:?}");
        reply = browser.get(reply.header("location").expect("a redirect"));
    }
    assert_eq!(reply.status, 200, "{reply:?}");
    upstream.request().header("x-lti-grade-token")
}

/// Asks for a grade as an upstream does.
fn call(server: &Server, method: &str, token: &str, body: &str) -> Reply {
    let host = format!("localhost:{}", server.address.port());
    let authorization = format!("Bearer {token}");
    server.send(
        method,
        "/grades",
        &[("Host", &host), ("Authorization", &authorization)],
        body.as_bytes(),
    )
}

/// The grades that the gradebook shows as `user, unit: grade`, and the messages: a text for each,
/// without its markup.
pub(super) fn gradebook(server: &Server) -> (Vec<String>, Vec<String>) {
    let page = get(server, "/dev/gradebook");
    assert_eq!(page.status, 200);
    let (table, messages) = page.body.split_once("<summary><h2>Messages").expect("both");
    let text = |part: &str| unescaped(&without_tags(part));
    let mut grades = Vec::new();
    for row in table.split("<th scope=\"row\">").skip(1) {
        let (person, cells) = row.split_once("</th>").expect("a user");
        for cell in cells.split("<td>").skip(1) {
            let (unit, grade) = cell
                .strip_prefix("<span class=\"unit\">")
                .and_then(|rest| rest.split_once("</span>"))
                .expect("a unit");
            let grade = grade.split("<time").next().expect("a grade");
            grades.push(format!("{}, {}: {}", text(person), text(unit), text(grade)));
        }
    }
    let messages = messages.split("<details class=\"entry\">").skip(1);
    let messages = messages.filter_map(|rest| rest.split("</details>").next());
    // The time is the clock's, which the line repeats before its text.
    let messages = messages.map(|message| {
        let (_, rest) = message.split_once("</time>").expect("a time");
        text(rest)
    });
    (grades, messages.collect())
}

/// The text of a page, with single spaces.
pub(super) fn without_tags(html: &str) -> String {
    let texts = html
        .split('<')
        .filter_map(|part| part.split_once('>').map_or(Some(part), |(_, text)| Some(text)));
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_grade_and_its_comment_arrive_in_the_gradebook_without_configuration() {
    // The allowlist does not matter.
    for hosts in ["", "outcome_hosts = [\"lms.example\"]"] {
        let (server, upstream) = stage(hosts);
        let token = token(&server, &upstream, "").expect("a token");
        assert_eq!(gradebook(&server), (vec![], vec![]));

        let told = call(&server, "POST", &token, r#"{"score":0.50}"#);
        assert_eq!((told.status, &told.json()["status"]), (200, &"delivered".into()), "{told:?}");
        let (grades, messages) = gradebook(&server);
        assert_eq!(grades, ["Ada, a learner, nb, unit-1: 0.50"]);
        let [message] = &messages[..] else { panic!("{messages:?}") };
        assert!(
            message
                .starts_with(&format!("POST, success: Score for {SOURCEDID} is now 0.50 Time 20")),
            "{message}"
        );
        for part in [
            &format!("Request POST {OUTCOMES} Authorization OAuth realm=\"\",oauth_body_hash="),
            "oauth_consumer_key=\"nb-key\"",
            "<replaceResultRequest>",
            "<textString>0.50</textString>",
            "Response 200 <?xml",
            "<imsx_codeMajor>success</imsx_codeMajor>",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }

        assert_eq!(
            call(&server, "POST", &token, r#"{"score":1,"comment":"Well <done>"}"#).status,
            200
        );
        let (grades, messages) = gradebook(&server);
        assert_eq!(grades, ["Ada, a learner, nb, unit-1: 1 “Well <done>”"]);
        assert!(messages[0].starts_with("PUT, the result was stored Time 20"), "{messages:?}");
        assert!(
            messages[0].contains(&format!("Request PUT {RESULT} "))
                && messages[0].ends_with("Response 200 {}")
        );

        let told = call(&server, "GET", &token, "");
        assert_eq!(
            (told.status, told.json()["score"].to_string()),
            (200, "1".to_owned()),
            "{told:?}"
        );
        assert_eq!(told.json()["comment"], "Well <done>");
        assert_eq!(call(&server, "DELETE", &token, "").status, 200);
        assert_eq!(gradebook(&server).0, [""; 0]);
        assert_eq!(call(&server, "GET", &token, "").json()["score"], serde_json::Value::Null);
        assert_eq!(gradebook(&server).1.len(), 5);
    }
}

#[test]
fn each_user_has_one_grade_per_unit() {
    let (server, upstream) = stage("");
    for (query, score) in [
        ("person=learner-1", "0.1"),
        ("person=learner-2", "0.2"),
        ("person=learner-2&link=unit-2", "0.3"),
        ("person=instructor-1", "1"),
    ] {
        let token = token(&server, &upstream, query).expect("a token");
        assert_eq!(call(&server, "POST", &token, &format!("{{\"score\":{score}}}")).status, 200);
    }
    let again = token(&server, &upstream, "person=learner-1").expect("a token");
    assert_eq!(call(&server, "POST", &again, r#"{"score":0.9}"#).status, 200);
    assert_eq!(
        gradebook(&server).0,
        [
            "Ada, a learner, nb, unit-1: 0.9",
            "Ben, a learner, nb, unit-1: 0.2",
            "Ben, a learner, nb, unit-2: 0.3",
            "Cleo, an instructor, nb, unit-1: 1",
        ]
    );
    let page = get(&server, "/dev/gradebook").body;
    let newest = "Newest: Ada, a learner has 0.9 in nb, unit-1.";
    assert!(without_tags(&page).contains(newest), "{page}");
    // People and scores come before the messages, whose texts have the sourcedIds.
    let (before, after) = page.split_once("<h2>Messages (5)</h2>").expect("the messages");
    assert!(!before.contains("block-v1:") && after.contains("block-v1:"), "{before}");
    assert!(!page.contains("<details open"), "{page}");
}

#[test]
fn an_ungraded_launch_has_no_outcome_url() {
    let (server, upstream) = stage("");
    let page = get(&server, "/dev/launch?tool=nb&ungraded=yes");
    assert!(!page.body.contains("lis_outcome_service_url"));
    assert_eq!(token(&server, &upstream, "ungraded=yes"), None);
}

#[test]
fn the_practice_host_reaches_no_other_url_of_this_machine() {
    let (server, upstream) = stage("");
    let port = server.address.port();
    let other = crate::support::Upstream::start();
    let other_port = other.origin().rsplit(':').next().expect("a port").to_owned();
    for url in [
        format!("http://practice.localhost:{port}{OUTCOMES}"),
        format!("http://practice.localhost:{other_port}{OUTCOMES}"),
        format!("http://practice.localhost.:{other_port}{OUTCOMES}"),
        format!("http://practice.localhost.{OUTCOMES}"),
        format!("http://PRACTICE.LOCALHOST:{other_port}{OUTCOMES}"),
        format!("http://x@practice.localhost:{other_port}{OUTCOMES}"),
        format!("http://practice.localhost{}/grades", OUTCOMES.replace("/dev/platform", "")),
        "http://practice.localhost/dev/platform/../../is_up".to_owned(),
        format!("https://practice.localhost{OUTCOMES}"),
        format!("http://localhost:{port}{OUTCOMES}"),
        format!("http://127.0.0.1:{port}{OUTCOMES}"),
        "http://127.0.0.1/".to_owned(),
    ] {
        let mut form = crate::support::Form::default().with(&[
            ("user_id", "learner-1"),
            ("lis_outcome_service_url", url.as_str()),
            ("lis_result_sourcedid", SOURCEDID),
        ]);
        let launched = format!("http://127.0.0.1:{port}/lti/nb");
        form.url = &launched;
        form.key = "nb-key";
        form.secret = "development-secret";
        form.nonce = &url;
        let token = token_of(&server, &upstream, &form.sign());
        // The gateway checks the address of another name only when it connects.
        assert_eq!(token.is_some(), url.starts_with("http://localhost:"), "{url}");
        let Some(token) = token else { continue };
        let refused = call(&server, "POST", &token, r#"{"score":1}"#);
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (409, &"outcome-not-allowed".into())
        );
    }
    assert!(other.saw_nothing());
    assert_eq!(gradebook(&server), (vec![], vec![]));
}

#[test]
fn the_newest_hundred_grades_are_kept() {
    let (server, _) = stage("");
    for number in 0..101 {
        let block = format!("b{number}");
        let path = OUTCOMES.replace("unit-1", &block);
        let body = replace(&SOURCEDID.replace("unit-1", &block));
        let reply = send(&server, "POST", &path, &body, "nb-key", "development-secret");
        assert!(reply.body.contains("<imsx_codeMajor>success<"), "{reply:?}");
    }
    let (grades, _) = gradebook(&server);
    assert_eq!(grades.len(), 100);
    let mut blocks: Vec<String> = (1..=100).map(|number| format!("b{number}")).collect();
    blocks.sort();
    let expected = blocks.iter().map(|block| format!("Ada, a learner, nb, {block}: 1"));
    assert_eq!(grades, expected.collect::<Vec<_>>());
}

#[test]
fn an_outcome_url_with_a_query_works_even_if_a_tool_has_the_practice_host() {
    let upstream = Recorder::start();
    let tools = format!(
        "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = {{ env = \"NB_SECRET\" }}\n\
         host = \"practice.localhost\"\nupstream = \"{}\"\n",
        upstream.url()
    );
    let server = server(&tools, true);
    let path = format!("{OUTCOMES}?a=1");
    let body = replace(SOURCEDID);
    let headers =
        signed("POST", &path, &body, "nb-key", "development-secret", outcome::CONTENT_TYPE);
    assert!(
        sent(&server, "POST", &path, &headers, &body).body.contains("<imsx_codeMajor>success<")
    );
    let without_it = sent(&server, "POST", OUTCOMES, &headers, &body);
    assert!(without_it.body.contains("the signature does not match"), "{without_it:?}");
    upstream.saw_nothing();
}

/// Sends a signed message to the practice platform.
fn send(server: &Server, method: &str, path: &str, body: &str, key: &str, secret: &str) -> Reply {
    let content_type = if path.ends_with("outcome_service_handler") {
        outcome::CONTENT_TYPE
    } else {
        result::CONTENT_TYPE
    };
    sent(server, method, path, &signed(method, path, body, key, secret, content_type), body)
}

/// The headers that sign a message to it.
fn signed(
    method: &str,
    path: &str,
    body: &str,
    key: &str,
    secret: &str,
    content_type: &str,
) -> [(&'static str, String); 2] {
    let credentials = Credentials {
        key,
        signing_key: &SigningKey::new(&Secret::new(secret)),
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "n",
    };
    let url = format!("http://practice.localhost{path}");
    let authorization =
        authorization(method, &url, body.as_bytes(), &credentials).expect("an address");
    [("Content-Type", content_type.to_owned()), ("Authorization", authorization)]
}

fn sent(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, String); 2],
    body: &str,
) -> Reply {
    let [content_type, authorization] =
        headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    server.send(
        method,
        path,
        &[("Host", "practice.localhost"), content_type, authorization],
        body.as_bytes(),
    )
}

/// A request of Basic Outcomes.
fn replace(sourcedid: &str) -> String {
    outcome::request(&Operation::Replace(&Score::parse("1").expect("a score")), sourcedid, "m-1")
}

#[test]
fn a_request_with_a_wrong_signature_or_target_changes_no_grade() {
    const KEY: &str = "nb-key";
    const SECRET: &str = "development-secret";
    let (server, _) = stage("");
    let good = replace(SOURCEDID);
    for (body, key, secret, code, words) in [
        (good.clone(), KEY, "another", "failure", "the signature does not match"),
        (good.clone(), "page-key", SECRET, "failure", "the consumer key is wrong"),
        (
            replace(&SOURCEDID.replace("unit-1", "unit-2")),
            KEY,
            SECRET,
            "failure",
            "this block has no result with this sourcedId",
        ),
        (
            replace(&SOURCEDID.replace("learner-1", "learner-9")),
            KEY,
            SECRET,
            "failure",
            "this block has no result with this sourcedId",
        ),
        (
            good.replace("<textString>1<", "<textString>1.1<"),
            KEY,
            SECRET,
            "failure",
            "the score is not between 0 and 1, or has a minus sign",
        ),
        (
            outcome::request(&Operation::Delete, SOURCEDID, "m-1"),
            KEY,
            SECRET,
            "unsupported",
            "Target does not support the requested operation.",
        ),
        ("<a".to_owned(), KEY, SECRET, "failure", "the request is not XML in UTF-8, or incomplete"),
    ] {
        let reply = send(&server, "POST", OUTCOMES, &body, key, secret);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/xml")));
        let answer = outcome::read_response(reply.body.as_bytes()).expect("an answer");
        assert_eq!((answer.code.name(), answer.description.as_str()), (code, words), "{body}");
        assert!(gradebook(&server).1[0].starts_with(&format!("POST, {code}: {words} ")));
    }
    let good = result::body(&Score::parse("1").expect("a score"), "");
    for (method, path, body, secret, status, words) in [
        ("PUT", RESULT.to_owned(), good.clone(), "another", 401, "the signature does not match"),
        ("GET", RESULT.to_owned(), String::new(), "another", 401, "the signature does not match"),
        (
            "DELETE",
            RESULT.to_owned(),
            String::new(),
            "another",
            401,
            "the signature does not match",
        ),
        (
            "PUT",
            RESULT.replace("learner-1", "learner-9"),
            good.clone(),
            SECRET,
            404,
            "no user of the course has this id",
        ),
        (
            "PUT",
            RESULT.to_owned(),
            "[]".to_owned(),
            SECRET,
            404,
            "the body is not a result in JSON",
        ),
        (
            "PUT",
            RESULT.to_owned(),
            good.replace(":1,", ":2,"),
            SECRET,
            404,
            "the score is not between 0 and 1, or has a minus sign",
        ),
    ] {
        let reply = send(&server, method, &path, &body, KEY, secret);
        assert_eq!((reply.status, reply.body.as_str()), (status, ""), "{method} {path} {body}");
        assert!(gradebook(&server).1[0].starts_with(&format!("{method}, {words} ")));
    }
    let unsigned =
        server.send("POST", OUTCOMES, &[("Host", "practice.localhost")], good.as_bytes());
    assert!(unsigned.body.contains("<imsx_codeMajor>failure"), "{unsigned:?}");
    assert_eq!(gradebook(&server).0, [""; 0]);

    let absent = OUTCOMES.replace("/nb/", "/absent/");
    assert_eq!(send(&server, "POST", &absent, &replace(SOURCEDID), KEY, SECRET).status, 404);
    assert_eq!(send(&server, "POST", OUTCOMES, &replace(SOURCEDID), KEY, SECRET).status, 200);
    assert_eq!(gradebook(&server).0, ["Ada, a learner, nb, unit-1: 1"]);
}

#[test]
fn a_tool_with_a_configured_secret_has_grades_that_this_secret_signs() {
    let upstream = Recorder::start();
    let tool = format!(
        "[tools.quiz]\nkey = \"quiz-key\"\nsecret = [{{ env = \"NEW\" }}, {{ env = \"OLD\" }}]\n\
         upstream = \"{}\"\ngrades = true\n",
        upstream.url()
    );
    let server = Server::start(&Setup {
        tools: &tool,
        environment: &[("NEW", "the new secret of quiz"), ("OLD", "the old secret of quiz")],
        development: true,
        ..Setup::default()
    });
    let page = get(&server, "/dev/launch?tool=quiz");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let mut browser = Browser::at(&server, &format!("127.0.0.1:{}", server.address.port()));
    let mut reply = browser.post_form("/lti/quiz", &form.pairs.body());
    for _ in 0..2 {
        assert_eq!(reply.status, 303, "{reply:?}");
        reply = browser.get(reply.header("location").expect("a redirect"));
    }
    let token = upstream.request().header("x-lti-grade-token").expect("a grade token");
    let told = call(&server, "POST", &token, r#"{"score":0.25}"#);
    assert_eq!((told.status, &told.json()["status"]), (200, &"delivered".into()), "{told:?}");
    assert_eq!(gradebook(&server).0, ["Ada, a learner, quiz, unit-1: 0.25"]);
    // The public placeholder signs nothing of this tool.
    let path = OUTCOMES.replace("/nb/", "/quiz/");
    for secret in ["development-secret", "the old secret of quiz"] {
        let reply = send(&server, "POST", &path, &replace(SOURCEDID), "quiz-key", secret);
        assert!(reply.body.contains("<imsx_codeMajor>failure"), "{secret}: {reply:?}");
    }
    assert_eq!(gradebook(&server).0, ["Ada, a learner, quiz, unit-1: 0.25"]);
    let shown = get(&server, "/dev/gradebook").body;
    assert!(!shown.contains("secret of quiz"), "{shown}");
}

#[test]
fn the_gradebook_has_the_newest_hundred_messages_each_of_bounded_size() {
    let (server, _) = stage("");
    for number in 0..101 {
        let reply = send(
            &server,
            "GET",
            RESULT,
            "",
            "nb-key",
            if number == 100 { "another" } else { "development-secret" },
        );
        assert_eq!(reply.status, if number == 100 { 401 } else { 200 });
    }
    let (_, messages) = gradebook(&server);
    assert_eq!(messages.len(), 100);
    assert!(messages[0].starts_with("GET, the signature does not match "));
    assert!(messages[99].starts_with("GET, no result is stored yet "));
    let large = "x".repeat(256 * 1024);
    let refused =
        send(&server, "POST", OUTCOMES, &format!("{large}x"), "nb-key", "development-secret");
    assert_eq!(refused.status, 413);
    // Web pages of other sites can send this (CSRF).
    let unsigned =
        server.send("POST", OUTCOMES, &[("Host", "practice.localhost")], large.as_bytes());
    assert_eq!(unsigned.status, 200);
    assert_eq!(gradebook(&server).1, messages);
    assert_eq!(send(&server, "POST", OUTCOMES, &large, "nb-key", "another").status, 200);
    let cut = format!(" Body {}… Response 200 ", "x".repeat(4096));
    assert!(gradebook(&server).1[0].contains(&cut));
}
