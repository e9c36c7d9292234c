//! The examples of docs/grades.md about LTI 1.3, as a reader types them.

use std::process::{Command, Stdio};

use super::*;

const PAGE: &str = include_str!("../../../docs/grades.md");

/// The first code block of a language below a heading.
#[track_caller]
fn block(heading: &str, language: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n{heading}\n")).expect("a heading");
    let (_, rest) = section.split_once(&format!("```{language}\n")).expect("a block");
    rest.split("\n```").next().expect("its end")
}

#[test]
fn docs_grades_declares_a_line_item() {
    let (_, of_tool) = block("## LTI 1.3", "toml").split_once("[tools.notebook]").expect("a tool");
    let declared: Vec<&str> =
        of_tool.lines().filter(|line| line.starts_with("line_item")).collect();
    assert_eq!(declared.len(), 1);
    assert!(of_tool.contains("\ngrades = true\n"));
    let stage = Stage::with("", declared[0]);
    let token = stage.token_of(|claims| {
        claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
    });
    stage.deliver(&token.expect("a grade token"), r#"{"score":"0.92"}"#);
    let items = stage.platform.items();
    assert_eq!((&items[0]["label"], &items[0]["scoreMaximum"]), (&json!("Notebook"), &json!(10)));
}

#[test]
fn docs_grades_reports_a_submission() {
    let stage = Stage::start();
    let token = stage.token();
    let output = Command::new("bash")
        .args(["-euc", block("### Progress", "sh")])
        .env("LTI_GATEWAY", format!("http://{}", stage.server.address))
        .env("GRADE_TOKEN", token)
        .stdin(Stdio::null())
        .output()
        .expect("bash and curl");
    let response: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(response["status"], "delivered", "{output:?}");
    let scores = stage.platform.scores();
    assert_eq!(scores[0]["activityProgress"], "Submitted");
    assert_eq!(scores[0]["gradingProgress"], "PendingManual");
}
