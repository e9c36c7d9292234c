//! Each check with its code.

use lti::admission::{Check, Verdict};
use lti::jose::{Keyset, sign};
use lti::{MemoryReplay, Message, Rejection, Role, Roles, Spent};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use crate::attempt::{Attempt, NONCE, NOW, claims, key, keyset, lti};
use crate::signature::token_of;

// Checklist F1.i 154 to 157, 161, 164 and 165.
#[test]
fn a_missing_or_wrong_claim_has_its_code() {
    let check = |claim: &str, value: Value, code: &str| {
        let rejection = Attempt::changed(claim, value.clone()).verdict().err();
        let found = rejection.map(|rejection| rejection.code());
        assert_eq!(found, Some(code), "{claim}: {value}");
    };
    for wrong in
        [Value::Null, json!("https://lms.example/"), json!("HTTPS://lms.example"), json!(1)]
    {
        check("iss", wrong, "wrong-issuer");
    }
    for wrong in [Value::Null, json!(""), json!(NONCE.to_uppercase()), json!(1)] {
        check("nonce", wrong, "wrong-nonce");
    }
    for wrong in [Value::Null, json!("11.3"), json!("1.3"), json!("LTI-1p0"), json!(1.3)] {
        check(&lti("version"), wrong, "lti-version");
    }
    for wrong in [Value::Null, json!("LtiDeepLinkingResponse"), json!("x")] {
        check(&lti("message_type"), wrong, "message-type");
    }
    for wrong in [Value::Null, json!("3"), json!(""), json!(1), json!("1".repeat(256))] {
        check(&lti("deployment_id"), wrong, "unknown-deployment");
    }
    for wrong in [
        Value::Null,
        json!("https://tools.example/lti/other"),
        json!("http://tools.example/lti/nb"),
        json!("https://tools.example/lti/nb/%2e%2e/other"),
        json!(1),
    ] {
        check(&lti("target_link_uri"), wrong, "target-elsewhere");
    }
    check("exp", Value::Null, "missing-claim");
    check("iat", Value::Null, "missing-claim");
    check("exp", json!((NOW + 60).to_string()), "malformed-claim");
    check("nbf", json!(true), "malformed-claim");
    check("sub", Value::Null, "missing-claim");
    check("sub", json!(""), "missing-claim");
    check("sub", json!("$User.id"), "missing-claim");
    check("sub", json!(42), "malformed-claim");
    check("sub", json!("é".repeat(256)), "malformed-claim");
    check(&lti("roles"), Value::Null, "missing-claim");
    check(&lti("roles"), json!("Learner"), "malformed-claim");
    check(&lti("roles"), json!(["Learner", 1]), "malformed-claim");
    check(&lti("roles"), json!(["Learner", null]), "malformed-claim");
    check(&lti("resource_link"), Value::Null, "no-resource-link");
    check(&lti("resource_link"), json!({"title": "x"}), "no-resource-link");
    check(&lti("resource_link"), json!({"id": " "}), "no-resource-link");
    check(&lti("resource_link"), json!({"id": null}), "no-resource-link");
    check(&lti("resource_link"), json!({"id": 9}), "malformed-claim");
    check(&lti("resource_link"), json!("9"), "malformed-claim");
    Attempt::with(&json!({"name": "badltilaunch"})).assert_rejected("wrong-issuer");
}

#[test]
fn a_rejection_shows_what_is_wrong_and_no_personal_data() {
    let fact = |claim: &str, value: Value| {
        Attempt::changed(claim, value).verdict().err().expect("rejected").to_string()
    };
    assert_eq!(
        fact("iss", json!("http://lms.example")),
        "the issuer is \"http://lms.example\", not \"https://lms.example\""
    );
    assert_eq!(
        fact(&lti("deployment_id"), json!("3")),
        "the deployment \"3\" is not in deployments"
    );
    assert_eq!(
        fact(&lti("roles"), json!([1])),
        "the claim https://purl.imsglobal.org/spec/lti/claim/roles is a list with a number"
    );
    assert_eq!(fact("sub", json!("x".repeat(300))), "the claim sub is longer than 255 characters");
    assert_eq!(
        fact(&lti("target_link_uri"), json!("https://x.example/?user=ada")),
        "target_link_uri \"https://x.example/\" is not at the tool's launch URL"
    );
    assert_eq!(
        fact("aud", json!(["client-1", "other"])),
        "the audience is \"client-1, other\" (azp: \"\"), not the client of the login"
    );
    let mut unknown = Attempt::with(&claims());
    unknown.keyset = Keyset::default();
    let rejection = unknown.verdict().err().expect("rejected").to_string();
    let expected = format!(
        "the key \"{}\" is not in https://lms.example/jwks (0 keys, fetched 5 s ago)",
        key().key_id()
    );
    assert_eq!(rejection, expected);
}

