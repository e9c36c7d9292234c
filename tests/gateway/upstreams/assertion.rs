//! `X-LTI-Assertion`: the signed claims about user, course and link.

use serde_json::{Value, json};

use crate::support::{Assertion, Recorded, verify};

use super::*;

/// The public keys of a gateway.
#[track_caller]
fn jwks(server: &Server) -> Value {
    let reply = server.get("/.well-known/jwks.json");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    reply.json()
}

/// The assertion of a request, verified with the gateway's public keys.
#[track_caller]
fn assertion_of(server: &Server, request: &Recorded) -> Assertion {
    let token = request.header("x-lti-assertion").expect("an assertion");
    verify(&token, &jwks(server)).expect("a valid assertion")
}

/// The claims of a request's assertion.
#[track_caller]
pub(super) fn claims_of(server: &Server, request: &Recorded) -> Value {
    assertion_of(server, request).claims
}

/// The assertion of the first request after a launch.
#[track_caller]
fn launched(recorder: &Recorder, server: &Server, form: &Form<'_>) -> Assertion {
    let mut browser = Browser::new(server);
    let visit = browser.open(form);
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    assertion_of(server, &recorder.request())
}

/// The claims of a launch with these parameters, without those of every launch.
#[track_caller]
fn further_claims(more: &[(&'static str, &'static str)]) -> Value {
    let (recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    let url = "https://tool.example/lti/nb";
    let assertion = launched(&recorder, &server, &Form { url, ..Form::default() }.with(more));
    let kid = jwks(&server)["keys"][0]["kid"].clone();
    assert_eq!(assertion.header, json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }));
    let mut claims = assertion.claims;
    let object = claims.as_object_mut().expect("an object");
    for (name, value) in [
        ("iss", json!("https://tool.example")),
        ("aud", json!("nb")),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 300)),
        (&lti("message_type"), json!("LtiResourceLinkRequest")),
        (&lti("version"), json!("1.3.0")),
        (&lti("deployment_id"), json!("key-1")),
        (&lti("target_link_uri"), json!(url)),
    ] {
        assert_eq!(object.remove(name), Some(value), "{name}");
    }
    claims
}

