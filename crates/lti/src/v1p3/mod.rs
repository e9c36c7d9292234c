//! LTI 1.3: the login by OpenID Connect, and the launch by an id_token.
//!
//! The gateway fetches the keys of a platform between [`read_token`] and [`examine_token`].

mod claim;
mod claims;
mod decimal;
mod deep_linking;
pub mod grade_service;
mod json_items;
mod launch_token;
mod launch_url;
mod login;
mod login_fault;
mod members;
mod migration;
mod platform;
mod policy;
mod registration;
mod service_claims;
mod token_findings;
mod token_form;
mod tool_description;
mod unverified;
mod verify;

pub use claim::{ClaimFault, ClaimNote};
pub use deep_linking::DeepLinkingResponse;
pub use launch_token::{ReadToken, read_token};
pub use launch_url::LaunchUrl;
pub use login::{AuthenticationRequest, LoginRequest, find_client};
pub use login_fault::LoginFault;
pub use members::{
    MEMBERS_MEDIA_TYPE, MEMBERS_SCOPE, Member, MemberStatus, MembersPage, NotMembers,
};
pub use migration::{MigrationProof, NoMigration};
pub use platform::{Client, TrustedPlatform};
pub use policy::{AnsweredLogin, TokenPolicy};
pub use registration::{
    DocumentFault, OpenidConfiguration, Registered, refusal_code, refusal_message,
};
pub use token_findings::TokenFindings;
pub use token_form::TokenForm;
pub use tool_description::ToolDescription;
pub use unverified::{ClaimedToken, UnverifiedToken};
pub use verify::{FetchedKeys, examine_token, examine_without_keys};