// Checklist F1.i 159 and 160, LTI13 §18, case 14.
#[test]
fn the_audience_is_the_client_of_the_login() {
    let check = |audience: Value, authorized: Value, accepted: bool| {
        let mut claims = claims();
        claims["aud"] = audience;
        claims["azp"] = authorized;
        let code = Attempt::with(&claims).verdict().err().map(|rejection| rejection.code());
        let expected = (!accepted).then_some("wrong-audience");
        assert_eq!(code, expected, "{} {}", claims["aud"], claims["azp"]);
    };
    check(json!("client-1"), Value::Null, true);
    // Blackboard's azp differs. Schoology sends a list of one.
    check(json!("client-1"), json!("another"), true);
    check(json!(["client-1"]), Value::Null, true);
    check(json!(["client-1"]), json!("another"), true);
    check(json!(["client-1", "other"]), json!("client-1"), true);
    check(json!(["other", "client-1"]), json!("client-1"), true);
    check(json!(["client-1", "other"]), Value::Null, false);
    check(json!(["client-1", "other"]), json!("other"), false);
    check(json!(["other"]), json!("client-1"), false);
    check(json!("client-1 "), json!("client-1"), false);
    check(json!("client-1, other"), json!("client-1"), false);
    check(json!([]), json!("client-1"), false);
    check(json!([1]), Value::Null, false);
    check(json!({"client-1": 1}), json!("client-1"), false);
    check(Value::Null, json!("client-1"), false);
}

// Checklist F1.i 157, LTI13 §18, case 15.
#[test]
fn timestamps_are_accepted_within_the_clock_skew() {
    let check = |changes: &[(&str, Value)], code: Option<&str>| {
        let mut claims = claims();
        for (claim, value) in changes {
            claims[*claim] = value.clone();
        }
        let found = Attempt::with(&claims).verdict().err().map(|rejection| rejection.code());
        assert_eq!(found, code, "{changes:?}");
    };
    check(&[("exp", json!(NOW - 300))], None);
    check(&[("exp", json!(NOW as f64 - 299.5))], None);
    check(&[("exp", json!(NOW - 301))], Some("token-expired"));
    check(&[("exp", json!(NOW as f64 - 300.5))], Some("token-expired"));
    check(&[("exp", json!(-1))], Some("token-expired"));
    check(&[("exp", json!(1e300))], None);
    check(&[("iat", json!(NOW + 300))], None);
    check(&[("iat", json!(NOW + 301))], Some("token-too-early"));
    check(&[("iat", json!(1e300))], Some("token-too-early"));
    check(&[("nbf", json!(NOW + 120))], None);
    check(&[("nbf", json!(NOW + 301))], Some("token-too-early"));
    // Canvas reuses tokens for minutes: there is no maximum age.
    check(&[("iat", json!(0)), ("exp", json!(NOW + 1))], None);
    check(&[("iat", json!(11_111)), ("exp", json!(22_222))], Some("token-expired"));
    let mut far = Attempt::with(&claims());
    (far.now, far.expires) = (u64::MAX, u64::MAX);
    far.assert_rejected("token-expired");
    far.now = 0;
    far.assert_rejected("token-too-early");
}

