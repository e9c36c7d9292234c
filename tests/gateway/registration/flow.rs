//! The whole way: from the link to the table.

use super::*;

#[test]
fn a_platform_registers_a_tool_and_the_table_passes_the_check() {
    let stage = Stage::moodle();
    let link = link("nb");
    let page = stage.open(&link);
    assert_eq!(page.status, 200, "{page:?}");
    let host = stage.lms.origin().replace("http://", "");
    assert!(page.body.contains(&format!("<strong>{host}</strong>")), "{}", page.body);
    for shown in [
        "https://tool.example/lti/nb",
        "https://tool.example/~login",
        "Notebook",
        "the user's name",
    ] {
        assert!(unescaped(&page.body).contains(shown), "{shown} in {}", page.body);
    }
    stage.lms.recorder.saw_nothing();

    let page = stage.post(&link, &field(&page));
    let table = table(&page);
    let (configuration, registration, request) = stage.lms.requests();
    assert_eq!(configuration.line(), "GET /openid-configuration?a=b");
    assert_eq!(request.line(), "POST /mod/lti/openid-registration.php");
    for request in [&configuration, &request] {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}")));
        assert_eq!(request.header("cookie"), None);
    }
    assert_eq!(request.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(registration["client_name"], "Notebook");
    assert_eq!(registration["redirect_uris"], json!(["https://tool.example/lti/nb"]));
    assert_eq!(registration["initiate_login_uri"], "https://tool.example/~login");
    assert_eq!(registration["jwks_uri"], "https://tool.example/.well-known/jwks/lms.json");
    let configuration = &registration[TOOL_CONFIGURATION];
    assert_eq!(configuration["domain"], "tool.example");
    assert_eq!(configuration["claims"], json!(["iss", "sub", "name", "given_name", "family_name"]));

    let expected = format!(
        "[platforms.lms]\ntype = \"moodle\"\nurl = \"{}\"\nclient_id = \"client-1\"\n\
         deployments = \"7\"\n",
        stage.lms.origin()
    );
    assert_eq!(table, expected);
    assert_eq!(problems(&stage.pasted(&table)), (String::new(), 0));
    for line in expected.lines() {
        assert!(!log_lines(&format!("register: {line}")).is_empty(), "{line}");
    }
    let token = log_lines(TOKEN);
    assert!(token.is_empty(), "{token:?}");
}

