//! What is signed: the launch URL, and every parameter as it stands on the wire.

use super::*;

/// Two spellings of a launch that mean the same: one is accepted, and the other is then the same launch again.
#[track_caller]
fn check_spelling(server: &Server, form: &Form<'_>, spell: impl Fn(&str) -> String) {
    let body = form.sign();
    let spelt = spell(&body);
    assert_ne!(spelt, body, "the spelling changes nothing");
    let reply = server.post("/lti/a", &spelt);
    accepted(&reply);
    let expected = form.params.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!(delivered(&reply), Pairs(expected.collect()));
    reject(server, &body, 401, "replayed");
}

/// Every escape of a body, spelt by a function of its two digits.
fn respell(body: &str, spell: impl Fn(&str) -> String) -> String {
    let mut parts = body.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &spell(&part[..2]) + &part[2..])
}

/// A tools file with one tool of its own name, by which its line in the log is found.
fn tools(name: &str, key: &str, path: &str) -> String {
    format!(
        "[gateway]\npublic_url = \"https://tool.example\"\nsecret = \"the gateway's own, of 32 characters\"\n\
         [tools.{name}]\nkey = \"{key}\"\nsecret = \"s3cret\"\ntemplate = \"page\"\npath = \"{path}\"\n"
    )
}

// Checklist F1.c 51.
#[test]
fn every_character_is_signed_and_delivered() {
    accept_vector(&server(), "V3");
    // One by one, all that some encoder somewhere treats in its own way.
    let server = server();
    let all: String = (' '..='~').chain("Üßé€漢\u{a0}\u{301}\u{200d}".chars()).collect();
    let every: Vec<String> = all.chars().map(String::from).collect();
    for (index, letter) in every.iter().enumerate() {
        let nonce = index.to_string();
        let form = Form { nonce: &nonce, ..launch() };
        accept(
            &server,
            &form.with(&[("x", letter), (letter, letter), ("y", &letter.repeat(3))]).sign(),
        );
    }
    let whole = [("context_title", all.as_str()), ("lis_person_name_given", ""), (&all, "")];
    accept(&server, &launch().with(&whole).sign());
}

// Checklist F1.c 52.
#[test]
fn a_space_may_be_a_plus_or_an_escape() {
    let form = launch().with(&[("context_title", " a b+c  d "), (" ", " ")]);
    check_spelling(&server(), &form, |body| body.replace("%20", "+"));
}

// Checklist F1.c 53.
#[test]
fn equivalent_escapes_have_one_signature() {
    let form = launch().with(&[("context_title", "Ünï ~.-_ /")]);
    check_spelling(&server(), &form, |body| {
        respell(body, |digits| format!("%{}", digits.to_lowercase()))
    });
    check_spelling(&server(), &form, |body| body.replace('~', "%7E"));
    check_spelling(&server(), &form, |body| body.replace("%2F", "/").replace("%3A", ":"));
    check_spelling(&server(), &form, |body| body.replace("lti_version", "%6C%74i%5fversion"));
    check_spelling(&server(), &form, |body| body.replace("%C3%9C", "Ü"));
}

// Checklist F1.c 54.
#[test]
fn the_query_is_signed_with_its_duplicates_and_empty_values() {
    accept_vector(&server(), "V4");
}

// Checklist F1.c 55.
#[test]
fn a_name_without_equals_sign_has_an_empty_value() {
    let server = server();
    let url = |query: &str| format!("https://tool.example/lti/a{query}");
    for (nonce, signed, sent) in
        [("1", "?foo=", "?foo"), ("2", "?foo", "?foo="), ("3", "?foo", "?foo"), ("4", "", "?")]
    {
        let (signed, sent) = (url(signed), url(sent));
        accept_at(&server, target(&sent), &Form { url: &signed, nonce, ..launch() }.sign());
    }
    let body = Form { nonce: "5", ..launch() }.with(&[("foo", "")]).sign();
    accept(&server, &body.replace("foo=", "foo"));
}

// Checklist F1.c 56.
#[test]
fn scheme_and_host_are_case_insensitive_and_the_default_port_is_omitted() {
    for public_url in
        ["https://tool.example", "HTTPS://Tool.EXAMPLE:443", "https://tool.example:443/"]
    {
        let tools = tools("upper", "key-1", "/Lti/A").replace("https://tool.example", public_url);
        accept_vector(&server_of(&tools), "V5");
    }
}

