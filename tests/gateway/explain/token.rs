//! `explain` for launches by LTI 1.3: forms with a token, and bare tokens.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Browser, NOW, Platform, Redirected, Server, Setup, answer_form, changed, claims, login,
    lti_claim, token, token_header, token_with, write,
};

/// What a report never contains.
const PRIVATE: [&str; 6] = ["own, of 32", "user-4711", "Ada", "uni.example", "Chemistry", "eyJ"];

/// A platform, a running gateway, and a folder with its tools file.
struct Stage {
    platform: Platform,
    server: Server,
    folder: TempDir,
}

/// The result of a run of the program.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
}

impl Stage {
    fn start() -> Self {
        let platform = Platform::start();
        let tools = format!(
            "[gateway]\npublic_url = \"https://tool.example\"\n\
             secret = \"the gateway's own, of 32 characters\"\n\
             outcome_hosts = [\"127.0.0.1\"]\n{}\n\
             [tools.nb]\nplatforms = \"moodle\"\nupstream = \"http://127.0.0.1:1\"\n\
             [tools.staff]\nplatforms = \"moodle\"\nroles = [\"staff\"]\n\
             upstream = \"http://127.0.0.1:1\"\n",
            platform.table("")
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        let folder = tempfile::tempdir().expect("a temporary directory");
        write(folder.path(), "tools.toml", &tools);
        write(folder.path(), "keys.json", &Platform::keys().to_string());
        Self { platform, server, folder }
    }

    fn redirected(&self) -> Redirected {
        Redirected::log_in(&mut Browser::new(&self.server), &login())
    }

    fn explain(&self, arguments: &[&str], launch: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
            .args(["explain", "-"])
            .args(if arguments.contains(&"--tool") { &[][..] } else { &["--tool", "nb"] })
            .args(if arguments.contains(&"--at") {
                &[][..]
            } else {
                &["--at", "2023-11-14T22:13:20Z"]
            })
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let _ = child.stdin.take().expect("a pipe").write_all(launch.as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let out = text(output.stdout) + &text(output.stderr);
        for private in PRIVATE {
            assert!(!out.contains(private), "{private} in {out}");
        }
        Run { code: output.status.code(), out }
    }
}

impl Run {
    /// The line of a check.
    #[track_caller]
    fn line(&self, check: &str) -> &str {
        let mut lines = self.out.lines();
        lines.find(|line| line.starts_with(&format!("{check} "))).expect("the check")
    }

    #[track_caller]
    fn is_rejected(&self, code: &str, check: &str) {
        assert_eq!(self.code, Some(1), "{}", self.out);
        assert!(self.out.contains(&format!("\nRejected: {code}: ")), "not {code}: {}", self.out);
        assert!(self.line(check).starts_with(&format!("{check:<12}NO ")), "{}", self.out);
    }

    #[track_caller]
    fn is_accepted(&self) {
        assert_eq!(self.code, Some(0), "{}", self.out);
        assert!(self.out.contains("\nAccepted, if"), "{}", self.out);
    }

    #[track_caller]
    fn is_undecided(&self) {
        assert_eq!(self.code, Some(2), "{}", self.out);
        assert!(self.out.contains("\nNot decided: the signature was not checked."), "{}", self.out);
        for check in ["key", "signature"] {
            assert!(
                self.line(check).starts_with(&format!("{check:<12}-   not checked")),
                "{self:?}"
            );
        }
        assert!(!self.out.contains("Accepted") && !self.out.contains("Rejected"), "{}", self.out);
    }
}

const KEYS: [&str; 2] = ["--keys", "keys.json"];

#[test]
fn a_bare_token_is_never_accepted_without_keys() {
    let stage = Stage::start();
    let good = token(&claims("any"));
    // Whatever its signature is, and also if a terminal wrapped it.
    let spoiled = format!("{}.AAAA", good.rsplit_once('.').expect("parts").0);
    let (first, second) = good.split_at(100);
    for token in [&good, &spoiled, &format!("{first}\r\n  {second}\n")] {
        let run = stage.explain(&[], token);
        run.is_undecided();
        assert!(run.line("platform").ends_with("moodle, client client-1"), "{run:?}");
        assert!(run.line("roles").ends_with("ok  learner"), "{run:?}");
        assert!(run.line("state").contains("a token without its form has none"), "{run:?}");
        assert!(run.line("login").contains("only the state has the nonce"), "{run:?}");
    }
    stage.platform.recorder.saw_nothing();
}

#[test]
fn with_the_keys_the_signature_decides() {
    let stage = Stage::start();
    let good = token(&claims("any"));
    stage.explain(&KEYS, &good).is_accepted();
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let admin = json!(["http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator"]);
    let forged = token(&changed("any", &lti_claim("roles"), admin));
    parts[1] = forged.split('.').nth(1).expect("a payload").to_owned();
    stage.explain(&KEYS, &parts.join(".")).is_rejected("bad-token-signature", "signature");
    stage.explain(&[], &parts.join(".")).is_undecided();
    let mut header = token_header();
    header["kid"] = json!("another");
    let other = token_with(&header, &claims("any"));
    stage.explain(&KEYS, &other).is_rejected("unknown-key-id", "key");
    header["alg"] = json!("HS256");
    stage.explain(&[], &token_with(&header, &claims("any"))).is_rejected("algorithm", "algorithm");
    stage.platform.recorder.saw_nothing();
}

#[test]
fn the_keys_are_fetched_on_request() {
    let stage = Stage::start();
    let good = token(&claims("any"));
    let run = stage.explain(&["--ask"], &good);
    run.is_accepted();
    assert!(run.line("key").ends_with(&Platform::key_id()), "{run:?}");
    stage.platform.serve("503 Service Unavailable", "", "");
    stage.explain(&["--ask"], &good).is_rejected("platform-keys-unreachable", "key");
    let both = stage.explain(&["--ask", "--keys", "keys.json"], &good);
    assert_eq!(both.code, Some(2), "{both:?}");
    for file in ["missing.json", "tools.toml"] {
        let run = stage.explain(&["--keys", file], &good);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.out.contains(&stage.platform.jwks_url()), "{run:?}");
    }
}

#[test]
fn each_claim_is_checked_with_and_without_keys() {
    let stage = Stage::start();
    for (claim, value, code, check) in [
        ("aud", json!("client-2"), "unknown-platform", "platform"),
        ("iss", json!("https://lms.example/"), "unknown-platform", "platform"),
        ("exp", json!(NOW - 400), "token-expired", "time"),
        ("iat", json!(NOW + 400), "token-too-early", "time"),
        (&lti_claim("version"), json!("1.1"), "lti-version", "parameters"),
        (
            &lti_claim("target_link_uri"),
            json!("https://x.example/"),
            "target-elsewhere",
            "parameters",
        ),
        ("sub", Value::Null, "missing-claim", "parameters"),
    ] {
        let token = token(&changed("any", claim, value));
        for arguments in [&KEYS[..], &[]] {
            stage.explain(arguments, &token).is_rejected(code, check);
        }
    }
    let run = stage.explain(&["--tool", "staff"], &token(&claims("any")));
    run.is_rejected("target-elsewhere", "parameters");
}

#[test]
fn a_form_is_checked_with_its_state() {
    let stage = Stage::start();
    let redirected = stage.redirected();
    let form = redirected.form();
    let run = stage.explain(&KEYS, &form);
    run.is_accepted();
    assert!(
        run.line("state").contains("of this tool, valid until 2023-11-14T22:23:20Z"),
        "{run:?}"
    );
    assert!(run.line("login").ends_with("the nonce is that of the state"), "{run:?}");
    assert!(run.line("browser").contains("only the running gateway"), "{run:?}");
    stage.explain(&[], &form).is_undecided();

    let other = answer_form(&token(&claims("of another login")), redirected.state());
    stage.explain(&KEYS, &other).is_rejected("wrong-nonce", "login");
    stage
        .explain(&["--tool", "staff", "--keys", "keys.json"], &form)
        .is_rejected("bad-state", "state");
    let foreign = answer_form(&token(&claims("any")), "not-ours");
    stage.explain(&KEYS, &foreign).is_rejected("bad-state", "state");
    let without = format!("id_token={}", token(&claims("any")));
    stage.explain(&KEYS, &without).is_rejected("no-state", "state");
    let late = ["--at", "2023-11-14T22:30:00Z", "--keys", "keys.json"];
    stage.explain(&late, &form).is_rejected("state-expired", "state");
    let error = format!("error=login_required&state={}", redirected.state());
    assert_eq!(stage.explain(&[], &error).code, Some(1));
    let curl = format!("curl 'https://tool.example/lti/nb' --data-raw '{form}'");
    stage.explain(&KEYS, &curl).is_accepted();
}

#[test]
fn a_report_says_whether_the_user_keeps_their_id() {
    let mut stage = Stage::start();
    let report = |stage: &Stage, claim: &str, value: Value| {
        let redirected = stage.redirected();
        let token = token(&changed(redirected.nonce(), &lti_claim(claim), value));
        let form = answer_form(&token, redirected.state());
        stage.explain(&["--keys", "keys.json"], &form)
    };
    let legacy = || json!("old-id-of-the-user");
    let none = report(&stage, "lti11_legacy_user_id", legacy());
    assert_eq!(none.code, Some(0), "{}", none.out);
    let new = "note: the user has a new id: the platform has no `formerly`, which names the user's";
    assert!(none.out.contains(new), "{}", none.out);
    let usual = report(&stage, "locale", Value::Null);
    assert!(!usual.out.contains("note: the user"), "{}", usual.out);

    let tools = std::fs::read_to_string(stage.folder.path().join("tools.toml")).expect("a file");
    let table = stage.platform.table("");
    let tools = tools.replace(&table, &stage.platform.table("formerly = \"course-a\""));
    stage.server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    write(stage.folder.path(), "tools.toml", &tools);
    let kept = report(&stage, "lti11_legacy_user_id", legacy());
    let same = "note: the user keeps their id: the token has lti11_legacy_user_id";
    assert!(kept.out.contains(same), "{}", kept.out);
    assert!(!kept.out.contains("old-id-of"), "{}", kept.out);
}
