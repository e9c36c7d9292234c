//! LTI 1.0, 1.1, 1.1.1 and 1.2. All four send `lti_version=LTI-1p0`, so that a tool neither can nor need tell
//! them apart.

mod cause;
mod compat;
mod consumer;
mod fields;
mod near_miss;
pub mod outcome;
mod sign;
mod signature_findings;
mod verify;

pub use cause::{Cause, LineBreak, SignatureText};
pub use compat::Variant;
pub use consumer::{Consumer, Consumers};
pub use near_miss::{NearMiss, OtherAddress, Passport, Suspects, near_miss};
pub use sign::sign;
pub use signature_findings::SignatureFindings;
pub use verify::{LaunchRequest, Terms, compared, examine, shape};
