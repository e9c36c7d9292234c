//! Reads any query as a login, and its target link as a place in a tool.
//!
//! Platform and hints come back out of our redirect unchanged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lti::oauth1::{Params, Source};
use lti::v1p3::{AuthenticationRequest, LaunchUrl, LoginRequest};

fuzz_target!(|input: &[u8]| {
    let Ok(params) = Params::default().read_form(Source::Query, input) else { return };
    let Ok(login) = LoginRequest::read(&params) else { return };
    let launch_url = LaunchUrl::new("https", "tool.example", "/lti/a");
    if let Some(destination) = launch_url.destination(&login.target_link_uri) {
        assert!(
            destination.starts_with('/') && destination.bytes().all(|byte| byte.is_ascii_graphic())
        );
        let path = destination.split('?').next().unwrap_or_default();
        assert!(!path.contains(['\\', '#']) && !format!("{path}/").contains("/../"));
    }
    let client_id = login.client_id.clone().unwrap_or_else(|| "c".into());
    let url = AuthenticationRequest {
        auth_url: "https://lms.example/auth?a=b",
        client_id: &client_id,
        redirect_uri: "https://tool.example/lti/a",
        login_hint: &login.login_hint,
        message_hint: login.message_hint.as_deref(),
        state: "s",
        nonce: "n",
    }
    .url();
    let query = url.strip_prefix("https://lms.example/auth?").expect("the platform's URL");
    let params = Params::default().read_form(Source::Query, query.as_bytes()).expect("a query");
    let value =
        |name: &str| params.iter().find(|param| param.name == name).map(|param| param.value);
    assert_eq!(value("login_hint"), Some(login.login_hint.as_str()));
    assert_eq!(value("lti_message_hint"), login.message_hint.as_deref());
    assert_eq!(value("client_id"), Some(client_id.as_str()));
    assert_eq!((value("a"), value("state"), value("nonce")), (Some("b"), Some("s"), Some("n")));
});
