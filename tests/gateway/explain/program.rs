//! How the program is asked, and what it says where it cannot tell.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Form, write};

const TOOLS: &str = r#"
[tools.page]
key = "page-key"
secret = { env = "PAGE_SECRET" }
template = "page"
roles = ["staff"]

[tools.app]
key = "app-key"
secret = ["s3cret-app", "s3cret-app-2026"]
upstream = "http://127.0.0.1:1"
headers = { X-Token = "the-s3cret-of-a-header" }

[tools.own]
key = "own-key"
secret = "s3cret-own"
upstream = "http://127.0.0.1:1"
host = "own.localhost"
"#;

/// What a run of the program left behind.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Run {
    /// The line of a check.
    #[track_caller]
    fn line(&self, check: &str) -> &str {
        self.out.lines().find(|line| line.starts_with(&format!("{check} "))).expect("the check")
    }
}

fn folder(tools: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "tools.toml", tools);
    write(folder.path(), "templates/page.html.tera", "page");
    folder
}

/// Runs the program on a launch that it reads from standard input, or from a file that is named.
fn explain(
    folder: &TempDir,
    arguments: &[&str],
    launch: &[u8],
    environment: &[(&str, &str)],
) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .arg("explain")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // It may have refused what it was asked before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(launch);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let run =
        Run { code: output.status.code(), out: text(output.stdout), error: text(output.stderr) };
    for secret in ["s3cret", "development-secret", "panicked"] {
        assert!(!run.out.contains(secret) && !run.error.contains(secret), "{secret} in {run:?}");
    }
    run
}

fn signed(url: &'static str, key: &'static str, secret: &'static str) -> String {
    Form { url, key, secret, ..Form::default() }.sign()
}

#[test]
fn what_launch_prints_is_explained_as_accepted() {
    let folder = folder(TOOLS);
    let printed = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args([
            "launch",
            "page",
            "--role",
            "staff",
            "--param",
            "custom_x=it's\n\"a\" $b",
            "--print",
            "curl",
        ])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("the program runs");
    let run = explain(&folder, &["--tool", "page", "-"], &printed.stdout, &[]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{run:?}");
    assert!(
        run.out.starts_with("page, posted to http://localhost:5000/lti/page\n\n"),
        "{}",
        run.out
    );
    assert_eq!(run.line("roles"), "roles       ok  administrator");
    assert!(run.line("nonce").starts_with("nonce       -   not asked for"));
}

#[test]
fn a_form_alone_was_launched_where_the_tools_file_says() {
    let folder = folder(TOOLS);
    let form = signed("http://localhost:7777/lti/app", "app-key", "s3cret-app");
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &[("PORT", "7777")]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &[]);
    assert_eq!(run.code, Some(1));
    let own = signed("http://own.localhost:5000/", "own-key", "s3cret-own");
    let run = explain(&folder, &["--tool", "own", "-"], own.as_bytes(), &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.starts_with("own, posted to http://own.localhost:5000/\n"));
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let form = signed("https://tool.example/lti/app", "app-key", "s3cret-app");
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &fixed);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn a_command_was_launched_where_it_says_below_the_public_url() {
    let folder = folder(TOOLS);
    let form = signed("http://127.0.0.1:5000/lti/app/units/2?a=1", "app-key", "s3cret-app");
    let command = format!("curl 'http://127.0.0.1:5000/lti/app/units/2?a=1' --data-raw '{form}'");
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.out.starts_with("app, posted to http://127.0.0.1:5000/lti/app/units/2\n\n"),
        "{}",
        run.out
    );
    assert_eq!(run.line("form"), "form        ok  11 parameters, 1 of them in the URL");
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &fixed);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.starts_with(
            "app, posted to https://tool.example/lti/app/units/2\n\
             It was sent to http://127.0.0.1:5000/, and the gateway verifies for https://tool.example/: see `public_url`.\n"
        ),
        "{}",
        run.out
    );
    let cause = "\ncause: address: it was signed for http://127.0.0.1:5000/lti/app/units/2\n";
    assert!(run.out.contains(cause), "{}", run.out);
}

