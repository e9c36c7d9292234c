//! Platforms of LTI 1.3: URLs of the types, clients, and the tools that name them.

use std::path::Path;

use lti::jose::{Algorithm, Algorithms};
use lti::{ClientId, DeploymentId, PlatformName, Sender};
use lti_gateway::config::{
    Config, Environment, Fault, Platform, PlatformClient, PlatformKeys, PlatformType, Problem,
    Severity, print, read,
};

const GATEWAY: &str = r#"
[gateway]
public_url = "https://tools.example"
secret = "a gateway secret of 32 characters"
"#;

const PEM: &str = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");

fn reading(text: &str, variables: &[(&str, &str)], development: bool) -> (Config, Vec<Problem>) {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let reading = read(Path::new("tools.toml"), text, &environment, development);
    (reading.config, reading.problems)
}

/// The configuration of a file without errors, whose tool names all platforms.
fn config(platforms: &str, names: &[&str]) -> Config {
    let text = format!(
        "{GATEWAY}{platforms}\n[tools.hello]\nupstream = \"http://127.0.0.1:9000\"\n\
         platforms = {names:?}\n"
    );
    let (config, problems) = reading(&text, &[], false);
    let errors: Vec<_> =
        problems.into_iter().filter(|one| one.severity() == Severity::Error).collect();
    assert!(errors.is_empty(), "{}", print("tools.toml", &errors));
    config
}

/// The only platform of a file.
fn platform(text: &str) -> Platform {
    let config = config(&format!("[platforms.one]\n{text}"), &["one"]);
    let [platform] = config.platforms.as_slice() else { panic!("{:?}", config.platforms) };
    platform.as_ref().clone()
}

/// Issuer, URLs and token audience of a platform with one client.
fn urls(text: &str) -> [String; 5] {
    let platform = platform(text);
    let [client] = platform.clients.as_slice() else { panic!("{:?}", platform.clients) };
    [
        platform.issuer.clone().expect("an issuer"),
        platform.auth_url.clone().expect("a URL"),
        client.token_url.clone(),
        client.jwks_url.clone(),
        client.token_audience.clone(),
    ]
}

#[test]
fn a_type_fills_in_its_urls() {
    let check = |text: &str, expected: [&str; 4], audience: Option<&str>| {
        let [issuer, auth_url, token_url, jwks_url, found] = urls(text);
        assert_eq!([&issuer, &auth_url, &token_url, &jwks_url], expected.map(|url| url), "{text}");
        assert_eq!(found, audience.map_or(token_url, str::to_owned), "{text}");
    };
    check(
        "type = 'edx'\nclient_id = '1'\n\
         jwks_url = 'https://courses.example/api/lti_consumer/v1/public_keysets/5c9e'",
        [
            "https://courses.example",
            "https://courses.example/api/lti_consumer/v1/launch/",
            "https://courses.example/api/lti_consumer/v1/token/5c9e",
            "https://courses.example/api/lti_consumer/v1/public_keysets/5c9e",
        ],
        None,
    );
    let moodle = [
        "https://moodle.example/site",
        "https://moodle.example/site/mod/lti/auth.php",
        "https://moodle.example/site/mod/lti/token.php",
        "https://moodle.example/site/mod/lti/certs.php",
    ];
    check("type = 'moodle'\nclient_id = '1'\nurl = 'https://moodle.example/site'", moodle, None);
    check("type = 'moodle'\nclient_id = '1'\nurl = 'https://moodle.example/site/'", moodle, None);
    check(
        "type = 'canvas'\nclient_id = '1'\nurl = 'https://school.instructure.com'",
        [
            "https://canvas.instructure.com",
            "https://sso.canvaslms.com/api/lti/authorize_redirect",
            "https://school.instructure.com/login/oauth2/token",
            "https://sso.canvaslms.com/api/lti/security/jwks",
        ],
        None,
    );
    check(
        "type = 'canvas'\nclient_id = '1'\nurl = 'https://school.beta.instructure.com/'",
        [
            "https://canvas.beta.instructure.com",
            "https://sso.beta.canvaslms.com/api/lti/authorize_redirect",
            "https://school.beta.instructure.com/login/oauth2/token",
            "https://sso.beta.canvaslms.com/api/lti/security/jwks",
        ],
        None,
    );
    check(
        "type = 'canvas'\nclient_id = '1'\nurl = 'https://canvas.school.example'\n\
         issuer = 'https://canvas.instructure.com'",
        [
            "https://canvas.instructure.com",
            "https://canvas.school.example/api/lti/authorize_redirect",
            "https://canvas.school.example/login/oauth2/token",
            "https://canvas.school.example/api/lti/security/jwks",
        ],
        None,
    );
    check(
        "type = 'blackboard'\nclient_id = '4ae1 /?'\ndeployments = 'd1'",
        [
            "https://blackboard.com",
            "https://developer.blackboard.com/api/v1/gateway/oidcauth",
            "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
            "https://developer.blackboard.com/api/v1/management/applications/4ae1%20%2F%3F/\
             jwks.json",
        ],
        None,
    );
    check(
        "type = 'brightspace'\nclient_id = '1'\nurl = 'https://school.brightspace.com'",
        [
            "https://school.brightspace.com",
            "https://school.brightspace.com/d2l/lti/authenticate",
            "https://auth.brightspace.com/core/connect/token",
            "https://school.brightspace.com/d2l/.well-known/jwks",
        ],
        Some("https://api.brightspace.com/auth/token"),
    );
    check(
        "type = 'schoology'\nclient_id = '1'",
        [
            "https://schoology.schoology.com",
            "https://lti-service.svc.schoology.com/lti-service/authorize-redirect",
            "https://lti-service.svc.schoology.com/lti-service/access-token",
            "https://lti-service.svc.schoology.com/lti-service/.well-known/jwks",
        ],
        None,
    );
}

