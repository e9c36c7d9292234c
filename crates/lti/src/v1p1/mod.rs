//! LTI 1.0, 1.1, 1.1.1 and 1.2. All four send `lti_version=LTI-1p0`. A tool cannot distinguish them
//! and need not.

mod cause;
mod claimed_consumer;
mod compat;
mod consumer;
mod content_item;
mod diagnosis;
mod expected_base_string;
mod launch_request;
mod message;
mod oauth_parameters;
pub mod outcome;
mod policy;
mod sign;
mod signature_findings;
mod signature_trial;
mod verify;

pub use cause::{Cause, LineBreak, SignatureText};
pub use compat::Variant;
pub use consumer::{Consumer, Consumers};
pub use content_item::content_item_selection;
pub use diagnosis::{
    ConsumerCredentials, DiagnosisContext, KnownUrl, SignatureDiagnosis, diagnose,
};
pub use expected_base_string::{expected_base_string, redact_base_string};
pub use launch_request::{LaunchRequest, ReadLaunch, ReceivedOrigin};
pub(crate) use message::{MESSAGE_TYPE, VERSION};
pub use policy::LaunchPolicy;
pub use sign::sign;
pub use signature_findings::{MatchedSecret, SignatureFindings};
pub use verify::{examine, examine_read};
