//! A request inside a session, for a file of a site.
//!
//! `crate::site` opens the file and reads the request's conditions. This file decides whether the
//! session may have it, and sends it.

use std::path::Path;
use std::sync::Arc;

use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED,
    VARY,
};
use hyper::{Method, Response, StatusCode};
use tokio::task::spawn_blocking;

use super::file_body::{FileBody, read};
use crate::config::Site;
use crate::proxy::headers::may_be_csrf;
use crate::site::coding::Coding;
use crate::site::condition::{Condition, admits_range};
use crate::site::file_path::FilePath;
use crate::site::folder::{Found, NoFile, SiteFile, find};
use crate::site::range::FilePart;
use crate::web::page;
use crate::web::proxy::admission;
use crate::web::proxy::call::SessionCall;
use crate::web::refusal::Refusal;
use crate::web::response_body::{ResponseBody, complete, own_response, streamed, stripped};
use crate::web::shield;

/// Only pages of this origin may use the files. Otherwise, a page of another site could read files
/// that are scripts, such as the search index of a book.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

impl From<NoFile> for Refusal {
    fn from(error: NoFile) -> Self {
        match error {
            NoFile::Missing => Self::FileMissing,
            NoFile::Outside => Self::FileOutside,
            NoFile::Unreadable(message) => Self::FileUnreadable(message),
        }
    }
}

/// Answers a request inside a session of a site: with a file, or with the page of a refusal.
pub(in crate::web) async fn answer(call: SessionCall<'_>, site: &Site) -> Response<ResponseBody> {
    match served(&call, site).await {
        Ok(response) => response,
        Err(refusal) => own_response(admission::refused(&call, &refusal)).await,
    }
}

async fn served(call: &SessionCall<'_>, site: &Site) -> Result<Response<ResponseBody>, Refusal> {
    let now = call.gateway.clock.now();
    let session = admission::session(call, now)?;
    let (method, headers) = (&call.head.method, &call.head.headers);
    if may_be_csrf(&admission::origin(call), method, headers) {
        return Err(Refusal::ForeignOrigin);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Refusal::FileMethod);
    }
    if call.rest.is_empty() {
        return Ok(with_slash(call, call.mount.prefix).await);
    }
    let path = FilePath::of(call.rest).ok_or(Refusal::FileMissing)?;
    let (permit, now) = admission::permit(call, &session.session).await?;
    let file = match open(&site.folder, path, Coding::accepted(headers), now).await? {
        Found::File(file) => Arc::new(file),
        Found::Directory => {
            let (_, name) = call.rest.rsplit_once('/').unwrap_or_default();
            // Without the dot, a colon in the name would end the scheme of a URL.
            return Ok(with_slash(call, &format!("./{name}")).await);
        }
    };
    let ancestors = &call.mount.served.tool.frame_ancestors;
    let part = match Condition::of(headers, &file.validator) {
        Condition::Failed => {
            return Ok(empty(StatusCode::PRECONDITION_FAILED, common_headers(&file, ancestors)));
        }
        Condition::NotModified => {
            let mut response = Response::new(stripped());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = common_headers(&file, ancestors);
            return Ok(response);
        }
        Condition::Holds if *method == Method::GET && admits_range(headers, &file.validator) => {
            FilePart::of(headers, file.length)
        }
        Condition::Holds => FilePart::Whole,
    };
    let mut response_headers = common_headers(&file, ancestors);
    let (status, range) = match part {
        FilePart::Whole => (StatusCode::OK, 0..file.length),
        FilePart::Bytes(range) => {
            let last = range.end.saturating_sub(1);
            let content_range = format!("bytes {}-{last}/{}", range.start, file.length);
            insert(&mut response_headers, CONTENT_RANGE, &content_range);
            (StatusCode::PARTIAL_CONTENT, range)
        }
        FilePart::Unsatisfiable => {
            insert(&mut response_headers, CONTENT_RANGE, &format!("bytes */{}", file.length));
            return Ok(empty(StatusCode::RANGE_NOT_SATISFIABLE, response_headers));
        }
    };
    insert(&mut response_headers, CONTENT_TYPE, &file.content_type);
    if let Some(coding) = file.coding {
        insert(&mut response_headers, CONTENT_ENCODING, coding.name());
    }
    let length = range.end.saturating_sub(range.start);
    response_headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    let body = match length {
        _ if *method == Method::HEAD => stripped(),
        0 => complete(""),
        _ => {
            let first = read(&file, range.clone()).await;
            let first = first.map_err(|error| Refusal::FileUnreadable(error.to_string()))?;
            let tool = call.mount.served.tool.name.clone();
            streamed(FileBody::new(file, range, first, permit, tool))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = response_headers;
    Ok(response)
}

/// Opens a file on a thread that may block.
async fn open(
    folder: &Path,
    path: FilePath,
    accepted: Vec<Coding>,
    now: u64,
) -> Result<Found, Refusal> {
    let folder = folder.to_owned();
    let found = spawn_blocking(move || find(&folder, &path, &accepted, now)).await;
    Ok(found.map_err(|error| Refusal::FileUnreadable(error.to_string()))??)
}

/// A redirect to the URL of a directory, which ends with a slash.
async fn with_slash(call: &SessionCall<'_>, url: &str) -> Response<ResponseBody> {
    let query = call.head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    own_response(page::permanent_redirect(format!("{url}/{query}"))).await
}

/// The headers that a file's response has with every status.
///
/// The browser stores the file, but revalidates it before each use: the session may have ended, and
/// the file may have changed. No shared cache stores it.
fn common_headers(file: &SiteFile, frame_ancestors: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let policy = format!("frame-ancestors {frame_ancestors}");
    insert(&mut headers, CONTENT_SECURITY_POLICY, &policy);
    insert(&mut headers, RESOURCE_POLICY, "same-origin");
    insert(&mut headers, CACHE_CONTROL, "private, no-cache");
    insert(&mut headers, VARY, "Accept-Encoding");
    insert(&mut headers, ACCEPT_RANGES, "bytes");
    insert(&mut headers, ETAG, &file.validator.tag);
    if let Some(date) = file.validator.last_modified() {
        insert(&mut headers, LAST_MODIFIED, &date);
    }
    shield::protect(&mut headers);
    headers
}

/// Sets a header. Every value here is valid: the gateway or its configuration chose it.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn empty(status: StatusCode, headers: HeaderMap) -> Response<ResponseBody> {
    let mut response = Response::new(complete(""));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
