//! Basic Outcomes 1.0 (LTI 1.1 §6): a grade goes to the platform as "plain old XML", and its answer is XML, too.

mod message;
pub mod service;
mod xml;

pub use message::{
    CONTENT_TYPE, CodeMajor, LARGEST_RESPONSE, Operation, OutcomeError, OutcomeResponse,
    read_response, request,
};
