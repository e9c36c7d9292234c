//! The arguments of `explain`, its exit codes and its error messages.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// The result of a run of the program.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Run {
    /// The line of a check in the report.
    #[track_caller]
    fn line(&self, check: &str) -> &str {
        self.out.lines().find(|line| line.starts_with(&format!("{check} "))).expect("the check")
    }
}

/// A directory with this tools file and a template.
fn folder(tools: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    write(folder.path(), "tools.toml", tools);
    write(folder.path(), "templates/page.html.tera", "page");
    folder
}

/// Runs `explain` with a launch on standard input.
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
    // The program may exit before it reads standard input.
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
fn a_printed_launch_is_accepted() {
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
    assert!(run.out.starts_with("page, sent to http://localhost:5000/lti/page\n\n"), "{}", run.out);
    assert_eq!(run.line("roles"), "roles       ok  administrator");
    assert!(run.line("nonce").starts_with("nonce       -   not checked: "));
}

#[test]
fn a_form_body_is_checked_for_the_launch_url_of_the_tools_file_or_of_url() {
    let folder = folder(TOOLS);
    let form = signed("http://localhost:7777/lti/app", "app-key", "s3cret-app");
    let url = |tool: &str, url: &str, form: &str, environment: &[(&str, &str)]| {
        explain(&folder, &["--tool", tool, "-", "--url", url], form.as_bytes(), environment)
    };
    // The port of development does not matter.
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &[("PORT", "7777")]);
    assert_eq!(
        (run.code, run.out.as_str(), run.error.as_str()),
        (
            Some(2),
            "",
            "error: the capture does not contain the URL of the launch, and the tools file does \
             not set `public_url`\n  \
             = help: name the URL that the platform launches: --url https://our-tools.example\n"
        )
    );
    for good in ["http://localhost:7777", "http://LOCALHOST:7777/", "http://localhost:7777/lti/app"]
    {
        let run = url("app", good, &form, &[]);
        assert_eq!(run.code, Some(0), "{good}: {run:?}");
    }
    assert_eq!(url("app", "http://localhost:5000", &form, &[]).code, Some(1));
    for bad in ["localhost:7777", "ftp://localhost", "http://me:s3cret-url@localhost"] {
        let run = url("app", bad, &form, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{bad}");
        assert!(run.error.starts_with("error: --url: the URL "), "{run:?}");
    }
    let own = signed("http://own.localhost:5000/", "own-key", "s3cret-own");
    let run = url("own", "http://localhost:5000", &own, &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.starts_with("own, sent to http://own.localhost:5000/\n"), "{run:?}");
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let form = signed("https://tool.example/lti/app", "app-key", "s3cret-app");
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &fixed);
    assert_eq!(run.code, Some(0), "{run:?}");
    // The configured URL decides what the gateway verifies.
    let run = url("app", "https://other.example", &form, &fixed);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.contains("The launch was sent to https://other.example/, but"), "{run:?}");
}

/// A laptop with the shipped file, and a launch that was captured at the deployed gateway.
#[test]
fn without_a_public_url_the_capture_decides_scheme_and_host() {
    let folder = folder(TOOLS);
    let environment = [("PAGE_SECRET", "the-s3cret-of-production")];
    for (signed_for, sent_to, cause) in [
        ("https://tools.example/lti/page", "https://tools.example/lti/page", None),
        ("http://tools.example/lti/page", "https://tools.example/lti/page", Some("scheme")),
        ("http://tools.example/lti/page", "http://tools.example/lti/page", None),
        ("https://tools.example:8443/lti/page", "https://tools.example:8443/lti/page", None),
        ("https://tools.example/lti/page", "https://www.tools.example/lti/page", Some("host")),
    ] {
        let form = Form {
            url: signed_for,
            key: "page-key",
            secret: "the-s3cret-of-production",
            ..Form::default()
        };
        let form = form.with(&[("roles", "Instructor")]).sign();
        let command = format!("curl '{sent_to}' --data-raw '{form}'");
        let run = explain(&folder, &["--tool", "page", "-"], command.as_bytes(), &environment);
        assert!(run.out.starts_with(&format!("page, sent to {sent_to}\n\n")), "{run:?}");
        let found = run.out.split("\ncause: ").nth(1).and_then(|rest| rest.split(':').next());
        assert_eq!(run.code, Some(i32::from(cause.is_some())), "{signed_for}: {run:?}");
        assert_eq!(found, cause, "{signed_for}: {run:?}");
    }
}

