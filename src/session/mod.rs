//! Lets a browser's later requests reach an upstream: created from a launch, or opened from its seal.
//!
//! The gateway stores nothing of a session, so that sessions survive a restart and work in every process.
//! The browser holds the session as a cookie, sealed and bound to its tool and its id.

mod budget;
mod content;
mod cookie;
mod field;
mod grade_token;
mod id;
mod key;
mod mint;
mod newest;
mod receipt;
mod seal;
mod sealed;
mod sealed_sender;
#[allow(clippy::module_inception, reason = "the file of the type of this name")]
mod session;

pub use budget::BUDGET;
pub use cookie::{COOKIE, cookies, is_own_cookie, set_cookie};
pub use field::Field;
pub use grade_token::{GRADE_TOKEN, GradeToken, GradeTokens};
pub use id::Ids;
pub use key::derive;
pub use mint::TooLong;
pub use newest::{Newest, Watch};
pub use receipt::Receipts;
pub use sealed::{BUTTON, Sessions, TICKET, TICKET_PARAMETER, Ticket};
pub use session::Session;
