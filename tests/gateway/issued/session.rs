//! Sealed sessions, tickets and grade tokens of a launch with every field, and their senders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lti::admission::Verdict;
use lti::oauth1::SignatureMethod;
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine};
use lti::{GradePlace, Launch, OutcomeService, Secret, Sender, Spent};
use lti_gateway::config::Identity;
use lti_gateway::session::{
    Field, GradeToken, GradeTokens, Receipts, Session, SessionIds, SessionServices, Sessions,
    TicketKind, cookies,
};

use crate::support::NOW;

/// A launch with every field, and the values that version 0.1.0 issued for it.
const ISSUED: &str = include_str!("../../fixtures/issued/all-fields.txt");
/// The grade slot of that launch.
const SLOT: [u8; 16] = [184, 216, 197, 210, 97, 157, 79, 170, 194, 149, 15, 196, 159, 84, 81, 221];

/// An issued value.
fn issued(name: &str) -> &'static str {
    let lines: HashMap<&str, &str> =
        ISSUED.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(lines.len(), 7);
    lines[name]
}

fn secrets() -> [Secret; 1] {
    [Secret::new("a gateway secret of 32 characters")]
}

fn launch() -> Launch {
    let consumer =
        Consumer::new("course-a", [Secret::new("consumer secret")], SignatureMethod::ALL);
    let policy = LaunchPolicy {
        consumers: Consumers::new("nb", [consumer]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::default(),
    };
    let request = LaunchRequest {
        scheme: "https",
        authority: "tool.example",
        path: "/lti/nb",
        query: None,
        authorization: None,
        body: issued("body").as_bytes(),
    };
    let Ok(Verdict::New(candidate)) = examine(&request, &policy, NOW, |_| false).verdict() else {
        panic!("the launch is valid");
    };
    candidate.admit(Spent::Now).ok().and_then(lti::Message::into_launch).expect("a launch")
}

fn minted() -> Session {
    let everything = Identity { name: true, email: true };
    let id = issued("id").to_owned();
    let lifetime = Duration::from_secs(8 * 3600);
    let services = SessionServices { grade: true, members: true };
    let minted = Session::mint(&launch(), id, everything, services, lifetime, NOW);
    let (session, left_out) = minted.expect("the ids fit");
    assert_eq!(left_out, [""; 0]);
    session
}

/// The same session with another sender.
fn sent_by(sender: Sender) -> Session {
    let mut session = minted();
    session.sender = sender;
    session
}

fn platform() -> Sender {
    Sender::Platform { name: "moodle".into(), client_id: "c-1".into(), deployment_id: "2".into() }
}

/// Every field and every other part of a session.
fn parts(session: &Session) -> (Vec<Option<&str>>, impl PartialEq + std::fmt::Debug) {
    let fields = [
        Field::UserId,
        Field::ContextId,
        Field::ResourceLinkId,
        Field::Name,
        Field::Email,
        Field::GivenName,
        Field::FamilyName,
        Field::PersonSourcedId,
        Field::Roles,
        Field::Locale,
        Field::ResourceLinkTitle,
        Field::ContextTitle,
        Field::ContextLabel,
        Field::ReturnUrl,
        Field::ContextType,
        Field::MentoredUsers,
        Field::CourseSectionSourcedId,
        Field::CourseOfferingSourcedId,
        Field::DocumentTarget,
        Field::PlatformGuid,
        Field::PlatformProduct,
        Field::PlatformName,
        Field::PlatformUrl,
        Field::PlatformVersion,
        Field::Width,
        Field::Height,
        Field::StyleUrl,
        Field::ResourceLinkDescription,
        Field::MiddleName,
        Field::Picture,
        Field::PlatformDescription,
        Field::PlatformEmail,
        Field::GradeUrl,
        Field::GradeResultId,
        Field::GradeSignatureMethod,
    ];
    let others = (
        session.id.clone(),
        session.launch,
        session.minted,
        session.expires,
        session.sender.clone(),
        session.roles,
        session.custom.clone(),
        session.left_out,
    );
    (fields.map(|field| session.get(field)).to_vec(), others)
}

#[test]
fn an_issued_session_or_ticket_has_every_field() {
    let (sessions, id, minted) = (Sessions::new(&secrets()), issued("id"), minted());
    let bound = sessions.open(issued("session"), "nb", id, NOW).expect("a session");
    let unbound = sessions.open(issued("unbound"), "nb", "", NOW).expect("a session");
    let ticket =
        sessions.open_launch_ticket(issued("ticket"), "nb", id, NOW, 300).expect("a ticket");
    assert_eq!((ticket.destination.as_str(), ticket.expires), ("/week?x=1", NOW + 60));
    // The older version stored the nonce of a spent ticket until its expiry.
    assert_eq!((ticket.kind, ticket.acceptable_until), (TicketKind::Older, NOW + 60));
    assert!(sessions.page_ticket(&ticket, "nb", id, NOW + 600).is_none());
    assert!(sessions.open_page_ticket(issued("ticket"), "nb", id, NOW, 300).is_none());
    assert!(sessions.open_launch_ticket(issued("ticket"), "nb", id, NOW + 61, 300).is_none());
    for session in [bound, unbound, ticket.session] {
        assert_eq!(parts(&session), parts(&minted));
        assert_eq!(session.sender, Sender::Consumer("course-a".into()));
        assert!(parts(&session).0.iter().all(Option::is_some), "every field has a value");
        assert_eq!(session.get(Field::ContextTitle), Some("A course"));
        assert_eq!(session.get(Field::PlatformEmail), Some("admin@lms.example"));
        assert_eq!(session.get(Field::GradeSignatureMethod), Some("HMAC-SHA256"));
    }
}

#[test]
fn ids_slots_receipts_and_grade_tokens_of_consumers_do_not_change() {
    let (launch, minted) = (launch(), minted());
    assert_eq!(SessionIds::new(&secrets()).id("nb", &launch).as_deref(), Some(issued("id")));
    let receipts = Receipts::new(&secrets());
    assert!(receipts.prove([issued("receipt").as_bytes()], &launch.fingerprint, NOW));
    let (name, value) = cookies([issued("receipt").as_bytes()]).next().expect("a cookie");
    let written = receipts
        .set_cookie(issued("id"), "/lti/nb", 8 * 3600, &launch.fingerprint, NOW)
        .expect("a key");
    assert!(written.starts_with(&format!("{name}={value};")), "{written}");
    let place = GradePlace::Outcome(OutcomeService {
        url: "https://lms.example/outcome".to_owned(),
        sourcedid: "result-1".to_owned(),
        method: SignatureMethod::HmacSha256,
    });
    let opened = GradeTokens::new(&secrets()).open(issued("grade_token"), NOW).expect("a token");
    let new = GradeToken::new(&minted, "nb", 7 * 86_400, NOW).expect("a grade place");
    for token in [opened, new] {
        assert_eq!((token.tool.as_str(), token.slot), ("nb", SLOT));
        assert_eq!(token.sender, Sender::Consumer("course-a".into()));
        assert_eq!(token.place, place);
    }
}

#[test]
fn a_sealed_sender_opens_unchanged_and_no_consumer_key_becomes_a_platform() {
    let (sessions, tokens) = (Sessions::new(&secrets()), GradeTokens::new(&secrets()));
    let key_like_a_platform = Sender::Consumer(platform().encode().as_str().into());
    for sender in [platform(), key_like_a_platform, Sender::Consumer("".into())] {
        let session = sent_by(sender.clone());
        let sealed = sessions.seal(&session, "nb", "").expect("randomness");
        let opened = sessions.open(&sealed, "nb", "", NOW).expect("a session");
        assert_eq!(parts(&opened), parts(&session));
        let ticket = sessions.launch_ticket(&session, "/", "nb", "", NOW).expect("randomness");
        let ticket = sessions.open_launch_ticket(&ticket, "nb", "", NOW, 0).expect("a ticket");
        assert_eq!(ticket.session.sender, sender);
        let token = GradeToken::new(&session, "nb", 7 * 86_400, NOW).expect("a grade place");
        let text = tokens.seal(&token).expect("randomness");
        assert_eq!(tokens.open(&text, NOW).expect("a token").sender, sender);
    }
}

#[test]
fn every_part_of_a_sender_changes_the_slot() {
    let other = |name: &str, client_id: &str, deployment_id: &str| Sender::Platform {
        name: name.into(),
        client_id: client_id.into(),
        deployment_id: deployment_id.into(),
    };
    let senders = [
        platform(),
        other("canvas", "c-1", "2"),
        other("moodle", "c-2", "2"),
        other("moodle", "c-1", "3"),
        other("moodle", "c-12", ""),
        Sender::Consumer("moodle".into()),
        Sender::Consumer(platform().encode().as_str().into()),
    ];
    let slot = |sender: &Sender| {
        let session = sent_by(sender.clone());
        GradeToken::new(&session, "nb", 7 * 86_400, NOW).expect("a grade place").slot
    };
    let slots: std::collections::HashSet<[u8; 16]> = senders.iter().map(slot).collect();
    assert_eq!(slots.len(), senders.len());
}