#[test]
fn an_invalid_setting_of_the_gateway_is_shown_as_a_configuration_error() {
    let folder = folder(TOOLS);
    let form = signed("https://tool.example/lti/app", "app-key", "s3cret-app");
    let command = format!("curl 'https://tool.example/lti/app' --data-raw '{form}'");
    for (variable, value, message) in [
        ("LTI_GATEWAY_PUBLIC_URL", "tool.example", "the public URL does not begin with https://"),
        ("LTI_GATEWAY_PUBLIC_URL", "https://tool.example/lti", "the public URL has a path"),
        ("LTI_GATEWAY_PUBLIC_URI", "https://tool.example", "`LTI_GATEWAY_PUBLIC_URI` is not"),
        ("LTI_GATEWAY_CLOCK_SKEW", "5 parsecs", "5 parsecs"),
    ] {
        for launch in [&form, &command] {
            let run =
                explain(&folder, &["--tool", "app", "-"], launch.as_bytes(), &[(variable, value)]);
            assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{value}: {run:?}");
            assert!(run.error.contains(message) && run.error.contains(variable), "{run:?}");
            assert!(!run.error.contains("--url"), "{run:?}");
        }
    }
    for (line, message) in [
        ("public_url = \"tool.example\"", "the public URL does not begin with https://"),
        ("public_url = 5", "`public_url` is an integer"),
        ("public_uri = \"https://tool.example\"", "unknown key `public_uri`"),
        ("clock_skew = \"soon\"", "soon"),
    ] {
        write(folder.path(), "tools.toml", &format!("[gateway]\n{line}\n{TOOLS}"));
        let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{line}: {run:?}");
        assert!(run.error.contains(message) && run.error.contains("tools.toml:"), "{run:?}");
    }
}

#[test]
fn a_command_is_checked_for_its_own_path_below_the_public_url() {
    let folder = folder(TOOLS);
    let form = signed("http://127.0.0.1:5000/lti/app/units/2?a=1", "app-key", "s3cret-app");
    let command = format!("curl 'http://127.0.0.1:5000/lti/app/units/2?a=1' --data-raw '{form}'");
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.out.starts_with("app, sent to http://127.0.0.1:5000/lti/app/units/2\n\n"),
        "{}",
        run.out
    );
    assert_eq!(run.line("form"), "form        ok  11 parameters, 1 of them in the URL");
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &fixed);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.starts_with(
            "app, sent to https://tool.example/lti/app/units/2\n\
             The launch was sent to http://127.0.0.1:5000/, but the gateway verifies for \
             https://tool.example/: check `public_url`.\n"
        ),
        "{}",
        run.out
    );
    let cause = "\ncause: address: it was signed for http://127.0.0.1:5000/lti/app/units/2\n";
    assert!(run.out.contains(cause), "{}", run.out);
}

#[test]
fn a_rejection_after_the_signature_has_no_cause() {
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
        run.out.contains("\nRejected: role-not-allowed: ") && !run.out.contains("cause:"),
        "{}",
        run.out
    );
    let none = form.clone().without("resource_link_id").sign();
    let run = explain(&folder, &["--tool", "page", "-"], none.as_bytes(), &environment);
    assert_eq!(run.line("parameters"), "parameters  NO  resource_link_id is missing or empty");
    assert_eq!(run.line("roles"), "roles       -   not checked");
    let unsigned = explain(&folder, &["--tool", "page", "-"], b"user_id=u1", &environment);
    assert_eq!(unsigned.line("form"), "form        ok  1 parameter");
    assert_eq!(unsigned.line("oauth"), "oauth       NO  the launch is not signed");
    assert_eq!(unsigned.code, Some(1));
    for form in ["iss=x&login_hint=y", "id_token=a.b.c&state=s"] {
        let fact = "LTI 1.3 is not configured for this tool";
        let run = explain(&folder, &["--tool", "page", "-"], form.as_bytes(), &environment);
        assert_eq!(run.line("form"), format!("form        NO  {fact}"));
        assert_eq!(run.line("oauth"), "oauth       -   not checked");
        let conclusion = format!("\nRejected: lti-1p3-not-configured: {fact}\n");
        assert!(run.out.contains(&conclusion), "{}", run.out);
        assert_eq!(run.code, Some(1));
    }
    // A platform may send its login as a GET.
    let login = b"curl 'https://tool.example/lti/page?iss=https%3A%2F%2Flms.example&login_hint=1'";
    let run = explain(&folder, &["--tool", "page", "-"], login, &environment);
    assert!(run.out.contains("\nRejected: lti-1p3-not-configured: "), "{run:?}");
    assert_eq!(run.code, Some(1));
    let page = b"curl 'https://tool.example/lti/page?week=2'";
    let run = explain(&folder, &["--tool", "page", "-"], page, &environment);
    assert!(run.error.contains("the command sends no form"), "{run:?}");
    assert_eq!(run.code, Some(2));
}

