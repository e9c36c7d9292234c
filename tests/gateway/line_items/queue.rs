//! Queued grades: only the newest is sent, and those of a removed platform are refused.

use super::*;

fn unavailable() -> String {
    reply("503 Service Unavailable", "text/plain", "")
}

#[test]
fn only_the_newest_of_a_learners_grades_arrives() {
    let stage = Stage::durable("");
    let token = stage.token();
    for _ in 0..2 {
        stage.platform.respond("scores", &unavailable());
    }
    let first = stage.queue(&token, r#"{"score":0.1}"#);
    let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.2}"#, NOW);
    let second = response_json(&reply, 202)["id"].as_str().expect("an id").to_owned();
    stage.wait_for_status(&token, &second, "delivered", NOW + 60);
    assert_eq!(stage.find(&token, &first)["status"], "superseded");
    let scores = stage.platform.scores();
    assert_eq!(scores.len(), 1);
    assert_eq!(scores[0]["scoreGiven"], json!(0.2));
}

#[test]
fn grades_of_a_removed_platform_client_or_deployment_are_refused() {
    for (from, to) in [
        ("client_id = \"client-1\"", "client_id = \"client-2\""),
        ("client_id = \"client-1\"", "client_id = \"client-1\"\ndeployments = [\"2\"]"),
        ("[platforms.moodle]", "[platforms.other]"),
        ("platforms = \"moodle\"", "key = \"key-1\"\nsecret = \"s3cret\""),
    ] {
        let stage = Stage::durable("");
        let token = stage.token();
        stage.platform.respond("scores", &unavailable());
        let id = stage.queue(&token, r#"{"score":0.5}"#);
        let tools = stage.tools.clone();
        let mut stage = stage;
        if from == "[platforms.moodle]" {
            stage.tools = stage.tools.replace("= \"moodle\"", "= \"other\"");
        }
        let stage = stage.restarted(from, to, NOW + 10);
        refused(&stage.call("POST", &token, r#"{"score":1}"#), 401, "bad-grade-token");
        // No token of the removed platform can ask for the grade.
        let lines = || log_lines(&id).into_iter().filter(|line| line.contains("\"refused\""));
        for _ in 0..200 {
            if lines().count() > 0 {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let line = lines().next().unwrap_or_else(|| panic!("not refused: {from}"));
        assert!(line.contains("its platform is no longer in tools.toml"), "{line}");
        assert!(stage.platform.scores().is_empty());
        assert_ne!(stage.tools, tools);
    }
}

#[test]
fn many_learners_grades_survive_restarts_and_failures() {
    let stage = Stage::durable("");
    let users: Vec<String> = (0..24).map(|number| format!("learner-{number}")).collect();
    let tokens: Vec<String> = users
        .iter()
        .map(|user| stage.token_of(|claims| claims["sub"] = user.as_str().into()))
        .map(|token| token.expect("a grade token"))
        .collect();
    // Of three responses, one is lost and one is a failure.
    for _ in 0..8 {
        stage.platform.process_and_respond("scores", "lost\r\n\r\n");
        stage.platform.respond("scores", &unavailable());
    }
    stage.platform.respond("token", &unavailable());
    let mut queued = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let reply = stage.call("POST", token, &format!("{{\"score\":0.{at:02}}}"));
        if reply.status == 202 {
            let id = reply.json()["id"].as_str().expect("an id").to_owned();
            queued.push((token.clone(), id));
        } else {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    }
    let stage = stage.restarted("grades = true", "grades = true", NOW + 30);
    for (token, id) in &queued {
        stage.wait_for_status(token, id, "delivered", NOW + 60);
    }
    let scores = stage.platform.scores();
    for (at, user) in users.iter().enumerate() {
        let own: Vec<&Value> = scores.iter().filter(|score| score["userId"] == **user).collect();
        assert_eq!(own.len(), 1, "{user}: {own:?}");
        let raw = own[0]["raw"].as_str().expect("text");
        assert!(raw.contains(&format!("\"scoreGiven\":0.{at:02},")), "{user}: {raw}");
    }
}