#[test]
fn a_written_url_overrides_that_of_the_type() {
    let moodle = "type = 'moodle'\nurl = 'https://moodle.example'\nclient_id = '1'\n";
    let check = |key: &str, at: usize| {
        let url = format!("https://other.example/{key}");
        let text = format!("{moodle}{key} = '{url}'");
        let (with, without) = (urls(&text), urls(moodle));
        assert_eq!(with[at], url);
        let changed: Vec<_> = (0..5).filter(|one| with[*one] != without[*one]).collect();
        assert_eq!(changed, if key == "token_url" { vec![at, 4] } else { vec![at] }, "{key}");
    };
    check("issuer", 0);
    check("auth_url", 1);
    check("token_url", 2);
    check("jwks_url", 3);
    check("token_audience", 4);
    // Moodle behind a proxy may call itself http. The gateway only compares it.
    let http = urls(&format!("{moodle}issuer = 'http://moodle.example'"));
    assert_eq!(http[0], "http://moodle.example");
}

#[test]
fn a_platform_without_a_type_has_the_written_values() {
    let platform = platform(
        r#"
        issuer = "https://LMS.acme.example/"
        auth_url = "https://lms.acme.example/lti/auth?school=7"
        token_url = "https://lms.acme.example/lti/token"
        jwks_url = "https://lms.acme.example/lti/jwks"
        client_id = ["tool-1", "tool-2"]
        deployments = ["1", "7"]
        algorithms = ["RS256", "ES384"]
        token_audience = "acme"
        formerly = "acme-key"
        anonymous = true
        "#,
    );
    let Platform { name, kind, issuer, auth_url, clients, algorithms, .. } = &platform;
    assert_eq!((name.as_str(), *kind), ("one", None));
    assert_eq!(issuer.as_deref(), Some("https://LMS.acme.example/"), "character for character");
    assert_eq!(auth_url.as_deref(), Some("https://lms.acme.example/lti/auth?school=7"));
    assert_eq!(*algorithms, Algorithms::new([Algorithm::Rs256, Algorithm::Es384]));
    let client = |id: &str| PlatformClient {
        id: id.into(),
        jwks_url: "https://lms.acme.example/lti/jwks".to_owned(),
        token_url: "https://lms.acme.example/lti/token".to_owned(),
        token_audience: "acme".to_owned(),
        deployments: Some(vec!["1".into(), "7".into()]),
    };
    assert_eq!(*clients, [client("tool-1"), client("tool-2")]);
    assert_eq!(platform.formerly, ["acme-key".into()]);
    assert!(platform.anonymous && matches!(platform.keys, PlatformKeys::Derived));
    let trusted = platform.trusted().expect("a complete platform");
    assert_eq!((trusted.name.as_str(), trusted.anonymous), ("one", true));
    assert_eq!(trusted.clients.len(), 2);
    assert_eq!(trusted.clients[1].id, "tool-2".into());
}

