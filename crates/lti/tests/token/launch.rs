//! The launch of the claims.

use std::sync::Arc;

use lti::admission::Verdict;
use lti::jose::{Algorithm, sign};
use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine};
use lti::{Launch, Message, Role, Roles, Secret, Sender, Spent};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use crate::attempt::{Attempt, NOW, claims, key, lti};

#[test]
fn a_launch_of_moodle_is_accepted() {
    let attempt = Attempt::with(&claims());
    let examination = attempt.examine().expect("a token");
    assert_eq!(examination.destination(), Some("/week/1?x=2"));
    assert_eq!(examination.claimed_sender(), Some("moodle"));
    assert_eq!(examination.timestamp(), Some(NOW));
    assert_eq!(examination.algorithm(), Algorithm::Rs256);
    assert_eq!(examination.key_id(), key().key_id());
    assert_eq!(examination.notes(), []);
    let return_url = examination.return_url().map(|url| url.with_message("x"));
    assert_eq!(return_url.as_deref(), Some("https://lms.example/mod/lti/return.php?course=7"));
    let launch = attempt.launch();
    assert_eq!(
        launch.sender,
        Sender::Platform {
            name: "moodle".into(),
            client_id: "client-1".into(),
            deployment_id: "1".into()
        }
    );
    assert_eq!(launch.user.id.as_deref(), Some("42"));
    assert_eq!(launch.roles, Role::Instructor.into());
    assert_eq!(launch.context.title.as_deref(), Some("Chemistry"));
    assert_eq!(launch.resource_link.id, "9");
    assert_eq!(
        launch.custom().into_iter().collect::<Vec<_>>(),
        [("Title", "Week 1"), ("unit", "w1")]
    );
    assert_eq!(launch.sent("context_type"), Some("CourseSection"));
    assert!(!format!("{launch:?}").contains("Ada"));
}

