//! The migration of a user from LTI 1.1. Checklist E10, and F1.i 176.

use lti::oauth1::SignatureMethod;
use lti::v1p1::{Consumer, Consumers};
use lti::v1p3::{MigrationProof, NoMigration};
use lti::{ConsumerKey, Secret};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::attempt::{Attempt, NOW, claims, lti};

/// The signature for the claims of a test's launch, by the secret `my-lti11-secret`.
const SIGNATURE: &str = "MI3kbRytLdrdZO4jaXnmDAnNiQXX9bT2obP/1YfsAXo=";

fn consumers(secrets: &[&str]) -> Consumers {
    let secrets = secrets.iter().map(|secret| Secret::new(*secret));
    let consumer = Consumer::new("course-a", secrets, SignatureMethod::ALL);
    let other = Consumer::new("course-b", [Secret::new("other")], SignatureMethod::ALL);
    Consumers::new("nb", [consumer, other])
}

/// What a launch says about its user: the user's id, and whether it is an old one.
struct Found {
    user: Option<String>,
    migration: Option<Result<MigrationProof, NoMigration>>,
}

/// A launch whose claims have these additions.
struct Case<'a> {
    consumers: Consumers,
    formerly: &'a [&'a str],
    keeps_ids: bool,
}

impl Case<'_> {
    #[track_caller]
    fn launch(&self, additions: &[(&str, Value)]) -> Found {
        let mut claims = claims();
        for (claim, value) in additions {
            claims[claim] = value.clone();
        }
        let mut attempt = Attempt::with(&claims);
        attempt.consumers = self.consumers.clone();
        attempt.platform.anonymous = true;
        attempt.platform.formerly =
            self.formerly.iter().map(|key| ConsumerKey::from(*key)).collect();
        attempt.platform.keeps_ids = self.keeps_ids;
        let migration = attempt.examine().unwrap_or_else(|why| panic!("{why}")).migration();
        let launch = attempt.launch();
        assert_eq!(launch.sent("user_id"), launch.user.id.as_deref());
        Found { user: launch.user.id.clone(), migration }
    }

    #[track_caller]
    fn check(
        &self,
        additions: &[(&str, Value)],
        user: &str,
        migration: Result<MigrationProof, NoMigration>,
    ) {
        let found = self.launch(additions);
        assert_eq!(
            (found.user.as_deref(), found.migration),
            (Some(user), Some(migration)),
            "{additions:?}"
        );
    }
}

fn claim(user: Value, key: &str, signature: Value) -> (String, Value) {
    let mut claim = json!({ "oauth_consumer_key": key });
    for (name, value) in [("user_id", user), ("oauth_consumer_key_sign", signature)] {
        if !value.is_null() {
            claim[name] = value;
        }
    }
    (lti("lti1p1"), claim)
}

#[test]
fn a_signed_claim_gives_the_user_their_old_id() {
    let case = Case { consumers: consumers(&["my-lti11-secret"]), formerly: &[], keeps_ids: false };
    let check = |(name, claim): (String, Value), user, migration| {
        case.check(&[(&name, claim)], user, migration);
    };
    let (signed, signature) = (Ok(MigrationProof::Signature), || json!(SIGNATURE));
    check(claim(json!("u-7"), "course-a", signature()), "u-7", signed);
    // The id did not change.
    check(claim(Value::Null, "course-a", signature()), "42", signed);

    let wrong = Err(NoMigration::WrongSignature);
    check(claim(json!("u-7"), "course-b", signature()), "42", wrong);
    check(claim(json!("u-7"), "course-a", json!(SIGNATURE.trim_end_matches('='))), "42", wrong);
    check(claim(json!("u-7"), "course-a", json!(format!("{SIGNATURE} "))), "42", wrong);
    check(claim(json!("u-7"), "course-a", json!("AAAA")), "42", wrong);
    for none in [Value::Null, json!("")] {
        check(claim(json!("u-7"), "course-a", none), "42", Err(NoMigration::NoSignature));
    }
    let unknown = Err(NoMigration::UnknownKey);
    check(claim(json!("u-7"), "course-c", signature()), "42", unknown);
    check(claim(json!("u-7"), "", signature()), "42", unknown);
    let malformed = Err(NoMigration::MalformedClaim);
    let long = "x".repeat(256);
    for user in [json!(7), json!(["u-7"]), json!(""), json!("$User.id.x"), json!(long)] {
        check(claim(user, "course-a", signature()), "42", malformed);
    }
    check(claim(json!("u-7"), "course-a", json!(7)), "42", malformed);
    for other in [json!("x"), json!([]), json!({}), json!({"oauth_consumer_key": 1})] {
        check((lti("lti1p1"), other), "42", malformed);
    }
}

