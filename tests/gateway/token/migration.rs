//! The same person by LTI 1.1 and by LTI 1.3: the migration of users.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use super::*;
use crate::support::{Form, answer_form, claims, lti_claim, token, verify};

/// The tool's consumer of LTI 1.1.
const CONSUMER: &str = "key = \"course-a\"\nsecret = \"s3cret-of-20-characters\"";

/// A stage whose tool has its own name, so that its log lines can be found.
struct Course {
    tool: &'static str,
    stage: Stage,
}

/// What an upstream knows about the user of a launch, and the launch's log line.
#[derive(Debug)]
struct Seen {
    user: String,
    sub: Value,
    deployment: Value,
    prefix: String,
    line: String,
}

impl Course {
    fn new(tool: &'static str, of_platform: &str, of_tool: &str) -> Self {
        let (platform, upstream) = (Platform::start(), Recorder::start());
        let tools = Self::tools(tool, &platform, &upstream, of_platform, of_tool);
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { tool, stage: Stage { platform, upstream, server } }
    }

    fn tools(
        tool: &str,
        platform: &Platform,
        upstream: &Recorder,
        of_platform: &str,
        of_tool: &str,
    ) -> String {
        format!(
            "{GATEWAY}{}\n[tools.{tool}]\nplatforms = \"moodle\"\nupstream = \"{}\"\n{of_tool}\n",
            platform.table(of_platform),
            upstream.url()
        )
    }

    /// Launches by LTI 1.3 with these claims more, and goes on to the upstream.
    #[track_caller]
    fn launch(&self, more: impl Fn(&Value) -> Vec<(String, Value)>) -> Seen {
        let mut browser = self.stage.browser();
        let target = format!("https://tool.example/lti/{}", self.tool);
        let mut login = login();
        login.set("target_link_uri", &target);
        let redirected = Redirected::log_in(&mut browser, &login);
        let mut claims = claims(redirected.nonce());
        claims[lti_claim("target_link_uri")] = target.into();
        for (claim, value) in more(&claims) {
            claims[claim] = value;
        }
        let form = answer_form(&token(&claims), redirected.state());
        let launched = browser.post_form(&format!("/lti/{}", self.tool), &form);
        self.follow(&mut browser, &launched)
    }

    /// Launches by LTI 1.1.
    #[track_caller]
    fn launch_1p1(&self, user: &str) -> Seen {
        let url = format!("https://tool.example/lti/{}", self.tool);
        let (key, secret) = ("course-a", "s3cret-of-20-characters");
        let form = Form { url: &url, key, secret, ..Form::default() };
        let mut browser = self.stage.browser();
        let launched = browser.launch(&form.with(&[("user_id", user)]));
        self.follow(&mut browser, &launched)
    }

    #[track_caller]
    fn follow(&self, browser: &mut Browser<'_>, launched: &Reply) -> Seen {
        opened(launched);
        let entered = browser.get(launched.header("location").expect("an entry URL"));
        browser.get(entered.header("location").expect("a URL"));
        let request = self.stage.upstream.request();
        let jwks = self.stage.server.get("/.well-known/jwks.json").json();
        let assertion = request.header("x-lti-assertion").expect("an assertion");
        let claims = verify(&assertion, &jwks).expect("a valid assertion").claims;
        let tool = format!("tool=\"{}\"", self.tool);
        let lines = log_lines(&tool);
        let line = lines.iter().rfind(|line| line.contains("outcome=\"accepted\""));
        Seen {
            user: request.header("x-forwarded-user").unwrap_or_default(),
            sub: claims["sub"].clone(),
            deployment: claims[&lti_claim("deployment_id")].clone(),
            prefix: request.header("x-forwarded-prefix").expect("a prefix"),
            line: line.expect("a log line").clone(),
        }
    }
}

/// The claim `lti1p1`.
fn claim(key: &str, user: &str, signature: Option<&str>) -> Vec<(String, Value)> {
    let mut claim = json!({"oauth_consumer_key": key, "user_id": user});
    if let Some(signature) = signature {
        claim["oauth_consumer_key_sign"] = signature.into();
    }
    vec![(lti_claim("lti1p1"), claim)]
}