#[test]
fn each_client_may_have_its_own_services() {
    let edx = platform(
        r#"
        type = "edx"
        deployments = "1"
        [[platforms.one.clients]]
        client_id = "a"
        jwks_url = "https://courses.example/api/lti_consumer/v1/public_keysets/a"
        [[platforms.one.clients]]
        client_id = "b"
        jwks_url = "https://courses.example/api/lti_consumer/v1/public_keysets/b"
        token_url = "https://courses.example/token"
        deployments = ["2", "3"]
        "#,
    );
    assert_eq!(edx.kind, Some(PlatformType::Edx));
    assert_eq!(edx.issuer.as_deref(), Some("https://courses.example"));
    let [a, b] = edx.clients.as_slice() else { panic!("{:?}", edx.clients) };
    assert_eq!(a.token_url, "https://courses.example/api/lti_consumer/v1/token/a");
    assert_eq!(a.deployments, Some(vec!["1".into()]));
    assert_eq!(b.token_url, "https://courses.example/token");
    assert_eq!(b.token_audience, "https://courses.example/token");
    assert_eq!(b.deployments, Some(vec!["2".into(), "3".into()]));
    assert_eq!(edx.client(&"b".into()), Some(b));
    assert_eq!(edx.client(&"c".into()), None);
}

#[test]
fn a_platform_without_a_client_is_being_set_up() {
    let check = |text: &str, is_known: bool| {
        let platform = platform(text);
        assert!(platform.is_being_set_up(), "{text}");
        assert_eq!(platform.trusted().is_some(), is_known, "{text}");
    };
    check("", false);
    check("type = 'edx'", false);
    check("type = 'moodle'", false);
    check("type = 'moodle'\nurl = 'https://moodle.example'", true);
    check("type = 'canvas'\nurl = 'https://canvas.school.example'", false);
    check("type = 'schoology'", true);
    check("type = 'blackboard'", true);
    check("issuer = 'https://lms.example'", false);
}

#[test]
fn several_tables_may_have_one_issuer_and_stay_in_the_order_of_the_file() {
    let config = config(
        r#"
        [platforms.west]
        type = "canvas"
        url = "https://west.instructure.com"
        client_id = "1"
        [platforms.east]
        type = "canvas"
        url = "https://east.instructure.com"
        client_id = "2"
        "#,
        &["east", "west", "east"],
    );
    let names = |platforms: &[std::sync::Arc<Platform>]| -> Vec<String> {
        platforms.iter().map(|platform| platform.name.to_string()).collect()
    };
    assert_eq!(names(&config.platforms), ["west", "east"]);
    assert_eq!(names(&config.tools[0].senders.platforms), ["east", "west"]);
    assert_eq!(config.platforms[0].issuer, config.platforms[1].issuer);
    assert_ne!(config.platforms[0].clients[0].token_url, config.platforms[1].clients[0].token_url);
}