// Checklist F1.c 57.
#[test]
fn a_port_is_signed_and_a_secret_may_have_special_characters() {
    let tools = tools("port", "key-1", "/lti/a")
        .replace("https://tool.example", "https://tool.example:8443")
        .replace("s3cret", "a&b% c");
    let server = server_of(&tools);
    let without_port = Form { secret: "a&b% c", ..launch() };
    reject(&server, &without_port.sign(), 401, "bad-signature");
    accept_vector(&server, "V6");
}

// Checklist F1.c 58.
#[test]
fn a_launch_signed_for_http_is_rejected() {
    let server = server();
    for url in [
        "http://tool.example/lti/a",
        "http://tool.example:443/lti/a",
        "https://tool.example:80/lti/a",
    ] {
        reject(&server, &Form { url, ..launch() }.sign(), 401, "bad-signature");
    }
}

// Checklist F1.c 59.
#[test]
fn a_trailing_slash_is_signed_as_received_and_never_redirected() {
    let server = server();
    let slash = Form { url: "https://tool.example/lti/a/", nonce: "2", ..launch() };
    reject_at(&server, "/lti/a/", &launch().sign(), 401, "bad-signature");
    reject_at(&server, "/lti/a", &slash.sign(), 401, "bad-signature");
    accept_at(&server, "/lti/a/", &slash.sign());
    accept_at(&server, "/lti/a", &launch().sign());
}

// Checklist F1.c 60.
#[test]
fn the_path_is_signed_as_received() {
    let server = server_of(&tools("spelling", "key-1", "/Course%2F1/My%20Quiz~%7e"));
    let form = Form { url: "https://tool.example/Course%2F1/My%20Quiz~%7e", ..launch() };
    for other in [
        "/Course/1/My%20Quiz~%7e",
        "/Course%2f1/My%20Quiz~%7e",
        "/Course%2F1/My+Quiz~%7e",
        "/Course%2F1/My%20Quiz~~",
        "/Course%2F1/My%20Quiz~%7E",
        "/course%2F1/My%20Quiz~%7e",
        "/Course%252F1/My%20Quiz~%7e",
        "/x/../Course%2F1/My%20Quiz~%7e",
    ] {
        shown_nothing(&server.post(other, &form.sign()), 404);
    }
    accept_at(&server, target(form.url), &form.sign());
}

// Checklist F1.c 61.
#[test]
fn line_breaks_are_signed_and_delivered() {
    accept_vector(&server(), "V7");
}

// Checklist F1.c 62.
#[test]
fn line_breaks_changed_in_transit_are_rejected() {
    let server = server();
    for (signed, sent) in [("1\n2", "1\r\n2"), ("1\r\n2", "1\n2"), ("1\n2", "1 2"), ("1\n", "1")] {
        let form = launch().with(&[("resource_link_description", signed)]);
        reject(
            &server,
            &form.tampered(|pairs| pairs.set("resource_link_description", sent)),
            401,
            "bad-signature",
        );
    }
}

// Checklist F1.c 63.
#[test]
fn a_name_may_have_several_values() {
    let server = server();
    let form = launch().with(&[("x", "b"), ("x", "a"), ("x", ""), ("x", "b")]);
    // Their order is not signed, but it is kept.
    accept(&server, &form.sign());
    let turned = form.tampered(|pairs| pairs.0.reverse());
    reject(&server, &turned, 401, "replayed");
    let fewer = Form { nonce: "2", ..form }.tampered(|pairs| {
        let first = pairs.0.iter().position(|(name, _)| name == "x").expect("the first of four");
        pairs.0.remove(first);
    });
    reject(&server, &fewer, 401, "bad-signature");
}

// Checklist F1.c 64.
#[test]
fn names_are_sorted_after_encoding() {
    accept_vector(&server(), "V10");
    let names = [
        ("a", "1"),
        ("a.1", "2"),
        ("A", "3"),
        ("a1", "4"),
        ("a-", "5"),
        ("a_", "6"),
        ("a~", "7"),
        ("aé", "8"),
        ("a[", "9"),
    ];
    accept(&server(), &launch().with(&names).sign());
}

// Checklist F1.c 64b.
#[test]
fn a_pair_in_url_and_body_is_signed_twice() {
    let server = server_of(&tools("twice", "key-1", "/lti/a"));
    accept_vector(&server, "V11");
    let line = line_of_tool("twice");
    assert!(line.contains(" variant=\"strict\" "), "{line}");
}

// Checklist F1.c 65.
#[test]
fn characters_outside_the_basic_multilingual_plane_are_signed() {
    accept_vector(&server(), "V14");
}

