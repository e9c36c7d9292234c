//! LTI 1.3 of the practice platform: its login, its token, and common mistakes.

mod login;
mod mistake;
mod pending;
mod platform;
mod token;

pub use login::{login_params, new_hint};
pub use mistake::TokenMistake;
pub use pending::{PendingLaunches, PracticeLaunch};
pub use platform::{
    AUTH_PATH, DEPLOYMENT, ISSUER, JWKS_PATH, LOST_JWKS_PATH, lost_client, practice_platform,
};
pub use token::{AuthFault, AuthRequest, TokenAnswerForm};
