//! The command `register`, and the examples of docs/registration.md and docs/migration.md.

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
fn platforms_prints_the_json_that_canvas_imports() {
    let file = FILE
        .replace(
            "[platforms.other]",
            "[platforms.canvas]\ntype = \"canvas\"\nurl = \"https://s.instructure.com\"",
        )
        .replace("[\"moodle\", \"edx\"]", "[\"moodle\", \"canvas\"]");
    let shown = run(folder(&file).path(), &["platforms", "canvas"], &[SECRET]);
    assert_eq!((shown.code, shown.error.as_str()), (Some(0), ""));
    let url = "by its URL https://tools.example/tools/hello/config.json, or as text";
    assert!(shown.out.contains(url), "{}", shown.out);
    let (_, json) = shown.out.split_once("or as text\n").expect("JSON");
    let (json, _) = json.split_once("\n\n").expect("its end");
    let document: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(document["target_link_uri"], "https://tools.example/lti/hello");
    let moodle = run(folder(&file).path(), &["platforms", "moodle"], &[SECRET]);
    assert!(!moodle.out.contains("JSON"), "{}", moodle.out);
}

/// The blocks of a page of the docs in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(path).expect("a page");
    let start = format!("```{language}\n");
    let blocks = text.split(&start).skip(1);
    blocks.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

#[test]
fn the_example_of_the_registration_page_prints_a_link() {
    let page = "docs/registration.md";
    let (tables, commands) = (blocks(page, "toml"), blocks(page, "sh"));
    let gateway = "[gateway]\npublic_url = \"https://our-tools.example\"\n\
                   secret = { env = \"GATEWAY_SECRET\" }\n";
    let [command] = commands.as_slice() else { panic!("{commands:?}") };
    let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    let folder = folder(&format!("{gateway}{}", tables[0]));
    let linked = run(folder.path(), &arguments, &[SECRET]);
    assert_eq!((linked.code, linked.error.as_str()), (Some(0), ""));
    assert!(linked.out.starts_with("https://our-tools.example/~register/"), "{}", linked.out);
    // Each table is valid. The second replaces that of the first.
    let [first, second, third] = tables.as_slice() else { panic!("{tables:?}") };
    let tool = &first[first.find("[tools.").expect("a tool")..];
    for (table, is_set_up) in [(first.clone(), false), (format!("{second}{tool}"), true)] {
        let folder = super::program::folder(&format!("{gateway}{table}"));
        let checked = run(folder.path(), &["check"], &[SECRET]);
        assert_eq!(checked.code, Some(0), "{}", checked.error);
        assert_eq!(checked.error.contains("warning"), !is_set_up, "{}", checked.error);
    }
    let folder = super::program::folder(&format!("{gateway}{third}"));
    let arguments = ["register", "acme", "--tool", "hello"];
    assert_eq!(run(folder.path(), &arguments, &[SECRET]).code, Some(0));
}

#[test]
fn the_example_of_the_migration_page_has_no_problem() {
    let tables = blocks("docs/migration.md", "toml");
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    let gateway = "[gateway]\npublic_url = \"https://our-tools.example\"\n\
                   secret = { env = \"GATEWAY_SECRET\" }\n";
    let secret = ("NOTEBOOK_SECRET", "a secret of more than 20 characters");
    let folder = folder(&format!("{gateway}{table}"));
    let checked = run(folder.path(), &["check"], &[SECRET, secret]);
    assert_eq!((checked.code, checked.error.as_str()), (Some(0), ""));
}
