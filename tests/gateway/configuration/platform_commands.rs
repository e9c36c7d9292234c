//! The commands `keys` and `platforms`, and platforms in the output of `check`.

use super::program::{folder, run};

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
fn keys_warns_about_a_placeholder_and_needs_a_file() {
    let placeholder = run(folder(FILE).path(), &["keys", "moodle"], &[]);
    assert_eq!(placeholder.code, Some(0));
    assert!(
        placeholder.error.contains("are those of a public placeholder"),
        "{}",
        placeholder.error
    );
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
