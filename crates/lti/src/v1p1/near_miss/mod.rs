//! Why a signature does not match, found by making each of the known mistakes and comparing.
//!
//! One thing is done otherwise at a time, but for the parts of the address, of which a proxy changes several at once. A
//! cause is named only where the HMAC matches, so that it cannot be a wrong one. Of several that match the first is named,
//! in the order in which they stand here.

mod address;
mod draft;
mod find;
mod latin1;
mod params;
mod search;
mod secret;
mod spelling;
mod suspects;

pub(in crate::v1p1) use find::quick;
pub use find::{NearMiss, near_miss};
pub use suspects::{OtherAddress, Passport, Suspects};
