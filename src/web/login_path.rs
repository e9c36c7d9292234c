use lti::is_v1p3_query;

/// The path of the login.
pub(super) const LOGIN_PATH: &str = "/~login";

/// Whether a query is an LTI 1.3 login.
pub(super) fn is_login(query: Option<&str>) -> bool {
    query.is_some_and(is_v1p3_query)
}
