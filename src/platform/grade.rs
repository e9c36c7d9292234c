//! One grade to or from a platform, in the protocol that the platform speaks: Basic Outcomes (LTI 1.1) or, where edX has a
//! comment to take, a result to tell or one to delete, its Result service (LTI 2.0).

use std::fmt;

use lti::oauth1::{Credentials, SigningKey, authorization};
use lti::v1p1::outcome::{self, CodeMajor};
use lti::v2p0::result::{self, GradeResult};
use lti::{GradePlace, OutcomeService, Score, Sender};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response};

use super::Platforms;
use super::reach::NotPublic;
use super::words::LONGEST_WORDS;
use crate::cause::{causes, words};
use crate::clock::Clock;

/// What to do with the result of one learner at one resource link.
#[derive(Clone, Copy)]
pub enum Operation<'a> {
    /// Set it.
    Replace {
        /// The score.
        score: &'a Score,
        /// What the learner reads beside it, where the platform takes that.
        comment: Option<&'a str>,
    },
    /// Tell it.
    Read,
    /// Take it away.
    Delete,
}

/// An operation on a platform, and who asks for it.
pub struct Call<'a> {
    /// Which result, and where.
    pub place: &'a GradePlace,
    /// Who sent the launch.
    pub sender: &'a Sender,
    /// Its secrets. While they are being exchanged the platform may have any of them: one after the other is tried.
    pub signing_keys: &'a [SigningKey],
    /// What to do.
    pub operation: Operation<'a>,
    /// Signs each try with its own time.
    pub clock: &'a Clock,
}

/// What a platform answered that did what it was asked.
///
/// `Debug` is left out, because it may tell of a person.
#[derive(Default)]
pub struct Answer {
    /// The status of its answer.
    pub status: u16,
    /// Its words, if it said any.
    pub description: String,
    /// The score's text, where it was asked for and there is one.
    pub score: Option<String>,
    /// The comment, where it was asked for and there is one.
    pub comment: Option<String>,
    /// Whether a comment was left out, because the platform takes none.
    pub comment_left_out: bool,
}

/// Why a platform did not do what it was asked.
///
/// `Debug` is left out, because words of a platform may tell of a person.
pub enum PlatformError {
    /// Grades are not sent there. Holds what is wrong with the outcome URL.
    NotAllowed(&'static str),
    /// The platform's grade service says no. Holds the status and its words.
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its words; may be empty.
        description: String,
    },
    /// Something says no by a status alone: the platform, or what stands in front of it. Holds the status and the words.
    TurnedAway {
        /// The status of its answer.
        status: u16,
        /// Its words; may be empty.
        description: String,
    },
    /// The platform points elsewhere. Holds the status.
    Redirected(u16),
    /// The platform answered something that is no answer of a grade service.
    Unintelligible {
        /// The status of its answer.
        status: u16,
        /// What is wrong with it, in a sentence.
        fault: String,
    },
    /// The platform cannot do it now.
    Unwell {
        /// The status of its answer.
        status: u16,
        /// Its words; may be empty.
        description: String,
        /// In how many seconds it wants to be asked again.
        retry_after: Option<u64>,
    },
    /// There was no answer. Holds the library's words.
    Unreachable(String),
}

impl PlatformError {
    /// What a host without a public address is told.
    pub(super) const NOT_PUBLIC: Self =
        Self::NotAllowed("its host has no public address, and is not named in `outcome_hosts`");

    /// Whether asking again at once leads nowhere, so that whoever asks is to know.
    pub fn is_no(&self) -> bool {
        match self {
            Self::NotAllowed(_)
            | Self::Refused { .. }
            | Self::TurnedAway { .. }
            | Self::Redirected(_) => true,
            Self::Unintelligible { .. } | Self::Unwell { .. } | Self::Unreachable(_) => false,
        }
    }

    /// Whether nothing changes that any more. What a status alone says may be different after the next deployment of whatever
    /// said it, and what is not allowed may be allowed.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(why) => write!(f, "the outcome URL of the launch is not used: {why}"),
            Self::Refused { status, description } | Self::TurnedAway { status, description } => {
                write!(
                    f,
                    "the platform refused with status {status}{}{description}",
                    colon(description)
                )
            }
            Self::Redirected(status) => {
                write!(
                    f,
                    "the platform points to another address with status {status}, which is not followed"
                )
            }
            Self::Unintelligible { status, fault } => {
                write!(f, "{fault} (status {status})")
            }
            Self::Unwell { status, description, .. } => {
                write!(
                    f,
                    "the platform failed with status {status}{}{description}",
                    colon(description)
                )
            }
            Self::Unreachable(words) => write!(f, "the platform cannot be reached: {words}"),
        }
    }
}

