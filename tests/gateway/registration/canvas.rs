//! Canvas: the JSON configuration, and its rules for registrations.

use super::*;

const CANVAS: &str = "type = \"canvas\"\nurl = \"https://school.instructure.com\"";

fn json_of(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

// The importer of Canvas requires these fields, and knows no other message of a placement
// (`Schemas::LtiConfiguration` and `Lti::ResourcePlacement` in its source).
#[test]
fn canvas_imports_a_tool_from_its_url() {
    let stage = Stage::with("nb", |_| CANVAS.to_owned(), "grades = true");
    for target in ["/tools/nb/config.json", "/tools/nb/config.json?platform=lms"] {
        let document = json_of(&stage.server.get(target));
        let launch_url = "https://tool.example/lti/nb";
        assert_eq!(document["title"], "Notebook");
        assert_eq!(document["description"], "Notebook");
        assert_eq!(document["target_link_uri"], launch_url);
        assert_eq!(document["redirect_uris"], json!([launch_url]));
        assert_eq!(document["oidc_initiation_url"], "https://tool.example/~login");
        assert_eq!(document["public_jwk_url"], "https://tool.example/.well-known/jwks/lms.json");
        assert_eq!(
            document["scopes"],
            json!([
                "https://purl.imsglobal.org/spec/lti-ags/scope/score",
                "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
            ])
        );
        let extension = &document["extensions"][0];
        assert_eq!(extension["platform"], "canvas.instructure.com");
        assert_eq!(extension["privacy_level"], "name_only");
        assert_eq!(extension.get("domain"), None);
        assert_eq!(extension["settings"]["placements"].as_array().map(Vec::len), Some(4));
    }
}

#[test]
fn a_tool_that_grades_a_course_asks_for_its_members() {
    let members = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";
    for (of_tool, asks) in [
        ("grades = true", false),
        ("grades = \"course\"", true),
        ("members = \"staff\"", true),
        ("grades = \"course\"\nmembers = \"staff\"", true),
    ] {
        let stage = Stage::with("nb", |_| CANVAS.to_owned(), of_tool);
        let document = json_of(&stage.server.get("/tools/nb/config.json"));
        let scopes = document["scopes"].as_array().expect("a list");
        let found = scopes.iter().filter(|scope| **scope == members).count();
        assert_eq!(found, usize::from(asks), "{of_tool}");
    }
}

#[test]
fn a_tool_with_its_own_host_names_its_domain() {
    let stage = Stage::with("nb", |_| CANVAS.to_owned(), "host = \"nb.example\"\nidentity = []");
    let document = json_of(&stage.server.get("/tools/nb/config.json"));
    assert_eq!(document["target_link_uri"], "https://nb.example/");
    let extension = &document["extensions"][0];
    assert_eq!(
        (&extension["domain"], &extension["privacy_level"]),
        (&json!("nb.example"), &json!("anonymous"))
    );
}

#[test]
fn only_a_canvas_of_the_tool_has_a_configuration() {
    let stage = Stage::with("nb", |_| CANVAS.to_owned(), "");
    for target in [
        "/tools/absent/config.json",
        "/tools/nb/config.json?platform=absent",
        "/tools/nb/config.json?platform=",
    ] {
        assert_eq!(stage.server.get(target).status, 404, "{target}");
    }
    let stage = Stage::moodle();
    for target in ["/tools/nb/config.json", "/tools/nb/config.json?platform=lms"] {
        assert_eq!(stage.server.get(target).status, 404, "{target}");
    }
}

// Canvas answers 401 without the token, and its configuration is at another host than its pages.
#[test]
fn canvas_receives_its_token_and_its_placements() {
    let stage = Stage::new(|lms| {
        let origin = lms.origin();
        format!("type = \"canvas\"\nurl = \"{origin}\"\nissuer = \"{origin}\"")
    });
    let configuration = stage.lms.configuration();
    stage.lms.answer(0, "200 OK", &configuration.to_string());
    stage.lms.answer(1, "200 OK", r#"{"client_id":"10000000000001"}"#);
    let table = table(&stage.register(&link("nb")));
    let (configuration, registration, _) = stage.lms.requests();
    assert_eq!(configuration.header("authorization"), Some(format!("Bearer {TOKEN}")));
    let messages = &registration[TOOL_CONFIGURATION]["messages"];
    assert_eq!(messages[0]["placements"], json!(["course_navigation"]));
    let placements = json!(["link_selection", "assignment_selection", "editor_button"]);
    assert_eq!(messages[1]["placements"], placements);
    let privacy =
        &registration[TOOL_CONFIGURATION]["https://canvas.instructure.com/lti/privacy_level"];
    assert_eq!(*privacy, "name_only");
    assert!(table.ends_with("client_id = \"10000000000001\"\n"), "{table}");
    assert_eq!(problems(&stage.pasted(&table)), (String::new(), 0));
}

#[test]
fn the_page_may_be_framed_by_the_pages_of_canvas() {
    let stage = Stage::with("nb", |_| CANVAS.to_owned(), "");
    let url = encoded("https://sso.canvaslms.com/api/lti/security/openid-configuration");
    let page = stage.server.get(&format!("{}?openid_configuration={url}", link("nb")));
    assert_eq!(page.status, 200, "{page:?}");
    let policy = page.header("content-security-policy").expect("a policy");
    let ancestors = "frame-ancestors https://school.instructure.com https://sso.canvaslms.com";
    assert!(policy.ends_with(ancestors), "{policy}");
    let other = encoded("https://other.instructure.com/api/lti/security/openid-configuration");
    let page = stage.server.get(&format!("{}?openid_configuration={other}", link("nb")));
    refused(&page, 400, "registration-mismatch");
}
