//! OAuth 1.0a request signing (RFC 5849), as far as LTI uses it: one consumer, no token.

mod authorization;
pub mod base_string;
pub mod encode;
mod params;
mod signature;

pub use authorization::{AuthorizationError, Credentials, authorization, verify_authorization};
pub use params::{Param, ParamError, Params, Source};
pub(crate) use signature::decode_signature;
pub use signature::{SignatureMethod, SigningKey};
