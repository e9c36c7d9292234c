//! The commands `keys` and `platforms`, and platforms in the output of `check`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::program::{Run, folder, run};
use crate::support::{Recorded, Recorder};

const SECRET: (&str, &str) = ("GATEWAY_SECRET", "0123456789abcdef0123456789abcdef");

const FILE: &str = r#"
[gateway]
public_url = "https://tools.example"
secret = { env = "GATEWAY_SECRET" }

[platforms.moodle]
type = "moodle"
url = "https://moodle.example"
client_id = ["7Yb2eQJm1kVw0sA", "second"]
deployments = ["1", "7"]

[platforms.edx]
type = "edx"

[tools.hello]
template = "hello"
platforms = ["moodle", "edx"]

[tools.staff]
template = "hello"
path = "/staff"
key = "staff-key"
secret = { env = "HELLO_SECRET" }
"#;

#[test]
fn keys_prints_the_kid_and_the_public_key() {
    let folder = folder(FILE);
    let run_keys = |name: &str| run(folder.path(), &["keys", name], &[SECRET]);
    let run = run_keys("moodle");
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let start = "kid J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I (signs)\n\
                 -----BEGIN PUBLIC KEY-----\n";
    assert!(run.out.starts_with(start), "{}", run.out);
    assert!(run.out.ends_with("-----END PUBLIC KEY-----\n"), "{}", run.out);
    assert!(!run.out.contains("PRIVATE") && !run.out.contains(SECRET.1), "{}", run.out);
    assert!(run_keys("edx").out.starts_with("kid uBv_RHW9SUtxvWXCEoKbiJcOFuMcGRtMDfy_jFUrXUw"));
    let unknown = run_keys("canvas");
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(1), ""));
    assert_eq!(
        unknown.error,
        "error: tools.toml has no usable platform named \"canvas\"\n  \
         = help: name one of moodle, edx\n"
    );
}

#[test]
fn keys_prints_every_key_of_a_rotation_and_those_of_a_pem() {
    let rotation = FILE.replace(
        "secret = { env = \"GATEWAY_SECRET\" }",
        "secret = [{ env = \"GATEWAY_SECRET\" }, { env = \"OLD_SECRET\" }]",
    );
    let old = ("OLD_SECRET", "another secret of the gateway, 32");
    let run_keys = |file: &str, variables: &[(&str, &str)]| {
        run(folder(file).path(), &["keys", "moodle"], variables)
    };
    let both = run_keys(&rotation, &[SECRET, old]);
    let kids: Vec<&str> = both.out.lines().filter(|line| line.starts_with("kid ")).collect();
    assert_eq!(kids.len(), 2, "{}", both.out);
    assert!(kids[0].ends_with(" (signs)") && kids[1].ends_with(" (verifies only)"), "{kids:?}");

    let pem = FILE.replace("deployments", "private_key = { env = \"MOODLE_PEM\" }\ndeployments");
    let value = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");
    let public = include_str!("../../../crates/lti/tests/keys/rsa_2048_public.pem");
    let own = run_keys(&pem, &[SECRET, ("MOODLE_PEM", value)]);
    assert_eq!(own.code, Some(0), "{}", own.error);
    assert!(own.out.ends_with(public), "{}", own.out);
}

