//! Grades of LTI 1.1 and 2.0: Basic Outcomes, and edX's Result service for comments, reading and
//! clearing.

use lti::oauth1::{Credentials, SigningKey, authorization};
use lti::v1p1::outcome::{self, CodeMajor, LARGEST_RESPONSE};
use lti::v2p0::result::{self, GradeResult};
use lti::{ConsumerKey, OutcomeService, Sender};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::call::{PlatformCall, PlatformOperation, PlatformResponse};
use super::error::PlatformError;
use super::reply::{Reply, failure};
use super::service::Platforms;

/// A request before it is signed.
struct OutcomeMessage {
    method: Method,
    /// The URL of the request.
    called: String,
    /// The URL that is signed.
    signed: String,
    content_type: &'static str,
    body: String,
}

/// One of the requests that the platform may understand.
struct OutcomeAttempt<'a> {
    platforms: &'a Platforms,
    service: &'a OutcomeService,
    call: &'a PlatformCall<'a>,
    /// The key of the consumer.
    key: &'a ConsumerKey,
    signing_key: &'a SigningKey,
    /// The outcome URL that is called.
    called: &'a str,
    /// The outcome URL that is signed.
    signed: &'a str,
}

/// Has an outcome service do something.
///
/// The signature is for the URL of the launch. The request may go to another URL, by
/// `outcome_url_rewrite` or because its normal form differs. A platform that verifies against that URL
/// refuses the signature. It gets a second request that is signed for the called URL.
pub(super) async fn grade(
    platforms: &Platforms,
    service: &OutcomeService,
    call: &PlatformCall<'_>,
) -> Result<PlatformResponse, PlatformError> {
    let Sender::Consumer(key) = call.sender else {
        return Err(PlatformError::NotAllowed("it takes grades of LTI 1.1 launches only"));
    };
    let named = service.url.as_str();
    let url = platforms.url(named)?;
    let called = url.as_str();
    let others = (called != named).then_some(called);
    let mut first = None;
    for signed in std::iter::once(named).chain(others) {
        for signing_key in call.signing_keys {
            let attempt =
                OutcomeAttempt { platforms, service, call, key, signing_key, called, signed };
            match attempt.grade().await {
                // A platform that refuses one secret may know the other.
                Err(
                    refused @ (PlatformError::Refused { .. } | PlatformError::TurnedAway { .. }),
                ) => {
                    first = first.or(Some(refused));
                }
                answer => return answer,
            }
        }
    }
    Err(first
        .unwrap_or_else(|| PlatformError::Unreachable("the consumer has no secret".to_owned())))
}