#[test]
fn a_tool_with_platforms_alone_needs_no_key_and_may_have_one() {
    let moodle = "[platforms.one]\ntype = 'moodle'\nurl = 'https://moodle.example'\n\
                  client_id = '1'\n";
    let config = config(moodle, &["one"]);
    assert!(config.tools[0].senders.consumers.keys().is_empty());
    let both = format!(
        "{GATEWAY}{moodle}[tools.hello]\nupstream = 'http://127.0.0.1:9000'\n\
         platforms = 'one'\nkey = 'hello-key'\nsecret = 'hunter2 hunter2 hunter2'\n"
    );
    let (config, problems) = reading(&both, &[], false);
    assert!(problems.iter().all(|problem| problem.fault == Fault::LiteralSecret), "{problems:?}");
    let senders = &config.tools[0].senders;
    assert_eq!(senders.consumers.keys(), ["hello-key".into()]);
    assert_eq!(senders.platforms.len(), 1);
    // Beside `platforms`, a key still needs its secret.
    let (_, problems) = reading(&both.replace("secret = 'hunter2 ", "title = '"), &[], false);
    assert!(problems.iter().any(|problem| problem.fault == Fault::Missing("secret")));
}

// Removing a platform, a client, a deployment, or a platform from a tool ends its sessions.
#[test]
fn only_a_client_and_a_deployment_of_a_named_platform_may_launch() {
    let config = config(
        r#"
        [platforms.one]
        type = "blackboard"
        client_id = "a"
        deployments = ["1", "2"]
        [platforms.two]
        type = "moodle"
        url = "https://moodle.example"
        client_id = "a"
        [platforms.three]
        type = "moodle"
        url = "https://three.example"
        client_id = "a"
        "#,
        &["one", "two"],
    );
    let senders = &config.tools[0].senders;
    let check = |name: &str, client: &str, deployment: &str, expected: bool| {
        let sender = Sender::Platform {
            name: PlatformName::from(name),
            client_id: ClientId::from(client),
            deployment_id: DeploymentId::from(deployment),
        };
        assert_eq!(senders.contains(&sender), expected, "{sender:?}");
        assert!(senders.signing_keys(&sender).is_none());
    };
    check("one", "a", "1", true);
    check("one", "a", "3", false);
    check("one", "b", "1", false);
    check("two", "a", "any", true);
    check("three", "a", "1", false);
    check("four", "a", "1", false);
    assert!(!senders.contains(&Sender::Consumer("one".into())));
}

#[test]
fn a_host_of_a_platform_counts_as_named() {
    let text = |client: &str| {
        format!(
            "{GATEWAY}outcome_hosts = 'grades.example'\n[platforms.one]\ntype = 'moodle'\n\
             url = 'https://moodle.internal:8443'\njwks_url = 'https://keys.example/jwks'\n\
             token_audience = 'https://audience.example'\nissuer = 'https://issuer.example'\n\
             {client}\n[tools.hello]\nupstream = 'http://127.0.0.1:9000'\nplatforms = 'one'\n"
        )
    };
    for client in ["client_id = '1'", ""] {
        let rules = reading(&text(client), &[], false).0.outcomes;
        for host in ["moodle.internal", "MOODLE.internal.", "keys.example", "grades.example"] {
            assert!(rules.allows(host) && rules.names(host), "{host}");
        }
        for host in ["audience.example", "issuer.example", "other.example"] {
            assert!(!rules.allows(host), "{host}");
        }
    }
}

#[test]
fn http_is_allowed_on_loopback_in_development_and_for_named_hosts() {
    let check = |url: &str, hosts: &str, development: bool, expected: bool| {
        let text = format!(
            "{GATEWAY}outcome_hosts = {hosts}\n[platforms.one]\ntype = 'moodle'\nurl = '{url}'\n\
             client_id = '1'\n[tools.hello]\nupstream = 'http://127.0.0.1:9000'\n\
             platforms = 'one'\n"
        );
        let (_, problems) = reading(&text, &[], development);
        let is_http = |problem: &Problem| problem.fault == Fault::PlatformHttp("url");
        assert_eq!(!problems.iter().any(is_http), expected, "{url} {hosts} {development}");
    };
    check("http://localhost:8000", "['*']", true, true);
    check("http://127.0.0.1:8000", "['*']", true, true);
    check("http://localhost:8000", "['*']", false, false);
    check("http://moodle.internal", "['*']", true, false);
    check("http://moodle.internal", "['*', 'moodle.internal']", false, true);
    check("http://moodle.internal", "['*.internal']", false, false);
    check("https://moodle.internal", "['*']", false, true);
}

