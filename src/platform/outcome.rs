//! Grades of LTI 1.1 and 2.0: Basic Outcomes, and edX's Result service for comments, reading and
//! clearing.

use lti::oauth1::{Credentials, SigningKey, authorization};
use lti::v1p1::outcome::{self, CodeMajor, LARGEST_RESPONSE};
use lti::v2p0::result::{self, GradeResult};
use lti::{ConsumerKey, OutcomeService, Sender};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};

use super::call::{PlatformCall, PlatformOperation, PlatformResponse};
use super::error::PlatformError;
use super::random::random;
use super::reply::{Reply, failure};
use super::service::Platforms;

/// An unsigned request.
struct OutcomeMessage {
    method: Method,
    /// The URL of the request.
    request_url: String,
    /// The URL in the signature.
    signed_url: String,
    content_type: &'static str,
    body: String,
}

/// A request with one combination of key and signed URL. The platform may accept another one.
struct OutcomeAttempt<'a> {
    platforms: &'a Platforms,
    service: &'a OutcomeService,
    call: &'a PlatformCall<'a>,
    /// The consumer key.
    key: &'a ConsumerKey,
    signing_key: &'a SigningKey,
    /// The outcome URL of the request.
    request_url: &'a str,
    /// The outcome URL in the signature.
    signed_url: &'a str,
}

/// Calls an outcome service.
///
/// The signature is for the URL of the launch. The request URL may differ, because of
/// `outcome_url_rewrite` or URL normalization. A platform that verifies the request URL refuses the
/// signature. The gateway then sends a second request, signed for the request URL.
pub(super) async fn grade(
    platforms: &Platforms,
    service: &OutcomeService,
    call: &PlatformCall<'_>,
) -> Result<PlatformResponse, PlatformError> {
    let Sender::Consumer(key) = call.sender else {
        return Err(PlatformError::NotAllowed("it only accepts grades of LTI 1.1 launches"));
    };
    let launch_url = service.url.as_str();
    let url = platforms.url(launch_url)?;
    let request_url = url.as_str();
    let second = (request_url != launch_url).then_some(request_url);
    let mut first = None;
    for signed_url in std::iter::once(launch_url).chain(second) {
        for signing_key in call.signing_keys {
            let attempt = OutcomeAttempt {
                platforms,
                service,
                call,
                key,
                signing_key,
                request_url,
                signed_url,
            };
            match attempt.grade().await {
                // During a rotation, the platform may have the other secret.
                Err(
                    refused @ (PlatformError::Refused { .. }
                    | PlatformError::RefusedByStatus { .. }),
                ) => {
                    first = first.or(Some(refused));
                }
                response => return response,
            }
        }
    }
    Err(first
        .unwrap_or_else(|| PlatformError::Unreachable("the consumer has no secret".to_owned())))
}

impl OutcomeAttempt<'_> {
    async fn grade(&self) -> Result<PlatformResponse, PlatformError> {
        let sourcedid = &self.service.sourcedid;
        let results = result::result_url(self.request_url, sourcedid)
            .zip(result::result_url(self.signed_url, sourcedid));
        match (self.call.operation, results) {
            (PlatformOperation::Replace { score, comment: Some(comment) }, Some(urls)) => {
                match self.result(Method::PUT, urls, result::body(score, comment)).await {
                    // edX's Result service is missing for a block that accepts no late grades, at
                    // any date. Also, only its Basic Outcomes service returns the reason of a
                    // refusal.
                    Err(PlatformError::RefusedByStatus { status: 404, .. }) => {
                        let response = self.outcome().await?;
                        Ok(PlatformResponse { comment_left_out: true, ..response })
                    }
                    response => response,
                }
            }
            (PlatformOperation::Read, Some(urls)) => {
                self.result(Method::GET, urls, String::new()).await
            }
            (PlatformOperation::Delete, Some(urls)) => {
                self.result(Method::DELETE, urls, String::new()).await
            }
            (PlatformOperation::Replace { comment, .. }, _) => {
                let response = self.outcome().await?;
                Ok(PlatformResponse { comment_left_out: comment.is_some(), ..response })
            }
            (PlatformOperation::Read | PlatformOperation::Delete, None) => self.outcome().await,
        }
    }

    /// Calls Basic Outcomes.
    async fn outcome(&self) -> Result<PlatformResponse, PlatformError> {
        let operation = match self.call.operation {
            PlatformOperation::Replace { score, .. } => outcome::Operation::Replace(score),
            PlatformOperation::Read => outcome::Operation::Read,
            PlatformOperation::Delete => outcome::Operation::Delete,
        };
        let message = OutcomeMessage {
            method: Method::POST,
            request_url: self.request_url.to_owned(),
            signed_url: self.signed_url.to_owned(),
            content_type: outcome::CONTENT_TYPE,
            body: outcome::request(&operation, &self.service.sourcedid, &random()?),
        };
        let reply = self.send(message).await?;
        let status = reply.status;
        // Some platforms send an empty response after a success.
        if status == 204 && !matches!(self.call.operation, PlatformOperation::Read) {
            return Ok(PlatformResponse { status, ..PlatformResponse::default() });
        }
        let response = match &reply.body {
            Some(body) => outcome::read_response(body),
            None => Err(outcome::OutcomeError::TooLarge),
        };
        match (reply.judge(), response) {
            (
                Ok(()),
                Ok(outcome::OutcomeResponse {
                    code: CodeMajor::Success | CodeMajor::Processing,
                    description,
                    score,
                }),
            ) => Ok(PlatformResponse { status, description, score, ..PlatformResponse::default() }),
            (Ok(()), Err(fault)) => {
                Err(PlatformError::InvalidResponse { status, fault: fault.to_string() })
            }
            (
                Err(PlatformError::Unavailable { retry_after, .. }),
                Ok(outcome::OutcomeResponse { description, .. }),
            ) => Err(PlatformError::Unavailable { status, description, retry_after }),
            // Canvas sends a refusal as a 422 with a response body.
            (
                Ok(()) | Err(PlatformError::RefusedByStatus { .. }),
                Ok(outcome::OutcomeResponse { description, .. }),
            ) => Err(PlatformError::Refused { status, description }),
            (Err(error), _) => Err(error),
        }
    }

    /// Calls the Result service, with its URLs for the request and for the signature.
    async fn result(
        &self,
        method: Method,
        (request_url, signed_url): (String, String),
        body: String,
    ) -> Result<PlatformResponse, PlatformError> {
        let is_read = method == Method::GET;
        let reply = self
            .send(OutcomeMessage {
                method,
                request_url,
                signed_url,
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
            Err(fault) => Err(PlatformError::InvalidResponse { status, fault: fault.to_string() }),
        }
    }

    /// Signs and sends a request. Reads the response up to the size limit.
    async fn send(&self, message: OutcomeMessage) -> Result<Reply, PlatformError> {
        let OutcomeMessage { method, request_url, signed_url, content_type, body } = message;
        let url = self.platforms.allowed(&request_url)?;
        let credentials = Credentials {
            key: self.key.as_str(),
            signing_key: self.signing_key,
            method: self.service.method,
            timestamp: self.call.clock.now(),
            nonce: &random()?,
        };
        let authorization =
            authorization(method.as_str(), &signed_url, body.as_bytes(), &credentials)
                .map_err(|_| PlatformError::NotAllowed("its query is malformed"))?;
        let request = self.platforms.client.request(method, url);
        let request = request
            .header(CONTENT_TYPE, content_type)
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT_ENCODING, "identity");
        let response = request.body(body).send().await.map_err(failure)?;
        Reply::read(response, LARGEST_RESPONSE).await
    }
}
