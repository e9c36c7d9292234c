//! The diagnosis of a wrong signature: it finds each known mistake, and reports no cause without
//! one.

use std::sync::Arc;

use lti::admission::Examination;
use lti::oauth1::{Credentials, Params, SignatureMethod, SigningKey, Source, encode::encode};
use lti::v1p1::{
    Cause, Consumer, ConsumerCredentials, Consumers, DiagnosisContext, KnownUrl, LaunchPolicy,
    LaunchRequest, SignatureDiagnosis, SignatureFindings, diagnose, examine, sign,
};
use lti::{KnownSecrets, Rejection, Secret};
use proptest::prelude::*;
use proptest::sample::Index;

const NOW: u64 = 1_700_000_000;
const URL: &str = "https://tools.example/lti/a";

fn policy() -> LaunchPolicy {
    let secrets = [Secret::new("s3cret")];
    LaunchPolicy {
        consumers: Consumers::new(
            "a",
            [Consumer::new("key-1", secrets.clone(), SignatureMethod::ALL)],
        ),
        roles: None,
        clock_skew: 300,
        secrets: Arc::new(KnownSecrets::new(&secrets)),
    }
}

/// A context as in `explain`: another consumer, another tool and its launch URL.
fn context() -> DiagnosisContext {
    let credentials = |tool: &str, key: &str, secret: &str| ConsumerCredentials {
        tool: tool.to_owned(),
        key: key.to_owned(),
        secrets: vec![Secret::new(secret)],
    };
    DiagnosisContext {
        tool: "a".to_owned(),
        urls: vec![KnownUrl {
            tool: Some("b".to_owned()),
            scheme: "https".to_owned(),
            authority: "tools.example".to_owned(),
            path: "/lti/b".to_owned(),
        }],
        credentials: vec![
            credentials("a", "key-1", "s3cret"),
            credentials("a", "key-2", "s3cret-2"),
            credentials("b", "key-1", "s3cret-b"),
        ],
        replaced: Vec::new(),
    }
}

type Pairs = Vec<(String, String)>;

/// A launch with a valid signature.
fn signed(secret: &str) -> Pairs {
    let params = [
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "rl-1"),
        ("user_id", "u1"),
        ("roles", "Learner,Instructor"),
        ("context_title", "Sums & more: it's (all) a*b ~ c"),
        ("lis_person_name_full", "Zoë Ümläut"),
        ("custom_text", "one\r\ntwo"),
    ];
    let credentials = Credentials {
        key: "key-1",
        signing_key: &SigningKey::new(&Secret::new(secret)),
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "nonce-0001",
    };
    let body = sign(URL, &params, &credentials).expect("a well-formed URL");
    let params = Params::default().read_form(Source::Body, body.as_bytes()).expect("a form");
    params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect()
}

fn body(pairs: &Pairs) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn request(body: &str) -> LaunchRequest<'_> {
    LaunchRequest {
        scheme: "https",
        authority: "tools.example",
        path: "/lti/a",
        query: None,
        authorization: None,
        body: body.as_bytes(),
    }
}

fn examined(body: &str) -> Examination<SignatureFindings> {
    examine(&request(body), &policy(), NOW, |_| false)
}

fn found(pairs: &Pairs) -> Option<SignatureDiagnosis> {
    diagnose(&request(&body(pairs)).read(), &policy(), &context())
}

fn cause(pairs: &Pairs) -> Option<&'static str> {
    found(pairs).map(|found| found.cause.code())
}

#[test]
fn an_accepted_launch_has_no_cause() {
    let pairs = signed("s3cret");
    assert_eq!(found(&pairs), None);
    let examination = examined(&body(&pairs));
    assert_eq!(
        (examination.cause(), examination.params(), examination.timestamp()),
        (None, Some(15), Some(NOW))
    );
}

#[test]
fn the_quick_search_runs_during_the_launch() {
    let mut pairs = signed("s3cret");
    pairs.push(("submit".to_owned(), "Go".to_owned()));
    let cause = Cause::UnsignedParameter("submit".to_owned());
    assert_eq!(found(&pairs).map(|found| found.cause), Some(cause.clone()));
    let examination = examined(&body(&pairs));
    assert_eq!(examination.cause(), Some(&cause));
    assert_eq!(examination.verdict().err(), Some(Rejection::BadSignature));
}

#[test]
fn other_secrets_and_large_forms_are_left_to_the_full_search() {
    let of_other = signed("s3cret-b");
    assert_eq!(cause(&of_other), Some("secret-of-tool"));
    assert_eq!(examined(&body(&of_other)).cause(), None);
    let mut large = signed("s3cret");
    large.push(("custom_long".to_owned(), "x".repeat(16 * 1024)));
    assert_eq!(cause(&large), Some("unsigned-parameter"));
    assert_eq!(examined(&body(&large)).cause(), None);
    let mut many = signed("s3cret");
    many.extend((0..100).map(|number| (format!("ext_{number}"), String::new())));
    assert_eq!(cause(&many), Some("unsigned-parameter"));
    assert_eq!(examined(&body(&many)).cause(), None);
}

