//! Which launches have a grade token, and what the log says about the others.

use super::*;

/// The log lines of launches of a stage's tool that have no token, with this reason.
fn lines_without_token(reason: &str) -> Vec<String> {
    let lines = log_lines("grade_token=\"none\"").into_iter();
    lines.filter(|line| line.contains(reason)).collect()
}

// LTI13 §18, case 25.
#[test]
fn a_launch_without_a_usable_line_item_has_no_token_and_one_line() {
    let stage = Stage::with("", "");
    let checks: [(&str, &str, fn(&mut Value)); 6] = [
        ("INFO", "the platform sent no grade service (AGS)", |claims| {
            claims.as_object_mut().expect("an object").remove(ENDPOINT);
        }),
        ("INFO", "the platform has no line item for this link", |claims| {
            claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
        }),
        ("WARN", "does not grant the scope for scores", |claims| {
            claims[ENDPOINT]["scope"] = json!([RESULTS, LINE_ITEMS]);
        }),
        ("WARN", "the URL of the line item is not an http or https URL", |claims| {
            claims[ENDPOINT]["lineitem"] = "/li/7".into();
        }),
        (
            "WARN",
            "the gateway does not send grades to the URL of the line item: its host",
            |claims| {
                claims[ENDPOINT]["lineitem"] = "http://10.0.0.1/li/7".into();
            },
        ),
        ("INFO", "the platform sent no grade service (AGS)", |claims| {
            claims[ENDPOINT] = "none".into();
        }),
    ];
    for (level, reason, change) in checks {
        let before = lines_without_token(reason).len();
        assert_eq!(stage.token_of(change), None, "{reason}");
        let lines = lines_without_token(reason);
        assert_eq!(lines.len(), before + 1, "{reason}");
        let line = &lines[before];
        assert!(line.contains(&format!(" {level} launch: ")), "{line}");
        assert!(line.contains("consumer=\"moodle\"") && line.contains("help="), "{line}");
    }
}

#[test]
fn a_declared_line_item_needs_the_scope_to_create_it() {
    let stage = Stage::with("", "line_item = { label = \"Lab\", points = 1 }");
    let token = stage.token_of(|claims| {
        claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
        claims[ENDPOINT]["scope"] = json!([SCORE]);
    });
    assert_eq!(token, None);
    let lines = lines_without_token("does not grant the scope to create one");
    assert!(!lines.is_empty());
}

#[test]
fn a_launch_without_a_user_has_no_token() {
    let stage = Stage::start().restarted("client_id = ", "anonymous = true\nclient_id = ", NOW);
    let token = stage.token_of(|claims| {
        claims.as_object_mut().expect("an object").remove("sub");
    });
    assert_eq!(token, None);
    assert!(!lines_without_token("the platform sent no user").is_empty());
}