/// The full name of an LTI claim.
fn lti(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

#[test]
fn a_bare_launch_has_no_further_claims() {
    let expected = json!({ lti("resource_link"): { "id": "rl-1" }, lti("roles"): [] });
    assert_eq!(further_claims(&[]), expected);
}

#[test]
fn a_user_becomes_claims() {
    let claims = further_claims(&[
        ("user_id", "user-4711"),
        ("lis_person_name_full", "Ada King Lovelace"),
        ("lis_person_name_given", "Ada"),
        ("lis_person_name_middle", "King"),
        ("lis_person_name_family", "Lovelace"),
        ("lis_person_contact_email_primary", "ada@uni.example"),
        ("user_image", "https://uni.example/ada.png"),
        ("launch_presentation_locale", "fr-FR"),
    ]);
    let expected = json!({
        "sub": "key-1:user-4711",
        "name": "Ada King Lovelace",
        "given_name": "Ada",
        "middle_name": "King",
        "family_name": "Lovelace",
        "email": "ada@uni.example",
        "picture": "https://uni.example/ada.png",
        "locale": "fr-FR",
        lti("launch_presentation"): { "locale": "fr-FR" },
        lti("resource_link"): { "id": "rl-1" },
        lti("roles"): [],
    });
    assert_eq!(claims, expected);
}

#[test]
fn roles_become_lti_1_3_roles() {
    const ROLES: &str = concat!(
        "Student,Learner,urn:lti:role:ims/lis/Mentor,Instructor/Lecturer,TeachingAssistant,",
        "urn:lti:instrole:ims/lis/Staff,urn:lti:sysrole:ims/lis/SysAdmin,",
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
    );
    let claims = further_claims(&[("roles", ROLES), ("role_scope_mentor", "user-1, user-2")]);
    let vocabulary = "http://purl.imsglobal.org/vocab/lis/v2";
    let expected = json!([
        format!("{vocabulary}/membership#Learner"),
        format!("{vocabulary}/membership#Mentor"),
        format!("{vocabulary}/membership/Instructor#Lecturer"),
        format!("{vocabulary}/membership/Instructor#TeachingAssistant"),
        format!("{vocabulary}/institution/person#Staff"),
        format!("{vocabulary}/system/person#SysAdmin"),
        format!("{vocabulary}/membership#Instructor"),
    ]);
    assert_eq!(claims[lti("roles")], expected);
    assert_eq!(claims[lti("role_scope_mentor")], json!(["user-1", "user-2"]));
}

#[test]
fn course_and_link_become_claims() {
    let claims = further_claims(&[
        ("context_id", "course-1"),
        ("context_label", "M 101"),
        ("context_title", "Mathématiques"),
        ("context_type", "CourseSection,urn:lti:context-type:ims/lis/CourseOffering"),
        ("resource_link_title", "Week 1"),
        ("resource_link_description", "line 1\r\nline 2"),
        ("lis_person_sourcedid", "uni:ada"),
        ("lis_course_offering_sourcedid", "uni:m101"),
        ("lis_course_section_sourcedid", "uni:m101-a"),
        ("lis_result_sourcedid", "result-1"),
        ("lis_outcome_service_url", "https://lms.example/outcome"),
        ("custom_Chapter", "3"),
        ("custom_empty", ""),
        ("ext_vendor", "of the vendor"),
    ]);
    let expected = json!({
        lti("context"): {
            "id": "course-1",
            "label": "M 101",
            "title": "Mathématiques",
            "type": ["CourseSection", "urn:lti:context-type:ims/lis/CourseOffering"],
        },
        lti("resource_link"): {
            "id": "rl-1",
            "title": "Week 1",
            "description": "line 1\r\nline 2",
        },
        lti("lis"): {
            "person_sourcedid": "uni:ada",
            "course_offering_sourcedid": "uni:m101",
            "course_section_sourcedid": "uni:m101-a",
        },
        lti("custom"): { "Chapter": "3" },
        lti("roles"): [],
    });
    assert_eq!(claims, expected);
}

#[test]
fn platform_and_presentation_become_claims() {
    let claims = further_claims(&[
        ("launch_presentation_document_target", "iframe"),
        ("launch_presentation_width", "800"),
        ("launch_presentation_height", "600"),
        ("launch_presentation_return_url", "https://lms.example/return?x=1"),
        ("launch_presentation_css_url", "https://lms.example/a.css"),
        ("tool_consumer_instance_guid", "lms.example"),
        ("tool_consumer_instance_name", "LMS"),
        ("tool_consumer_instance_description", "An LMS"),
        ("tool_consumer_instance_url", "https://lms.example"),
        ("tool_consumer_instance_contact_email", "help@lms.example"),
        ("tool_consumer_info_product_family_code", "moodle"),
        ("tool_consumer_info_version", "4.5"),
    ]);
    let expected = json!({
        lti("launch_presentation"): {
            "document_target": "iframe",
            "width": 800,
            "height": 600,
            "return_url": "https://lms.example/return?x=1",
            "css_url": "https://lms.example/a.css",
        },
        lti("tool_platform"): {
            "guid": "lms.example",
            "name": "LMS",
            "description": "An LMS",
            "url": "https://lms.example",
            "contact_email": "help@lms.example",
            "product_family_code": "moodle",
            "version": "4.5",
        },
        lti("resource_link"): { "id": "rl-1" },
        lti("roles"): [],
    });
    assert_eq!(claims, expected);
}

#[test]
fn the_params_of_a_tool_are_a_claim() {
    let (recorder, server) = recorded_with("params = { level = 3, colours = [\"red\", \"blue\"] }");
    let claims = launched(&recorder, &server, &launch()).claims;
    assert_eq!(claims["params"], json!({ "level": 3, "colours": ["red", "blue"] }));
}

#[test]
fn the_claims_of_a_typical_edx_launch_are_complete() {
    let (recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    let assertion = launched(&recorder, &server, &edx());
    let claim =
        |name: &str| &assertion.claims[format!("https://purl.imsglobal.org/spec/lti/claim/{name}")];
    assert_eq!(claim("custom").as_object().expect("an object").len(), 12);
    assert_eq!(claim("custom")["component_display_name"], "Week 3: pivot tables");
    assert_eq!(claim("context")["title"], "Data Analysis: Take It to the MAX()");
    assert_eq!(claim("lis")["person_sourcedid"], "grace_hopper_1906");
    assert_eq!(assertion.claims["email"], "grace.hopper@students.example");
    let text = assertion.claims.to_string();
    assert!(!text.contains("outcome_service") && !text.contains("result_sourcedid"), "{text}");
}

#[test]
fn an_assertion_is_signed_once_per_launch_and_minute() {
    let (recorder, server) = recorded();
    server.set_now(NOW - NOW % 60);
    let form = Form { timestamp: NOW, ..launch() };
    let mut browser = Browser::new(&server);
    let visit = browser.open(&form);
    let mut token = |now: u64| {
        server.set_now(now);
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        recorder.request().header("x-lti-assertion").expect("an assertion")
    };
    let minute = NOW - NOW % 60;
    let first = token(minute);
    assert_eq!(first, token(minute + 1));
    assert_eq!(first, token(minute + 59));
    let second = token(minute + 60);
    assert_ne!(first, second);
    assert_eq!(second, token(minute + 119));
    for (token, at) in [(first, minute), (second, minute + 60)] {
        let claims = verify(&token, &jwks(&server)).expect("a valid assertion").claims;
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(at), &json!(at + 300)));
    }
}

