//! The examples of docs/members.md, and of docs/grades.md about grades by the teacher, as a reader
//! types them.

use std::process::{Command, Stdio};

use super::grades::Course;
use super::*;

const MEMBERS: &str = include_str!("../../../docs/members.md");
const GRADES: &str = include_str!("../../../docs/grades.md");

/// The only code block of a language below a heading.
#[track_caller]
fn block(page: &'static str, heading: &str, language: &str) -> &'static str {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).expect("a heading");
    let level = heading.split(' ').next().expect("its level");
    let section = section.split(&format!("\n{level} ")).next().expect("a section");
    let start = format!("```{language}\n");
    let mut blocks = section.split(&start).skip(1);
    let block = blocks.next().and_then(|rest| rest.split("\n```").next()).expect("a block");
    assert!(blocks.next().is_none(), "two blocks");
    block
}

/// Runs a program with these variables. Returns its output.
#[track_caller]
fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// A stage with the documented keys of the tool, and its two documented members.
fn stage() -> Stage {
    let toml = block(MEMBERS, "## In one minute", "toml");
    let (_, of_tool) = toml.split_once("\n[tools.seminar]\n").expect("a tool");
    let own = |line: &&str| line.starts_with("members") || line.starts_with("title");
    let of_tool: Vec<&str> = of_tool.lines().filter(own).collect();
    assert_eq!(of_tool.len(), 2);
    let stage = Stage::new(&of_tool.join("\n"));
    let members = json!([
        {"user_id": "42", "roles": [LEARNER], "name": "Ada Lovelace", "email": "a@uni.example"},
        {"user_id": "7", "roles": [INSTRUCTOR], "status": "Active", "name": "Grace Hopper"},
    ]);
    stage.services.serve_members("/members", &members, "");
    stage
}

#[test]
fn docs_members_lists_the_members() {
    let stage = stage();
    let token = stage.members_token();
    let gateway = format!("http://{}", stage.server.address);
    let variables = [("LTI_GATEWAY", gateway.as_str()), ("MEMBERS_TOKEN", &token)];
    let command = block(MEMBERS, "## In one minute", "sh");
    let said = run("sh", &["-c", &format!("{command} --silent --show-error")], &variables);
    let shown: Value =
        serde_json::from_str(block(MEMBERS, "## In one minute", "json")).expect("JSON");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON"), shown);

    let program = block(MEMBERS, "### From Python", "python");
    let program = format!(
        "{program}\nimport sys\ntoken = os.environ['MEMBERS_TOKEN']\n\
         print(json.dumps([len(members(token)), members(token, 'instructor')]))"
    );
    let said = run("python3", &["-c", &program], &variables);
    let expected = json!([2, [shown["members"][1]]]);
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON"), expected);
}

#[test]
fn the_documented_file_is_valid() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let toml = block(MEMBERS, "## In one minute", "toml");
    let gateway =
        "[gateway]\npublic_url = \"https://tool.example\"\nsecret = { env = \"SECRET\" }\n";
    let file = directory.path().join("tools.toml");
    std::fs::write(&file, format!("{gateway}{toml}\n")).expect("a file");
    let file = file.to_str().expect("a path");
    let secret = [("SECRET", "0123456789abcdef0123456789abcdef")];
    let said = run(env!("CARGO_BIN_EXE_lti-gateway"), &["check", "--production", file], &secret);
    assert!(said.contains("seminar"), "{said}");
}

#[test]
fn every_code_of_docs_members_is_one_of_the_gateway() {
    let sources = [
        include_str!("../../../src/web/members/refusal.rs"),
        include_str!("../../../src/web/members_failure.rs"),
    ];
    let (_, rows) = MEMBERS.split_once("| status | `error` |").expect("the table");
    let mut codes: Vec<&str> = rows
        .lines()
        .filter_map(|row| row.split('|').nth(2)?.trim().strip_prefix('`')?.strip_suffix('`'))
        .collect();
    codes.sort_unstable();
    let mut known: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.split('"').skip(1).step_by(2))
        .filter(|text| text.contains('-') && !text.contains([' ', '\n', '_']))
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .collect();
    known.sort_unstable();
    assert_eq!(codes, known);
}

#[test]
fn docs_grades_grades_a_learner() {
    let course = Course::new("grades = \"course\"");
    let members = json!([super::services::learner("42", "Ada Lovelace")]);
    course.0.services.serve_members("/members", &members, "");
    let token = course.token();
    let request = block(GRADES, "### grades = \"course\"", "http");
    let (head, body) = request.split_once("\n\n").expect("a body");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /grades"));
    assert_eq!(lines.next(), Some("Authorization: Bearer <X-LTI-Course-Grade-Token>"));
    let reply = course.call("POST", "/grades", &token, body);
    assert_eq!(response_json(&reply, 200)["status"], "delivered");
    let requests = course.0.services.all();
    let score: Value =
        serde_json::from_slice(&requests.last().expect("a score").body).expect("JSON");
    assert_eq!((&score["userId"], &score["comment"]), (&json!("42"), &json!("Well argued")));
}