// LTI13 §18, case 1.
#[test]
fn the_same_launch_by_1_1_and_1_3_differs_only_in_its_sender() {
    let form = [
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("user_id", "42"),
        ("lis_person_name_given", "Ada"),
        ("lis_person_name_family", "Lovelace"),
        ("lis_person_name_full", "Ada Lovelace"),
        ("lis_person_contact_email_primary", "ada@school.example"),
        ("roles", "urn:lti:instrole:ims/lis/Administrator,Instructor"),
        ("context_id", "7"),
        ("context_label", "chem"),
        ("context_title", "Chemistry"),
        ("resource_link_id", "9"),
        ("resource_link_title", "Lab 1"),
        ("resource_link_description", ""),
        ("launch_presentation_locale", "en"),
        (
            "launch_presentation_return_url",
            "https://lms.example/mod/lti/return.php?course=7&launch_container=4",
        ),
        ("tool_consumer_info_product_family_code", "moodle"),
        ("tool_consumer_info_version", "2023100900"),
        ("tool_consumer_instance_guid", "lms.example"),
        ("tool_consumer_instance_name", "LMS"),
        ("custom_unit", "w1"),
        ("custom_Title", "Week 1"),
    ];
    let signing_key = SigningKey::new(&Secret::new("s3cret"));
    let (method, timestamp, nonce) = (SignatureMethod::HmacSha1, NOW, "n");
    let credentials =
        Credentials { key: "key-1", signing_key: &signing_key, method, timestamp, nonce };
    let body =
        lti::v1p1::sign("https://tools.example/lti/nb", &form, &credentials).expect("a form");
    let request = LaunchRequest {
        scheme: "https",
        authority: "tools.example",
        path: "/lti/nb",
        query: None,
        authorization: None,
        body: body.as_bytes(),
    };
    let consumer = Consumer::new("key-1", [Secret::new("s3cret")], SignatureMethod::ALL);
    let policy = LaunchPolicy {
        consumers: Consumers::new("nb", [consumer]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::default(),
    };
    let Ok(Verdict::New(candidate)) = examine(&request, &policy, NOW, |_| false).verdict() else {
        panic!("the form is a launch");
    };
    let by_form =
        candidate.admit(Spent::Now).ok().and_then(Message::into_launch).expect("a launch");
    let by_token = Attempt::with(&claims()).launch();

    let content = |launch: &Launch| {
        let Launch { user, context, resource_link, platform, .. } = launch;
        let custom: Vec<_> = launch.custom().into_iter().collect();
        format!(
            "{:?}",
            (
                [&user.id, &user.name, &user.given_name, &user.family_name, &user.email],
                [&context.id, &context.label, &context.title],
                (&resource_link.id, &resource_link.title, &resource_link.description),
                (&platform.guid, &platform.name, &platform.url),
                (&platform.product_family_code, &platform.version),
                (launch.roles, &launch.locale, &launch.return_url, custom),
            )
        )
    };
    assert_eq!(content(&by_form), content(&by_token));
    let sent = |launch: &Launch, name: &str| launch.sent(name).map(str::to_owned);
    for (name, _) in form.iter().filter(|(name, _)| *name != "roles") {
        assert_eq!(sent(&by_form, name), sent(&by_token, name), "{name}");
    }
    let uris = |launch: &Launch| lti::role_uris(launch.sent("roles").unwrap_or_default());
    assert_eq!(uris(&by_form), uris(&by_token));
}

// Checklist F1.i 153.
#[test]
fn roles_and_personal_data_are_optional() {
    let roles = |value: Value| Attempt::changed(&lti("roles"), value).launch().roles;
    const VOCABULARY: &str = "http://purl.imsglobal.org/vocab/lis/v2/";
    let member = |name: &str| format!("{VOCABULARY}membership{name}");
    assert_eq!(roles(json!([])), Roles::default());
    assert_eq!(roles(json!([""])), Roles::default());
    assert_eq!(roles(json!(["Learner"])), Role::Learner.into());
    assert_eq!(roles(json!([member("#Learner"), "x:unknown"])), Role::Learner.into());
    assert_eq!(
        roles(json!([member("/Instructor#TeachingAssistant"), member("#Instructor")])),
        Role::TeachingAssistant.into()
    );
    let system = format!("{VOCABULARY}system/person#Administrator");
    assert_eq!(roles(json!([system, member("#Instructor")])), Role::Instructor.into());
    // A comma cannot add a role.
    let attempt = Attempt::changed(&lti("roles"), json!(["x,Instructor", "Learner"]));
    assert_eq!(attempt.launch().roles, Role::Learner.into());
    assert_eq!(attempt.examine().expect("a token").notes().len(), 1);

    for absent in [vec!["name", "given_name", "family_name"], vec!["email"], vec!["name"]] {
        let mut claims = claims();
        for claim in absent {
            claims.as_object_mut().expect("an object").remove(claim);
        }
        claims[lti("context")] = Value::Null;
        let launch = Attempt::with(&claims).launch();
        assert_eq!(launch.context.id, None);
    }
    let mut anonymous = Attempt::changed("sub", Value::Null);
    anonymous.assert_rejected("missing-claim");
    anonymous.platform.anonymous = true;
    assert_eq!(anonymous.launch().user.id, None);
}

#[test]
fn claims_become_parameters_with_their_1_1_names() {
    let mut all = claims();
    all["preferred_username"] = json!("ada");
    all["locale"] = json!("de");
    all["picture"] = json!("https://lms.example/ada.png");
    all[lti("role_scope_mentor")] = json!(["7", "8"]);
    all[lti("launch_presentation")] = json!({"width": 800, "height": "600", "locale": null});
    all[lti("custom")] = json!({
        "text": "a\r\nb\u{0}",
        "number": 1.5,
        "yes": true,
        "none": null,
        "list": [1],
        "object": {},
        "variable": "$Canvas.user.id",
        "Case": "x",
    });
    all[lti("context")] = json!("7");
    all["email"] = json!(["ada@school.example"]);
    all["name"] = json!("x".repeat(8200));
    let token = sign(&all, &key(), &SystemRandom::new()).expect("a token");
    let attempt = Attempt::of(token);
    let launch = attempt.launch();
    let check = |name: &str, expected: Option<&str>| {
        assert_eq!(launch.sent(name), expected, "{name}");
    };
    check("lis_person_sourcedid", Some("ada"));
    check("launch_presentation_locale", Some("de"));
    check("launch_presentation_width", Some("800"));
    check("launch_presentation_height", Some("600"));
    check("role_scope_mentor", Some("7,8"));
    check("user_image", Some("https://lms.example/ada.png"));
    check("custom_text", Some("a\r\nb\u{0}"));
    check("custom_number", Some("1.5"));
    check("custom_yes", Some("true"));
    check("custom_variable", None);
    check("custom_none", None);
    check("custom_Case", Some("x"));
    check("context_id", None);
    check("lis_person_contact_email_primary", None);
    assert_eq!(launch.user.name.as_deref(), Some("Ada Lovelace"), "from its parts");
    let examination = attempt.examine().expect("a token");
    let notes: Vec<String> = examination.notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "name is dropped: it is longer than 8 KiB",
            "email is dropped: it is a list",
            "https://purl.imsglobal.org/spec/lti/claim/context is dropped: it is a string",
            "custom_list is dropped: it is a list",
            "custom_none is dropped: it is null",
            "custom_object is dropped: it is an object",
        ]
    );
    assert_eq!(examination.params(), Some(launch.params().count()));
}
