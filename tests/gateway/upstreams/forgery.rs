//! Headers that a browser must not be able to forge.

use super::*;

/// Names that only the gateway may use, in spellings that some servers read as the same name.
const FORGED: [&str; 53] = [
    "X-Forwarded-User",
    "x-forwarded-user",
    "X-FORWARDED-USER",
    "X_Forwarded_User",
    "X-Forwarded_User",
    "x_forwarded-user",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Email",
    "X_FORWARDED_EMAIL",
    "X-Forwarded-Groups",
    "X_Forwarded_Groups",
    "X-Forwarded-Access-Token",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Prefix",
    "X-Forwarded-Port",
    "X-Forwarded-Whatever",
    "X-LTI-Assertion",
    "X_LTI_ASSERTION",
    "X-Lti-Grade-Token",
    "X-Auth-Request-User",
    "X_Auth_Request_Email",
    "Forwarded",
    "X-Real-IP",
    "X_Real_Ip",
    "X-Script-Name",
    "X_SCRIPT_NAME",
    "Remote-User",
    "X_Remote_User",
    "X.Forwarded.User",
    "X!Forwarded^User",
    "X~LTI~Assertion",
    "X-Forwarded",
    "X-Original-URL",
    "X.Original*Url",
    "X-Rewrite-Url",
    "X-WEBAUTH-USER",
    "x_webauth_email",
    "X-Authenticated-User",
    "X-Auth-Username",
    "X-Auth-Groups",
    "X-Goog-Authenticated-User-Email",
    "X-Goog-IAP-JWT-Assertion",
    "Cf-Access-Authenticated-User-Email",
    "X_Amzn_Oidc_Data",
    "X-MS-CLIENT-PRINCIPAL-NAME",
    "Tailscale-User-Login",
    "True-Client-IP",
    "X-Client-IP",
    "CF-Connecting-IP",
    "X-authentik-username",
    "X-Pomerium-Claim-Email",
];

/// Asserts that the upstream received the gateway's values once, and no forged value.
#[track_caller]
fn arrived(recorder: &Recorder, visit: &Visit) {
    let request = recorder.request();
    assert!(!request.head.contains("evil"), "{}", String::from_utf8_lossy(&request.head.raw));
    for (name, value) in [
        ("x-forwarded-user", "key-1:user-4711"),
        ("x-forwarded-preferred-username", "Ada Lovelace"),
        ("x-forwarded-groups", "learner"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "tool.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", &visit.prefix),
        ("x-script-name", &visit.prefix),
    ] {
        assert_eq!(request.header(name).as_deref(), Some(value));
    }
    assert_eq!(request.head.all("x-lti-assertion").len(), 1);
    for name in [
        "x-forwarded-email",
        "forwarded",
        "x-forwarded",
        "x-real-ip",
        "x-original-url",
        "x-rewrite-url",
    ] {
        assert_eq!(request.header(name), None);
    }
    assert!(!request.head.headers().iter().any(|(name, _)| name.contains("remote")), "{request:?}");
    let is_plain =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    assert!(request.head.headers().iter().all(|(name, _)| is_plain(name)), "{request:?}");
}

#[test]
fn identity_headers_of_a_browser_are_removed() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for name in FORGED {
        assert_eq!(browser.send("GET", &visit.at("/"), &[(name, "evil")], b"").status, 200);
        arrived(&recorder, &visit);
    }
    let all = FORGED.map(|name| (name, "evil"));
    assert_eq!(browser.send("POST", &visit.at("/"), &all, b"x").status, 200);
    arrived(&recorder, &visit);
    for name in FORGED {
        let twice = [(name, "evil-1"), ("Accept", "*/*"), (name, "evil-2"), (name, "")];
        assert_eq!(browser.send("GET", &visit.at("/"), &twice, b"").status, 200);
        arrived(&recorder, &visit);
    }
}

#[test]
fn connection_removes_no_header_of_the_gateway() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for connection in [
        "X-Forwarded-User",
        "close, x-forwarded-user, X-LTI-Assertion, X-Forwarded-Groups, Host, Cookie",
        "keep-alive, x_forwarded_user",
        "X-Forwarded-For,X-Forwarded-Proto,X-Forwarded-Host,X-Forwarded-Prefix,X-Script-Name",
    ] {
        let headers = [("Connection", connection), ("X-Forwarded-User", "evil")];
        let mut wire = browser.ask("GET", &visit.at("/"), &headers);
        assert_eq!(Reply::read(&mut wire, "GET").status, 200, "{connection}");
        arrived(&recorder, &visit);
    }
}