#[test]
fn a_signature_covers_exactly_one_launch() {
    let case = Case { consumers: consumers(&["my-lti11-secret"]), formerly: &[], keeps_ids: false };
    let (name, claim) = claim(json!("u-7"), "course-a", json!(SIGNATURE));
    let wrong = Err(NoMigration::WrongSignature);
    for (other, value) in [("exp", json!(NOW + 61)), (&lti("deployment_id"), json!("2"))] {
        case.check(&[(&name, claim.clone()), (other, value)], "42", wrong);
    }
    // A secret of OAuth is encoded, with `&` behind it.
    for secret in ["my-lti11-secret&", "my-lti11-secre", "", "my-lti11-secret "] {
        let case = Case { consumers: consumers(&[secret]), formerly: &[], keeps_ids: false };
        case.check(&[(&name, claim.clone())], "42", wrong);
    }
    let rotated = consumers(&["new", "my-lti11-secret"]);
    let case = Case { consumers: rotated, formerly: &[], keeps_ids: false };
    case.check(&[(&name, claim)], "u-7", Ok(MigrationProof::Signature));
}

#[test]
fn the_file_may_trust_a_platform_for_the_users_of_a_consumer() {
    let none = || Consumers::new("nb", []);
    let one = Case { consumers: none(), formerly: &["course-a"], keeps_ids: false };
    let check = |case: &Case<'_>, (name, claim): (String, Value), user, migration| {
        case.check(&[(&name, claim)], user, migration);
    };
    let formerly = Ok(MigrationProof::Formerly);
    check(&one, claim(json!("u-7"), "course-a", Value::Null), "u-7", formerly);
    check(&one, claim(json!("u-7"), "course-a", json!("AAAA")), "u-7", formerly);
    check(&one, claim(json!("u-7"), "course-b", Value::Null), "42", Err(NoMigration::UnknownKey));

    // Canvas and Blackboard.
    let legacy = lti("lti11_legacy_user_id");
    one.check(&[(&legacy, json!("u-7"))], "u-7", Ok(MigrationProof::LegacyId));
    one.check(&[(&legacy, json!(""))], "42", Err(NoMigration::NoClaim));
    one.check(&[(&legacy, json!(7))], "42", Err(NoMigration::NoClaim));
    one.check(&[], "42", Err(NoMigration::NoClaim));
    let two = Case { formerly: &["course-a", "course-b"], consumers: none(), keeps_ids: false };
    two.check(&[(&legacy, json!("u-7"))], "42", Err(NoMigration::SeveralKeys));
    check(&two, claim(json!("u-7"), "course-b", Value::Null), "u-7", formerly);
    let without = Case { formerly: &[], consumers: none(), keeps_ids: false };
    without.check(&[(&legacy, json!("u-7"))], "42", Err(NoMigration::NoFormerly));

    // Moodle.
    let moodle = Case { formerly: &["course-a"], consumers: none(), keeps_ids: true };
    moodle.check(&[], "42", Ok(MigrationProof::SameIds));
    let moodle = Case { formerly: &[], consumers: consumers(&["s"]), keeps_ids: true };
    moodle.check(&[], "42", Err(NoMigration::NoFormerly));
    let moodle = Case { formerly: &["a", "b"], consumers: none(), keeps_ids: true };
    moodle.check(&[], "42", Err(NoMigration::SeveralKeys));
}

#[test]
fn nothing_is_reported_if_there_is_nothing_to_migrate() {
    for keeps_ids in [false, true] {
        let case = Case { formerly: &[], consumers: Consumers::new("nb", []), keeps_ids };
        let found = case.launch(&[]);
        assert_eq!((found.user.as_deref(), found.migration), (Some("42"), None));
    }
}

#[test]
fn a_launch_without_a_user_stays_anonymous() {
    let case = Case { formerly: &["course-a"], consumers: consumers(&["s"]), keeps_ids: true };
    let (name, claim) = claim(json!("u-7"), "course-a", Value::Null);
    let legacy = lti("lti11_legacy_user_id");
    let found = case.launch(&[("sub", json!("")), (&name, claim), (&legacy, json!("u-7"))]);
    assert_eq!((found.user, found.migration), (None, Some(Err(NoMigration::Anonymous))));
}

proptest! {
    // Without the secret and without `formerly`, no claim gives anyone another id.
    #[test]
    fn a_false_claim_gives_no_other_id(
        user in ".{0,20}",
        key in prop_oneof![Just("course-a".to_owned()), Just("course-b".to_owned()), ".{0,20}"],
        signature in prop_oneof![".{0,60}", "[A-Za-z0-9+/]{43}="],
        legacy in ".{0,20}",
        keeps_ids: bool,
    ) {
        let case = Case { consumers: consumers(&["a secret"]), formerly: &[], keeps_ids };
        let (name, claim) = claim(json!(user), &key, json!(signature));
        let legacy_claim = lti("lti11_legacy_user_id");
        let found = case.launch(&[(&name, claim), (&legacy_claim, json!(legacy))]);
        prop_assert_eq!(found.user.as_deref(), Some("42"));
        prop_assert!(matches!(found.migration, Some(Err(_))));
    }
}