/// What stands before words, if there are any.
fn colon(words: &str) -> &'static str {
    if words.is_empty() { "" } else { ": " }
}

/// A request, but for its signature.
struct Message {
    method: Method,
    /// Where it goes.
    called: String,
    /// The address that is signed.
    signed: String,
    content_type: &'static str,
    body: String,
}

/// A platform's answer, read whole.
struct Reply {
    status: u16,
    /// Whether its words are meant to be read as they are.
    is_text: bool,
    retry_after: Option<u64>,
    /// `None` where it is too large.
    body: Option<Vec<u8>>,
}

/// One way to ask a platform, of those that it may understand.
struct Attempt<'a> {
    platforms: &'a Platforms,
    call: &'a Call<'a>,
    outcome: &'a OutcomeService,
    signing_key: &'a SigningKey,
    /// The outcome URL that is called.
    called: &'a str,
    /// The one that is signed.
    signed: &'a str,
}

impl Platforms {
    /// Has a platform do something, and waits for its answer for as long as the caller likes.
    ///
    /// The address is signed as the launch named it. Where another one is called for it, or it is spelt differently on its way, a
    /// platform that compares with what it was asked refuses that, and is asked once more with the other signed.
    ///
    /// # Errors
    /// Any [`PlatformError`].
    pub async fn grade(&self, call: &Call<'_>) -> Result<Answer, PlatformError> {
        let GradePlace::Outcome(outcome) = call.place;
        let named = outcome.url.as_str();
        let address = self.address(&self.rules.rewrite(named))?;
        let called = address.as_str();
        let others = (called != named).then_some(called);
        let mut first = None;
        for signed in std::iter::once(named).chain(others) {
            for signing_key in call.signing_keys {
                let attempt =
                    Attempt { platforms: self, call, outcome, signing_key, called, signed };
                match attempt.grade().await {
                    // What refuses one secret may know the other.
                    Err(
                        refused
                        @ (PlatformError::Refused { .. } | PlatformError::TurnedAway { .. }),
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
}

impl Attempt<'_> {
    async fn grade(&self) -> Result<Answer, PlatformError> {
        let sourcedid = &self.outcome.sourcedid;
        let results =
            result::address(self.called, sourcedid).zip(result::address(self.signed, sourcedid));
        match (self.call.operation, results) {
            (Operation::Replace { score, comment: Some(comment) }, Some(addresses)) => {
                match self.result(Method::PUT, addresses, result::body(score, comment)).await {
                    // edX's Result service is not there for a block that takes no late grades, whatever the date; and only its
                    // other service says why a grade is not taken.
                    Err(PlatformError::TurnedAway { status: 404, .. }) => {
                        let answer = self.outcome().await?;
                        Ok(Answer { comment_left_out: true, ..answer })
                    }
                    answer => answer,
                }
            }
            (Operation::Read, Some(addresses)) => {
                self.result(Method::GET, addresses, String::new()).await
            }
            (Operation::Delete, Some(addresses)) => {
                self.result(Method::DELETE, addresses, String::new()).await
            }
            (Operation::Replace { comment, .. }, _) => {
                let answer = self.outcome().await?;
                Ok(Answer { comment_left_out: comment.is_some(), ..answer })
            }
            (Operation::Read | Operation::Delete, None) => self.outcome().await,
        }
    }

    /// Basic Outcomes.
    async fn outcome(&self) -> Result<Answer, PlatformError> {
        let operation = match self.call.operation {
            Operation::Replace { score, .. } => outcome::Operation::Replace(score),
            Operation::Read => outcome::Operation::Read,
            Operation::Delete => outcome::Operation::Delete,
        };
        let message = Message {
            method: Method::POST,
            called: self.called.to_owned(),
            signed: self.signed.to_owned(),
            content_type: outcome::CONTENT_TYPE,
            body: outcome::request(&operation, &self.outcome.sourcedid, &random()?),
        };
        let reply = self.send(message).await?;
        let status = reply.status;
        // Some platforms have nothing to say of what they did.
        if status == 204 && !matches!(self.call.operation, Operation::Read) {
            return Ok(Answer { status, ..Answer::default() });
        }
        let answer = match &reply.body {
            Some(body) => outcome::read_answer(body),
            None => Err(outcome::AnswerFault::TooLarge),
        };
        match (reply.judge(reply.words()), answer) {
            (
                Ok(()),
                Ok(outcome::Answer {
                    code: CodeMajor::Success | CodeMajor::Processing,
                    description,
                    score,
                }),
            ) => Ok(Answer { status, description, score, ..Answer::default() }),
            (Ok(()), Err(fault)) => {
                Err(PlatformError::Unintelligible { status, fault: fault.to_string() })
            }
            (
                Err(PlatformError::Unwell { retry_after, .. }),
                Ok(outcome::Answer { description, .. }),
            ) => Err(PlatformError::Unwell { status, description, retry_after }),
            // Canvas says its no with a status beside the answer.
            (
                Ok(()) | Err(PlatformError::TurnedAway { .. }),
                Ok(outcome::Answer { description, .. }),
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
    ) -> Result<Answer, PlatformError> {
        let is_read = method == Method::GET;
        let reply = self
            .send(Message { method, called, signed, content_type: result::CONTENT_TYPE, body })
            .await?;
        let status = reply.status;
        reply.judge(reply.words())?;
        if !is_read {
            return Ok(Answer { status, ..Answer::default() });
        }
        let result = match &reply.body {
            Some(body) => result::read_answer(body),
            None => Err(result::AnswerFault::TooLarge),
        };
        match result {
            Ok(GradeResult { score, comment }) => {
                Ok(Answer { status, score, comment, ..Answer::default() })
            }
            Err(fault) => Err(PlatformError::Unintelligible { status, fault: fault.to_string() }),
        }
    }

    /// Signs and sends a request, and reads the answer as far as it is of a size that one can have.
    async fn send(&self, message: Message) -> Result<Reply, PlatformError> {
        let Message { method, called, signed, content_type, body } = message;
        let address = self.platforms.address(&called)?;
        let Sender::Consumer(key) = self.call.sender else {
            return Err(PlatformError::NotAllowed("it takes grades of LTI 1.1 launches only"));
        };
        let credentials = Credentials {
            key: key.as_str(),
            signing_key: self.signing_key,
            method: self.outcome.method,
            timestamp: self.call.clock.now(),
            nonce: &random()?,
        };
        let authorization = authorization(method.as_str(), &signed, body.as_bytes(), &credentials)
            .map_err(|_| PlatformError::NotAllowed("its query is malformed"))?;
        let request = self.platforms.client.request(method, address);
        let request =
            request.header(CONTENT_TYPE, content_type).header(AUTHORIZATION, authorization);
        Reply::read(request.body(body).send().await.map_err(failure)?).await
    }
}

impl Reply {
    async fn read(mut response: Response) -> Result<Self, PlatformError> {
        let headers = response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_text = text(CONTENT_TYPE).is_some_and(|media_type| {
            media_type.starts_with("text/plain") || media_type.starts_with("application/json")
        });
        let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > outcome::LARGEST_ANSWER {
                return Ok(Self { status, is_text, retry_after, body: None });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, is_text, retry_after, body: Some(body) })
    }

    /// The words of an answer that is text. Pages say nothing that a program could pass on.
    fn words(&self) -> String {
        let text = self.body.as_deref().filter(|_| self.is_text).unwrap_or_default();
        String::from_utf8_lossy(text).trim().chars().take(LONGEST_WORDS).collect()
    }

    /// What the status alone says.
    fn judge(&self, description: String) -> Result<(), PlatformError> {
        let Self { status, retry_after, .. } = *self;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(PlatformError::Redirected(status)),
            408 | 425 | 429 | 500.. => {
                Err(PlatformError::Unwell { status, description, retry_after })
            }
            _ => Err(PlatformError::TurnedAway { status, description }),
        }
    }
}

/// Why there was no answer.
fn failure(error: reqwest::Error) -> PlatformError {
    // The address is the platform's, and may name a person.
    let error = error.without_url();
    if causes(&error).any(|cause| cause.is::<NotPublic>()) {
        return PlatformError::NOT_PUBLIC;
    }
    PlatformError::Unreachable(words(&error))
}

/// 32 characters that nobody can guess, and that no other message has.
fn random() -> Result<String, PlatformError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|_| PlatformError::Unreachable("this machine has no randomness".to_owned()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}
