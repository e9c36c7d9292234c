//! LTI as values: verify and sign launches, write requests for grades and read the responses.
//!
//! This crate contains only the protocol. Bytes and a timestamp go in, a [`Launch`] or a
//! [`Rejection`] comes out. It does no I/O and reads neither clock nor environment. HTTP servers,
//! status codes, cookies and configuration files belong to the gateway.
//!
//! ```text
//! form bytes ─▶ v1p1::examine ─▶ Examination ─▶ Verdict ─▶ Candidate + Spent ─▶ Launch
//!                                     └──────────▶ Rejection
//!
//! query or form ─▶ v1p3::LoginRequest ─▶ v1p3::AuthenticationRequest ─▶ URL at the platform
//! id_token ─▶ v1p3::read_token ─▶ kid ─▶ jose::Keyset ─▶ v1p3::examine_token ─▶ Examination
//!
//! GradePlace + Score ─▶ v1p1::outcome::request, v2p0::result::body ─▶ oauth1::authorization
//! response bytes ─▶ v1p1::outcome::read_response ─▶ OutcomeResponse
//! response bytes ─▶ v2p0::result::read_result ─▶ GradeResult
//!
//! the practice platform:
//! request bytes ─▶ oauth1::verify_authorization, v1p1::outcome::service ─▶ response bytes
//! ```

pub mod admission;
mod check;
mod grade_place;
pub mod jose;
mod launch;
mod launch_fields;
mod line_item;
mod link_item;
mod lti_version;
mod message;
pub mod oauth1;
mod progress;
mod rejection;
mod replay;
mod return_url;
mod role;
mod score;
mod secret;
mod selection;
mod sender;
mod sent_value;
mod upstream_user;
pub mod v1p1;
pub mod v1p3;
pub mod v2p0;

pub use grade_place::{GradePlace, GradePlaceParts, NoGradePlace, OutcomeService};
pub use launch::{Context, Launch, Platform, ResourceLink, User};
pub use line_item::{AgsScope, AgsScopes, LineItem, LineItemUrl};
pub use link_item::{LinkItem, NewLineItem, resource_id};
pub use lti_version::{is_v1p3_query, resembles_launch};
pub use message::Message;
pub use progress::{ActivityProgress, GradingProgress, Progress};
pub use rejection::Rejection;
pub use replay::{Account, FullShare, MemoryReplay, Nonce, Spent};
pub use return_url::ReturnUrl;
pub use role::{Role, Roles, role_uris};
pub use score::{Score, ScoreError};
pub use secret::{KnownSecrets, Secret};
pub use selection::{LONGEST_DATA, Selection, SelectionFormat};
pub use sender::{ClientId, ConsumerKey, DeploymentId, PlatformName, Sender};
pub use upstream_user::{PlatformUsers, UpstreamUser, upstream_user_hash, upstream_user_id};
