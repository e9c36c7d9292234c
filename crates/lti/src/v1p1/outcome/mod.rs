//! Basic Outcomes 1.0 (LTI 1.1 §6): requests and responses for grades in "plain old XML".

mod message;
pub mod service;
mod xml;

pub use message::{
    CONTENT_TYPE, CodeMajor, LARGEST_RESPONSE, Operation, OutcomeError, OutcomeResponse,
    read_response, request,
};
