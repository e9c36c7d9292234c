//! LTI 1.1 of the practice platform: edX's launches, and common mistakes.

mod form;
mod launch;
mod mistake;

pub use form::SignedForm;
pub use launch::{edx_launch, person_params};
pub use mistake::Mistake;
