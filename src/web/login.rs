//! The first request of an LTI 1.3 launch: the login, as a GET.

use lti::is_v1p3_query;
use rocket::Request;

/// Whether a request's query is an LTI 1.3 login.
pub(super) fn is_login(request: &Request<'_>) -> bool {
    request.uri().query().is_some_and(|query| is_v1p3_query(query.as_str()))
}