#[test]
fn a_private_key_comes_from_variables() {
    let text = |key: &str| {
        format!(
            "{GATEWAY}[platforms.one]\nprivate_key = {key}\n[tools.hello]\n\
             upstream = 'http://127.0.0.1:9000'\nplatforms = 'one'\n"
        )
    };
    let escaped = PEM.trim().replace('\n', "\\n");
    let variables = [("NEW_PEM", PEM), ("OLD_PEM", escaped.as_str())];
    let keys = |key: &str, development: bool| {
        let (config, problems) = reading(&text(key), &variables, development);
        let faults: Vec<_> = problems
            .into_iter()
            .map(|problem| problem.fault)
            .filter(|fault| !matches!(fault, Fault::PlatformSetUp(_) | Fault::LiteralSecret))
            .collect();
        let keys = config.platforms.first().map(|platform| match &platform.keys {
            PlatformKeys::Derived => 0,
            PlatformKeys::Pem(pems) => pems.len(),
        });
        (keys, faults)
    };
    assert_eq!(keys("{ env = 'NEW_PEM' }", false), (Some(1), Vec::new()));
    let list = "[{ env = 'NEW_PEM' }, { env = 'OLD_PEM' }]";
    assert_eq!(keys(list, false), (Some(2), Vec::new()));
    let missing = || "UNSET_PEM".to_owned();
    assert_eq!(
        keys("{ env = 'UNSET_PEM' }", false),
        (None, vec![Fault::VariableMissing(missing())])
    );
    assert_eq!(
        keys("{ env = 'UNSET_PEM' }", true),
        (Some(0), vec![Fault::PrivateKeyUnset(missing())])
    );
    let (config, _) = reading(&text(list), &variables, false);
    let debug = format!("{config:?}");
    assert!(!debug.contains("PRIVATE KEY") && !debug.contains(&PEM[100..120]), "{debug}");
}

#[test]
fn platforms_over_https_need_certificates() {
    let check = |url: &str, client: &str, expected: bool| {
        let text = format!(
            "{GATEWAY}outcome_hosts = 'lms.internal'\n[platforms.one]\ntype = 'moodle'\n\
             url = '{url}'\n{client}\n[tools.hello]\nupstream = 'http://127.0.0.1:9000'\n\
             platforms = 'one'\n"
        );
        assert_eq!(reading(&text, &[], false).0.needs_certificates(), expected, "{text}");
    };
    check("https://lms.internal", "client_id = '1'", true);
    check("http://lms.internal", "client_id = '1'", false);
    // Its configuration is fetched during a registration.
    check("https://lms.internal", "", true);
    check("http://lms.internal", "", false);
}

#[test]
fn every_table_of_the_platforms_pages_is_valid() {
    let secret = "a gateway secret of 32 characters";
    let gateway = GATEWAY.replace(&format!("{secret:?}"), "{ env = \"GATEWAY_SECRET\" }");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = ["platforms/edx", "platforms/moodle", "platforms/canvas", "platforms/blackboard"];
    let pages = pages.into_iter().chain(["platforms/brightspace", "platforms/sakai", "lti-1.3"]);
    for page in pages {
        let page_text = std::fs::read_to_string(docs.join(format!("{page}.md"))).expect("a page");
        let blocks: Vec<&str> = page_text
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
            .collect();
        assert!(!blocks.is_empty(), "{page}");
        for block in blocks {
            let text = format!("{gateway}{block}");
            let (config, problems) = reading(&text, &[("GATEWAY_SECRET", secret)], false);
            assert!(problems.is_empty(), "{page}: {}", print("tools.toml", &problems));
            let platform = &config.platforms[0];
            assert!(!platform.is_being_set_up(), "{page}");
            // The keyset URL of the page ends with the name of this table.
            let keyset = format!("/.well-known/jwks/{}.json", platform.name);
            assert!(page == "lti-1.3" || page_text.contains(&keyset), "{page}: {keyset}");
        }
    }
}