#[test]
fn what_fails_behind_the_signature_is_named_without_a_cause() {
    let folder = folder(TOOLS);
    let environment =
        [("PAGE_SECRET", "s3cret-page"), ("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let form = Form {
        url: "https://tool.example/lti/page",
        key: "page-key",
        secret: "s3cret-page",
        ..Form::default()
    };
    let learner = form.clone().with(&[("roles", "Learner")]).sign();
    let run = explain(&folder, &["--tool", "page", "-"], learner.as_bytes(), &environment);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.line("parameters"), "parameters  ok  an LTI 1.1 launch of a resource link");
    assert_eq!(
        run.line("roles"),
        "roles       NO  none of the roles {Learner} may launch this tool"
    );
    assert!(
        run.out.contains("\nIt is refused: role-not-allowed: ") && !run.out.contains("cause:"),
        "{}",
        run.out
    );
    let none = form.clone().without("resource_link_id").sign();
    let run = explain(&folder, &["--tool", "page", "-"], none.as_bytes(), &environment);
    assert_eq!(run.line("parameters"), "parameters  NO  resource_link_id is missing or empty");
    assert_eq!(run.line("roles"), "roles       -   not looked at");
    let unsigned = explain(&folder, &["--tool", "page", "-"], b"user_id=u1", &environment);
    assert_eq!(unsigned.line("form"), "form        ok  1 parameter");
    assert_eq!(unsigned.line("oauth"), "oauth       NO  the launch is not signed");
    assert_eq!(unsigned.code, Some(1));
    for form in ["iss=x&login_hint=y", "id_token=a.b.c&state=s"] {
        let fact = "LTI 1.3 is not configured for this tool";
        let run = explain(&folder, &["--tool", "page", "-"], form.as_bytes(), &environment);
        assert_eq!(run.line("form"), format!("form        NO  {fact}"));
        assert_eq!(run.line("oauth"), "oauth       -   not looked at");
        let conclusion = format!("\nIt is refused: lti-1p3-not-configured: {fact}\n");
        assert!(run.out.contains(&conclusion), "{}", run.out);
        assert_eq!(run.code, Some(1));
    }
}

#[test]
fn it_is_judged_at_its_own_time_or_at_the_one_that_is_given() {
    let folder = folder(TOOLS);
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let form = signed("https://tool.example/lti/app", "app-key", "s3cret-app");
    let at = |time: &str| {
        explain(&folder, &["--tool", "app", "-", "--at", time], form.as_bytes(), &fixed)
    };
    let run = at("2023-11-14T22:18:20.5Z");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.line("time"), "time        ok  within 300 s of 2023-11-14T22:18:20Z");
    let run = at("2023-11-14T22:18:21Z");
    assert_eq!(run.code, Some(1));
    assert!(
        run.line("time").starts_with("time        NO  the platform's clock is 301 s behind ours"),
        "{}",
        run.out
    );
    let run = at("yesterday");
    assert_eq!(run.code, Some(2));
    assert!(run.error.contains("it is written like 2026-01-31T12:00:00Z"), "{}", run.error);
}

#[test]
fn away_from_this_machine_no_stand_in_for_a_secret_is_used() {
    let folder = folder(TOOLS);
    let form = signed("https://tool.example/lti/page", "page-key", "development-secret");
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let run = explain(&folder, &["--tool", "page", "-"], form.as_bytes(), &fixed);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.error.contains("PAGE_SECRET"), "{}", run.error);
    assert!(
        run.error.contains("error: tools.toml has no usable tool named \"page\"\n"),
        "{}",
        run.error
    );
}

