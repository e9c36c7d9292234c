//! Requests for links by LTI 1.1 (Content-Item Message 1.0), and the signed responses.

use std::sync::Arc;

use lti::admission::Verdict;
use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::v1p1::{
    Consumer, Consumers, LaunchPolicy, LaunchRequest, content_item_selection, examine, sign,
};
use lti::{
    KnownSecrets, LinkItem, Message, NewLineItem, Rejection, Role, Roles, Secret, Selection,
    SelectionFormat, Spent,
};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000;
const RETURN_URL: &str = "https://moodle.example/mod/lti/contentitem_return.php?course=7&id=3";

/// A request of Moodle: moodle/moodle, mod/lti/locallib.php,
/// `lti_build_content_item_selection_request`.
const MOODLE: [(&str, &str); 24] = [
    ("user_id", "2"),
    ("lis_person_sourcedid", ""),
    (
        "roles",
        "Instructor,urn:lti:sysrole:ims/lis/Administrator,urn:lti:instrole:ims/lis/Administrator",
    ),
    ("context_id", "7"),
    ("context_label", "CHEM"),
    ("context_title", "Chemistry"),
    ("context_type", "CourseSection"),
    ("lis_person_name_full", "Ada Lovelace"),
    ("ext_user_username", "ada"),
    ("launch_presentation_locale", "en"),
    ("ext_lms", "moodle-2"),
    ("tool_consumer_info_product_family_code", "moodle"),
    ("lti_version", "LTI-1p0"),
    ("lti_message_type", "ContentItemSelectionRequest"),
    ("accept_media_types", "application/vnd.ims.lti.v1.ltilink"),
    ("accept_presentation_document_targets", "frame,iframe,window"),
    ("accept_copy_advice", "false"),
    ("accept_multiple", "true"),
    ("accept_unsigned", "false"),
    ("auto_create", "false"),
    ("can_confirm", "false"),
    ("content_item_return_url", RETURN_URL),
    ("title", "Notebook"),
    ("text", ""),
];

/// A request of Canvas: instructure/canvas-lms, lib/lti/content_item_selection_request.rb, the
/// placement editor_button.
const CANVAS: [(&str, &str); 18] = [
    ("context_id", "4dde05e8ca1973bcca9bffc13e1548820eee93a3"),
    ("tool_consumer_instance_guid", "8865aa05b4b79b64a91a86042e43af5ea8ae79eb.localhost:8900"),
    ("roles", "Instructor,urn:lti:instrole:ims/lis/Administrator"),
    ("launch_presentation_locale", "en"),
    ("launch_presentation_document_target", "iframe"),
    ("ext_roles", "urn:lti:instrole:ims/lis/Administrator,urn:lti:role:ims/lis/Instructor"),
    ("user_id", "535fa085f22b4655f48cd5a36a9215f64c062838"),
    ("lti_message_type", "ContentItemSelectionRequest"),
    ("lti_version", "LTI-1p0"),
    (
        "content_item_return_url",
        "https://canvas.example/courses/1/external_content/success/external_tool_dialog",
    ),
    ("context_title", "Chemistry"),
    ("accept_multiple", "true"),
    ("data", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJkZWZhdWx0X2xhdW5jaF91cmwiOiJ4In0.c2ln"),
    ("accept_media_types", "image/*,text/html,application/vnd.ims.lti.v1.ltilink,*/*"),
    ("accept_presentation_document_targets", "embed,frame,iframe,window"),
    ("accept_unsigned", "true"),
    ("auto_create", "false"),
    ("ext_lti_assignment_id", ""),
];

fn signing(key: &SigningKey, method: SignatureMethod) -> Credentials<'_> {
    Credentials { key: "key-1", signing_key: key, method, timestamp: NOW, nonce: "n" }
}

fn verdict(
    params: &[(&str, &str)],
    method: SignatureMethod,
    roles: Option<Roles>,
) -> Result<Verdict, Rejection> {
    let secret = Secret::new("s3cret");
    let key = SigningKey::new(&secret);
    let url = "https://tools.example/lti/nb";
    let body = sign(url, params, &signing(&key, method)).expect("a form");
    let request = LaunchRequest {
        scheme: "https",
        authority: "tools.example",
        path: "/lti/nb",
        query: None,
        authorization: None,
        body: body.as_bytes(),
    };
    let policy = LaunchPolicy {
        consumers: Consumers::new(
            "nb",
            [Consumer::new("key-1", [secret.clone()], SignatureMethod::ALL)],
        ),
        roles,
        clock_skew: 300,
        secrets: Arc::new(KnownSecrets::new(&[secret])),
    };
    examine(&request, &policy, NOW, |_| false).verdict()
}

fn selection(params: &[(&str, &str)], method: SignatureMethod) -> Selection {
    let verdict = verdict(params, method, None).unwrap_or_else(|rejection| panic!("{rejection}"));
    let Verdict::New(candidate) = verdict else { panic!("a new message") };
    match candidate.admit(Spent::Now) {
        Ok(Message::Selection(selection)) => selection,
        other => panic!("no request for links: {other:?}"),
    }
}

/// Moodle's request with these parameters changed.
fn changed<'a>(changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let kept = |name: &str| changes.iter().all(|(other, _)| *other != name);
    let mut params: Vec<_> = MOODLE.into_iter().filter(|(name, _)| kept(name)).collect();
    params.extend(changes.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    params
}

