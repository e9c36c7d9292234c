//! LTI 1.3 of the practice platform: its login, its token, common mistakes, and the services of LTI
//! Advantage.

pub(super) mod access;
mod bearer;
mod deep_link;
mod grade_service;
mod login;
mod member_service;
mod mistake;
pub(super) mod pending;
mod platform;
pub(super) mod registration;
mod role_uri;
mod scope;
mod token;
mod token_endpoint;

pub use bearer::BearerRequest;
pub use deep_link::DeepLinkResponse;
pub use grade_service::{GradeServiceAction, GradeServiceRequest};
pub use login::login_params;
pub use member_service::MemberServiceRequest;
pub use mistake::TokenMistake;
pub use pending::{PendingLaunches, PracticeLaunch, PracticeMessage};
pub use platform::{
    AUTH_PATH, DEPLOYMENT, ISSUER, JWKS_PATH, LOST_JWKS_PATH, denied_client, lost_client,
    practice_platform, random_id,
};
pub use registration::{RegisteredTool, configuration, configuration_url};
pub use token::{AuthFault, AuthRequest, TokenAnswerForm};
pub use token_endpoint::TokenEndpointRequest;