#[test]
fn what_was_sent_moves_nothing_on_the_terminal() {
    let folder = folder(TOOLS);
    let form = "oauth_consumer_key=%1b%5b31mred&oauth_nonce=%0a&oauth_signature=x&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1";
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &[]);
    assert_eq!(run.code, Some(1));
    assert!(!run.out.contains('\u{1b}'), "{:?}", run.out);
    let command = format!("curl $'http://localhost:5000/\\x1b[31m' -d '{form}'");
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &[]);
    assert!(!run.out.contains('\u{1b}') && !run.error.contains('\u{1b}'), "{run:?}");
}

#[test]
fn no_secret_is_shown_wherever_it_was_sent() {
    let folder = folder(TOOLS);
    for (name, value) in [
        ("oauth_consumer_key", "my-id%3Aapp-key%3As3cret-app"),
        ("oauth_consumer_key", "s3cret-own"),
        ("custom_secret", "a+s3cret-app+b"),
        ("s3cret-app", "1"),
        ("oauth_signature_method", "s3cret-app"),
        ("oauth_version", "s3cret-app"),
        ("lti_message_type", "s3cret-app"),
        ("oauth_version", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxs3cret-app"),
        ("oauth_consumer_key", "id%253Aapp-key%253As3cret-app"),
        ("custom_header", "the-s3cret-of-a-header"),
        ("custom_longer", "s3cret-app-2026"),
        ("custom_twice", "s3%2563ret-app"),
    ] {
        let form = signed("http://localhost:5000/lti/app", "app-key", "s3cret-app");
        let kept: String = form
            .split('&')
            .filter(|pair| !pair.starts_with(name))
            .map(|pair| format!("{pair}&"))
            .collect();
        // What each run says is searched for secrets.
        let run = explain(
            &folder,
            &["--tool", "app", "-"],
            format!("{kept}{name}={value}").as_bytes(),
            &[],
        );
        assert_eq!(run.code, Some(1), "{run:?}");
    }
}

#[test]
fn a_secret_in_the_keys_place_is_not_shown_however_short_it_is() {
    let folder = folder(&TOOLS.replace("\"s3cret-app\"", "\"q7x\""));
    for key in ["my-id:app-key:q7x", "q7x", " q7x", "id%3Aapp-key%3Aq7x", "id:app-key:Q7X"] {
        let form = Form {
            url: "http://localhost:5000/lti/app",
            key,
            secret: "app-key",
            ..Form::default()
        };
        let run = explain(&folder, &["--tool", "app", "-"], form.sign().as_bytes(), &[]);
        assert_eq!(run.code, Some(1));
        assert!(run.out.contains("\ncause: secret-as-key: "), "{}", run.out);
        assert!(!run.out.to_lowercase().contains("q7x"), "{}", run.out);
    }
}

#[test]
fn what_cannot_be_told_ends_with_2_and_says_why() {
    let folder = folder(TOOLS);
    write(folder.path(), "large", &"a=".repeat(600 * 1024));
    let form = signed("http://localhost:5000/lti/app", "app-key", "s3cret-app");
    write(folder.path(), "form", &form);
    for (arguments, environment, said) in [
        (&["--tool", "app", "absent"][..], &[][..], "error: absent cannot be read: "),
        (
            &["--tool", "app", "large"],
            &[],
            "error: large is larger than 1 MiB\n  = help: give one launch",
        ),
        (
            &["--tool", "app", "-"],
            &[],
            "error: standard input cannot be explained: it is empty\n  = help: give the body of the form",
        ),
        (
            &["--tool", "ap", "form"],
            &[],
            "error: tools.toml has no usable tool named \"ap\"\n  = help: it has app, own, page\n",
        ),
        (
            &["--tool", "app", "form", "--tools", "absent.toml"],
            &[],
            "error: absent.toml cannot be read: ",
        ),
        (&["--tool", "app", "form"], &[("PORT", "x")], "error: PORT is \"x\", not a port"),
        (
            &["--tool", "app", "form", "--secret-env", "OLD"],
            &[],
            "error: the variable OLD is not set, or empty\n  = help: set it to the secret",
        ),
        (
            &["--tool", "app", "form", "--secret-env", "s3cret-app"],
            &[],
            "error: the variable of --secret-env is not set, or empty\n",
        ),
        (&["form"], &[], "error: the following required arguments were not provided"),
    ] {
        let run = explain(&folder, arguments, b"", environment);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.error.starts_with(said), "{run:?}");
    }
}

