//! A launch of a picked link ends at its path, with its custom parameters.

use super::*;
use crate::support::verify;

/// The custom parameters of an assertion.
const CUSTOM: &str = "https://purl.imsglobal.org/spec/lti/claim/custom";

/// Picks the first link by LTI 1.3, at a tool of this host.
#[track_caller]
fn picked(server: &Server, host: &str, launch_url: &str) -> Value {
    let mut browser = Browser::at(server, host);
    let mut asked = login();
    asked.set("target_link_uri", launch_url);
    let redirected = Redirected::log_in(&mut browser, &asked);
    let mut claims = request(redirected.nonce(), settings(json!({})), INSTRUCTOR);
    claims[lti_claim("target_link_uri")] = json!(launch_url);
    let form = answer_form(&token(&claims), redirected.state());
    let (_, path) = launch_url.split_once(host).expect("a URL at the host");
    let picker = browser.post_form(if path.is_empty() { "/" } else { path }, &form);
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[0]));
    let payload = pairs.get("JWT").split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice::<Value>(&payload).expect("JSON")[ITEMS][0].clone()
}

// LTI13 §18, case 20.
#[test]
fn a_picked_link_opens_its_path_in_both_versions() {
    for (of_tool, host, launch_url) in [
        ("", "tool.example", "https://tool.example/lti/nb"),
        ("prefix = \"tool\"", "tool.example", "https://tool.example/lti/nb"),
        ("host = \"nb.example\"", "nb.example", "https://nb.example/"),
        ("host = \"nb.example\"\nprefix = \"tool\"", "nb.example", "https://nb.example/"),
    ] {
        let stage = Stage::with(&format!("{of_tool}\ngrades = true\n{LINKS}"));
        let item = picked(&stage.server, host, launch_url);
        let url = item["url"].as_str().expect("a URL");
        assert_eq!(url, format!("{}/week/1?x=2", launch_url.trim_end_matches('/')), "{of_tool}");
        assert_eq!(item["custom"], json!({"unit": "w1"}));

        // By LTI 1.3: the login names the link, and the token has its custom parameters.
        let mut browser = Browser::at(&stage.server, host);
        let mut asked = login();
        asked.set("target_link_uri", url);
        let redirected = Redirected::log_in(&mut browser, &asked);
        assert_eq!(redirected.query.get("redirect_uri"), launch_url);
        let mut launch = claims(redirected.nonce());
        launch[lti_claim("target_link_uri")] = json!(url);
        launch[CUSTOM] = item["custom"].clone();
        let form = answer_form(&token(&launch), redirected.state());
        let (_, path) = launch_url.split_once(host).expect("a URL at the host");
        let by_1p3 = browser.post_form(path, &form);
        arrives(&stage, &mut browser, &by_1p3, "moodle:user-4711");

        // By LTI 1.1: the platform signs the URL and the custom parameters.
        let mut browser = Browser::at(&stage.server, host);
        let form = Form { url, ..Form::default() };
        let form = form.with(&[("user_id", "user-4711"), ("custom_unit", "w1")]);
        let by_1p1 = browser.launch(&form);
        arrives(&stage, &mut browser, &by_1p1, "key-1:user-4711");
    }
}

/// Follows a launch to its first request at the upstream.
#[track_caller]
fn arrives(stage: &Stage, browser: &mut Browser<'_>, launched: &Reply, user: &str) {
    assert_eq!(launched.status, 303, "{launched:?} {:?}", launched.reference().map(log_lines));
    let entered = browser.get(launched.header("location").expect("an entry URL"));
    browser.get(entered.header("location").expect("a URL"));
    let request = stage.upstream.request();
    assert_eq!(request.line(), "GET /app/week/1?x=2");
    assert_eq!(request.header("x-forwarded-user").as_deref(), Some(user));
    assert_eq!(request.header("x-lti-link-token"), None);
    let jwks = stage.server.get("/.well-known/jwks.json").json();
    let assertion = request.header("x-lti-assertion").expect("an assertion");
    let assertion = verify(&assertion, &jwks).expect("a valid assertion").claims;
    assert_eq!(assertion[CUSTOM], json!({"unit": "w1"}));
}
