//! Grades that the older version queued are delivered after the migration.

use std::collections::HashMap;

use lti::Secret;
use lti::oauth1::{SigningKey, verify_authorization};
use rusqlite::Connection;
use serde_json::Value;

use super::state::GRADES;
use super::{copied_state, entries, start, text, tools};
use crate::support::{NOW, Recorded, Recorder, Server};

/// The response of a platform that accepts everything: 204 is valid for setting and clearing.
const ACCEPTED: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// The grades of the fixtures that must arrive, with operation and score.
const ARRIVING: [(&str, &str, Option<&str>); 4] = [
    ("kept-tried", "replaceResultRequest", Some("0.10")),
    ("kept-commented", "replaceResultRequest", Some("0.30000000000000004")),
    ("kept-deletion", "deleteResultRequest", None),
    ("kept-newer", "replaceResultRequest", Some("1.0")),
];

/// The text of an element of a request. `None` if it is missing.
fn element(request: &Recorded, name: &str) -> Option<String> {
    let body = std::str::from_utf8(&request.body).expect("text");
    let document = roxmltree::Document::parse(body).expect("well-formed XML");
    let mut found = document.descendants().filter(|node| node.tag_name().name() == name);
    found.next().map(|node| node.text().unwrap_or_default().to_owned())
}

fn find(server: &Server, token: &str, id: &str) -> Value {
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", authorization.as_str())];
    let reply = server.send("GET", &format!("/grades/{id}"), &headers, b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[test]
fn queued_grades_of_the_older_version_arrive_with_sender_order_and_digits() {
    let directory = copied_state();
    let (upstream, platform) = (Recorder::start(), Recorder::answering(ACCEPTED));
    let gateway = format!("[gateway]\nstate = \"{}\"\n", directory.path().display());
    let server = start(&tools(&upstream, &platform).replace("[gateway]\n", &gateway));
    let issued: HashMap<String, Value> = entries("grades.json", GRADES)
        .into_iter()
        .map(|grade| (text(&grade, "name").to_owned(), grade))
        .collect();

    let mut requests: Vec<Recorded> = ARRIVING.iter().map(|_| platform.next()).collect();
    for (name, operation, score) in ARRIVING {
        let grade = &issued[name];
        let at = requests
            .iter()
            .position(|request| {
                element(request, operation).is_some()
                    && element(request, "sourcedId").as_deref() == Some(text(grade, "sourcedid"))
            })
            .unwrap_or_else(|| panic!("{name} did not arrive"));
        let request = requests.remove(at);
        assert_eq!(element(&request, "textString").as_deref(), score, "{name}");
        let (host, path) =
            text(grade, "url")["https://lms-".len()..].split_once(".example").expect("a host");
        assert_eq!(request.line(), format!("POST /{host}{path}"), "{name}");
        let authorization = request.header("authorization").expect("a signature");
        let method = format!("oauth_signature_method=\"{}\"", text(grade, "method"));
        assert!(authorization.contains(&method), "{name}: {authorization}");
        let key = text(grade, "consumer_key");
        let secret = if key == "key-1" { "s3cret" } else { "an0ther" };
        let verified = verify_authorization(
            &authorization,
            "POST",
            text(grade, "url"),
            &request.body,
            key,
            &SigningKey::new(&Secret::new(secret)),
        );
        assert!(verified.is_ok(), "{name}: {verified:?}");
    }

    // The status of each grade.
    let file = Connection::open(directory.path().join("grades.sqlite")).expect("a file");
    let status = |name: &str| -> String {
        file.query_row(
            "SELECT status FROM finished WHERE id = ?1
                UNION ALL SELECT 'kept ' || tries || ' ' || delivered FROM kept WHERE id = ?1",
            [text(&issued[name], "id")],
            |row| row.get(0),
        )
        .expect("a row")
    };
    let expected = [
        ("kept-tried", "delivered"),
        ("kept-commented", "delivered"),
        ("kept-deletion", "delivered"),
        ("kept-newer", "kept 2 1"),
        ("kept-older", "superseded"),
        // It was not sent.
        ("kept-consumer-gone", "kept 1 0"),
        ("delivered", "delivered"),
        ("delivered-deletion", "delivered"),
        ("refused", "refused"),
        ("expired", "expired"),
        ("superseded", "superseded"),
        ("delivered-once-more", "kept 1 1"),
    ];
    assert_eq!(expected.len(), issued.len());
    for _ in 0..600 {
        if expected.iter().all(|(name, expected)| status(name) == *expected) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    for (name, expected) in expected {
        assert_eq!(status(name), expected, "{name}");
    }
    platform.saw_nothing();

    // The upstream finds its grade with the token that the older version issued.
    let tokens: HashMap<String, String> = entries("launches.json", 8)
        .iter()
        .filter(|launch| !launch["grade_token"].is_null())
        .map(|launch| {
            (text(launch, "name").to_owned(), text(&launch["grade_token"], "sealed").to_owned())
        })
        .collect();
    let found = find(&server, &tokens["session-graded"], text(&issued["kept-tried"], "id"));
    assert_eq!((&found["status"], &found["accepted"]), (&"delivered".into(), &(NOW - 900).into()));
}
