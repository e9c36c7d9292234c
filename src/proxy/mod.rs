//! The upstream request: method, URL, headers, identity and assertion.
//!
//! Only this module chooses a request header. To answer "can a browser forge this header?", read
//! only these files.

pub mod assertion;
pub mod client;
pub(crate) mod cookie;
pub(crate) mod foreign_identity;
pub mod headers;
pub mod identity;
pub mod own_page;
mod page_urls;
pub mod path;
pub(crate) mod person_cookie;
pub mod request;
pub mod session_headers;
