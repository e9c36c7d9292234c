//! JSON responses.

use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};
use serde_json::{Value, json};

/// A JSON response that no cache stores.
pub(in crate::web) struct JsonResponse {
    pub(in crate::web) status: Status,
    pub(in crate::web) headers: Vec<(&'static str, String)>,
    body: String,
}

impl JsonResponse {
    /// A response with this JSON.
    pub(in crate::web) fn new(status: Status, body: String) -> Self {
        Self { status, headers: vec![("Cache-Control", "no-store".to_owned())], body }
    }
}

impl<'r> Responder<'r, 'static> for JsonResponse {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status).header(ContentType::JSON);
        for (name, value) in self.headers {
            response.header(Header::new(name, value));
        }
        Ok(response.sized_body(self.body.len(), Cursor::new(self.body)).finalize())
    }
}

/// The HTTP status and the message of a platform's response, as JSON.
pub(super) fn platform(status: u16, description: &str) -> Value {
    json!({ "status": status, "description": description })
}
