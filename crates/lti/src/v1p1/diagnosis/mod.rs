//! Why a signature does not match: the gateway makes each known mistake and compares the HMAC.
//!
//! Each attempt makes one mistake. The parts of the URL are the exception, because a proxy changes
//! several of them at once. A diagnosis names a cause only if the HMAC matches, so it cannot be wrong.
//! If several causes match, it names the first in the order of the search.

mod context;
pub(super) mod diagnose;
mod draft;
mod latin1;
mod params;
mod search;
mod secret;
mod spelling;
mod url;

pub use context::{ConsumerCredentials, DiagnosisContext, KnownUrl};
pub use diagnose::{SignatureDiagnosis, diagnose};
