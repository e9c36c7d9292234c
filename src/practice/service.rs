//! The outcome services of the practice course, like those of edX (xblock-lti-consumer): Basic
//! Outcomes with `replaceResult` only, and the Result service of LTI 2.0.

use lti::Score;
use lti::oauth1::{SigningKey, verify_authorization};
use lti::v1p1::outcome::service::{OutcomeRequest, read_request, response};
use lti::v1p1::outcome::{self, CodeMajor};
use lti::v2p0::result;
use serde_json::Value;

use super::course::sourcedid;
use super::gradebook::{CourseGrade, Gradebook, GradebookSlot};
use super::person::Person;

/// The host of the practice platform. Names below `localhost` are never resolved in the DNS (RFC
/// 6761 §6.3).
pub const HOST: &str = "practice.localhost";
/// The prefix of all paths of the practice platform.
pub const PATH: &str = "/dev/platform/";

/// The outcome service URL of a block.
pub fn outcome_url(tool: &str, block: &str) -> String {
    format!("http://{HOST}{PATH}{tool}/{block}/handler_noauth/outcome_service_handler")
}

/// A request to one of the services.
pub struct OutcomeServiceRequest<'a> {
    /// The name of the tool.
    pub tool: &'a str,
    /// The key of the tool's consumer.
    pub key: &'a str,
    /// The consumer's secret.
    pub signing_key: &'a SigningKey,
    /// The block of the service.
    pub block: &'a str,
    /// The method.
    pub method: &'static str,
    /// The path with the query.
    pub target: &'a str,
    /// The `Authorization` header.
    pub authorization: &'a str,
    /// The `Content-Type` header.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The timestamp, in seconds since the epoch.
    pub at: u64,
}

/// The response to a [`OutcomeServiceRequest`].
pub struct ServiceResponse {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// The service's decision, in plain language.
    pub finding: String,
    /// The `Link` header; empty for none.
    pub link: String,
}

impl ServiceResponse {
    /// A response in JSON.
    pub(super) fn json(status: u16, body: &Value, finding: impl Into<String>) -> Self {
        Self::new(status, "application/json", body.to_string(), finding)
    }

    /// A response without a `Link` header.
    pub(super) fn new(
        status: u16,
        content_type: &'static str,
        body: String,
        finding: impl Into<String>,
    ) -> Self {
        Self { status, content_type, body, finding: finding.into(), link: String::new() }
    }
}

impl OutcomeServiceRequest<'_> {
    /// Responds to a Basic Outcomes request. The status is always 200, as edX's is.
    pub fn outcome(&self, gradebook: &mut Gradebook) -> ServiceResponse {
        let (request, code, description) = match read_request(self.body) {
            Ok(request) => {
                let (code, description) = self.replace(&request, gradebook);
                (request, code, description)
            }
            Err(fault) => (OutcomeRequest::default(), CodeMajor::Failure, fault.to_string()),
        };
        let body = response(&request, code, &description);
        let finding = format!("{}: {description}", code.name());
        ServiceResponse::new(200, outcome::CONTENT_TYPE, body, finding)
    }

    fn replace(&self, request: &OutcomeRequest, gradebook: &mut Gradebook) -> (CodeMajor, String) {
        if let Err(why) = self.verify() {
            return (CodeMajor::Failure, why);
        }
        let person = request.sourcedid.rsplit(':').next().unwrap_or_default();
        let Some(slot) =
            self.slot(person).filter(|_| request.sourcedid == sourcedid(self.block, person))
        else {
            return (CodeMajor::Failure, "this block has no result with this sourcedId".to_owned());
        };
        if request.operation != "replaceResult" {
            let description = "Target does not support the requested operation.";
            return (CodeMajor::Unsupported, description.to_owned());
        }
        match Score::parse(request.score.as_deref().unwrap_or_default().trim()) {
            Ok(score) => {
                let description =
                    format!("Score for {} is now {}", request.sourcedid, score.as_str());
                gradebook.set(&slot, Some(CourseGrade::of(score, String::new(), self.at)));
                (CodeMajor::Success, description)
            }
            Err(fault) => (CodeMajor::Failure, fault.to_string()),
        }
    }

    /// Responds to a request of the Result service for a user. An error is only a status, as edX's
    /// is.
    pub fn result(&self, person: &str, gradebook: &mut Gradebook) -> ServiceResponse {
        let (status, body, finding) = match self.respond(person, gradebook) {
            Ok((body, finding)) => (200, body, finding.to_owned()),
            Err((status, why)) => (status, String::new(), why),
        };
        ServiceResponse::new(status, result::CONTENT_TYPE, body, finding)
    }

    fn respond(
        &self,
        person: &str,
        gradebook: &mut Gradebook,
    ) -> Result<(String, &'static str), (u16, String)> {
        if self.content_type != result::CONTENT_TYPE {
            return Err((401, format!("the Content-Type is not {}", result::CONTENT_TYPE)));
        }
        self.verify().map_err(|why| (401, why))?;
        let slot = self
            .slot(person)
            .ok_or_else(|| (404, "no user of the course has this id".to_owned()))?;
        match self.method {
            "PUT" => {
                let sent = result::read_result(self.body);
                let sent =
                    sent.map_err(|_| (404, "the body is not a result in JSON".to_owned()))?;
                let Some(score) = sent.score else {
                    gradebook.set(&slot, None);
                    return Ok((
                        "{}".to_owned(),
                        "the result was deleted: the request has no score",
                    ));
                };
                let score = Score::parse(&score).map_err(|fault| (404, fault.to_string()))?;
                gradebook.set(
                    &slot,
                    Some(CourseGrade::of(score, sent.comment.unwrap_or_default(), self.at)),
                );
                Ok(("{}".to_owned(), "the result was stored"))
            }
            "DELETE" => {
                gradebook.set(&slot, None);
                Ok(("{}".to_owned(), "the result was deleted"))
            }
            _ => Ok(
                match gradebook.grade(&slot).and_then(|grade| grade.score.as_ref().zip(Some(grade)))
                {
                    Some((score, grade)) => {
                        (result::body(score, &grade.comment), "the result was sent")
                    }
                    None => (result::NO_RESULT.to_owned(), "no result is stored yet"),
                },
            ),
        }
    }

    /// The gradebook slot of a user of the course.
    fn slot(&self, person: &str) -> Option<GradebookSlot> {
        let person = Person::known(person)?.id.to_owned();
        Some(GradebookSlot { tool: self.tool.to_owned(), block: self.block.to_owned(), person })
    }

    /// Verifies the signature. Like edX, it ignores timestamp and nonce.
    fn verify(&self) -> Result<(), String> {
        let url = format!("http://{HOST}{}", self.target);
        verify_authorization(
            self.authorization,
            self.method,
            &url,
            self.body,
            self.key,
            self.signing_key,
        )
        .map_err(|fault| fault.to_string())
    }
}
