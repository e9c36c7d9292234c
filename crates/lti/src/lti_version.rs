use crate::oauth1::{Params, Source};

/// Whether a request is an LTI 1.3 login (`iss` and `login_hint`) or an LTI 1.3 launch
/// (`id_token`).
///
/// A request with an OAuth key or signature is LTI 1.1, because a launch URL may add parameters
/// with any name.
pub(crate) fn is_v1p3(params: &Params) -> bool {
    let has = |name: &str| params.iter().any(|param| param.name == name);
    (has("id_token") || has("iss") && has("login_hint")) && !is_signed(params)
}

/// Whether the query of a request without a form is an LTI 1.3 login. A platform may send its login
/// as a GET.
pub fn is_v1p3_query(query: &str) -> bool {
    let params = Params::default().read_form(Source::Query, query.as_bytes());
    params.is_ok_and(|params| is_v1p3(&params))
}

/// Whether a request has an OAuth key or signature. A Moodle without key and secret sends neither,
/// but `oauth_callback`.
pub(crate) fn is_signed(params: &Params) -> bool {
    params.iter().any(|param| {
        matches!(param.name, "oauth_consumer_key" | "oauth_signature") && !param.value.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_parameters_show_the_version() {
        let check = |query: &str, body: &str, expected: bool| {
            let params = Params::default()
                .read_form(Source::Query, query.as_bytes())
                .and_then(|params| params.read_form(Source::Body, body.as_bytes()))
                .expect("a form");
            assert_eq!(is_v1p3(&params), expected, "{query} {body}");
        };
        check("", "id_token=a.b.c&state=s", true);
        check("", "id_token=", true);
        check("id_token=a.b.c", "", true);
        check("", "iss=https%3A%2F%2Flms.example&login_hint=1&target_link_uri=x", true);
        check("iss=x&login_hint=", "", true);
        check("iss=x", "login_hint=1", true);
        check("", "id_token=a.b.c&oauth_callback=about%3Ablank", true);
        check("", "id_token=a.b.c&oauth_consumer_key=&oauth_signature=", true);
        check("", "", false);
        check("", "user_id=1", false);
        check("", "iss=x", false);
        check("", "login_hint=1", false);
        check("", "custom_id_token=x&custom_iss=x&custom_login_hint=x", false);
        check("iss=x&login_hint=1", "oauth_signature=x", false);
        check("", "id_token=a.b.c&oauth_signature=x", false);
        check("id_token=a.b.c", "oauth_consumer_key=x", false);
    }

    #[test]
    fn a_query_that_is_no_form_is_no_login() {
        assert!(is_v1p3_query("iss=https%3A%2F%2Flms.example&login_hint=1"));
        for query in ["", "iss=x", "iss=%&login_hint=1", "week=2"] {
            assert!(!is_v1p3_query(query), "{query}");
        }
    }
}
