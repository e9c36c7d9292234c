//! For one learner and resource link, the newest grade counts, and an older one never overtakes it.

use super::*;

fn unavailable() -> String {
    http("500 Internal Server Error", "text/html", "")
}

/// Delivers a grade of another learner, and asserts that nothing else is sent.
#[track_caller]
fn nothing_else_is_sent(stage: &Stage, other: &str) {
    stage.deliver(other, "1");
    assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
}

#[test]
fn a_delivered_newer_grade_supersedes_a_queued_one() {
    for delete in [false, true] {
        let stage =
            Stage::durable(responding_in_order([unavailable(), unavailable(), success()]), "");
        let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
        let older = stage.queue(&ada, "0.5");
        let other = stage.queue(&grace, "0.7");
        stage.platform.next();
        stage.platform.next();
        let is_newer = |request: &Recorded| match delete {
            true => element_if_any(request, "deleteResultRequest").is_some(),
            false => element_if_any(request, "textString").as_deref() == Some("1.0"),
        };
        if delete {
            response_json(&stage.call("DELETE", &ada, ""), 200);
        } else {
            stage.deliver(&ada, "1.0");
        }
        assert!(is_newer(&stage.platform.request()));
        let found = stage.find(&ada, &older);
        assert_eq!((&found["status"], &found["next_try"]), (&json!("superseded"), &Value::Null));
        assert_eq!(
            stage.find(&grace, &other)["status"],
            "kept",
            "the other learner's grade does not change"
        );

        // The platform may still process the older one, so the gateway sends the newer one again.
        stage.server.set_now(NOW + 1000);
        stage.wait_for_status(&grace, &other, "delivered");
        let later = [stage.platform.next(), stage.platform.next()];
        let (of_ada, of_grace): (Vec<&Recorded>, Vec<&Recorded>) =
            later.iter().partition(|request| element(request, "sourcedId") == "learner-ada");
        assert_eq!((of_ada.len(), of_grace.len()), (1, 1));
        assert!(is_newer(of_ada[0]));
        assert_eq!(stage.find(&ada, &older)["status"], "superseded");
        wait_for(|| super::state::count(&stage, "kept") == 0);
        stage.server.set_now(NOW + 10_000);
        nothing_else_is_sent(&stage, &grace);
    }
}

#[test]
fn of_two_queued_grades_only_the_newer_is_sent() {
    let stage = Stage::durable(
        responding_in_order([unavailable(), unavailable(), unavailable(), success()]),
        "",
    );
    let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
    let older = stage.queue(&ada, "0.5");
    let newer = stage.queue(&ada, "1.0");
    assert_eq!(stage.find(&ada, &older)["status"], "superseded");
    for score in ["0.5", "1.0"] {
        assert_eq!(element(&stage.platform.next(), "textString"), score);
    }
    stage.server.set_now(NOW + 10);
    stage.wait_for_attempts(&ada, &newer, 2);
    assert_eq!(element(&stage.platform.request(), "textString"), "1.0");
    stage.server.set_now(NOW + 30);
    stage.wait_for_status(&ada, &newer, "delivered");
    assert_eq!(element(&stage.platform.request(), "textString"), "1.0");
    assert_eq!(stage.find(&ada, &older)["status"], "superseded");
    stage.deliver(&grace, "1");
    assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
}

#[test]
fn a_refused_newer_grade_supersedes_no_older_one() {
    let stage = Stage::durable(
        responding_in_order([unavailable(), pox("failure", "Not this", ""), success()]),
        "",
    );
    let token = stage.token();
    let older = stage.queue(&token, "0.5");
    assert_eq!(element(&stage.platform.request(), "textString"), "0.5");
    refused(&stage.call("POST", &token, r#"{"score":1.0}"#), 502, "platform-refused");
    assert_eq!(element(&stage.platform.request(), "textString"), "1.0");
    assert_eq!(stage.find(&token, &older)["status"], "kept");
    stage.server.set_now(NOW + 10);
    stage.wait_for_status(&token, &older, "delivered");
    assert_eq!(element(&stage.platform.request(), "textString"), "0.5");
}

#[test]
fn grades_of_different_links_wait_independently() {
    let stage = Stage::durable(responding_in_order([unavailable(), unavailable(), success()]), "");
    let url = stage.outcome_url();
    let token_at = |link: &str| {
        let form = Form { nonce: link, ..launch(&url) };
        let form = form.but(&[("resource_link_id", link), ("lis_result_sourcedid", link)]);
        stage.token_of(&form).expect("a grade token")
    };
    let tokens = ["link-1", "link-2"].map(|link| (token_at(link), link));
    let ids = tokens.each_ref().map(|(token, _)| stage.queue(token, "0.5"));
    for (_, link) in &tokens {
        assert_eq!(element(&stage.platform.next(), "sourcedId"), *link);
    }
    stage.server.set_now(NOW + 10);
    for ((token, _), id) in tokens.iter().zip(&ids) {
        stage.wait_for_status(token, id, "delivered");
    }
    let mut sent =
        [stage.platform.next(), stage.platform.request()].map(|one| element(&one, "sourcedId"));
    sent.sort();
    assert_eq!(sent, ["link-1", "link-2"]);
}