#[test]
fn where_nothing_is_launched_a_right_signature_does_not_help() {
    let folder = folder(&format!(
        "{TOOLS}\n[tools.wide]\nkey = \"app-key\"\nsecret = \"s3cret-app\"\nupstream = \"http://127.0.0.1:1\"\nprefix = \"tool\"\n"
    ));
    for (tool, below, code) in [
        ("page", "", 0),
        ("page", "/", 0),
        ("page", "/week/1", 1),
        ("app", "/week/1", 0),
        ("app", "/%2e%2E/x", 1),
        ("wide", "", 0),
        ("wide", "/week/1", 1),
    ] {
        let url = format!("http://localhost:5000/lti/{tool}{below}");
        let (key, secret) = if tool == "page" {
            ("page-key", "development-secret")
        } else {
            ("app-key", "s3cret-app")
        };
        let roles = [("roles", "Instructor")];
        let form = Form { url: &url, key, secret, ..Form::default() }.with(&roles).sign();
        let command = format!("curl '{url}' --data-raw '{form}'");
        let run = explain(&folder, &["--tool", tool, "-"], command.as_bytes(), &[]);
        assert_eq!(run.code, Some(code), "{url}: {}", run.out);
        let said = format!(
            "\nIt is refused: no-tool: nothing is launched at /lti/{tool}{below}, but at /lti/{tool}\n"
        );
        assert_eq!(run.out.contains(&said), code == 1, "{url}: {}", run.out);
    }
}

#[test]
fn what_is_refused_for_how_it_is_signed_keeps_that_reason() {
    let folder =
        folder(&TOOLS.replace("[tools.app]", "[tools.app]\nsignature_methods = [\"HMAC-SHA256\"]"));
    let form = signed("http://localhost:5000/lti/app/", "app-key", "s3cret-app");
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &[]);
    assert!(run.out.contains("\nIt is refused: signature-method-not-allowed: "), "{}", run.out);
    assert!(!run.out.contains("\ncause: ") && run.out.contains("signature_methods"), "{}", run.out);
}

/// The commands of the docs, in a shell, with the shipped tools.
#[test]
fn the_commands_of_the_docs_do_what_the_docs_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| fs::read_to_string(root.join(path)).expect("text");
    let folder = folder(&text("tools.toml"));
    for name in ["hello", "staff"] {
        let name = format!("templates/{name}.html.tera");
        write(folder.path(), &name, &text(&name));
    }
    let docs = text("docs/explain.md");
    let blocks = docs.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let program = Path::new(env!("CARGO_BIN_EXE_lti-gateway")).parent().expect("its folder");
    let mut ran = Vec::new();
    for line in blocks.flat_map(str::lines) {
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let cause = said
            .split("\ncause: ")
            .nth(1)
            .and_then(|rest| rest.split(':').next())
            .map(str::to_owned);
        ran.push((output.status.code(), cause));
    }
    let refused = |cause: &str| (Some(1), Some(cause.to_owned()));
    assert_eq!(
        ran,
        [(Some(0), None), (Some(0), None), refused("slash"), refused("secret-replaced")]
    );

    // What is shown of an answer is an answer, but for what is left out.
    let shown = docs
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an answer");
    let answer = text("tests/fixtures/explain/slash/expected.txt");
    for line in shown.lines().filter_map(|line| line.split('…').next()) {
        assert!(answer.lines().any(|known| known.starts_with(line)), "{line}");
    }
    assert!(shown.contains("cause: slash: "));
}
