//! LTI 1.1, as the practice platform speaks it: edX's launches, and the mistakes that platforms make.

mod form;
mod launch;
mod mistake;

pub use form::SignedForm;
pub use launch::{edx_launch, person_params};
pub use mistake::Mistake;
