//! The command `register`.

use lti::Secret;
use lti_gateway::session::RegistrationLinks;

use super::program::{Run, folder, run};

const SECRET: (&str, &str) = ("GATEWAY_SECRET", "0123456789abcdef0123456789abcdef");

const FILE: &str = r#"
[gateway]
public_url = "https://tools.example"
secret = { env = "GATEWAY_SECRET" }

[platforms.moodle]
type = "moodle"
url = "https://moodle.example"

[platforms.edx]
type = "edx"

[platforms.other]

[tools.hello]
template = "hello"
platforms = ["moodle", "edx"]
"#;

#[track_caller]
fn register(file: &str, arguments: &[&str]) -> Run {
    let arguments: Vec<&str> =
        std::iter::once("register").chain(arguments.iter().copied()).collect();
    run(folder(file).path(), &arguments, &[SECRET])
}

#[test]
fn register_prints_a_link_for_one_tool_at_one_platform() {
    let run = register(FILE, &["moodle", "--tool", "hello"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let link = run.out.lines().next().expect("a link");
    let sealed = link.strip_prefix("https://tools.example/~register/").expect("a link");
    let links = RegistrationLinks::new(&[Secret::new(SECRET.1)]);
    let opened = links.open(sealed, 0).expect("a link");
    assert_eq!((opened.platform.as_str(), &*opened.tool), ("moodle", "hello"));
    assert!(run.out.contains("press Add LTI Advantage"), "{}", run.out);
    assert!(run.out.contains("once, within 60 minutes"), "{}", run.out);
    let other = register(FILE, &["moodle", "--tool", "hello", "--url", "https://tools.example/"]);
    assert_eq!(other.code, Some(0), "{}", other.error);
    assert!(!other.out.starts_with(link));
}

#[test]
fn register_says_why_there_is_no_link() {
    let check = |file: &str, arguments: &[&str], error: &str| {
        let run = register(file, arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(run.error.contains(error), "{arguments:?}: {}", run.error);
    };
    check(FILE, &["absent", "--tool", "hello"], "no usable platform named \"absent\"");
    check(FILE, &["moodle", "--tool", "absent"], "no usable tool named \"absent\"");
    check(FILE, &["edx", "--tool", "hello"], "error: edX has no dynamic registration");
    let unnamed = "error: [tools.hello] does not name the platform \"other\"\n  \
                   = help: add `platforms = \"other\"` to the tool, and deploy it first\n";
    check(FILE, &["other", "--tool", "hello"], unnamed);
    let at = |url: &'static str| ["moodle", "--tool", "hello", "--url", url];
    check(FILE, &at("https://other.example"), "is not the `public_url` of the file");
    for url in ["http://tools.example", "tools.example", "https://tools.example/lti", "https://"] {
        check(FILE, &at(url), "is not the URL of a gateway");
    }
}

#[test]
fn register_needs_the_gateways_url_and_its_secret() {
    let without_url = FILE.replace("public_url = \"https://tools.example\"\n", "");
    let heroku = [SECRET, ("DYNO", "run.1")];
    let folder = folder(&without_url);
    let arguments = ["register", "moodle", "--tool", "hello"];
    let missing = run(folder.path(), &arguments, &heroku);
    if missing.error.contains("development") {
        // A debug build does not run on Heroku.
        return;
    }
    assert_eq!(missing.code, Some(1));
    assert!(missing.error.contains("add it with --url"), "{}", missing.error);
}
