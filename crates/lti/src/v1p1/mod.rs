//! LTI 1.0, 1.1, 1.1.1 and 1.2. All four send `lti_version=LTI-1p0`, so that a tool neither can nor need tell
//! them apart.

mod compat;
mod consumer;
mod fields;
pub mod outcome;
mod sign;
mod verify;

pub use compat::Variant;
pub use consumer::{Consumer, Consumers};
pub use sign::sign;
pub use verify::{Candidate, Examination, LaunchRequest, Terms, Verdict, examine};