// Checklist F1.c 66.
#[test]
fn a_launch_from_edx_is_accepted() {
    let sourcedid = "course-v1%3AedX%2BD%2B2:block-v1:edX+D+2+type@lti_consumer+block@abc:u1";
    let reply = accept_vector(&server(), "V8");
    assert_eq!(delivered(&reply).get("lis_result_sourcedid"), sourcedid);
}

// Checklist F1.c 67.
#[test]
fn the_submit_button_is_signed() {
    let server = server();
    for (nonce, button) in
        [("1", "ext_basiclti_submit"), ("2", "basiclti_submit"), ("3", "ext_submit")]
    {
        let form = Form { nonce, ..launch() }.with(&[(button, "Press to Launch")]);
        reject(&server, &form.tampered(|pairs| pairs.remove(button)), 401, "bad-signature");
        accept(&server, &form.sign());
    }
}

// Checklist F1.c 68.
#[test]
fn a_submit_button_sent_twice_counts_once() {
    for (tool, button) in [
        ("button-1", "ext_basiclti_submit"),
        ("button-2", "basiclti_submit"),
        ("button-3", "ext_submit"),
    ] {
        let server = server_of(&tools(tool, "key-1", "/lti/a"));
        let form = launch().with(&[(button, "Press")]);
        let reply = server.post("/lti/a", &form.tampered(|pairs| pairs.add(button, "Press")));
        accepted(&reply);
        assert_eq!(
            delivered(&reply),
            sent("", &form.sign()),
            "what was signed is handed on, and no more"
        );
        let line = line_of_tool(tool);
        assert!(
            line.contains(" outcome=\"accepted\" ")
                && line.contains(" variant=\"doubled-submit-button\" "),
            "{line}"
        );
    }
    let server = server();
    let form = launch().with(&[("ext_submit", "Press")]);
    for alter in [
        |pairs: &mut Pairs| pairs.add("ext_submit", "Stop"),
        |pairs: &mut Pairs| pairs.add("ext_basiclti_submit", "Press"),
        |pairs: &mut Pairs| pairs.0.extend(vec![("ext_submit".to_owned(), "Press".to_owned()); 2]),
        |pairs: &mut Pairs| pairs.add("roles", "Learner"),
    ] {
        reject(&server, &form.tampered(alter), 401, "bad-signature");
    }
}

// Checklist F1.c 69.
#[test]
fn a_query_that_canvas_copies_into_the_body_counts_once() {
    let server = server_of(&tools("canvas", "key-1", "/lti/a"));
    let vector = vector("V12");
    let reply = server.post(target(&vector.url), &vector.body);
    accepted(&reply);
    assert_eq!(delivered(&reply), vector.params, "what was signed is handed on, and no more");
    let line = line_of_tool("canvas");
    assert!(
        line.contains(" outcome=\"accepted\" ") && line.contains(" variant=\"canvas-query-once\" "),
        "{line}"
    );
}

// Checklist F1.c 70.
#[test]
fn a_query_that_differs_from_the_body_is_never_dropped() {
    let server = server();
    let form = launch().with(&[("x", "1"), ("z", "")]);
    for query in
        ["x=2", "x=1&x=2", "x=1&x=1", "y=1", "x", "X=1", "x=1&roles=Instructor", "x=%31&y", "z=1"]
    {
        reject_at(&server, &format!("/lti/a?{query}"), &form.sign(), 401, "bad-signature");
    }
    accept(&server, &form.sign());
}

// Checklist F1.c 71.
#[test]
fn two_values_of_an_lti_parameter_are_rejected() {
    let server = server();
    let full = launch().with(&[
        ("context_id", "c-1"),
        ("lis_outcome_service_url", "https://lms.example/outcome"),
        ("lis_result_sourcedid", "result-1"),
    ]);
    for name in [
        "lti_message_type",
        "lti_version",
        "resource_link_id",
        "user_id",
        "roles",
        "context_id",
        "lis_outcome_service_url",
        "lis_result_sourcedid",
        "launch_presentation_return_url",
    ] {
        let url = format!("https://tool.example/lti/a?{name}=evil");
        // All of it is signed: a course author writes launch URLs, and a platform signs what it is given.
        let form = Form { url: &url, ..full.clone() }.sign();
        // Where it stands is not signed either, so that moving it changes nothing.
        for (target, body) in
            [(target(&url), form.clone()), ("/lti/a", format!("{form}&{name}=evil"))]
        {
            let reply = server.post(target, &body);
            assert_eq!((reply.status, reply.cookie()), (400, None), "{name}");
            assert!(
                !reply.body.contains("evil") && !reply.body.contains("launched"),
                "{}",
                reply.body
            );
            let line = line_of(&reply);
            assert!(line.contains(" code=\"conflicting-parameter\" "), "{line}");
            assert!(
                line.contains(&format!(" reason=\"{name} has two different values\"")),
                "{line}"
            );
        }
    }
    // What the platform leaves out can be said by whoever writes the launch URL, in either place.
    let url = "https://tool.example/lti/a?context_id=author";
    let form = Form { url, ..launch() }.sign();
    accept_at(&server, target(url), &form);
    reject(&server, &format!("context_id=author&{form}"), 401, "replayed");
    // The same value in both places contradicts nothing.
    let url = "https://tool.example/lti/a?user_id=user-4711&context_title=from+the+URL";
    accept_at(&server, target(url), &Form { url, nonce: "2", ..full }.sign());
}