/// Any text with an equals sign looks like a form. The advice for an unsigned launch would mislead.
#[test]
fn a_text_without_a_parameter_of_a_launch_is_not_explained() {
    let folder = folder(TOOLS);
    for text in ["bHRpX3ZlcnNpb249TFRJLTFwMA==", "a=1&b=2", "key=abc"] {
        let url = ["--tool", "page", "-", "--url", "https://tool.example"];
        let run = explain(&folder, &url, text.as_bytes(), &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{text}: {run:?}");
        let message = "error: standard input cannot be explained: the input has no parameter of a \
                       launch\n  = help: use the form body";
        assert!(run.error.starts_with(message), "{run:?}");
    }
}

#[test]
fn an_old_launch_is_compared_with_the_timestamp_of_at_only() {
    let folder = folder(TOOLS);
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let form = signed("https://tool.example/lti/app", "app-key", "s3cret-app");
    let at = |time: &str| {
        explain(&folder, &["--tool", "app", "-", "--at", time], form.as_bytes(), &fixed)
    };
    let run = explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &fixed);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.line("time"),
        "time        -   not compared: the launch is old; --at TIME compares it with the time of \
         arrival"
    );
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
    assert!(run.error.contains("use a timestamp such as 2026-01-31T12:00:00Z"), "{}", run.error);
}

/// Seconds since the epoch.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    now.as_secs()
}

#[test]
fn a_recent_launch_is_compared_with_now() {
    let folder = folder(TOOLS);
    let fixed = [("LTI_GATEWAY_PUBLIC_URL", "https://tool.example")];
    let run_signed_at = |timestamp: u64| {
        let form = Form {
            url: "https://tool.example/lti/app",
            key: "app-key",
            secret: "s3cret-app",
            timestamp,
            ..Form::default()
        };
        let form = form.sign();
        explain(&folder, &["--tool", "app", "-"], form.as_bytes(), &fixed)
    };
    let run = run_signed_at(now());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.line("time").starts_with("time        ok  signed "), "{run:?}");
    assert!(run.line("time").ends_with("now; 300 s are accepted"), "{run:?}");
    for (seconds, direction) in [(-1_800, "behind"), (1_800, "ahead of"), (864_000, "ahead of")] {
        let run = run_signed_at(now().saturating_add_signed(seconds));
        assert_eq!(run.code, Some(1), "{run:?}");
        let fact = run.line("time").to_owned();
        assert!(fact.starts_with("time        NO  the platform's clock is "), "{fact}");
        assert!(fact.contains(&format!(" s {direction} ours")), "{fact}");
        // The run may take a few seconds.
        let named: i64 = fact.split(' ').filter_map(|word| word.parse().ok()).next().expect("s");
        assert!((named - seconds.abs()).abs() < 120, "{fact}");
        assert!(run.out.contains("\nRejected: stale: the platform's clock is "), "{run:?}");
        // A launch from the future did not arrive before it was signed.
        let (note, end) = if seconds < 0 {
            ("compared with now, ", "--at TIME, such as --at 20")
        } else {
            ("compared with the clock of this computer, ", "or name its time: --at TIME\n")
        };
        assert!(run.out.contains(&format!("\n  = note: {note}")), "{run:?}");
        assert!(run.out.contains(end), "{run:?}");
    }
}

