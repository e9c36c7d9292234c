//! LTI 1.1 of the practice platform: edX's launches, requests for links, and common mistakes.

mod content_item;
mod form;
mod launch;
mod mistake;

pub use content_item::{
    ContentItemResponse, NO_SELECTION_PARAMS, SelectingConsumer, selection_params,
};
pub use form::SignedForm;
pub use launch::{edx_launch, person_params};
pub use mistake::Mistake;