#[test]
fn the_page_closes_the_platforms_frame_only_by_its_button() {
    let stage = Stage::moodle();
    let page = stage.register(&link("nb"));
    assert!(page.body.contains("id=\"done\" hidden>Done</button>"), "{}", page.body);
    assert!(page.body.contains("{ subject: \"org.imsglobal.lti.close\" }"), "{}", page.body);
    assert!(page.body.contains("data-copy=\"the table\""), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self'"), "{policy}");
    let ancestors = format!("frame-ancestors {}", stage.lms.origin());
    assert!(policy.ends_with(&ancestors), "{policy} {ancestors}");
}

#[test]
fn an_unknown_platform_needs_an_empty_table_only() {
    let stage = Stage::new(|_| String::new());
    let mut configuration = stage.lms.configuration();
    configuration["authorization_server"] = "https://api.lms.example/token".into();
    configuration["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    stage.lms.answer(0, "200 OK", &configuration.to_string());
    let table = table(&stage.register(&link("nb")));
    let origin = stage.lms.origin();
    let expected = format!(
        "[platforms.lms]\nissuer = \"{origin}\"\nauth_url = \"{origin}/mod/lti/auth.php\"\n\
         token_url = \"{origin}/mod/lti/token.php\"\njwks_url = \"{origin}/mod/lti/certs.php\"\n\
         token_audience = \"https://api.lms.example/token\"\nclient_id = \"client-1\"\n\
         deployments = \"7\"\nalgorithms = \"ES256\"\n"
    );
    assert_eq!(table, expected);
    assert_eq!(problems(&stage.pasted(&table)), (String::new(), 0));
}

// Moodle's Update turns a tool of LTI 1.1 into one of LTI 1.3, with a client id of its own.
#[test]
fn an_update_adds_a_client_and_keeps_what_the_file_has() {
    let stage = Stage::new(|lms| {
        format!(
            "type = \"moodle\"\nurl = \"{}\"\nclient_id = \"client-0\"\nformerly = \"course-a\"\n\
             anonymous = true\nalgorithms = [\"RS256\", \"ES256\"]",
            lms.origin()
        )
    });
    let origin = stage.lms.origin();
    let head = format!("[platforms.lms]\ntype = \"moodle\"\nurl = \"{origin}\"\n");
    let tail = "algorithms = [\"RS256\", \"ES256\"]\nformerly = \"course-a\"\nanonymous = true\n";
    let both = table(&stage.register(&link("nb")));
    let expected = format!(
        "{head}{tail}\n[[platforms.lms.clients]]\nclient_id = \"client-0\"\n\n\
         [[platforms.lms.clients]]\nclient_id = \"client-1\"\ndeployments = \"7\"\n"
    );
    assert_eq!(both, expected);
    assert_eq!(problems(&stage.pasted(&both)).1, 0);

    stage.lms.answer(1, "201 Created", r#"{"client_id":"client-1"}"#);
    let list = table(&stage.register(&link("nb")));
    let expected = format!("{head}client_id = [\"client-0\", \"client-1\"]\n{tail}");
    assert_eq!(list, expected);
    assert_eq!(problems(&stage.pasted(&list)).1, 0);

    stage.lms.answer(1, "200 OK", r#"{"client_id":"client-0"}"#);
    let same = table(&stage.register(&link("nb")));
    assert_eq!(same, format!("{head}client_id = \"client-0\"\n{tail}"));
}

// Brightspace sends no token.
#[test]
fn a_platform_may_send_no_token() {
    let stage = Stage::moodle();
    let link = link("nb");
    let url = encoded(&stage.lms.configuration_url());
    let page = stage.server.get(&format!("{link}?openid_configuration={url}"));
    let page = stage.post(&link, &field(&page));
    table(&page);
    let (configuration, _, registration) = stage.lms.requests();
    assert_eq!(configuration.header("authorization"), None);
    assert_eq!(registration.header("authorization"), None);
}

#[test]
fn a_registration_asks_for_the_services_that_the_tool_uses() {
    let of_tool = "grades = true\nmembers = \"staff\"\nline_item = { label = \"N\", points = 5 }\n\
                   identity = []";
    let stage =
        Stage::with("nb", |lms| format!("type = \"moodle\"\nurl = \"{}\"", lms.origin()), of_tool);
    table(&stage.register(&link("nb")));
    let (_, registration, _) = stage.lms.requests();
    let scopes = registration["scope"].as_str().expect("a string");
    let scopes: Vec<_> = scopes.split(' ').map(|scope| scope.rsplit('/').next()).collect();
    let expected = ["score", "result.readonly", "lineitem", "contextmembership.readonly"];
    assert_eq!(scopes, expected.map(Some));
    assert_eq!(registration[TOOL_CONFIGURATION]["claims"], json!(["iss", "sub"]));

    // A course grade token names learners by the list of members.
    let course = Stage::with(
        "nb",
        |lms| format!("type = \"moodle\"\nurl = \"{}\"", lms.origin()),
        "grades = \"course\"",
    );
    table(&course.register(&link("nb")));
    let (_, registration, _) = course.lms.requests();
    let scopes = registration["scope"].as_str().expect("a string");
    let scopes: Vec<_> = scopes.split(' ').map(|scope| scope.rsplit('/').next()).collect();
    let expected = ["score", "result.readonly", "contextmembership.readonly"];
    assert_eq!(scopes, expected.map(Some));
}

#[test]
fn a_browser_without_a_platform_learns_where_the_link_belongs() {
    let stage = Stage::moodle();
    let link = link("nb");
    let page = stage.server.get(&link);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("Paste it into the"), "{}", page.body);
    assert!(!page.body.contains("<form"), "{}", page.body);
    table(&stage.register(&link));
}
