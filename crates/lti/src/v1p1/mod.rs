//! LTI 1.0, 1.1, 1.1.1 and 1.2. All four send `lti_version=LTI-1p0`, so that a tool neither can nor need tell
//! them apart.

mod cause;
mod claimed_consumer;
mod compared;
mod compat;
mod consumer;
mod fields;
mod launch_request;
mod near_miss;
mod oauth_parameters;
pub mod outcome;
mod sign;
mod signature_findings;
mod signature_trial;
mod terms;
mod verify;

pub use cause::{Cause, LineBreak, SignatureText};
pub use compared::{compared, shape};
pub use compat::Variant;
pub use consumer::{Consumer, Consumers};
pub use launch_request::LaunchRequest;
pub use near_miss::{NearMiss, OtherAddress, Passport, Suspects, near_miss};
pub use sign::sign;
pub use signature_findings::SignatureFindings;
pub use terms::Terms;
pub use verify::examine;
