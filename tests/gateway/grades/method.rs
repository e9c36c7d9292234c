//! Which methods there are, and where.

use super::*;

#[test]
fn other_methods_and_places_send_nothing() {
    let stage = Stage::durable(Recorder::answering(good()), "");
    let token = stage.token();
    let body = r#"{"score":1}"#;
    for (method, target) in [
        ("OPTIONS", "/grades"),
        ("TRACE", "/grades"),
        ("POST", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("DELETE", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("PUT", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("POST", "/Grades"),
        ("POST", "/lti/nb/grades"),
    ] {
        let reply = call(&stage.server, method, target, &token, body);
        assert!((400..500).contains(&reply.status), "{method} {target}: {reply:?}");
        assert!(
            !reply.body.contains(&token) && !reply.headers.iter().any(|(_, value)| value.contains(&token))
        );
    }
    stage.platform.saw_nothing();
    stage.upstream.saw_nothing();
}

#[test]
fn a_wrong_method_is_told_which_are_right() {
    let stage = Stage::durable(Recorder::answering(good()), "");
    let token = stage.token();
    for method in ["PUT", "PATCH"] {
        let reply = call(&stage.server, method, "/grades", &token, r#"{"score":1}"#);
        assert_eq!(
            refused(&reply, 405, "wrong-method"),
            json!({ "message": "POST a grade, GET it, or DELETE it" })
        );
        assert_eq!(reply.header("allow"), Some("GET, HEAD, POST, DELETE"));
    }
    stage.platform.saw_nothing();
}
