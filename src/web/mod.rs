//! Routes, statuses and pages.
//!
//! With `server`, this is the only module that names a status, and that reads or writes headers of
//! browsers.

mod body;
mod canvas;
mod cartridge;
mod cause_budget;
mod cookie_headers;
mod current;
mod decision;
mod dev;
mod dev_origin;
mod dev_process;
mod dev_token;
mod development;
mod form;
mod gateway;
mod grade;
mod guard;
mod health;
mod index;
mod institution;
mod jwks;
mod launch;
mod launch_url;
mod length;
mod limit;
mod links;
mod links_path;
mod log_budget;
mod login;
mod login_path;
mod members;
mod members_failure;
mod outage;
mod page;
mod platform_setup;
mod platform_storage;
mod proxy;
mod refusal;
mod register;
mod register_path;
mod reloader;
mod request_body;
mod response_body;
mod routes;
mod served;
mod session_answer;
mod session_target;
mod shield;
mod site;
mod tool;

pub(crate) use body::{Arrival, BodyError};
pub(crate) use cookie_headers::CookieHeaders;
pub(crate) use current::{CurrentGateway, RequestGateway};
pub(crate) use decision::{Decision, FormRule, decide, is_launch};
pub(crate) use dev_origin::restore_origin;
pub use dev_process::DevProcess;
pub use dev_token::DevToken;
pub use form::LARGEST_FORM;
pub use gateway::{Gateway, ReloadError};
pub(crate) use limit::{FORM_TIMEOUT, HEAD_TIMEOUT, MOST_FIELDS, MOST_HEAD_BYTES};
pub(crate) use proxy::call::SessionCall;
pub(crate) use proxy::session_load::{MOST_REQUESTS, MOST_STREAMS, MOST_WAITING, WAIT_TIMEOUT};
pub(crate) use proxy::upload::{FIRST_BYTE_TIMEOUT, UPLOAD_TIMEOUT};
pub(crate) use refusal::{Refusal, accept};
pub use register_path::REGISTER_PATH;
pub(crate) use reloader::Reloader;
pub use reloader::{Change, ConfigurationSource, Look, reloading};
pub(crate) use request_body::{Drains, Hold, RequestBody};
pub(crate) use response_body::{
    ResponseBody, complete, own_head, own_response, streamed, stripped,
};
pub use routes::rocket;
pub(crate) use session_answer::answer as answer_session;