#[test]
fn placeholder_secrets_are_used_for_loopback_only() {
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
fn the_report_contains_no_control_characters_of_the_launch() {
    let folder = folder(TOOLS);
    let form = "oauth_consumer_key=%1b%5b31mred&oauth_nonce=%0a&oauth_signature=x\
                &oauth_signature_method=HMAC-SHA1&oauth_timestamp=1";
    let run = explain(
        &folder,
        &["--tool", "app", "-", "--url", "http://localhost:5000"],
        form.as_bytes(),
        &[],
    );
    assert_eq!(run.code, Some(1));
    assert!(!run.out.contains('\u{1b}'), "{:?}", run.out);
    let command = format!("curl $'http://localhost:5000/\\x1b[31m' -d '{form}'");
    let run = explain(&folder, &["--tool", "app", "-"], command.as_bytes(), &[]);
    assert!(!run.out.contains('\u{1b}') && !run.error.contains('\u{1b}'), "{run:?}");
}

#[test]
fn a_secret_anywhere_in_the_launch_is_not_shown() {
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
        // `explain` searches every output for secrets.
        let run = explain(
            &folder,
            &["--tool", "app", "-", "--url", "http://localhost:5000", "--verbose"],
            format!("{kept}{name}={value}").as_bytes(),
            &[],
        );
        assert_eq!(run.code, Some(1), "{run:?}");
    }
}

#[test]
fn a_secret_of_an_apps_environment_is_not_shown() {
    let folder = folder(
        "[tools.plots]\nkey = \"plots-key\"\nsecret = \"s3cret-plots\"\n\
         command = [\"sh\", \"{port}\"]\nenvironment = { TOKEN = \"the-s3cret-of-plots\" }\n",
    );
    let form = signed("http://localhost:5000/lti/plots", "plots-key", "s3cret-plots");
    // `explain` searches every output for secrets.
    let run = explain(
        &folder,
        &["--tool", "plots", "-", "--url", "http://localhost:5000", "--verbose"],
        form.replace("HMAC-SHA1", "the-s3cret-of-plots").as_bytes(),
        &[],
    );
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("\nRejected: signature-method: "), "{run:?}");
}

#[test]
fn a_short_secret_in_place_of_the_key_is_not_shown() {
    let folder = folder(&TOOLS.replace("\"s3cret-app\"", "\"q7x\""));
    for key in ["my-id:app-key:q7x", "q7x", " q7x", "id%3Aapp-key%3Aq7x", "id:app-key:Q7X"] {
        let form = Form {
            url: "http://localhost:5000/lti/app",
            key,
            secret: "app-key",
            ..Form::default()
        };
        let run = explain(
            &folder,
            &["--tool", "app", "-", "--url", "http://localhost:5000"],
            form.sign().as_bytes(),
            &[],
        );
        assert_eq!(run.code, Some(1));
        assert!(run.out.contains("\ncause: secret-as-key: "), "{}", run.out);
        assert!(!run.out.to_lowercase().contains("q7x"), "{}", run.out);
    }
}

#[test]
fn unusable_arguments_and_input_exit_with_2_and_a_message() {
    let folder = folder(TOOLS);
    let large = fs::File::create(folder.path().join("large")).expect("a file");
    large.set_len(64 * 1024 * 1024 + 1).expect("its length");
    let form = signed("http://localhost:5000/lti/app", "app-key", "s3cret-app");
    let command = format!("curl 'http://localhost:5000/lti/app' --data-raw '{form}'");
    write(folder.path(), "form", &command);
    for (arguments, environment, message) in [
        (&["--tool", "app", "absent"][..], &[][..], "error: absent cannot be read: "),
        (
            &["--tool", "app", "large"],
            &[],
            "error: large is larger than 64 MiB\n  = help: use a file with the launches only",
        ),
        (
            &["--tool", "app", "-"],
            &[],
            "error: standard input cannot be explained: the input is empty\n  \
             = help: use the form body",
        ),
        (
            &["--tool", "ap", "form"],
            &[],
            "error: tools.toml has no usable tool named \"ap\"\n  \
             = help: name one of app, own, page\n",
        ),
        (
            &["--tool", "app", "form", "--tools", "absent.toml"],
            &[],
            "error: absent.toml cannot be read: ",
        ),
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
        assert!(run.error.starts_with(message), "{run:?}");
    }
}