#[test]
fn two_launches_have_two_assertions() {
    let (recorder, server) = recorded();
    let one = launched(&recorder, &server, &launch());
    let other = launched(&recorder, &server, &launch_again("2").but(&[("user_id", "user-2")]));
    assert_eq!(
        (&one.claims["sub"], &other.claims["sub"]),
        (&json!("key-1:user-4711"), &json!("key-1:user-2"))
    );
    // A newer launch of the same user has newer claims.
    let renamed = launch_again("3").but(&[("lis_person_name_full", "Ada King")]);
    assert_eq!(launched(&recorder, &server, &renamed).claims["name"], "Ada King");
}

#[test]
fn the_key_of_each_configured_secret_is_published() {
    let recorder = Recorder::start();
    let secrets = [
        "the gateway's own, of 32 characters",
        "another secret of 32 characters!!",
        "a third one, also of 32 characters",
    ];
    let with = |secrets: &[&str]| {
        let file = tools(&recorder.url(), "");
        server(&file.replace(
            "secret = \"the gateway's own, of 32 characters\"",
            &format!("secret = {secrets:?}"),
        ))
    };
    let (one, all) = (with(&secrets[..1]), with(&[secrets[1], secrets[0], secrets[2]]));
    let keys = |server: &Server| jwks(server)["keys"].as_array().expect("a list").clone();
    assert_eq!((keys(&one).len(), keys(&all).len()), (1, 3));
    assert_eq!(keys(&one)[0], keys(&all)[1], "a key does not depend on the process or the order");
    for key in keys(&all) {
        let mut members: Vec<&String> = key.as_object().expect("an object").keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"], "and no private member");
        assert_eq!((&key["alg"], &key["use"]), (&json!("EdDSA"), &json!("sig")));
    }
    let mut browser = Browser::new(&all);
    let visit = browser.open(&launch());
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let token = recorder.request().header("x-lti-assertion").expect("an assertion");
    let assertion = verify(&token, &jwks(&all)).expect("a valid assertion");
    assert_eq!(assertion.header["kid"], keys(&all)[0]["kid"], "the first secret signs");
    assert_eq!(verify(&token, &jwks(&one)), None);

    let reply = all.get("/.well-known/jwks.json");
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[test]
fn a_tampered_assertion_is_invalid() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    browser.get(&visit.at("/"));
    let token = recorder.request().header("x-lti-assertion").expect("an assertion");
    let keys = jwks(&server);
    assert!(verify(&token, &keys).is_some());
    let parts: Vec<&str> = token.split('.').collect();
    let mut signature = parts[2].to_owned();
    let swapped = if signature.starts_with('A') { "B" } else { "A" };
    signature.replace_range(0..1, swapped);
    assert_eq!(verify(&format!("{}.{}.{signature}", parts[0], parts[1]), &keys), None);
}