/// The claim `lti1p1`, signed by this secret.
fn signed(claims: &Value, key: &str, user: &str, secret: &str) -> Vec<(String, Value)> {
    let (exp, nonce) = (&claims["exp"], claims["nonce"].as_str().expect("a nonce"));
    let text = format!("{key}&1&https://lms.example&client-1&{exp}&{nonce}");
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    let signature = mac.chain_update(text).finalize().into_bytes();
    let signature = base64::engine::general_purpose::STANDARD.encode(signature);
    claim(key, user, Some(&signature))
}

fn secret_claim(claims: &Value, user: &str) -> Vec<(String, Value)> {
    signed(claims, "course-a", user, "s3cret-of-20-characters")
}

#[track_caller]
fn assert_migrated(seen: &Seen, user: &str, reason: &str) {
    assert_eq!((&*seen.user, &seen.sub), (user, &json!(user)), "{seen:?}");
    assert_eq!(seen.deployment, json!("1"), "the sender is the platform");
    assert!(seen.line.contains("consumer=\"moodle\""), "{}", seen.line);
    assert!(seen.line.contains(" migrated=\"yes\" "), "{}", seen.line);
    assert!(seen.line.contains(&format!("migration=\"{reason}\"")), "{}", seen.line);
    for private in ["old-7", "user-4711", "course-a"] {
        assert!(!seen.line.contains(private), "{}", seen.line);
    }
}

#[track_caller]
fn assert_not_migrated(seen: &Seen, reason: &str) {
    let user = "moodle:user-4711";
    assert_eq!((&*seen.user, &seen.sub), (user, &json!(user)), "{seen:?}");
    assert!(seen.line.contains(" migrated=\"no\" "), "{}", seen.line);
    assert!(seen.line.contains(&format!("migration=\"{reason}\"")), "{}", seen.line);
    for private in ["old-7", "user-4711", "course-a", "course-b"] {
        assert!(!seen.line.contains(private), "{}", seen.line);
    }
}

// Checklist F1.i 176.
#[test]
fn a_signed_claim_keeps_the_user_of_lti_1p1() {
    let course = Course::new("migr-signed", "", CONSUMER);
    let by_1p1 = course.launch_1p1("old-7");
    assert_eq!((&*by_1p1.user, &by_1p1.sub), ("course-a:old-7", &json!("course-a:old-7")));
    let by_1p3 = course.launch(|claims| secret_claim(claims, "old-7"));
    assert_migrated(&by_1p3, &by_1p1.user, "a secret of the tool signed the claim lti1p1");
}

#[test]
fn a_false_claim_gives_no_other_identity_and_the_launch_opens() {
    let course = Course::new("migr-false", "", CONSUMER);
    let wrong = "no secret of the tool signed the claim lti1p1, and `formerly` lacks its key";
    let seen = course.launch(|claims| signed(claims, "course-a", "old-7", "another secret"));
    assert_not_migrated(&seen, wrong);
    let seen = course.launch(|_| claim("course-a", "old-7", Some("AAAA")));
    assert_not_migrated(&seen, wrong);
    let seen = course.launch(|claims| {
        let mut other = claims.clone();
        other["nonce"] = json!("another launch");
        secret_claim(&other, "old-7")
    });
    assert_not_migrated(&seen, wrong);
    let seen = course.launch(|_| claim("course-a", "old-7", None));
    let unsigned = "the claim lti1p1 is not signed, and `formerly` lacks its key";
    assert_not_migrated(&seen, unsigned);
    let unknown = "the key of the claim lti1p1 is neither one of the tool nor in `formerly`";
    let seen =
        course.launch(|claims| signed(claims, "course-b", "old-7", "s3cret-of-20-characters"));
    assert_not_migrated(&seen, unknown);
    let seen = course.launch(|_| vec![(lti_claim("lti1p1"), json!("course-a"))]);
    assert_not_migrated(&seen, "the claim lti1p1 is malformed");
    let seen = course.launch(|_| vec![(lti_claim("lti11_legacy_user_id"), json!("old-7"))]);
    assert_not_migrated(&seen, "the platform has no `formerly`, which names the user's old key");
    let seen = course.launch(|_| Vec::new());
    let none = "the token has neither the claim lti1p1 nor lti11_legacy_user_id";
    assert_not_migrated(&seen, none);
}

