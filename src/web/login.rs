//! The first request of an LTI 1.3 launch: the login, a GET or a form.

use lti::is_v1p3;
use lti::oauth1::{Params, Source};
use rocket::Request;

/// Whether a request's query is an LTI 1.3 login.
pub(super) fn is_login(request: &Request<'_>) -> bool {
    let Some(query) = request.uri().query() else { return false };
    Params::default()
        .read_form(Source::Query, query.as_str().as_bytes())
        .is_ok_and(|params| is_v1p3(&params))
}
