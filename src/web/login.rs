//! The first request of an LTI 1.3 launch: the login, as a GET.

use lti::is_v1p3_query;

/// Whether a query is an LTI 1.3 login.
pub(super) fn is_login(query: Option<&str>) -> bool {
    query.is_some_and(is_v1p3_query)
}
