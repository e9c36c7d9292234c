//! Launches of real platforms, transcribed from their sources and documentation.

use lti::{Role, Roles};
use serde_json::Value;

use crate::attempt::{Attempt, lti};

/// The launch of a fixture, at a platform that expects it.
pub(crate) fn attempt(fixture: &str) -> Attempt {
    let fixture: Value = serde_json::from_str(fixture).expect("JSON");
    assert!(fixture["place"].is_string());
    let claims = &fixture["claims"];
    let text = |claim: &str| claims[claim].as_str().expect("a string");
    let mut attempt = Attempt::with(claims);
    attempt.platform.issuer = text("iss").to_owned();
    attempt.platform.clients[0].id = text("aud").into();
    attempt.platform.clients[0].deployments = Some(vec![text(&lti("deployment_id")).into()]);
    attempt
}

// LTI13 §18, cases 14 and 15.
#[test]
fn launches_of_real_platforms_are_accepted() {
    struct Expected<'a> {
        user: &'a str,
        roles: Roles,
        link: &'a str,
        sourcedid: Option<&'a str>,
        family: Option<&'a str>,
        return_link: Option<&'a str>,
        custom: &'a [(&'a str, &'a str)],
    }
    let check = |fixture: &str, expected: Expected<'_>| {
        let attempt = attempt(fixture);
        let launch = attempt.launch();
        assert_eq!(launch.user.id.as_deref(), Some(expected.user));
        assert_eq!(launch.user.name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(launch.user.email.as_deref(), Some("ada@school.example"));
        assert_eq!(launch.roles, expected.roles);
        assert_eq!(launch.context.title.as_deref(), Some("Chemistry"));
        assert_eq!(launch.resource_link.id, expected.link);
        assert_eq!(launch.resource_link.title.as_deref(), Some("Lab 1"));
        assert_eq!(launch.sent("lis_person_sourcedid"), expected.sourcedid);
        assert_eq!(launch.platform.product_family_code.as_deref(), expected.family);
        let return_url = launch.return_url.as_ref().map(|url| url.as_str());
        let return_link = return_url.and_then(|url| url.split('?').next());
        assert_eq!(return_link, expected.return_link);
        assert_eq!(launch.custom().into_iter().collect::<Vec<_>>(), expected.custom);
        assert_eq!(attempt.examine().expect("a token").notes(), []);
    };
    check(
        include_str!("claims/canvas.json"),
        Expected {
            user: "a445ca99-1a64-4697-9bfa-508a118245ea",
            roles: Role::Instructor.into(),
            link: "b6b5e7d7-1f4a-4a0e-9b3b-6a1d2e8b7c11",
            sourcedid: None,
            family: Some("canvas"),
            return_link: Some(
                "https://canvas.example/courses/1/external_content/success/external_tool_redirect",
            ),
            custom: &[("canvas_user_id", "42"), ("published", "true"), ("unit", "w1")],
        },
    );
    check(
        include_str!("claims/blackboard.json"),
        Expected {
            user: "561ac4762b5142a0b1d3ed1aa40789c1",
            roles: Roles::STAFF,
            link: "_44_1",
            sourcedid: Some("ada"),
            family: Some("BlackboardLearn"),
            return_link: Some("https://learn.example/webapps/blackboard/execute/blti/launchReturn"),
            custom: &[],
        },
    );
    check(
        include_str!("claims/brightspace.json"),
        Expected {
            user: "7c3605d7-5a18-4a21-b066-4992bdb0b6d3_337",
            roles: Role::Learner.into(),
            link: "7c3605d7-5a18-4a21-b066-4992bdb0b6d3_333875",
            sourcedid: None,
            family: None,
            return_link: None,
            custom: &[],
        },
    );
}

#[test]
fn a_long_description_of_canvas_is_dropped() {
    let fixture = include_str!("claims/canvas.json");
    let long = fixture.replace("<em>introduction</em>", &"<em>introduction</em>".repeat(400));
    let attempt = attempt(&long);
    let launch = attempt.launch();
    assert_eq!(launch.resource_link.description, None);
    assert_eq!(launch.resource_link.title.as_deref(), Some("Lab 1"));
    let examination = attempt.examine().expect("a token");
    let notes: Vec<String> = examination.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["resource_link_description is dropped: it is longer than 8 KiB"]);
}
