//! Queued grades while another configuration takes the place of the current one.

use super::*;

/// Long enough for a file that reloads outside development.
const SECRET: &str = "a consumer's secret, long enough";

/// A stage with a durable state, whose gateway reloads.
fn stage(responses: impl IntoIterator<Item = String>) -> Stage {
    let stage = Stage::durable(responding_in_order(responses), "");
    let Stage { upstream, platform, server, tools, directory } = stage;
    drop(server);
    let tools = tools.replace("\"s3cret\"", &format!("\"{SECRET}\""));
    let server = Server::start(&Setup { tools: &tools, reloads: true, ..Setup::default() });
    Stage { upstream, platform, server, tools, directory }
}

fn unavailable() -> String {
    http("503 Service Unavailable", "text/plain", "Back soon")
}

fn token(stage: &Stage) -> String {
    let url = stage.outcome_url();
    stage.token_of(&Form { secret: SECRET, ..launch(&url) }).expect("a grade token")
}

/// Changes the tools file, and waits until the gateway uses it.
#[track_caller]
fn reload(stage: &Stage, from: &str, to: &str) {
    assert!(stage.tools.contains(from), "{from}");
    stage.server.write("tools.toml", &stage.tools.replace(from, to));
    assert_eq!(stage.server.get("/").status, 200);
}

#[test]
fn a_queued_grade_is_delivered_after_a_reload_with_the_new_rules() {
    let stage = stage([unavailable(), success()]);
    let token = token(&stage);
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    // The same platform, by another name that the new rules allow.
    let port = stage.platform.origin().rsplit(':').next().expect("a port").to_owned();
    let rewrite = format!(
        "outcome_hosts = [\"localhost\"]\n\
         outcome_url_rewrite = {{ \"http://127.0.0.1:{port}\" = \"http://localhost:{port}\" }}"
    );
    reload(&stage, "outcome_hosts = [\"*\", \"127.0.0.1\"]", &rewrite);
    stage.server.set_now(NOW + 10);
    stage.wait_for_status(&token, &id, "delivered");
    let delivered = stage.platform.request();
    assert_eq!(delivered.header("host"), Some(format!("localhost:{port}")));
}

#[test]
fn a_queued_grade_of_a_removed_consumer_waits_until_the_consumer_is_back() {
    let stage = stage([unavailable(), success()]);
    let token = token(&stage);
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    reload(&stage, "\"key-1\"", "\"key-2\"");
    // As after a restart, the token is no longer valid.
    refused(&stage.call("GET", &token, ""), 401, "bad-grade-token");
    stage.server.set_now(NOW + 10);
    wait_for(|| {
        log_lines(&id).iter().any(|line| line.contains("its tool or consumer is no longer"))
    });
    stage.platform.saw_nothing();
    reload(&stage, "\"key-1\"", "\"key-1\"");
    // As after a restart, it waits up to three quarters of an hour.
    stage.wait_until(&token, &id, |found| found["next_try"].as_u64() > Some(NOW + 500));
    stage.server.set_now(NOW + 4000);
    // A reload wakes the retries.
    reload(&stage, "grades = true", "grades = true\ntitle = \"New\"");
    stage.wait_for_status(&token, &id, "delivered");
    stage.platform.request();
}

#[test]
fn a_reload_delivers_at_once_what_is_due() {
    let stage = stage([unavailable(), success()]);
    let token = token(&stage);
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    stage.server.set_now(NOW + 10);
    reload(&stage, "grades = true", "grades = true\ntitle = \"New\"");
    stage.wait_for_status(&token, &id, "delivered");
}