#[test]
fn hop_by_hop_request_headers_do_not_reach_the_upstream() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    let headers = [
        ("Connection", "keep-alive, X-Hop"),
        ("connection", "x-other-hop ,, "),
        ("X-Hop", "evil"),
        ("X-Other-Hop", "evil"),
        ("Keep-Alive", "timeout=evil"),
        ("Proxy-Authorization", "Basic evil"),
        ("Proxy-Connection", "evil"),
        ("TE", "trailers, evil"),
        ("Trailer", "evil"),
        ("X-Kept", "1"),
        ("Authorization", "Bearer of-the-app"),
        ("Accept-Language", "de"),
        ("X-Empty", ""),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
    ];
    let mut wire = browser.ask("GET", &visit.at("/"), &headers);
    assert_eq!(Reply::read(&mut wire, "GET").status, 200);
    let request = recorder.request();
    assert!(!request.head.contains("evil"), "{}", String::from_utf8_lossy(&request.head.raw));
    for name in
        ["keep-alive", "proxy-authorization", "proxy-connection", "trailer", "x-hop", "upgrade"]
    {
        assert_eq!(request.header(name), None);
    }
    assert_eq!(request.header("te").as_deref(), Some("trailers"));
    assert_eq!(request.header("connection").as_deref(), Some("TE"));
    assert_eq!(request.header("x-kept").as_deref(), Some("1"));
    assert_eq!(request.header("authorization").as_deref(), Some("Bearer of-the-app"));
    assert_eq!(request.header("accept-language").as_deref(), Some("de"));
    assert_eq!(request.header("x-empty").as_deref(), Some(""));
    assert_eq!(request.head.all("x-twice"), ["1", "2"]);
}

#[test]
fn exactly_these_request_headers_reach_the_upstream() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    let mut wire =
        browser.ask("GET", &visit.at("/"), &[("User-Agent", "a browser"), ("Accept", "*/*")]);
    assert_eq!(Reply::read(&mut wire, "GET").status, 200);
    let request = recorder.request();
    let mut names: Vec<String> = request.head.headers().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "accept",
            "host",
            "user-agent",
            "x-forwarded-for",
            "x-forwarded-groups",
            "x-forwarded-host",
            "x-forwarded-preferred-username",
            "x-forwarded-prefix",
            "x-forwarded-proto",
            "x-forwarded-user",
            "x-lti-assertion",
            "x-script-name",
        ]
    );
    arrived_host(&recorder, &request);
}

#[track_caller]
fn arrived_host(recorder: &Recorder, request: &crate::support::Recorded) {
    assert_eq!(request.header("host"), Some(recorder.authority()));
}

#[test]
fn configured_headers_arrive_and_a_browsers_copies_do_not() {
    let recorder = Recorder::start();
    let lines =
        "headers = { X-Api-Key = \"of-the-tool\", Authorization = { env = \"APP_TOKEN\" } }";
    let server = Server::start(&Setup {
        tools: &tools(&recorder.url(), lines),
        environment: &[("APP_TOKEN", "Bearer of-the-environment")],
        ..Setup::default()
    });
    let (mut browser, visit) = opened(&server);
    let forged = [
        ("X-Api-Key", "evil"),
        ("x-api-key", "evil"),
        ("X_Api_Key", "evil"),
        ("X-Api_Key", "evil"),
        ("X.Api.Key", "evil"),
        ("x~api'key", "evil"),
        ("AUTHORIZATION", "evil"),
        ("X-Api-Key-2", "kept"),
    ];
    assert_eq!(browser.send("GET", &visit.at("/"), &forged, b"").status, 200);
    let request = recorder.request();
    assert!(!request.head.contains("evil"), "{}", String::from_utf8_lossy(&request.head.raw));
    assert_eq!(request.header("x-api-key").as_deref(), Some("of-the-tool"));
    assert_eq!(request.header("authorization").as_deref(), Some("Bearer of-the-environment"));
    assert_eq!(request.header("x-api-key-2").as_deref(), Some("kept"));
    arrived_host(&recorder, &request);
}

#[test]
fn a_request_inside_a_session_names_one_host() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let (target, cookie) = (visit.at("/"), visit.cookie.as_str());
    for hosts in [
        vec![],
        vec![("Host", "tool.example"), ("Host", "tool.example")],
        vec![("Host", "tool.example"), ("host", "evil.example")],
        vec![("Host", "tool.example, evil.example")],
    ] {
        let headers: Vec<(&str, &str)> = hosts.into_iter().chain([("Cookie", cookie)]).collect();
        let reply = server.send("GET", &target, &headers, b"");
        assert_eq!(reply.status, 400, "{headers:?}");
        opened_nothing(&reply);
        recorder.saw_nothing();
    }
}
