use crate::oauth1::encode::hex_byte;
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

/// Whether a form or query could belong to a launch or a login: it has a parameter of OAuth, LTI or
/// LTI 1.3. A malformed form can be one too.
pub fn resembles_launch(form: &[u8]) -> bool {
    let (mut has_issuer, mut has_login_hint) = (false, false);
    form.split(|byte| *byte == b'&').any(|pair| {
        let name = decoded_name(pair.split(|byte| *byte == b'=').next().unwrap_or_default());
        has_issuer |= name == b"iss";
        has_login_hint |= name == b"login_hint";
        name.starts_with(b"oauth_")
            || name.starts_with(b"lti_")
            || name == b"id_token"
            || (has_issuer && has_login_hint)
    })
}

/// The name of a parameter, percent-decoded. A broken escape keeps its bytes.
fn decoded_name(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(byte) = name.get(at) {
        let escaped = if *byte == b'%' { hex_byte(name, at + 1) } else { None };
        at += if escaped.is_some() { 3 } else { 1 };
        decoded.push(escaped.unwrap_or(*byte));
    }
    decoded
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

    #[test]
    fn parameters_of_oauth_and_lti_resemble_a_launch() {
        for form in [
            "oauth_signature=x",
            "a=b&oauth_consumer_key",
            "lti_message_type=basic-lti-launch-request",
            "x&lti_version=",
            "state=1&id_token=x.y.z",
            "iss=https%3A%2F%2Flms.example&login_hint=1",
            "login_hint&a&iss",
            "o%61uth_nonce=1",
            "%6C%74%69_version=1",
            "id%5Ftoken=1",
            "broken=%&oauth_x=%zz",
            "\u{e9}=1&lti_x",
        ] {
            assert!(resembles_launch(form.as_bytes()), "{form}");
        }
        for form in [
            "",
            "&&",
            "=oauth_signature",
            "a=oauth_signature",
            "a=b=lti_version",
            "oauth=1",
            "OAuth_nonce=1",
            "xoauth_nonce=1",
            "oauth%255Fnonce=1",
            "oauth2_provider=1",
            "+oauth_nonce=1",
            "id_token_hint=1",
            "iss=1",
            "login_hint=1",
            "%6=1&%=2",
        ] {
            assert!(!resembles_launch(form.as_bytes()), "{form}");
        }
        assert!(resembles_launch(b"\xff=1&oauth_\xff"));
    }
}
