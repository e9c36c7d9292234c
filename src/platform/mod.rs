//! The HTTP client for all platforms.
//!
//! A grade URL comes with a launch and is not trusted. To protect against SSRF, the client connects
//! only to public network addresses and to hosts that `tools.toml` names. It follows no redirect,
//! and ignores the proxy variables of the environment.

mod access_token;
mod bearer_token;
mod call;
mod certificate;
mod client;
mod error;
mod grade;
mod gzip;
mod keyset_cache;
mod known_members;
mod line_item;
mod line_item_cache;
mod log_reason;
mod mask;
mod member_turns;
mod members;
mod outcome;
mod own_keys;
mod pages;
mod random;
mod reach;
mod registration;
mod registration_hosts;
mod reply;
mod service;
mod service_client;
mod service_message;
mod service_token;
mod token_cache;

pub use access_token::{GrantedToken, TokenRequest};
pub use bearer_token::AccessToken;
pub use call::{PlatformCall, PlatformOperation, PlatformResponse};
pub use client::client;
pub use error::PlatformError;
pub use keyset_cache::{CachedKeyset, KeysetCache};
pub use known_members::{KnownMembers, NamedCourse};
pub use line_item::{LineItemCall, ScoreCall};
pub use mask::masked;
pub use members::{CourseMembers, MEMBERS_TIMEOUT, MOST_MEMBERS, MOST_PAGES, MembersError};
pub use own_keys::{NoOwnKey, OwnKeySource, OwnKeyring, OwnKeys};
pub use reach::PracticePlatform;
pub use registration::RegistrationError;
pub use registration_hosts::{RegistrationMismatch, check_configuration, check_configuration_url};
pub use service::{Platforms, unreachable_by};
pub use service_client::{ServiceClient, ServiceClients};
