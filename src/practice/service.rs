//! The outcome services of the practice course, as edX has them (xblock-lti-consumer): Basic Outcomes, of which it knows
//! `replaceResult` only, and the Result service of LTI 2.0.

use lti::oauth1::{SigningKey, verify_authorization};
use lti::v1p1::outcome::service::{OutcomeRequest, read_request, response};
use lti::v1p1::outcome::{self, CodeMajor};
use lti::v2p0::result;
use lti::{Score, Secret};

use super::course::sourcedid;
use super::gradebook::{CourseGrade, Gradebook, GradebookSlot};
use super::person::Person;
use crate::config::PLACEHOLDER_SECRET;

/// The host of the practice platform. It is nobody's: names below `localhost` are never looked up in the internet (RFC 6761 §6.3).
pub const HOST: &str = "practice.localhost";
/// What its addresses begin with.
pub const PATH: &str = "/dev/platform/";

/// The address at which a block takes outcomes.
pub fn outcome_url(tool: &str, block: &str) -> String {
    format!("http://{HOST}{PATH}{tool}/{block}/handler_noauth/outcome_service_handler")
}

/// A request to one of the services.
pub struct ServiceRequest<'a> {
    /// The name of the tool that asks.
    pub tool: &'a str,
    /// The key of its consumer that has development's stand-in secret.
    pub key: &'a str,
    /// The block whose service is asked.
    pub block: &'a str,
    /// The method.
    pub method: &'static str,
    /// The path, with the query, to which it came.
    pub target: &'a str,
    /// Its `Authorization` header.
    pub authorization: &'a str,
    /// Its `Content-Type` header.
    pub content_type: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

/// The response to a [`ServiceRequest`].
pub struct ServiceResponse {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// What was made of the request, in words.
    pub finding: String,
}

impl ServiceRequest<'_> {
    /// Answers Basic Outcomes: with 200, whatever becomes of it, as edX does.
    pub fn outcome(&self, gradebook: &mut Gradebook) -> ServiceResponse {
        let (request, code, words) = match read_request(self.body) {
            Ok(request) => {
                let (code, words) = self.replace(&request, gradebook);
                (request, code, words)
            }
            Err(fault) => (OutcomeRequest::default(), CodeMajor::Failure, fault.to_string()),
        };
        ServiceResponse {
            status: 200,
            content_type: outcome::CONTENT_TYPE,
            body: response(&request, code, &words),
            finding: format!("{}: {words}", code.name()),
        }
    }

    fn replace(&self, request: &OutcomeRequest, gradebook: &mut Gradebook) -> (CodeMajor, String) {
        if let Err(why) = self.verify() {
            return (CodeMajor::Failure, why);
        }
        let person = request.sourcedid.rsplit(':').next().unwrap_or_default();
        let Some(slot) =
            self.slot(person).filter(|_| request.sourcedid == sourcedid(self.block, person))
        else {
            return (CodeMajor::Failure, "this block has no result of this sourcedId".to_owned());
        };
        if request.operation != "replaceResult" {
            let words = "Target does not support the requested operation.";
            return (CodeMajor::Unsupported, words.to_owned());
        }
        match Score::parse(request.score.as_deref().unwrap_or_default().trim()) {
            Ok(score) => {
                let words = format!("Score for {} is now {}", request.sourcedid, score.as_str());
                gradebook.set(&slot, Some(CourseGrade { score, comment: String::new() }));
                (CodeMajor::Success, words)
            }
            Err(fault) => (CodeMajor::Failure, fault.to_string()),
        }
    }

    /// Answers the Result service for a person: where something is wrong by the status alone, as edX does.
    pub fn result(&self, person: &str, gradebook: &mut Gradebook) -> ServiceResponse {
        let (status, body, finding) = match self.take(person, gradebook) {
            Ok((body, finding)) => (200, body, finding.to_owned()),
            Err((status, why)) => (status, String::new(), why),
        };
        ServiceResponse { status, content_type: result::CONTENT_TYPE, body, finding }
    }

    fn take(
        &self,
        person: &str,
        gradebook: &mut Gradebook,
    ) -> Result<(String, &'static str), (u16, String)> {
        if self.content_type != result::CONTENT_TYPE {
            return Err((401, format!("its Content-Type is not {}", result::CONTENT_TYPE)));
        }
        self.verify().map_err(|why| (401, why))?;
        let slot = self
            .slot(person)
            .ok_or_else(|| (404, "nobody in the course has this id".to_owned()))?;
        match self.method {
            "PUT" => {
                let sent = result::read_result(self.body);
                let sent = sent.map_err(|_| (404, "its body is no result in JSON".to_owned()))?;
                let Some(score) = sent.score else {
                    gradebook.set(&slot, None);
                    return Ok(("{}".to_owned(), "a result without a score takes it away"));
                };
                let score = Score::parse(&score).map_err(|fault| (404, fault.to_string()))?;
                gradebook.set(
                    &slot,
                    Some(CourseGrade { score, comment: sent.comment.unwrap_or_default() }),
                );
                Ok(("{}".to_owned(), "the result was taken"))
            }
            "DELETE" => {
                gradebook.set(&slot, None);
                Ok(("{}".to_owned(), "the result was taken away"))
            }
            _ => Ok(match gradebook.grade(&slot) {
                Some(grade) => (result::body(&grade.score, &grade.comment), "the result was told"),
                None => (result::NO_RESULT.to_owned(), "there is no result yet"),
            }),
        }
    }

    /// Where a person's grade stands, if there is such a person.
    fn slot(&self, person: &str) -> Option<GradebookSlot> {
        let person = Person::known(person)?.id;
        Some(GradebookSlot { tool: self.tool.to_owned(), block: self.block.to_owned(), person })
    }

    /// Whether it is signed with the stand-in secret. Neither its time nor its nonce is judged, which edX does not, either.
    fn verify(&self) -> Result<(), String> {
        let signing_key = SigningKey::new(&Secret::new(PLACEHOLDER_SECRET));
        let url = format!("http://{HOST}{}", self.target);
        verify_authorization(
            self.authorization,
            self.method,
            &url,
            self.body,
            self.key,
            &signing_key,
        )
        .map_err(|fault| fault.to_string())
    }
}