impl OutcomeAttempt<'_> {
    async fn grade(&self) -> Result<PlatformResponse, PlatformError> {
        let sourcedid = &self.service.sourcedid;
        let results = result::result_url(self.called, sourcedid)
            .zip(result::result_url(self.signed, sourcedid));
        match (self.call.operation, results) {
            (PlatformOperation::Replace { score, comment: Some(comment) }, Some(addresses)) => {
                match self.result(Method::PUT, addresses, result::body(score, comment)).await {
                    // edX's Result service is not there for a block that takes no late grades, whatever the date; and only its
                    // other service says why a grade is not taken.
                    Err(PlatformError::TurnedAway { status: 404, .. }) => {
                        let answer = self.outcome().await?;
                        Ok(PlatformResponse { comment_left_out: true, ..answer })
                    }
                    answer => answer,
                }
            }
            (PlatformOperation::Read, Some(addresses)) => {
                self.result(Method::GET, addresses, String::new()).await
            }
            (PlatformOperation::Delete, Some(addresses)) => {
                self.result(Method::DELETE, addresses, String::new()).await
            }
            (PlatformOperation::Replace { comment, .. }, _) => {
                let answer = self.outcome().await?;
                Ok(PlatformResponse { comment_left_out: comment.is_some(), ..answer })
            }
            (PlatformOperation::Read | PlatformOperation::Delete, None) => self.outcome().await,
        }
    }

    /// Basic Outcomes.
    async fn outcome(&self) -> Result<PlatformResponse, PlatformError> {
        let operation = match self.call.operation {
            PlatformOperation::Replace { score, .. } => outcome::Operation::Replace(score),
            PlatformOperation::Read => outcome::Operation::Read,
            PlatformOperation::Delete => outcome::Operation::Delete,
        };
        let message = OutcomeMessage {
            method: Method::POST,
            called: self.called.to_owned(),
            signed: self.signed.to_owned(),
            content_type: outcome::CONTENT_TYPE,
            body: outcome::request(&operation, &self.service.sourcedid, &random()?),
        };
        let reply = self.send(message).await?;
        let status = reply.status;
        // Some platforms have nothing to say of what they did.
        if status == 204 && !matches!(self.call.operation, PlatformOperation::Read) {
            return Ok(PlatformResponse { status, ..PlatformResponse::default() });
        }
        let answer = match &reply.body {
            Some(body) => outcome::read_response(body),
            None => Err(outcome::OutcomeError::TooLarge),
        };
        match (reply.judge(), answer) {
            (
                Ok(()),
                Ok(outcome::OutcomeResponse {
                    code: CodeMajor::Success | CodeMajor::Processing,
                    description,
                    score,
                }),
            ) => Ok(PlatformResponse { status, description, score, ..PlatformResponse::default() }),
            (Ok(()), Err(fault)) => {
                Err(PlatformError::Unintelligible { status, fault: fault.to_string() })
            }
            (
                Err(PlatformError::Unavailable { retry_after, .. }),
                Ok(outcome::OutcomeResponse { description, .. }),
            ) => Err(PlatformError::Unavailable { status, description, retry_after }),
            // Canvas says its no with a status beside the answer.
            (
                Ok(()) | Err(PlatformError::TurnedAway { .. }),
                Ok(outcome::OutcomeResponse { description, .. }),
            ) => Err(PlatformError::Refused { status, description }),
            (Err(error), _) => Err(error),
        }
    }

    /// The Result service, at the addresses to call and to sign.
    async fn result(
        &self,
        method: Method,
        (called, signed): (String, String),
        body: String,
    ) -> Result<PlatformResponse, PlatformError> {
        let is_read = method == Method::GET;
        let reply = self
            .send(OutcomeMessage {
                method,
                called,
                signed,
                content_type: result::CONTENT_TYPE,
                body,
            })
            .await?;
        let status = reply.status;
        reply.judge()?;
        if !is_read {
            return Ok(PlatformResponse { status, ..PlatformResponse::default() });
        }
        let result = match &reply.body {
            Some(body) => result::read_result(body),
            None => Err(result::ResultError::TooLarge),
        };
        match result {
            Ok(GradeResult { score, comment }) => {
                Ok(PlatformResponse { status, score, comment, ..PlatformResponse::default() })
            }
            Err(fault) => Err(PlatformError::Unintelligible { status, fault: fault.to_string() }),
        }
    }

    /// Signs and sends a request, and reads the answer as far as it is of a size that one can have.
    async fn send(&self, message: OutcomeMessage) -> Result<Reply, PlatformError> {
        let OutcomeMessage { method, called, signed, content_type, body } = message;
        let address = self.platforms.allowed(&called)?;
        let credentials = Credentials {
            key: self.key.as_str(),
            signing_key: self.signing_key,
            method: self.service.method,
            timestamp: self.call.clock.now(),
            nonce: &random()?,
        };
        let authorization = authorization(method.as_str(), &signed, body.as_bytes(), &credentials)
            .map_err(|_| PlatformError::NotAllowed("its query is malformed"))?;
        let request = self.platforms.client.request(method, address);
        let request =
            request.header(CONTENT_TYPE, content_type).header(AUTHORIZATION, authorization);
        let response = request.body(body).send().await.map_err(failure)?;
        Reply::read(response, LARGEST_RESPONSE).await
    }
}

/// 32 characters that nobody can guess, and that no other message has.
fn random() -> Result<String, PlatformError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|_| PlatformError::Unreachable("this machine has no randomness".to_owned()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}
