//! Random and mutated tokens, claims and keysets.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lti::jose::{Keyset, keyset_document};
use proptest::prelude::*;
use serde_json::Value;

use crate::attempt::{Attempt, claims, key, lti};

/// The names of all claims.
fn claim_names() -> Vec<String> {
    claims().as_object().expect("an object").keys().cloned().collect()
}

/// A value in place of a claim.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect::<Value>()),
        ]
    })
}

/// A change of a token at a place: an inserted, removed or replaced part.
#[derive(Clone, Debug)]
struct Mutation {
    place: prop::sample::Index,
    removed: usize,
    inserted: String,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (any::<prop::sample::Index>(), 0_usize..4, "[A-Za-z0-9_.=+/ -]{0,3}|.{0,2}")
        .prop_map(|(place, removed, inserted)| Mutation { place, removed, inserted })
}

fn mutated(token: &str, mutations: &[Mutation]) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    for Mutation { place, removed, inserted } in mutations {
        let start = place.index(letters.len() + 1);
        let end = (start + removed).min(letters.len());
        letters.splice(start..end, inserted.chars());
    }
    letters.into_iter().collect()
}

/// A string in the syntax of a token, or any string.
fn random_token() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[A-Za-z0-9_-]{0,40}",
        any_json().prop_map(|json| BASE64_URL_SAFE_NO_PAD.encode(json.to_string())),
        Just(BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#)),
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.join(".")),
    ]
}

/// Asserts that a token is not accepted. It does not panic.
fn never_accepted(attempt: &mut Attempt, token: String) -> Result<(), TestCaseError> {
    attempt.token = token;
    for admitted_before in [false, true] {
        attempt.admitted_before = admitted_before;
        prop_assert!(attempt.verdict().is_err(), "{}", attempt.token);
    }
    Ok(())
}

fn random_tokens_are_not_accepted(cases: u32) {
    let config = ProptestConfig { cases, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let attempt = std::cell::RefCell::new(Attempt::with(&claims()));
    let good = attempt.borrow().token.clone();
    let mutations = prop::collection::vec(mutation(), 1..4);
    let strategy = prop_oneof![
        random_token().boxed(),
        mutations.prop_map(move |mutations| mutated(&good, &mutations)).boxed(),
    ];
    let good = attempt.borrow().token.clone();
    runner
        .run(&strategy, |token| {
            // Some mutations insert what they remove.
            if token == good { Ok(()) } else { never_accepted(&mut attempt.borrow_mut(), token) }
        })
        .expect("no token is accepted");
}

#[test]
fn random_and_mutated_tokens_are_not_accepted() {
    random_tokens_are_not_accepted(2_000);
}

/// `cargo test -p lti --test token -- --ignored` runs this test.
#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_random_and_mutated_tokens_are_not_accepted() {
    random_tokens_are_not_accepted(100_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_signed_token_with_any_claims_does_not_panic(
        claim in prop::sample::select(claim_names()),
        value in any_json(),
        member in any::<Option<prop::sample::Index>>(),
    ) {
        let mut claims = claims();
        let mut name = claim.clone();
        // Replaces the claim, or one of its members.
        let members = claims[&claim].as_object_mut();
        match (member, members) {
            (Some(member), Some(members)) => {
                let keys: Vec<String> = members.keys().cloned().collect();
                let key = member.get(&keys).clone();
                name = format!("{claim} {key}");
                members.insert(key, value.clone());
            }
            _ => claims[&claim] = value.clone(),
        }
        let attempt = Attempt::with(&claims);
        if let Ok(examination) = attempt.examine() {
            let _ = format!("{examination:?} {:?}", examination.notes());
            if examination.rejection().is_none() {
                let required = ["iss", "aud", "nonce"].contains(&name.as_str())
                    || ["version", "message_type", "deployment_id", "target_link_uri"]
                        .iter()
                        .any(|required| lti(required) == name);
                let unchanged = crate::attempt::claims()[&name] == value;
                prop_assert!(!required || unchanged, "{name} = {value}");
            }
        }
    }

    #[test]
    fn a_changed_keyset_does_not_panic(
        mutations in prop::collection::vec(mutation(), 1..6),
        bytes in any::<Vec<u8>>(),
    ) {
        let document = mutated(&keyset_document([&key()]), &mutations);
        for document in [document.as_bytes(), &bytes] {
            if let Ok(keyset) = Keyset::read(document) {
                let mut attempt = Attempt::of(Attempt::with(&claims()).token);
                attempt.keyset = keyset;
                let _ = attempt.verdict();
            }
        }
    }
}