#[test]
fn keys_needs_a_file_and_a_secret_and_warns_about_a_placeholder() {
    let placeholder = run(folder(FILE).path(), &["keys", "moodle"], &[]);
    assert_eq!(placeholder.code, Some(0));
    assert!(
        placeholder.error.contains("are those of a public placeholder"),
        "{}",
        placeholder.error
    );
    let dev_host =
        FILE.replace("[platforms.moodle]", "dev_host = \"https://a.example\"\n[platforms.moodle]");
    let no_secret = FILE.replace("{ env = \"GATEWAY_SECRET\" }", "[]");
    for (file, expected) in [
        (dev_host, "a gateway with `dev_host` replaces it by a random one"),
        (no_secret, "error: without `gateway.secret`, the platform has no key"),
    ] {
        let run = run(folder(&file).path(), &["keys", "moodle"], &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert!(run.error.contains(expected), "{}", run.error);
    }
    let empty = tempfile::tempdir().expect("a temporary folder");
    for arguments in [&["keys", "moodle"][..], &["platforms"], &["platforms", "moodle"]] {
        let run = run(empty.path(), arguments, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.error.contains("tools.toml cannot be read"), "{}", run.error);
    }
}

#[test]
fn platforms_lists_all_platforms() {
    let list = run(folder(FILE).path(), &["platforms"], &[SECRET]);
    assert_eq!((list.code, list.error.as_str()), (Some(0), ""));
    assert_eq!(
        list.out,
        "\
PLATFORM  TYPE    ISSUER                  CLIENTS                  TOOLS
moodle    moodle  https://moodle.example  7Yb2eQJm1kVw0sA, second  hello
edx       edx     -                       -                        hello

`lti-gateway platforms NAME` shows the values to paste.
"
    );
    let none = FILE.split("[platforms").next().expect("the first part");
    let none = format!("{none}[tools.a]\ntemplate = 'hello'\nkey = 'a'\nsecret = 'hunter2'\n");
    let none = run(folder(&none).path(), &["platforms"], &[SECRET]);
    assert_eq!(none.code, Some(0));
    assert!(none.out.starts_with("the file has no platform\n"), "{}", none.out);
}

#[test]
fn platforms_shows_the_values_to_paste() {
    let folder = folder(FILE);
    let shown = |name: &str| run(folder.path(), &["platforms", name], &[SECRET]);
    assert_eq!(
        shown("moodle").out,
        "\
moodle
  type           Moodle
  issuer         https://moodle.example
  auth URL       https://moodle.example/mod/lti/auth.php
  client         7Yb2eQJm1kVw0sA
    keyset URL   https://moodle.example/mod/lti/certs.php
    token URL    https://moodle.example/mod/lti/token.php
    deployments  1, 7
  client         second
    keyset URL   https://moodle.example/mod/lti/certs.php
    token URL    https://moodle.example/mod/lti/token.php
    deployments  1, 7

Enter in the platform
  login URL            https://tools.example/~login
  keyset URL           https://tools.example/.well-known/jwks/moodle.json
  launch URL of hello  https://tools.example/lti/hello
    redirect URI       https://tools.example/lti/hello
"
    );
    assert_eq!(
        shown("edx").out,
        "\
edx
  type      edX
  issuer    not known yet
  auth URL  not known yet
  client    none yet: nobody can log in

Enter in the platform
  login URL            https://tools.example/~login
  keyset URL           https://tools.example/.well-known/jwks/edx.json
  launch URL of hello  https://tools.example/lti/hello
    redirect URI       leave the default
Then add the `client_id` that the platform shows to [platforms.edx].
"
    );
    let unknown = shown("canvas");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.error.contains("name one of moodle, edx"), "{}", unknown.error);
}

#[test]
fn platforms_without_a_public_url_or_a_tool_say_so() {
    let file = "[platforms.moodle]\ntype = 'moodle'\nurl = 'https://moodle.example'\n\
                [tools.a]\ntemplate = 'hello'\nkey = 'a'\nsecret = { env = 'HELLO_SECRET' }\n";
    let run = run(folder(file).path(), &["platforms", "moodle"], &[]);
    assert_eq!(run.code, Some(0));
    let (_, values) = run.out.split_once("\n\n").expect("an empty line");
    assert_eq!(
        values,
        "\
Enter in the platform, each after the gateway's own URL
  login URL   /~login
  keyset URL  /.well-known/jwks/moodle.json
  launch URL  no tool has `platforms = \"moodle\"` yet
Then add the `client_id` that the platform shows to [platforms.moodle].
"
    );
}

