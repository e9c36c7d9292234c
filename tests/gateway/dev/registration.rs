//! Registration at the practice platform, in the hands of a tool.

use serde_json::{Value, json};

use super::*;
use crate::support::NOW;

const TOOL: &str = "https://purl.imsglobal.org/spec/lti-tool-configuration";

/// A registration of a tool, as its page sends it.
fn registration() -> Value {
    json!({
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": "A <tool>",
        "initiate_login_uri": "https://tool.example/login",
        "jwks_uri": "https://tool.example/jwks",
        "redirect_uris": ["https://tool.example/launch"],
        "scope": "openid https://purl.imsglobal.org/spec/lti-ags/scope/score https://x.example/y",
        TOOL: {
            "domain": "tool.example",
            "target_link_uri": "https://tool.example/launch",
            "claims": ["iss", "sub"],
            "messages": [{"type": "LtiDeepLinkingRequest"}],
        },
    })
}

/// The parameters with which the platform opens the registration URL of a tool.
#[track_caller]
fn opened(server: &Server, url: &str) -> Pairs {
    let chosen = Pairs(vec![("url".to_owned(), url.to_owned())]).body();
    let reply = get(server, &format!("/dev/registration/start?{chosen}"));
    assert_eq!(reply.status, 303, "{reply:?}");
    let location = reply.header("location").expect("a redirect");
    assert!(location.starts_with(url), "{location}");
    Pairs::read(location.split_once('?').expect("a query").1)
}

fn register(server: &Server, token: &str, registration: &Value) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("Host", "practice.localhost"),
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
    ];
    let body = registration.to_string();
    server.send("POST", "/dev/platform/register", &headers, body.as_bytes())
}

#[test]
fn a_tool_registers_itself_once_and_appears() {
    let server = server(TOOLS, true);
    let sent = opened(&server, "https://tool.example/register?a=b");
    assert_eq!(sent.get("a"), "b");
    let url = sent.get("openid_configuration");
    let path = url.strip_prefix("http://practice.localhost").expect("the practice platform");
    let reply = server.send("GET", path, &[("Host", "practice.localhost")], b"");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let configuration = reply.json();
    let issuer = "http://practice.localhost/dev/platform";
    assert_eq!(configuration["issuer"], issuer);
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint"] {
        let url = configuration[name].as_str().expect("a URL");
        assert!(url.starts_with(issuer), "{name}: {url}");
    }

    let token = sent.get("registration_token");
    let reply = register(&server, token, &registration());
    assert_eq!(reply.status, 200, "{reply:?}");
    let registered = reply.json();
    assert!(registered["client_id"].as_str().is_some_and(|id| id.len() >= 16));
    assert_eq!(registered[TOOL]["deployment_id"], "1");
    let score = "https://purl.imsglobal.org/spec/lti-ags/scope/score";
    assert_eq!(registered["scope"], score, "unknown scopes are dropped");

    let page = get(&server, "/dev/registration").body;
    assert!(page.contains("<strong>A &lt;tool&gt;</strong>"), "{page}");
    assert!(page.contains(registered["client_id"].as_str().expect("an id")), "{page}");
    assert!(!get(&server, "/dev/gradebook").body.contains(token), "only its first characters");
    assert_eq!(register(&server, token, &registration()).status, 401);
}

#[test]
fn a_wrong_registration_leaves_the_token_unspent() {
    let server = server(TOOLS, true);
    let sent = opened(&server, "https://tool.example/register");
    let token = sent.get("registration_token");
    for (name, value) in [
        ("application_type", json!("native")),
        ("response_types", json!(["code"])),
        ("grant_types", json!(["implicit"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("client_name", Value::Null),
        ("client_name", json!("x".repeat(4097))),
        ("initiate_login_uri", Value::Null),
        ("jwks_uri", Value::Null),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!([1])),
        (TOOL, Value::Null),
        (TOOL, json!({"domain": "tool.example"})),
    ] {
        let mut wrong = registration();
        wrong[name] = value;
        let reply = register(&server, token, &wrong);
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status, error), (400, "invalid_client_metadata".into()), "{name}");
    }
    for token in ["", "unknown"] {
        let reply = register(&server, token, &registration());
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    assert!(get(&server, "/dev/registration").body.contains("No tool has registered itself yet"));
    server.set_now(NOW + 3601);
    assert_eq!(register(&server, token, &registration()).status, 401, "expired");
    server.set_now(NOW + 3600);
    assert_eq!(register(&server, token, &registration()).status, 200);
}

#[test]
fn only_a_url_of_the_web_opens_and_no_page_of_another_site_opens_it() {
    let server = server(TOOLS, true);
    for url in ["javascript:alert(1)", "data:text/html,x", "//evil.example", "", "https://a/#b"] {
        let chosen = Pairs(vec![("url".to_owned(), url.to_owned())]).body();
        let reply = get(&server, &format!("/dev/registration/start?{chosen}"));
        assert_eq!(reply.status, 404, "{url}");
    }
    let host = format!("localhost:{}", server.address.port());
    let headers = [("Host", host.as_str()), ("Sec-Fetch-Site", "cross-site")];
    let target = "/dev/registration/start?url=https%3A%2F%2Ftool.example%2F";
    assert_eq!(server.send("GET", target, &headers, b"").status, 403);
}