#[test]
fn of_several_launches_those_of_other_tools_are_left_out() {
    let folder = folder(TOOLS);
    let command = |tool: &'static str, key: &'static str, secret: &'static str| {
        let url = format!("http://localhost:5000/lti/{tool}");
        let form = Form { url: &url, key, secret, ..Form::default() }.sign();
        format!("curl '{url}' --data-raw '{form}'")
    };
    let app = command("app", "app-key", "s3cret-app");
    let page = command("page", "page-key", "s3cret-of-somebody");
    let other = "curl 'http://localhost:5000/static/style.css'".to_owned();
    let run = |commands: &[&String]| {
        let commands: Vec<&str> = commands.iter().map(|command| command.as_str()).collect();
        explain(&folder, &["--tool", "app", "-"], commands.join(" ;\n").as_bytes(), &[])
    };
    let one = run(&[&page, &app, &other]);
    assert_eq!(one.code, Some(0), "{one:?}");
    assert!(one.out.starts_with("app, sent to http://localhost:5000/lti/app\n"), "{one:?}");
    let two = run(&[&app, &other, &app]);
    assert_eq!(two.code, Some(0), "{two:?}");
    assert!(two.out.starts_with("Launch 1 of 2\napp, sent to "), "{two:?}");
    assert!(two.out.contains("\n\nLaunch 2 of 2\napp, sent to "), "{two:?}");
    // No launch was sent to the tool, so its path may be the mistake.
    let wrong = run(&[&page, &other]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.out.contains("which is not this tool's path"), "{wrong:?}");
    let none = run(&[&other, &other]);
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""), "{none:?}");
    assert!(none.error.contains("none of the 2 requests in the input is a launch\n"), "{none:?}");
}

#[test]
fn a_valid_signature_for_a_path_without_launch_url_is_rejected() {
    let folder = folder(&format!(
        "{TOOLS}\n[tools.wide]\nkey = \"app-key\"\nsecret = \"s3cret-app\"\n\
         upstream = \"http://127.0.0.1:1\"\nprefix = \"tool\"\n\
         [tools.plots]\nkey = \"app-key\"\nsecret = \"s3cret-app\"\n\
         command = [\"sh\", \"{{port}}\"]\n\
         [tools.book]\nkey = \"app-key\"\nsecret = \"s3cret-app\"\n\
         site = \"book\"\nprefix = \"tool\"\n"
    ));
    write(folder.path(), "book/index.html", "a book");
    for (tool, below, code) in [
        ("page", "", 0),
        ("page", "/", 0),
        ("page", "/week/1", 1),
        ("app", "/week/1", 0),
        ("app", "/%2e%2E/x", 1),
        ("wide", "", 0),
        ("app", "/~ada", 1),
        ("wide", "/week/1", 0),
        ("wide", "/~ada", 0),
        ("wide", "/%7Elogin", 1),
        ("plots", "/week/1", 0),
        ("plots", "/~ada", 1),
        ("book", "/chapter/1.html", 0),
        ("book", "/~ada", 0),
        ("book", "/~login", 1),
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
            "\nRejected: no-tool: /lti/{tool}{below} is not a launch URL; use /lti/{tool}\n"
        );
        assert_eq!(run.out.contains(&said), code == 1, "{url}: {}", run.out);
    }
}

#[test]
fn a_forbidden_signature_method_is_reported_without_a_cause() {
    let folder =
        folder(&TOOLS.replace("[tools.app]", "[tools.app]\nsignature_methods = [\"HMAC-SHA256\"]"));
    let form = signed("http://localhost:5000/lti/app/", "app-key", "s3cret-app");
    let run = explain(
        &folder,
        &["--tool", "app", "-", "--url", "http://localhost:5000"],
        form.as_bytes(),
        &[],
    );
    assert!(run.out.contains("\nRejected: signature-method-not-allowed: "), "{}", run.out);
    assert!(!run.out.contains("\ncause: ") && run.out.contains("signature_methods"), "{}", run.out);
}

/// Runs the commands of docs/explain.md in a shell with the tools of the repository.
#[test]
fn the_commands_of_the_docs_have_the_documented_results() {
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
    let rejected = |cause: &str| (Some(1), Some(cause.to_owned()));
    assert_eq!(
        ran,
        [(Some(0), None), (Some(0), None), rejected("slash"), rejected("secret-replaced")]
    );

    // The sample output of the docs is an abbreviation of the real output.
    let shown = docs
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("sample output");
    let output = text("tests/fixtures/explain/slash/expected.txt");
    for line in shown.lines().filter_map(|line| line.split('…').next()) {
        assert!(output.lines().any(|known| known.starts_with(line)), "{line}");
    }
    assert!(shown.contains("cause: slash: "));
}
