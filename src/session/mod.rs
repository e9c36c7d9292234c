//! Sessions, tickets, receipts and grade tokens. A session is created from a launch or opened from
//! its seal; there is no third way.
//!
//! The gateway stores no session, so that sessions survive a restart and work in every process. The
//! browser holds the session as a cookie, encrypted and bound to its tool and its id.

mod binding;
mod budget;
mod content;
mod cookie;
mod course_grade_token;
mod field;
mod grade_slot;
mod grade_token;
mod id;
mod key;
mod latest_launches;
mod launch_mark;
mod link_request;
mod login_state;
mod logins;
mod members_token;
mod mint;
mod pending_login;
mod person;
mod receipt;
mod registration_links;
mod seal;
mod sealed;
mod sealed_sender;
#[allow(clippy::module_inception, reason = "the file of the type of this name")]
mod session;

pub use binding::{Binding, BindingHash};
pub use budget::BUDGET;
pub use cookie::{
    COOKIE, PERSON_COOKIE, TWIN_COOKIE, cookies, is_own_cookie, own_cookies, set_cookie,
    set_unpartitioned_cookie,
};
pub use course_grade_token::{COURSE_GRADE_TOKEN_LIFETIME, CourseGradeToken, CourseGradeTokens};
pub use field::Field;
pub use grade_token::{GradeToken, GradeTokens};
pub use id::{SessionIds, is_session_id};
pub use key::derive_key;
pub use latest_launches::{LatestLaunches, RoleWatch};
pub use launch_mark::LaunchMark;
pub use link_request::{
    LINK_REQUEST_LIFETIME, LinkRequest, LinkRequests, LinkTerms, LinkToken, PICKED_LIFETIME,
    PickedLink, PickedLinks,
};
pub use login_state::LoginState;
pub use logins::{LOGIN_PARAMETER, Logins, STATE_LIFETIME};
pub use members_token::{MEMBERS_TOKEN_LIFETIME, MembersToken, MembersTokens};
pub use mint::{SessionServices, TooLong};
pub use pending_login::{LoginStep, PendingLogin};
pub use person::{PersonTags, TAG_LENGTH, is_tag};
pub use receipt::Receipts;
pub use registration_links::{
    REGISTRATION_LIFETIME, RegistrationLink, RegistrationLinks, RegistrationRequest,
};
pub use seal::looks_sealed;
pub use sealed::{
    BUTTON_LIFETIME, Sessions, TICKET_LIFETIME, TICKET_PARAMETER, Ticket, TicketKind,
};
pub use session::Session;