#[test]
fn the_checks_run_in_their_order() {
    let mut claims = json!({});
    let mut attempt = Attempt::with(&claims);
    (attempt.expires, attempt.same_browser, attempt.nonce) = (NOW - 1, false, "other");
    attempt.roles = Some(Role::Learner.into());
    attempt.keyset = Keyset::default();
    let good = attempt.token.clone();
    attempt.token = "x".to_owned();
    let mut last = Check::Form;
    let mut check = |attempt: &Attempt, code: &str| {
        let rejection = attempt.verdict().err().expect("rejected");
        assert_eq!(rejection.code(), code);
        assert!(rejection.check() >= last && Check::V1P3.contains(&rejection.check()), "{code}");
        last = rejection.check();
    };
    check(&attempt, "state-expired");
    attempt.expires = NOW;
    check(&attempt, "other-browser");
    attempt.same_browser = true;
    check(&attempt, "not-a-token");
    attempt.token = token_of(&json!({}), |_| vec![0]);
    check(&attempt, "algorithm");
    attempt.token = token_of(&json!({"alg": "RS256"}), |_| vec![0]);
    check(&attempt, "no-key-id");
    attempt.token = token_of(&json!({"alg": "RS256", "kid": key().key_id()}), |_| vec![0]);
    check(&attempt, "unknown-key-id");
    attempt.keyset = keyset();
    check(&attempt, "bad-token-signature");
    attempt.token = good;
    check(&attempt, "wrong-issuer");
    let mut add = |attempt: &mut Attempt, claim: &str, value: Value| {
        claims[claim] = value;
        attempt.token = sign(&claims, &key(), &SystemRandom::new()).expect("a token");
    };
    let sources = self::claims();
    add(&mut attempt, "iss", sources["iss"].clone());
    check(&attempt, "wrong-audience");
    add(&mut attempt, "aud", sources["aud"].clone());
    check(&attempt, "missing-claim");
    add(&mut attempt, "iat", json!(NOW + 1000));
    add(&mut attempt, "exp", json!(NOW - 1000));
    check(&attempt, "token-expired");
    add(&mut attempt, "exp", sources["exp"].clone());
    check(&attempt, "token-too-early");
    add(&mut attempt, "iat", sources["iat"].clone());
    check(&attempt, "wrong-nonce");
    add(&mut attempt, "nonce", json!("other"));
    check(&attempt, "lti-version");
    for (claim, code) in [
        ("version", "message-type"),
        ("message_type", "unknown-deployment"),
        ("deployment_id", "target-elsewhere"),
        ("target_link_uri", "missing-claim"),
    ] {
        add(&mut attempt, &lti(claim), sources[lti(claim)].clone());
        check(&attempt, code);
    }
    add(&mut attempt, "sub", json!("42"));
    check(&attempt, "missing-claim");
    add(&mut attempt, &lti("roles"), sources[lti("roles")].clone());
    check(&attempt, "no-resource-link");
    add(&mut attempt, &lti("resource_link"), sources[lti("resource_link")].clone());
    check(&attempt, "role-not-allowed");
    attempt.roles = Some(Roles::STAFF);
    let replay = MemoryReplay::new(2);
    let admit = || match attempt.verdict().expect("a verdict") {
        Verdict::New(candidate) => {
            let spent = replay.spend(candidate.nonce(), NOW);
            candidate.admit(spent).map(|_| ())
        }
        Verdict::Reload(_) => panic!("no proof of an earlier admission exists"),
    };
    assert_eq!(admit(), Ok(()));
    assert_eq!(admit(), Err(Rejection::Replayed));
}

#[test]
fn a_nonce_is_stored_as_long_as_the_state_is_valid() {
    let attempt = Attempt::with(&claims());
    let Ok(Verdict::New(candidate)) = attempt.verdict() else { panic!("a new launch") };
    assert_eq!(candidate.nonce().acceptable_until(), NOW + 600);
    assert_eq!(candidate.admit(Spent::Expired).err(), Some(Rejection::StateExpired));
    // Another login of the same tool has another nonce in the store.
    let mut later = Attempt::changed("nonce", json!("other"));
    later.nonce = "other";
    let (Ok(Verdict::New(first)), Ok(Verdict::New(second))) = (attempt.verdict(), later.verdict())
    else {
        panic!("new launches");
    };
    assert_ne!(first.nonce(), second.nonce());
}

// LTI13 §18, case 17.
#[test]
fn a_reload_needs_no_valid_state_browser_nonce_and_timestamps() {
    let mut attempt = Attempt::with(&claims());
    let Ok(Verdict::New(candidate)) = attempt.verdict() else { panic!("a new launch") };
    let first = candidate.admit(Spent::Now).expect("a message");
    let first = first.into_launch().expect("a launch");
    (attempt.now, attempt.same_browser, attempt.nonce) = (NOW + 86_400, false, "other");
    attempt.assert_rejected("state-expired");
    attempt.admitted_before = true;
    let Ok(Verdict::Reload(Message::Launch(launch))) = attempt.verdict() else {
        panic!("a reload")
    };
    assert_eq!(launch.fingerprint, first.fingerprint);
    // Everything else counts.
    attempt.platform.clients[0].deployments = Some(vec!["2".into()]);
    attempt.assert_rejected("unknown-deployment");
    attempt.platform.issuer.push('/');
    attempt.assert_rejected("wrong-issuer");
    attempt.keyset = Keyset::default();
    attempt.assert_rejected("unknown-key-id");
    attempt.token = "a.b.c".to_owned();
    attempt.assert_rejected("not-a-token");
}

#[test]
fn the_fingerprint_depends_on_client_and_signature() {
    let fingerprint = |attempt: &Attempt| attempt.launch().fingerprint;
    let first = Attempt::with(&claims());
    assert_eq!(fingerprint(&first), fingerprint(&Attempt::with(&claims())));
    assert_ne!(fingerprint(&first), fingerprint(&Attempt::changed("sub", json!("43"))));
    let mut renamed = Attempt::with(&claims());
    renamed.platform.name = "other".into();
    assert_ne!(fingerprint(&first), fingerprint(&renamed));
}