#[test]
fn requests_of_moodle_and_canvas_are_accepted() {
    let moodle = selection(&MOODLE, SignatureMethod::HmacSha1);
    assert_eq!((moodle.return_url.as_str(), moodle.data), (RETURN_URL, None));
    assert!(moodle.accepts_several && moodle.accepts_line_item);
    assert_eq!(moodle.format, SelectionFormat::ContentItem(SignatureMethod::HmacSha1));
    assert_eq!(moodle.request.user.id.as_deref(), Some("2"));
    assert!(moodle.request.resource_link.id.is_empty());

    let canvas = selection(&CANVAS, SignatureMethod::HmacSha256);
    assert!(canvas.data.is_some_and(|data| data.starts_with("eyJ")) && canvas.accepts_several);
    assert_eq!(canvas.format, SelectionFormat::ContentItem(SignatureMethod::HmacSha256));
}

#[test]
fn a_wrong_request_has_its_code() {
    let check = |name: &str, value: Option<&str>, expected: Option<&str>| {
        let found = verdict(&changed(&[(name, value)]), SignatureMethod::HmacSha1, None);
        assert_eq!(found.err().map(|rejection| rejection.code()), expected, "{name}: {value:?}");
    };
    check("content_item_return_url", None, Some("missing-claim"));
    check("content_item_return_url", Some("javascript:alert(1)"), Some("malformed-claim"));
    check("content_item_return_url", Some("/return"), Some("malformed-claim"));
    check("accept_media_types", None, Some("links-not-accepted"));
    check("accept_media_types", Some("*/*"), Some("links-not-accepted"));
    check("accept_media_types", Some("text/html, application/vnd.ims.lti.v1.ltilink"), None);
    check("data", Some(&"x".repeat(8 * 1024)), None);
    check("data", Some(&"x".repeat(8 * 1024 + 1)), Some("malformed-claim"));
    check("roles", Some("Learner"), Some("role-not-allowed"));
    check("roles", Some("urn:lti:instrole:ims/lis/Administrator"), Some("role-not-allowed"));
    check("roles", Some("TeachingAssistant"), None);
    check("roles", Some("ContentDeveloper"), None);
    check("lti_version", Some("LTI-2p0"), Some("lti-version"));
    // A signature does not determine which of two values counts.
    for name in ["content_item_return_url", "data", "accept_multiple"] {
        let mut params = changed(&[(name, Some("https://lms.example/a"))]);
        params.push((name, "https://lms.example/b"));
        let found = verdict(&params, SignatureMethod::HmacSha1, None);
        let code = found.err().map(|rejection| rejection.code());
        assert_eq!(code, Some("conflicting-parameter"), "{name}");
    }
    let roles = Some(Role::Administrator.into());
    let found = verdict(&MOODLE, SignatureMethod::HmacSha1, roles);
    assert_eq!(found.err().map(|rejection| rejection.code()), Some("role-not-allowed"));
}

#[test]
fn a_response_is_signed_as_browsers_send_it() {
    let item = LinkItem {
        url: "https://tools.example/lti/nb/week/1?x=2".into(),
        title: "Week\r\n<1> & \"one\"".into(),
        text: Some("The first\nweek".into()),
        icon: Some("https://tools.example/icon.png".into()),
        custom: vec![("unit".into(), "w1".into())],
        line_item: Some(NewLineItem {
            label: "Week 1".into(),
            points: 10.5,
            resource_id: "r".into(),
        }),
    };
    let key = SigningKey::new(&Secret::new("s3cret"));
    for method in SignatureMethod::ALL {
        let credentials = signing(&key, method);
        let data = Some("a&<\"é\nb\rc\r\nd");
        let items = std::slice::from_ref(&item);
        let form = content_item_selection(RETURN_URL, items, data, &credentials).expect("a form");
        let value = |name: &str| {
            let mut values = form.iter().filter(|(other, _)| other == name);
            values.next().map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert_eq!(value("lti_message_type"), "ContentItemSelection");
        assert_eq!(value("lti_version"), "LTI-1p0");
        assert_eq!(value("data"), "a&<\"é\r\nb\r\nc\r\nd");
        assert_eq!(value("oauth_signature_method"), method.name());
        let items: Value = serde_json::from_str(value("content_items")).expect("JSON");
        assert_eq!(items["@context"][0], "http://purl.imsglobal.org/ctx/lti/v1/ContentItem");
        assert_eq!(
            items["@graph"],
            json!([{
                "@type": "LtiLinkItem",
                "mediaType": "application/vnd.ims.lti.v1.ltilink",
                "url": "https://tools.example/lti/nb/week/1?x=2",
                "title": "Week\r\n<1> & \"one\"",
                "text": "The first\nweek",
                "icon": {"@id": "https://tools.example/icon.png"},
                "custom": {"unit": "w1"},
                "lineItem": {
                    "@type": "LineItem",
                    "label": "Week 1",
                    "reportingMethod": "res:totalScore",
                    "assignedActivity": {"activityId": "r"},
                    "scoreConstraints": {"@type": "NumericLimits", "normalMaximum": 10.5},
                },
            }])
        );
        // The same form, signed as a launch: the signatures are equal.
        let own = ["lti_message_type", "lti_version", "content_items", "data"];
        let params: Vec<(&str, &str)> = own.map(|name| (name, value(name))).into();
        let signed = sign(RETURN_URL, &params, &credentials).expect("a form");
        let signature = lti::oauth1::encode::encode(value("oauth_signature"));
        assert!(signed.contains(&format!("oauth_signature={signature}")), "{method:?}");
    }
    let form =
        content_item_selection(RETURN_URL, &[], None, &signing(&key, SignatureMethod::HmacSha1));
    let form = form.expect("a form");
    assert!(form.iter().all(|(name, _)| name != "data"));
    let (_, items) = form.iter().find(|(name, _)| name == "content_items").expect("items");
    assert_eq!(serde_json::from_str::<Value>(items).expect("JSON")["@graph"], json!([]));
}
