//! Requests for links, and the responses.

use lti::admission::Verdict;
use lti::v1p3::DeepLinkingResponse;
use lti::{LinkItem, Message, NewLineItem, Roles, Selection, SelectionFormat, Spent};
use serde_json::{Value, json};

use crate::attempt::{Attempt, NOW, claims, lti};
use crate::platform::attempt;

const SETTINGS: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings";
const RETURN_URL: &str = "https://lms.example/mod/lti/contentitem_return.php?course=7&id=1";
const MEMBERSHIP: &str = "http://purl.imsglobal.org/vocab/lis/v2/membership";

/// The claims of a request for links, with these settings changed.
fn request(changes: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().expect("an object");
    members.remove(&lti("resource_link"));
    members.insert(lti("message_type"), json!("LtiDeepLinkingRequest"));
    members.insert(lti("roles"), json!([format!("{MEMBERSHIP}#Instructor")]));
    let mut settings = json!({
        "deep_link_return_url": RETURN_URL,
        "accept_types": ["link", "ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
        "data": "a&<\"é\n",
    });
    for (name, value) in changes.as_object().expect("an object") {
        settings[name] = value.clone();
    }
    members.insert(SETTINGS.to_owned(), settings);
    claims
}

fn selection(attempt: &Attempt) -> Selection {
    let verdict = attempt.verdict().unwrap_or_else(|rejection| panic!("{rejection}"));
    let Verdict::New(candidate) = verdict else { panic!("a new message") };
    match candidate.admit(Spent::Now) {
        Ok(Message::Selection(selection)) => selection,
        other => panic!("no request for links: {other:?}"),
    }
}

#[test]
fn a_request_for_links_is_no_launch() {
    let found = selection(&Attempt::with(&request(json!({}))));
    assert_eq!(found.return_url, RETURN_URL);
    assert_eq!(found.data.as_deref(), Some("a&<\"é\n"));
    assert_eq!((found.accepts_several, found.accepts_line_item), (false, true));
    assert_eq!(found.format, SelectionFormat::DeepLinking);
    let request = &found.request;
    assert_eq!(request.user.id.as_deref(), Some("42"));
    assert_eq!(request.context.title.as_deref(), Some("Chemistry"));
    assert!(request.resource_link.id.is_empty() && request.grade_place.is_err());
}

#[test]
fn the_settings_decide_what_the_platform_accepts() {
    let check = |changes: Value, several: bool, line_item: bool| {
        let found = selection(&Attempt::with(&request(changes.clone())));
        assert_eq!((found.accepts_several, found.accepts_line_item), (several, line_item));
    };
    check(json!({"accept_multiple": true}), true, true);
    check(json!({"accept_multiple": "true"}), true, true);
    check(json!({"accept_multiple": "True", "accept_lineitem": "false"}), true, false);
    check(json!({"accept_multiple": 1, "accept_lineitem": false}), false, false);
    check(json!({"accept_multiple": null, "accept_lineitem": null}), false, true);
    let data = "\u{1f600}".repeat(2048);
    let found = selection(&Attempt::with(&request(json!({"data": data}))));
    assert_eq!(found.data, Some(data));
    let found = selection(&Attempt::with(&request(json!({"data": null}))));
    assert_eq!(found.data, None);
}

#[test]
fn a_wrong_request_for_links_has_its_code() {
    let check = |changes: Value, code: &str, reason: &str| {
        let rejection = Attempt::with(&request(changes.clone())).verdict().err();
        let rejection = rejection.unwrap_or_else(|| panic!("{changes} is accepted"));
        assert_eq!(rejection.code(), code, "{changes}");
        assert!(rejection.to_string().contains(reason), "{rejection}");
    };
    for url in [
        Value::Null,
        json!(1),
        json!(""),
        json!("/return"),
        json!("javascript:alert(1)"),
        json!("data:text/html,x"),
        json!("https://user@lms.example/"),
        json!("https://lms.example/\r\nX: y"),
        json!("https://lms.example/\"><script>"),
        json!(format!("https://lms.example/{}", "x".repeat(4096))),
    ] {
        check(json!({"deep_link_return_url": url}), "malformed-claim", "without an https return");
    }
    check(json!({"accept_types": ["link", "file"]}), "links-not-accepted", "\"link, file\"");
    check(json!({"accept_types": []}), "links-not-accepted", "accepts no links");
    check(json!({"accept_types": null}), "links-not-accepted", "accepts no links");
    check(json!({"accept_types": "ltiResourceLink"}), "malformed-claim", "is a string");
    check(json!({"data": {"a": 1}}), "malformed-claim", "is an object");
    check(json!({"data": "x".repeat(8 * 1024 + 1)}), "malformed-claim", "8 KiB");

    let rejected = |claim: &str, value: Value| {
        let mut claims = request(json!({}));
        claims[claim] = value;
        Attempt::with(&claims).verdict().err().map(|rejection| rejection.code())
    };
    assert_eq!(rejected(SETTINGS, Value::Null), Some("missing-claim"));
    assert_eq!(rejected(SETTINGS, json!([])), Some("malformed-claim"));
    // Case 28: learners and mentors may not pick, nor staff of the institution alone.
    for role in [
        format!("{MEMBERSHIP}#Learner"),
        format!("{MEMBERSHIP}#Mentor"),
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator".to_owned(),
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator".to_owned(),
    ] {
        assert_eq!(rejected(&lti("roles"), json!([role])), Some("role-not-allowed"), "{role}");
    }
    assert_eq!(rejected(&lti("roles"), json!([])), Some("role-not-allowed"));
    for role in
        ["#Instructor", "#Administrator", "#ContentDeveloper", "/Instructor#TeachingAssistant"]
    {
        assert_eq!(rejected(&lti("roles"), json!([format!("{MEMBERSHIP}{role}")])), None, "{role}");
    }
    let mut attempt = Attempt::with(&request(json!({})));
    attempt.roles = Roles::named("administrator");
    let code = attempt.verdict().err().map(|rejection| rejection.code());
    assert_eq!(code, Some("role-not-allowed"), "the tool's roles count, too");
}

#[test]
fn requests_of_real_platforms_are_accepted() {
    let moodle = selection(&attempt(include_str!("claims/moodle_selection.json")));
    let url =
        "https://moodle.example/mod/lti/contentitem_return.php?course=7&id=3&sesskey=Xb3nV0q8Zk";
    assert_eq!(moodle.return_url, url);
    assert_eq!((moodle.data, moodle.accepts_several), (None, true));
    let canvas = selection(&attempt(include_str!("claims/canvas_selection.json")));
    assert!(
        canvas.return_url.starts_with("https://canvas.example/courses/1/deep_linking_response?")
    );
    assert_eq!((canvas.data, canvas.accepts_several), (None, false));
}

#[test]
fn a_response_has_the_claims_of_deep_linking() {
    let item = LinkItem {
        url: "https://tools.example/lti/nb/week/1?x=2".into(),
        title: "Week <1> & \"one\"".into(),
        text: Some("The first week".into()),
        icon: Some("https://tools.example/icon.png".into()),
        custom: vec![("unit".into(), "w1".into())],
        line_item: Some(NewLineItem {
            label: "Week 1".into(),
            points: 10.0,
            resource_id: "r".into(),
        }),
    };
    let bare = LinkItem { text: None, icon: None, custom: vec![], line_item: None, ..item.clone() };
    let response = |items: &[LinkItem], data: Option<&str>| {
        DeepLinkingResponse {
            client_id: &"c-1".into(),
            issuer: "https://lms.example",
            deployment_id: &"2".into(),
            data,
            items,
            nonce: "n",
            now: NOW,
        }
        .claims()
    };
    let data = "a&<\"é\r\n";
    assert_eq!(
        response(&[item, bare], Some(data)),
        json!({
            "iss": "c-1",
            "aud": ["https://lms.example"],
            "iat": NOW,
            "exp": NOW + 300,
            "nonce": "n",
            lti("deployment_id"): "2",
            lti("message_type"): "LtiDeepLinkingResponse",
            lti("version"): "1.3.0",
            "https://purl.imsglobal.org/spec/lti-dl/claim/data": data,
            "https://purl.imsglobal.org/spec/lti-dl/claim/content_items": [
                {
                    "type": "ltiResourceLink",
                    "url": "https://tools.example/lti/nb/week/1?x=2",
                    "title": "Week <1> & \"one\"",
                    "text": "The first week",
                    "icon": {"url": "https://tools.example/icon.png"},
                    "custom": {"unit": "w1"},
                    "lineItem": {"label": "Week 1", "scoreMaximum": 10, "resourceId": "r"},
                },
                {
                    "type": "ltiResourceLink",
                    "url": "https://tools.example/lti/nb/week/1?x=2",
                    "title": "Week <1> & \"one\"",
                },
            ],
        })
    );
    let canceled = response(&[], None);
    assert_eq!(canceled["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"], json!([]));
    assert!(canceled.get("https://purl.imsglobal.org/spec/lti-dl/claim/data").is_none());
}