#[test]
fn the_quick_search_reports_nothing_for_an_unknown_key() {
    let mut pairs = signed("s3cret");
    pairs.push(("submit".to_owned(), "Go".to_owned()));
    for (name, value) in &mut pairs {
        if name == "oauth_consumer_key" {
            "key-3".clone_into(value);
        }
    }
    let examination = examined(&body(&pairs));
    assert_eq!(examination.cause(), None);
    assert_eq!(
        examination.verdict().err(),
        Some(Rejection::UnknownConsumer(Some("key-3".to_owned())))
    );
    assert_eq!(found(&pairs), None);
}

/// A change of a launch after signing.
#[derive(Clone, Debug)]
enum Tampering {
    Value(Index, String),
    Name(Index, String),
    Removed(Index),
    Added(Index, String, String),
    Swapped(Index, Index),
    Signature(Index, u8),
    Secret(String),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        (any::<Index>(), "\\PC{0,12}").prop_map(|(place, value)| Tampering::Value(place, value)),
        (any::<Index>(), "[a-z_]{1,12}").prop_map(|(place, name)| Tampering::Name(place, name)),
        any::<Index>().prop_map(Tampering::Removed),
        (any::<Index>(), "[a-z_]{1,12}", "\\PC{0,12}")
            .prop_map(|(place, name, value)| Tampering::Added(place, name, value)),
        any::<(Index, Index)>().prop_map(|(one, other)| Tampering::Swapped(one, other)),
        (any::<Index>(), 1..=255u8).prop_map(|(place, bits)| Tampering::Signature(place, bits)),
        "\\PC{0,12}".prop_map(Tampering::Secret),
    ]
}

/// The changed launch, and the causes that a diagnosis may report for it.
fn tampered(tampering: Tampering) -> (Pairs, Vec<&'static str>) {
    let mut pairs = signed("s3cret");
    let last = pairs.len() - 1;
    match tampering {
        Tampering::Value(place, value) => {
            let place = place.index(last);
            pairs[place].1 = value;
        }
        Tampering::Name(place, name) => pairs[place.index(last)].0 = name,
        Tampering::Removed(place) => {
            let (name, value) = pairs.remove(place.index(last));
            if (name.as_str(), value.as_str()) == ("oauth_version", "1.0")
                || name == "oauth_callback"
            {
                return (pairs, vec!["parameter-not-sent"]);
            }
        }
        Tampering::Added(place, name, value) => {
            pairs.insert(place.index(last), (name, value));
            return (pairs, vec!["unsigned-parameter", "one-of-each"]);
        }
        Tampering::Swapped(one, other) => {
            let (one, other) = (one.index(last), other.index(last));
            let value = pairs[one].1.clone();
            pairs[one].1 = std::mem::replace(&mut pairs[other].1, value);
        }
        Tampering::Signature(place, bits) => {
            let text = &mut pairs[last].1;
            let at = place.index(text.len());
            let changed = text
                .bytes()
                .enumerate()
                .map(|(place, byte)| if place == at { byte ^ bits } else { byte });
            *text = changed.map(char::from).collect();
            // In transit, a plus may become a space.
            return (pairs, vec!["signature-text"]);
        }
        Tampering::Secret(secret) => pairs = signed(&secret),
    }
    (pairs, Vec::new())
}

proptest! {
    /// A random signature never matches, and random bytes do not break the search.
    #[test]
    fn a_random_signature_has_no_cause(
        query in prop::option::of("[a-z=&%+]{0,20}"),
        authorization in prop::option::of("[a-z=,\"%]{0,20}"),
        before in any::<Vec<u8>>(),
        signature in "\\PC{0,40}",
        method in prop::sample::select(vec!["HMAC-SHA1", "HMAC-SHA256"]),
    ) {
        let oauth = format!(
            "&oauth_consumer_key=key-1&oauth_nonce=n&oauth_signature={}\
             &oauth_signature_method={method}&oauth_timestamp=1",
            encode(&signature)
        );
        let body = [before.as_slice(), oauth.as_bytes()].concat();
        let (query, authorization) = (query.as_deref(), authorization.as_deref());
        let request = LaunchRequest { query, authorization, body: &body, ..request("") };
        prop_assert_eq!(diagnose(&request.read(), &policy(), &context()), None);
        prop_assert!(examine(&request, &policy(), NOW, |_| true).cause().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn tampering_is_never_reported_as_another_mistake(tampering in tampering()) {
        let (pairs, allowed) = tampered(tampering);
        let found = cause(&pairs);
        let is_allowed = found.is_none_or(|cause| allowed.contains(&cause));
        prop_assert!(is_allowed, "{found:?} is not in {allowed:?}");
        let quick = examined(&body(&pairs)).cause().map(Cause::code);
        prop_assert!(quick.is_none() || quick == found, "{quick:?} and {found:?} differ");
    }
}
