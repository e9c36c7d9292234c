//! LTI 1.3 launches through the public interface: each check with its code, the launch of the
//! claims, and all kinds of changes to a token.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use lti::admission::{Check, Examination, Verdict};
use lti::jose::{Algorithm, Algorithms, Keyset, KeysetError, MalformedToken, RsaKey};
use lti::jose::{keyset_document, sign};
use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine};
use lti::v1p3::{
    AnsweredLogin, Client, FetchedKeys, LaunchUrl, TokenFindings, TokenPolicy, TrustedPlatform,
    examine_token, read_token,
};
use lti::{Launch, MemoryReplay, Rejection, Role, Roles, Secret, Sender, Spent};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
    RsaKeyPair,
};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000;
const PEM: &str = include_str!("keys/rsa_2048.pem");
const NONCE: &str = "0a1b2c3d";

/// The name of an LTI claim.
fn lti(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

fn key() -> RsaKey {
    RsaKey::from_pem(&Secret::new(PEM)).expect("a key")
}

fn keyset() -> Keyset {
    Keyset::read(keyset_document([&key()]).as_bytes()).expect("a keyset")
}

fn platform() -> TrustedPlatform {
    TrustedPlatform {
        name: "moodle".into(),
        issuer: "https://lms.example".to_owned(),
        auth_url: "https://lms.example/auth".to_owned(),
        algorithms: Algorithms::default(),
        anonymous: false,
        clients: vec![Client {
            id: "client-1".into(),
            jwks_url: "https://lms.example/jwks".to_owned(),
            deployments: Some(vec!["1".into(), "2".into()]),
        }],
    }
}

/// The claims of a Moodle launch (Moodle 4.3, `mod/lti/locallib.php`).
fn claims() -> Value {
    json!({
        "nonce": NONCE,
        "iat": NOW,
        "exp": NOW + 60,
        "iss": "https://lms.example",
        "aud": "client-1",
        lti("deployment_id"): "1",
        lti("target_link_uri"): "https://tools.example/lti/nb/week/1?x=2",
        "sub": "42",
        lti("lis"): {"person_sourcedid": "", "course_section_sourcedid": ""},
        lti("roles"): [
            "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
            "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
        ],
        lti("context"): {
            "id": "7",
            "label": "chem",
            "title": "Chemistry",
            "type": ["CourseSection"],
        },
        lti("message_type"): "LtiResourceLinkRequest",
        lti("resource_link"): {"title": "Lab 1", "description": "", "id": "9"},
        "given_name": "Ada",
        "family_name": "Lovelace",
        "name": "Ada Lovelace",
        "email": "ada@school.example",
        lti("ext"): {"user_username": "ada", "lms": "moodle-2"},
        lti("launch_presentation"): {
            "locale": "en",
            "document_target": "iframe",
            "return_url": "https://lms.example/mod/lti/return.php?course=7&launch_container=4",
        },
        lti("tool_platform"): {
            "product_family_code": "moodle",
            "version": "2023100900",
            "guid": "lms.example",
            "name": "LMS",
            "description": "The LMS",
        },
        lti("version"): "1.3.0",
        lti("custom"): {"unit": "w1", "Title": "Week 1"},
    })
}

/// A launch with everything that the checks depend on.
struct Attempt {
    token: String,
    platform: TrustedPlatform,
    keyset: Keyset,
    roles: Option<Roles>,
    now: u64,
    nonce: &'static str,
    expires: u64,
    same_browser: bool,
    admitted_before: bool,
}

impl Attempt {
    /// The launch of a token.
    fn of(token: String) -> Self {
        Self {
            token,
            platform: platform(),
            keyset: keyset(),
            roles: None,
            now: NOW,
            nonce: NONCE,
            expires: NOW + 600,
            same_browser: true,
            admitted_before: false,
        }
    }

    /// The launch of a token with these claims.
    fn with(claims: &Value) -> Self {
        Self::of(sign(claims, &key(), &SystemRandom::new()).expect("a token"))
    }

    /// The launch of a token with one claim changed, or removed by `null`.
    fn changed(claim: &str, value: Value) -> Self {
        let mut claims = claims();
        let members = claims.as_object_mut().expect("an object");
        if value.is_null() {
            members.remove(claim);
        } else {
            members.insert(claim.to_owned(), value);
        }
        Self::with(&claims)
    }

    fn examine(&self) -> Result<Examination<TokenFindings>, Rejection> {
        let launch_url = LaunchUrl::new("https", "tools.example", "/lti/nb");
        let policy = TokenPolicy {
            tool: "nb",
            launch_url: &launch_url,
            platform: &self.platform,
            client: &self.platform.clients[0],
            roles: self.roles,
            clock_skew: 300,
        };
        let (nonce, expires, same_browser) = (self.nonce, self.expires, self.same_browser);
        let login = AnsweredLogin { nonce, expires, same_browser };
        let admitted_before = |_: &[u8; 16]| self.admitted_before;
        let token = read_token(&self.token, &login, &policy, self.now, admitted_before)?;
        let keys = FetchedKeys { keyset: &self.keyset, age: 5 };
        Ok(examine_token(&token, keys, &login, &policy, self.now))
    }

    fn verdict(&self) -> Result<Verdict, Rejection> {
        self.examine()?.verdict()
    }

    fn launch(&self) -> Launch {
        let replay = MemoryReplay::new(1);
        match self.verdict().unwrap_or_else(|rejection| panic!("{rejection}")) {
            Verdict::New(candidate) => {
                let spent = replay.spend(candidate.nonce(), self.now);
                candidate.admit(spent).expect("a new nonce")
            }
            Verdict::Reload(launch) => launch,
        }
    }

    #[track_caller]
    fn assert_rejected(&self, code: &str) {
        let rejection = self.verdict().err().map(|rejection| rejection.code());
        assert_eq!(rejection, Some(code));
    }
}

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
    let by_form = candidate.admit(Spent::Now).expect("a launch");
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
    for wrong in [Value::Null, json!("LtiDeepLinkingRequest"), json!("x")] {
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

// Checklist F1.i 158.
#[test]
fn no_shared_secret_and_no_missing_signature_is_an_algorithm() {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let kid = key().key_id().to_owned();
    let payload = encode(&claims().to_string());
    let unsigned = |algorithm: Value| {
        let header = encode(&json!({"alg": algorithm, "kid": kid}).to_string());
        format!("{header}.{payload}")
    };
    for algorithm in [json!("none"), json!("None"), json!("NONE"), json!(""), json!(null), json!(1)]
    {
        let unsigned = unsigned(algorithm.clone());
        Attempt::of(format!("{unsigned}.")).assert_rejected("algorithm");
        Attempt::of(format!("{unsigned}.AAAA")).assert_rejected("algorithm");
    }
    // Signed with the public key as a shared secret.
    let signed = unsigned(json!("HS256"));
    let public = include_str!("keys/rsa_2048_public.pem");
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
    let tag = BASE64_URL_SAFE_NO_PAD.encode(ring::hmac::sign(&secret, signed.as_bytes()));
    let confused = Attempt::of(format!("{signed}.{tag}"));
    confused.assert_rejected("algorithm");
    let rejection = confused.verdict().err().expect("rejected");
    assert_eq!(rejection.to_string(), "the algorithm is \"HS256\"; accepted: RS256");
    Attempt::of(format!("{}.AAAA", unsigned(json!("RS512")))).assert_rejected("algorithm");
    Attempt::of(format!("{}.", unsigned(json!("RS256")))).assert_rejected("bad-token-signature");
}

/// A token of these claims, with this header, signed by the closure.
fn token_of(header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let [header, payload] =
        [header, &claims()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{payload}");
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn rsa_signature(padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let lines: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(lines).expect("base64"));
    let pair = pair.expect("a key");
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

#[test]
fn every_listed_algorithm_verifies() {
    let mut attempt = Attempt::of(String::new());
    attempt.platform.algorithms = Algorithms::new(Algorithm::ALL);
    let mut document: Value = serde_json::from_str(&keyset_document([&key()])).expect("JSON");
    document["keys"][0].as_object_mut().expect("a key").remove("alg");
    let paddings: [(&str, &'static dyn RsaEncoding); 2] =
        [("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)];
    for (name, padding) in paddings {
        let header = json!({"alg": name, "kid": key().key_id()});
        attempt.token = token_of(&header, |message| rsa_signature(padding, message));
        attempt.keyset = Keyset::read(document.to_string().as_bytes()).expect("a keyset");
        assert!(attempt.verdict().is_ok(), "{name}");
        // A key with an algorithm is valid only for it.
        attempt.keyset = keyset();
        attempt.assert_rejected("bad-token-signature");
    }
    let curves: [(&str, &str, &'static EcdsaSigningAlgorithm); 2] = [
        ("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
    ];
    for (name, curve, algorithm) in curves {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key");
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
        let keys = json!({"keys": [{"kty": "EC", "crv": curve, "x": x, "y": y, "kid": "k"}]});
        attempt.keyset = Keyset::read(keys.to_string().as_bytes()).expect("a keyset");
        attempt.token = token_of(&json!({"alg": name, "kid": "k"}), |message| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        assert!(attempt.verdict().is_ok(), "{name}");
        let other = if name == "ES256" { "ES384" } else { "ES256" };
        let header = json!({"alg": other, "kid": "k"});
        attempt.token = token_of(&header, |message| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        attempt.assert_rejected("bad-token-signature");
    }
}

// Checklist F1.i 154 and 166.
#[test]
fn only_a_key_of_the_keyset_with_the_right_use_verifies() {
    let document: Value = serde_json::from_str(&keyset_document([&key()])).expect("JSON");
    let good = document["keys"][0].clone();
    let changed = |changes: &[(&str, Value)]| {
        let mut key = good.clone();
        for (member, value) in changes {
            key[*member] = value.clone();
        }
        key
    };
    let mut attempt = Attempt::with(&claims());
    let mut check = |keys: &[Value], code: Option<&str>| {
        let document = json!({"keys": keys, "other": 1});
        attempt.keyset = Keyset::read(document.to_string().as_bytes()).expect("a keyset");
        let found = attempt.verdict().err().map(|rejection| rejection.code());
        assert_eq!(found, code, "{document}");
    };
    let (unknown, bad) = (Some("unknown-key-id"), Some("bad-token-signature"));
    let other = changed(&[("n", json!(BASE64_URL_SAFE_NO_PAD.encode([0xff; 256])))]);
    check(std::slice::from_ref(&good), None);
    check(&[changed(&[("alg", Value::Null), ("use", Value::Null)])], None);
    // A leading zero byte, as some platforms write a positive number.
    let n = good["n"].as_str().expect("a string");
    let mut bytes = vec![0];
    bytes.extend(BASE64_URL_SAFE_NO_PAD.decode(n).expect("base64url"));
    check(&[changed(&[("n", json!(BASE64_URL_SAFE_NO_PAD.encode(&bytes)))])], None);
    // Several keys with one kid are tried.
    check(
        &[other.clone(), json!({"kid": good["kid"], "kty": "oct", "k": "AA"}), good.clone()],
        None,
    );
    check(&[json!(1), json!({}), good.clone()], None);
    check(&[], unknown);
    check(&[changed(&[("kid", json!("other"))])], unknown);
    check(&[changed(&[("kid", Value::Null)])], unknown);
    check(&[other], bad);
    check(&[changed(&[("use", json!("enc"))])], bad);
    check(&[changed(&[("use", json!(1))])], bad);
    check(&[changed(&[("alg", json!("RS512"))])], bad);
    check(&[changed(&[("alg", json!(1))])], bad);
    check(&[changed(&[("kty", json!("EC"))])], bad);
    check(&[changed(&[("n", json!(format!("{n}=")))])], bad);
    check(&[changed(&[("n", json!(""))])], bad);
    check(&[changed(&[("e", json!(""))])], bad);
    check(&[changed(&[("e", json!("AQ"))])], bad);
    let short = json!(BASE64_URL_SAFE_NO_PAD.encode([0xff; 128]));
    check(&[changed(&[("n", short)])], bad);
}

#[test]
fn a_keyset_has_limits() {
    let check = |document: &str, expected: Result<usize, KeysetError>| {
        let found = Keyset::read(document.as_bytes()).map(|keyset| keyset.size());
        assert_eq!(found, expected, "{}", &document[..document.len().min(80)]);
    };
    let keys = |count: usize| json!({"keys": vec![json!({}); count]}).to_string();
    check(&keys(0), Ok(0));
    check(&keys(200), Ok(200));
    check(&keys(201), Err(KeysetError::TooManyKeys));
    for document in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kid\":1,\"kid\":1}]}",
    ] {
        check(document, Err(KeysetError::NotKeyset));
    }
    let padded = |length: usize| format!("{{\"keys\":[]{}}}", " ".repeat(length - 11));
    check(&padded(Keyset::LONGEST), Ok(0));
    check(&padded(Keyset::LONGEST + 1), Err(KeysetError::TooLong));
}

#[test]
fn the_kid_is_a_short_string() {
    let header = |key_id: Value| json!({"alg": "RS256", "kid": key_id});
    for (key_id, code) in [
        (Value::Null, "no-key-id"),
        (json!(1), "no-key-id"),
        (json!("é".repeat(256)), "no-key-id"),
        (json!("é".repeat(255)), "unknown-key-id"),
        (json!(""), "unknown-key-id"),
        (json!("../../etc/passwd"), "unknown-key-id"),
    ] {
        let token = token_of(&header(key_id), |_| vec![0; 256]);
        Attempt::of(token).assert_rejected(code);
    }
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
    let first = candidate.admit(Spent::Now).expect("a launch");
    (attempt.now, attempt.same_browser, attempt.nonce) = (NOW + 86_400, false, "other");
    attempt.assert_rejected("state-expired");
    attempt.admitted_before = true;
    let Ok(Verdict::Reload(launch)) = attempt.verdict() else { panic!("a reload") };
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

#[test]
fn a_number_keeps_its_text() {
    let claims = claims().to_string().replace("\"w1\"", "1.50e2");
    let header = json!({"alg": "RS256", "kid": key().key_id()});
    let [header, payload] =
        [header.to_string(), claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{payload}");
    let signature = rsa_signature(&ring::signature::RSA_PKCS1_SHA256, signed.as_bytes());
    let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(Attempt::of(token).launch().custom().get("unit"), Some(&"1.50e2"));
}

#[test]
fn a_signed_token_is_strict_json() {
    let check = |payload: &str, expected: MalformedToken| {
        let header = json!({"alg": "RS256", "kid": key().key_id()});
        let [header, payload] =
            [header.to_string().as_str(), payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{header}.{payload}");
        let signature = rsa_signature(&ring::signature::RSA_PKCS1_SHA256, signed.as_bytes());
        let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(Attempt::of(token).verdict().err(), Some(Rejection::NotToken(expected)));
    };
    let text = claims().to_string();
    let body = text.strip_suffix('}').expect("an object");
    let json = MalformedToken::Json("payload");
    check(&format!("{body},\"sub\":\"43\"}}"), json);
    check(&format!("{body},\"s\\u0075b\":\"43\"}}"), json);
    check(&format!("{body},\"x\":{{\"a\":1,\"a\":1}}}}"), json);
    check(&format!("[{text}]"), json);
    check(&format!("{text}{text}"), json);
    check("\"x\"", json);
}

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
                prop_assert!(!required || self::claims()[&name] == value, "{name} = {value}");
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