// Checklist F1.c 72.
#[test]
fn a_key_that_edx_encodes_but_signs_unencoded_is_accepted() {
    let server = server_of(&tools("edx", "a:b", "/lti/a"));
    accept_vector(&server, "V13");
    let line = line_of_tool("edx");
    assert!(
        line.contains(" consumer=\"a:b\" ") && line.contains(" variant=\"edx-encoded-key\" "),
        "{line}"
    );
    // A platform that follows RFC 5849 is as welcome.
    accept(&server, &Form { key: "a:b", nonce: "2", ..launch() }.sign());
    // The key is decoded once, and only once.
    reject(
        &server,
        &Form { key: "a%253Ab", nonce: "3", ..launch() }.sign(),
        401,
        "unknown-consumer",
    );
}

// Checklist F1.c 73.
#[test]
fn forwarded_headers_are_ignored() {
    let server = server();
    let headers = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Port", "80"),
        ("Forwarded", "host=evil.example;proto=http"),
        ("X-Original-Host", "evil.example"),
        ("X-HTTP-Method-Override", "GET"),
        ("X-Original-URL", "/lti/b"),
        ("X-Rewrite-URL", "/lti/b"),
    ];
    for url in
        ["http://evil.example/lti/a", "https://evil.example/lti/a", "http://tool.example/lti/a"]
    {
        let body = Form { url, ..launch() }.sign();
        rejected(&server.post_with("/lti/a", &body, &headers), 401, "bad-signature");
    }
    accepted(&server.post_with("/lti/a", &launch().sign(), &headers));
}

// Checklist F1.c 74.
#[test]
fn the_signature_covers_the_public_url_and_not_the_host_header() {
    let server = server();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let evil = Form { url: "https://evil.example/lti/a", ..launch() }.sign();
    let headers = [("Host", "evil.example"), form];
    rejected(&server.send("POST", "/lti/a", &headers, evil.as_bytes()), 401, "bad-signature");
    rejected(
        &server.send("POST", "https://evil.example/lti/a", &headers, evil.as_bytes()),
        401,
        "bad-signature",
    );
    for (nonce, host, target) in [
        ("1", "evil.example", "/lti/a"),
        ("2", "127.0.0.1:5000", "/lti/a"),
        ("3", "tool.example", "https://evil.example/lti/a"),
    ] {
        let body = Form { nonce, ..launch() }.sign();
        accepted(&server.send("POST", target, &[("Host", host), form], body.as_bytes()));
    }
}

/// Most of what is done wrong is named with its cure while the launch is answered; the page says nothing of it, and for an
/// unknown key nobody learns anything.
#[test]
fn the_cause_of_a_wrong_signature_is_in_the_log_and_not_on_the_page() {
    let server = server();
    let signed_for =
        |url: &'static str, key: &'static str| Form { url, key, ..Form::default() }.sign();
    let mut pages = BTreeSet::new();
    for (form, code, cause, help) in [
        (
            signed_for("http://tool.example/lti/a", "key-1"),
            "bad-signature",
            "scheme",
            "write the launch URL in the platform",
        ),
        (
            signed_for("https://tool.example/lti/a/", "key-1"),
            "bad-signature",
            "slash",
            "copy the launch URL from /",
        ),
        (
            Form { secret: "another", ..Form::default() }.sign(),
            "bad-signature",
            "-",
            "compare the secret in the platform",
        ),
        (
            signed_for("http://tool.example/lti/a", "key-3"),
            "unknown-consumer",
            "-",
            "compare the key in the platform",
        ),
    ] {
        let reply = reject(&server, &form, 401, code);
        let line = line_of(&reply);
        assert!(line.contains(&format!(" cause=\"{cause}\" reason=\"")), "{line}");
        assert!(line.contains(&format!(" help=\"{help}")), "{line}");
        let reference = reply.reference().expect("a reference");
        pages.insert(reply.body.replace(reference, "REFERENCE"));
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
}
