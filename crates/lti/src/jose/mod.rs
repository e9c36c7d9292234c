//! JOSE: JSON Web Signatures (RFC 7515) and JSON Web Keys (RFC 7517), as far as LTI 1.3 needs them.
//!
//! The reader of tokens is strict. It has no algorithm with a shared secret and no `none`, so no
//! token can select one.

mod algorithm;
pub(crate) mod json;
mod jwk;
pub(crate) mod jws;
mod pem;
mod prime;
mod rsa;
mod verified;

pub use algorithm::{Algorithm, Algorithms};
pub use json::JsonKind;
pub use jwk::{Keyset, KeysetError};
pub use jws::{MalformedToken, sign};
pub use rsa::{PrivateKeyError, RsaKey, keyset_document};
pub use verified::{NotOfKeyset, verified_claims};