#[test]
fn check_lists_the_platforms_of_tools() {
    let check = run(folder(FILE).path(), &["check"], &[SECRET]);
    assert_eq!(check.code, Some(0), "{}", check.error);
    let (tools, _) = check.out.split_once("\n\n").expect("an empty line");
    assert_eq!(
        tools,
        "\
TOOL   LAUNCH                           TARGET                     CONSUMERS  PLATFORMS    ROLES
hello  https://tools.example/lti/hello  templates/hello.html.tera             moodle, edx  everyone
staff  https://tools.example/staff      templates/hello.html.tera  staff-key               everyone"
    );
    assert!(check.error.contains("the platform `edx` has no client yet"), "{}", check.error);
    let wrong = FILE.replace("\"moodle\", \"edx\"", "\"moodel\", \"edx\"");
    let wrong = run(folder(&wrong).path(), &["check"], &[SECRET]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.error.contains("the file has no platform `moodel`"), "{}", wrong.error);
    assert!(wrong.error.contains("did you mean `moodle`?"), "{}", wrong.error);
}

/// A platform that answers each path with a status and a body.
fn asked(answers: &'static [(&'static str, &'static str, &'static str)]) -> (Run, Vec<Recorded>) {
    let recorder = Recorder::with(move |request| {
        let path = request.line();
        let found = answers.iter().find(|(of, _, _)| path.ends_with(of));
        let (_, status, body) = found.unwrap_or_else(|| panic!("{path}"));
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let origin = recorder.origin();
    let file = FILE
        .replace("[platforms.moodle]", "outcome_hosts = '127.0.0.1'\n[platforms.moodle]")
        .replace("https://moodle.example", &origin)
        .replace("[\"7Yb2eQJm1kVw0sA\", \"second\"]", "\"7Yb2eQJm1kVw0sA\"");
    let run = run(folder(&file).path(), &["platforms", "moodle", "--ask"], &[SECRET]);
    let requests = answers.iter().map(|_| recorder.next()).collect();
    recorder.saw_nothing();
    (run, requests)
}

const KEYS: &str = r#"{"keys":[{"kty":"RSA","kid":"a"},{"kty":"RSA","kid":"b"}]}"#;

#[test]
fn ask_fetches_keys_and_a_token_as_the_platform_expects_it() {
    let (run, requests) = asked(&[
        ("/mod/lti/certs.php", "200 OK", KEYS),
        ("/mod/lti/token.php", "200 OK", r#"{"access_token":"t0ken","expires_in":600}"#),
    ]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{}", run.out);
    let (_, answers) = run.out.split_once("Asked for").expect("answers");
    assert_eq!(
        answers,
        " the client 7Yb2eQJm1kVw0sA\n  keyset  2 keys\n  token   valid for 600 s\n"
    );
    assert!(!run.out.contains("t0ken"));

    let [keys, token] = requests.as_slice() else { panic!("two requests") };
    assert_eq!(keys.line(), "GET /mod/lti/certs.php");
    assert_eq!(token.line(), "POST /mod/lti/token.php");
    let form = std::str::from_utf8(&token.body).expect("a form");
    let value = |name: &str| {
        let mut values = form.split('&').filter_map(|pair| pair.strip_prefix(&format!("{name}=")));
        values.next().unwrap_or_else(|| panic!("{name} in {form}")).to_owned()
    };
    assert_eq!(value("grant_type"), "client_credentials");
    assert_eq!(
        value("client_assertion_type"),
        "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    assert_eq!(value("scope"), "https%3A%2F%2Fpurl.imsglobal.org%2Fspec%2Flti-ags%2Fscope%2Fscore");
    let assertion = value("client_assertion");
    let parts: Vec<&str> = assertion.split('.').collect();
    let part = |at: usize| -> serde_json::Value {
        let bytes = URL_SAFE_NO_PAD.decode(parts[at]).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let (header, claims) = (part(0), part(1));
    assert_eq!(header["kid"], "J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I");
    assert_eq!(header["alg"], "RS256");
    assert_eq!((&claims["iss"], &claims["sub"]), (&"7Yb2eQJm1kVw0sA".into(), &claims["iss"]));
    let audience = claims["aud"].as_str().expect("an audience");
    assert!(audience.ends_with("/mod/lti/token.php"), "{audience}");
    let lifetime = claims["exp"].as_u64().zip(claims["iat"].as_u64());
    assert_eq!(lifetime.map(|(end, start)| end - start), Some(300));
    assert_eq!(claims["jti"].as_str().map(str::len), Some(22));
}

#[test]
fn ask_reports_what_the_platform_refuses() {
    let (run, _) = asked(&[
        ("/mod/lti/certs.php", "404 Not Found", ""),
        (
            "/mod/lti/token.php",
            "400 Bad Request\r\nContent-Type: application/json",
            "{\"error\":\"invalid_client\"}",
        ),
    ]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(run.out.contains("  keyset  the platform refused with status 404\n"), "{}", run.out);
    let refused = "  token   the platform refused with status 400: {\"error\":\"invalid_client\"} \
                   (the platform verifies the request with the keyset \
                   https://tools.example/.well-known/jwks/moodle.json, which has \
                   J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I)\n";
    assert!(run.out.contains(refused), "{}", run.out);
    let (run, _) = asked(&[
        ("/mod/lti/certs.php", "200 OK", KEYS),
        ("/mod/lti/token.php", "200 OK", "<html>"),
    ]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(run.out.contains("the response has no access token (status 200)"), "{}", run.out);
}

#[test]
fn ask_needs_a_platform_and_says_that_there_is_nothing_to_ask() {
    let folder = folder(FILE);
    let unnamed = run(folder.path(), &["platforms", "--ask"], &[SECRET]);
    assert_eq!((unnamed.code, unnamed.out.as_str()), (Some(2), ""));
    let set_up = run(folder.path(), &["platforms", "edx", "--ask"], &[SECRET]);
    assert_eq!(set_up.code, Some(0));
    assert!(set_up.out.ends_with("Without a client, there is nothing to ask.\n"), "{}", set_up.out);
}

#[test]
fn new_adds_a_platform_and_a_tool_that_names_it() {
    let old = "[gateway]\npublic_url = \"https://tools.example\"\n";
    let folder = folder(old);
    let read = || std::fs::read_to_string(folder.path().join("tools.toml")).expect("a file");
    let arguments =
        ["new", "--platform", "moodle", "--type", "moodle", "--url", "https://moodle.example"];
    let platform = run(folder.path(), &arguments, &[]);
    assert_eq!((platform.code, platform.error.as_str()), (Some(0), ""));
    let table = "\n[platforms.moodle]                          # part of every user id and of the \
                 gateway's key: do not rename it\ntype = \"moodle\"\n\
                 url = \"https://moodle.example\"\n\
                 # client_id = \"…\"                           # the platform shows it; nobody can \
                 log in without it\n";
    assert_eq!(read(), format!("{old}{table}"));
    assert_eq!(
        platform.out,
        "\
tools.toml has the new platform moodle, which is being set up

Enter in the platform
  login URL   https://tools.example/~login
  keyset URL  https://tools.example/.well-known/jwks/moodle.json
  launch URL  no tool has `platforms = \"moodle\"` yet
Then add the `client_id` that the platform shows to [platforms.moodle].
"
    );
    let tool = run(folder.path(), &["new", "quiz", "--platform", "moodle"], &[]);
    assert_eq!((tool.code, tool.error.as_str()), (Some(0), ""));
    let added = "\n[tools.quiz]                                # launched at /lti/quiz\n\
                 # title = \"…\"                               # shown to users; default: the \
                 name\nplatforms = \"moodle\"                        # launched with LTI 1.3\n\
                 template = \"quiz\"                           # templates/quiz.html.tera\n\
                 # roles = [\"learner\", \"staff\"]              # roles that may launch; default: \
                 everyone\n";
    assert_eq!(read(), format!("{old}{table}{added}"));
    assert_eq!(
        tool.out,
        "\
tools.toml has the new tool quiz. Edit its page: templates/quiz.html.tera

Enter in the platform
  login URL           https://tools.example/~login
  keyset URL          https://tools.example/.well-known/jwks/moodle.json
  launch URL of quiz  https://tools.example/lti/quiz
    redirect URI      https://tools.example/lti/quiz
Then add the `client_id` that the platform shows to [platforms.moodle].
Or let the platform register the tool by itself: `lti-gateway register moodle --tool quiz`
"
    );
    assert_eq!(run(folder.path(), &["check"], &[]).code, Some(0));
}

#[test]
fn new_adds_an_empty_table_for_an_unknown_platform_and_to_a_missing_file() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let added = run(empty.path(), &["new", "--platform", "acme"], &[]);
    assert_eq!((added.code, added.error.as_str()), (Some(0), ""));
    let text = std::fs::read_to_string(empty.path().join("tools.toml")).expect("a file");
    assert!(
        text.contains("\n[platforms.acme] ") && text.contains("\n# issuer = \"…\"\n"),
        "{text}"
    );
    assert!(text.starts_with("# The tools of this gateway."), "{text}");
    assert!(added.out.starts_with("tools.toml is new."), "{}", added.out);
}

#[test]
fn new_refuses_what_check_would_report_and_changes_nothing() {
    let folder = folder(FILE);
    let refused = |arguments: &[&str], expected: &str| {
        let run = run(folder.path(), &[&["new"], arguments].concat(), &[SECRET]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{arguments:?}: {}", run.error);
        assert!(run.error.contains(expected), "{arguments:?}: {}", run.error);
        let file = std::fs::read_to_string(folder.path().join("tools.toml")).expect("a file");
        assert_eq!(file, FILE, "{arguments:?}");
    };
    refused(&["--platform", "moodle"], "tools.toml has a platform named `moodle` already");
    refused(&["--platform", "my moodle"], "`my moodle` is not a valid platform name");
    refused(&["--platform", "practice"], "`practice` is the name of the practice platform");
    refused(&["--platform", "x", "--type", "moddle"], "did you mean `moodle`?");
    refused(
        &["--platform", "x", "--type", "moodle", "--url", "moodle.example"],
        "`url` does not begin with http:// or https://",
    );
    refused(
        &["--platform", "x", "--type", "moodle", "--url", "https://a\nb"],
        "`url` contains characters that a URL cannot have",
    );
    refused(
        &["--platform", "x", "--type", "blackboard", "--url", "https://school.example"],
        "`url` has no effect on a platform of the type `blackboard`",
    );
    refused(&["quiz", "--platform", "canvas"], "the file has no platform `canvas`");
    refused(&["quiz", "--platform", "\"]"], "is not a valid platform name");
    refused(&["hello", "--platform", "moodle"], "tools.toml has a tool named `hello` already");
    // The command line itself is invalid.
    for arguments in [
        &["new"][..],
        &["new", "--type", "moodle"],
        &["new", "quiz", "--platform", "moodle", "--type", "moodle"],
        &["new", "--platform", "x", "--url", "https://moodle.example"],
        &["new", "--platform", "x", "--template", "hello"],
    ] {
        assert_eq!(run(folder.path(), arguments, &[SECRET]).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn launch_says_that_a_tool_with_platforms_alone_has_no_consumer() {
    let launch = run(folder(FILE).path(), &["launch", "hello"], &[SECRET]);
    assert_eq!((launch.code, launch.out.as_str()), (Some(2), ""));
    assert!(launch.error.contains("hello has no consumer"), "{}", launch.error);
}