// The old id of one user may be the platform's id of another.
#[test]
fn a_migrated_user_shares_no_session_with_the_user_of_the_same_id() {
    let course = Course::new("migr-same", "", CONSUMER);
    let migrated = course.launch(|claims| secret_claim(claims, "user-4711"));
    let other = course.launch(|_| Vec::new());
    assert_eq!((&*migrated.user, &*other.user), ("course-a:user-4711", "moodle:user-4711"));
    assert_ne!(migrated.prefix, other.prefix);
    let again = course.launch(|claims| secret_claim(claims, "user-4711"));
    assert_eq!(migrated.prefix, again.prefix);
}

// LTI13 §18, case 29.
#[test]
fn the_file_may_trust_the_platform_for_former_users() {
    let course = Course::new("migr-formerly", "formerly = \"course-a\"", "");
    let seen = course.launch(|_| claim("course-a", "old-7", Some("signed for another nonce")));
    assert_migrated(&seen, "course-a:old-7", "`formerly` has the key of the claim lti1p1");
    let seen = course.launch(|_| vec![(lti_claim("lti11_legacy_user_id"), json!("old-7"))]);
    let legacy = "the token has lti11_legacy_user_id, and `formerly` has one key";
    assert_migrated(&seen, "course-a:old-7", legacy);

    let moodle = "type = \"moodle\"\nurl = \"https://lms.example\"\nformerly = \"course-a\"";
    let course = Course::new("migr-moodle", moodle, "");
    let seen = course.launch(|_| Vec::new());
    assert_eq!(&*seen.user, "course-a:user-4711");
    let same = "migration=\"the platform kept its ids, and `formerly` has one key\"";
    assert!(seen.line.contains(same), "{}", seen.line);
    assert!(!seen.line.contains("user-4711"), "{}", seen.line);

    let course = Course::new("migr-two", "formerly = [\"course-a\", \"course-b\"]", "");
    let seen = course.launch(|_| vec![(lti_claim("lti11_legacy_user_id"), json!("old-7"))]);
    assert_not_migrated(
        &seen,
        "`formerly` has several keys, and the token does not name the user's",
    );
}

#[test]
fn a_launch_without_former_consumers_logs_no_migration() {
    let course = Course::new("migr-none", "", "");
    let seen = course.launch(|_| Vec::new());
    assert!(!seen.line.contains("migrat"), "{}", seen.line);
}

#[test]
fn a_session_of_a_user_ends_with_the_trust_in_the_platform() {
    let (platform, upstream) = (Platform::start(), Recorder::start());
    let start = |of_platform: &str| {
        let tools = Course::tools("migr-removed", &platform, &upstream, of_platform, "");
        Server::start(&Setup { tools: &tools, ..Setup::default() })
    };
    let before = start("formerly = \"course-a\"");
    let mut browser = Browser::new(&before);
    let target = "https://tool.example/lti/migr-removed";
    let mut login = login();
    login.set("target_link_uri", target);
    let redirected = Redirected::log_in(&mut browser, &login);
    let mut claims = claims(redirected.nonce());
    claims[lti_claim("target_link_uri")] = target.into();
    claims[lti_claim("lti11_legacy_user_id")] = "old-7".into();
    let form = answer_form(&token(&claims), redirected.state());
    let launched = browser.post_form("/lti/migr-removed", &form);
    opened(&launched);
    let entry = launched.header("location").expect("an entry URL");
    let session = format!("{}/", entry.split('?').next().expect("a path"));
    for (of_platform, status) in [("formerly = [\"b\", \"course-a\"]", 200), ("", 401)] {
        let after = start(of_platform);
        let mut same = Browser::new(&after);
        same.cookies = browser.cookies.clone();
        assert_eq!(same.get(&session).status, status, "{of_platform}");
    }
    upstream.request();
    upstream.saw_nothing();
}
