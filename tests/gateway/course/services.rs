//! The services of a platform: access tokens, and prepared responses of its other services.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::support::{Recorded, Recorder};

/// The services. Each response is prepared by the test.
pub(super) struct Services {
    recorder: Recorder,
    responses: Responses,
    /// A part of the scopes that it does not grant.
    refused: Arc<Mutex<Option<String>>>,
}

/// Responses by method and target, such as `GET /members`.
type Responses = Arc<Mutex<HashMap<String, Vec<u8>>>>;

impl Services {
    /// Services that grant every access token, and have nothing else yet.
    pub(super) fn start() -> Self {
        let (responses, refused) = (Responses::default(), Arc::<Mutex<Option<String>>>::default());
        let (served, not_granted) = (Arc::clone(&responses), Arc::clone(&refused));
        let recorder = Recorder::with(move |request: &Recorded| {
            let not_granted = not_granted.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let body = String::from_utf8_lossy(&request.body);
            if not_granted.is_some_and(|scope| body.contains(&scope)) {
                let json = "Content-Type: application/json\r\n";
                return response("400 Bad Request", json, r#"{"error":"invalid_scope"}"#);
            }
            let served = served.lock().unwrap_or_else(PoisonError::into_inner);
            let missing = || response("404 Not Found", "", "");
            served.get(&request.line()).cloned().unwrap_or_else(missing)
        });
        let services = Self { recorder, responses, refused };
        services.grant(json!({
            "access_token": "access-token-1", "token_type": "Bearer", "expires_in": 3600
        }));
        services
    }

    pub(super) fn origin(&self) -> String {
        self.recorder.origin()
    }

    /// Responds to requests for access tokens with this JSON.
    pub(super) fn grant(&self, token: Value) {
        self.serve(
            "POST /token",
            "200 OK",
            "Content-Type: application/json\r\n",
            &token.to_string(),
        );
    }

    /// Prepares the response to a method and target.
    pub(super) fn serve(&self, line: &str, status: &str, headers: &str, body: &str) {
        let mut responses = self.responses.lock().unwrap_or_else(PoisonError::into_inner);
        responses.insert(line.to_owned(), response(status, headers, body));
    }

    /// Prepares a page of members. `link` is the value of `Link`; empty for none.
    pub(super) fn serve_members(&self, target: &str, members: &Value, link: &str) {
        let link = if link.is_empty() { String::new() } else { format!("Link: {link}\r\n") };
        let headers = format!(
            "Content-Type: application/vnd.ims.lti-nrps.v2.membershipcontainer+json\r\n{link}"
        );
        let body = json!({
            "id": "https://lms.example/members",
            "context": {"id": "course-1", "label": "CHEM", "title": "Chemistry"},
            "members": members,
        });
        self.serve(&format!("GET {target}"), "200 OK", &headers, &body.to_string());
    }

    /// The next request.
    #[track_caller]
    pub(super) fn next(&self) -> Recorded {
        self.recorder.next()
    }

    /// The next request, which is for an access token. Returns its form.
    #[track_caller]
    pub(super) fn token_request(&self) -> String {
        let request = self.next();
        assert_eq!(request.line(), "POST /token");
        String::from_utf8(request.body).expect("a form")
    }

    /// All requests so far.
    pub(super) fn all(&self) -> Vec<Recorded> {
        self.recorder.all()
    }

    /// Refuses access tokens with a scope that contains this text.
    pub(super) fn refuse_scope(&self, scope: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = Some(scope.to_owned());
    }

    /// Asserts that no further request arrived.
    #[track_caller]
    pub(super) fn saw_nothing(&self) {
        self.recorder.saw_nothing();
    }
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A member who learns.
pub(super) fn learner(user: &str, name: &str) -> Value {
    json!({
        "user_id": user, "roles": ["Learner"], "status": "Active", "name": name,
        "email": format!("{user}@uni.example"),
    })
}