/// Launches at this host of a gateway in development. Returns the claims that the app receives,
/// verified with the keys that the gateway publishes at `issuer`.
#[track_caller]
fn claims_at(server: &Server, recorder: &Recorder, form: &Form<'_>, host: &str) -> Value {
    let path = form.url.splitn(4, '/').nth(3).expect("a path");
    let headers = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")];
    let launched = server.send("POST", &format!("/{path}"), &headers, form.sign().as_bytes());
    assert_eq!(launched.status, 303, "{launched:?}");
    let cookies: Vec<&str> =
        launched.all("set-cookie").iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let cookies = cookies.join("; ");
    let headers = [("Host", host), ("Cookie", cookies.as_str())];
    let entry = launched.header("location").expect("an entry URL").to_owned();
    let entered = server.send("GET", &entry, &headers, b"");
    let app = entered.header("location").expect("the app").to_owned();
    assert_eq!(server.send("GET", &app, &headers, b"").status, 200);
    let request = recorder.request();
    let token = request.header("x-lti-assertion").expect("an assertion");
    let unverified = token.split('.').nth(1).expect("claims");
    let unverified: Value = serde_json::from_slice(
        &base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, unverified)
            .expect("base64url"),
    )
    .expect("JSON");
    let issuer = unverified["iss"].as_str().expect("an issuer");
    // An app derives the URL of the keys from the issuer.
    let issuer_host = issuer.strip_prefix("http://").expect("http");
    let keys = server.send("GET", "/.well-known/jwks.json", &[("Host", issuer_host)], b"");
    verify(&token, &keys.json()).expect("a valid assertion").claims
}

/// Apps verify assertions with one configured `LTI_ISSUER`. `/dev` launches from another loopback
/// name than its own.
#[test]
fn in_development_the_issuer_is_one_constant_for_all_loopback_names() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "").replace("public_url = \"https://tool.example\"\n", "");
    let own = "[tools.own]\nkey = \"own-key\"\nsecret = \"s3cret\"\nhost = \"own.localhost\"\n";
    let file = format!("{file}{own}upstream = \"{}\"\n", recorder.url());
    let server = Server::start(&Setup { tools: &file, development: true, ..Setup::default() });
    let port = server.address.port();
    for (nonce, host, path, key) in [
        ("1", format!("localhost:{port}"), "/lti/nb", "key-1"),
        ("2", format!("127.0.0.1:{port}"), "/lti/nb", "key-1"),
        ("3", format!("[::1]:{port}"), "/lti/nb", "key-1"),
        // The local end of a tunnel.
        ("4", "localhost:8080".to_owned(), "/lti/nb", "key-1"),
        ("5", format!("own.localhost:{port}"), "/", "own-key"),
    ] {
        let url = format!("http://{host}{path}");
        let form = Form { url: &url, nonce, key, ..Form::default() };
        let claims = claims_at(&server, &recorder, &form, &host);
        assert_eq!(claims["iss"], format!("http://localhost:{port}"), "{host}");
    }
}

#[test]
fn in_development_a_public_url_is_the_issuer() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "").replace("https://tool.example", "http://127.0.0.1:5000");
    let server = Server::start(&Setup { tools: &file, development: true, ..Setup::default() });
    let form = Form { url: "http://127.0.0.1:5000/lti/nb", ..Form::default() };
    let claims = claims_at(&server, &recorder, &form, "localhost:5000");
    assert_eq!(claims["iss"], "http://127.0.0.1:5000");
}
