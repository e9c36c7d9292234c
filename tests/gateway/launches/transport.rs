//! How a launch arrives: method, media type, size, characters, host.

use super::*;

/// The largest form.
const LIMIT: usize = 256 * 1024;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const HOST: (&str, &str) = ("Host", "tool.example");

/// The same launch in exactly this many bytes: components without a character are no parameters and not signed.
fn padded(body: &str, length: usize) -> String {
    let padding = length.checked_sub(body.len()).expect("a form shorter than that");
    format!("{body}{}", "&".repeat(padding))
}

/// A request head with these lines and a body behind it.
fn request(head: &[&str], body: &str) -> Vec<u8> {
    format!("{}\r\nConnection: close\r\n\r\n{body}", head.join("\r\n")).into_bytes()
}

#[track_caller]
fn not_posted(reply: &Reply) {
    shown_nothing(reply, 405);
    assert_eq!(reply.header("allow"), Some("POST"));
}

// Checklist F1.a 1.
#[test]
fn a_minimal_launch_is_accepted() {
    accept_vector(&server(), "V1");
}

// Checklist F1.a 2.
#[test]
fn a_signed_get_is_not_a_launch() {
    let (server, form) = (server(), launch());
    let mut pairs = Pairs::read(&form.sign());
    pairs.remove("oauth_signature");
    let signature = form.signature("GET", &pairs);
    pairs.add("oauth_signature", &signature);
    let reply = server.get(&format!("/lti/a?{}", pairs.body()));
    not_posted(&reply);
    assert!(reply.body.contains("Open this from your course"), "{}", reply.body);
    accept(&server, &form.sign());
}

// Checklist F1.a 3.
#[test]
fn other_http_methods_are_not_launches() {
    let (server, form) = (server(), launch());
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"] {
        let mut pairs = Pairs::read(&form.sign());
        pairs.remove("oauth_signature");
        let signature = form.signature(method, &pairs);
        pairs.add("oauth_signature", &signature);
        not_posted(&server.send(method, "/lti/a", &[HOST, FORM], pairs.body().as_bytes()));
    }
    accept(&server, &form.sign());
}

// Checklist F1.a 4 and 7.
#[test]
fn only_an_urlencoded_form_is_a_launch() {
    let (server, body) = (server(), launch().sign());
    let check = |headers: &[(&str, &str)]| {
        rejected(&server.send("POST", "/lti/a", headers, body.as_bytes()), 415, "not-a-form");
    };
    check(&[HOST]);
    for media_type in [
        "",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded-not",
        "application/x-www-form-urlencoded, text/plain",
        "x-www-form-urlencoded",
        "text/plain; application/x-www-form-urlencoded",
    ] {
        check(&[HOST, ("Content-Type", media_type)]);
    }
    // The first of two counts, whatever the other says.
    check(&[HOST, ("Content-Type", "application/json"), FORM]);
    accept(&server, &body);
}

// Checklist F1.a 5.
#[test]
fn a_multipart_form_is_rejected() {
    let (server, body) = (server(), launch().sign());
    let parts: String = Pairs::read(&body)
        .0
        .iter()
        .map(|(name, value)| {
            format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let multipart = format!("{parts}--line--\r\n");
    let headers = [HOST, ("Content-Type", "multipart/form-data; boundary=line")];
    rejected(&server.send("POST", "/lti/a", &headers, multipart.as_bytes()), 415, "not-a-form");
    accept(&server, &body);
}

// Checklist F1.a 6.
#[test]
fn the_content_type_may_name_a_charset() {
    let server = server();
    for (nonce, media_type) in [
        ("1", "application/x-www-form-urlencoded; charset=UTF-8"),
        ("2", "application/x-www-form-urlencoded;charset=utf-8"),
        ("3", "Application/X-WWW-Form-URLEncoded"),
        ("4", "application/x-www-form-urlencoded ;"),
    ] {
        let body = Form { nonce, ..launch() }.sign();
        let headers = [HOST, ("Content-Type", media_type)];
        accepted(&server.send("POST", "/lti/a", &headers, body.as_bytes()));
    }
}

// Checklist F1.a 8.
#[test]
fn a_form_one_byte_over_the_limit_is_too_large() {
    let (server, body) = (server(), launch().sign());
    reject(&server, &padded(&body, LIMIT + 1), 413, "too-large");
    accept(&server, &padded(&body, LIMIT));
}

// Checklist F1.a 9.
#[test]
fn the_size_limit_applies_to_chunked_forms() {
    let (server, body) = (server(), launch().sign());
    let head = [
        "POST /lti/a HTTP/1.1",
        "Host: tool.example",
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked",
    ];
    let chunked = |body: &str| {
        let chunks = body.as_bytes().chunks(10_000);
        let chunks: String = chunks
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        request(&head, &format!("{chunks}0\r\n\r\n"))
    };
    rejected(&server.raw(&chunked(&padded(&body, LIMIT + 1))), 413, "too-large");
    // A body that never ends is answered as soon as it is too large.
    let endless = request(&head, &format!("{:x}\r\n{}\r\n", 2 * LIMIT, "&".repeat(LIMIT + 1)));
    rejected(&server.raw(&endless), 413, "too-large");
    accepted(&server.raw(&chunked(&padded(&body, LIMIT))));
}

#[test]
fn a_form_with_a_too_large_content_length_is_rejected_at_once() {
    let server = server();
    let head = [
        "POST /lti/a HTTP/1.1",
        "Host: tool.example",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 262145",
    ];
    // Rocket hands no request on before fourteen bytes of its body are there.
    rejected(&server.raw(&request(&head, "its first bytes, and no more")), 413, "too-large");
}

// Checklist F1.a 10.
#[test]
fn an_empty_form_is_rejected() {
    let server = server();
    reject(&server, "", 400, "unsigned");
    reject(&server, "&&", 400, "unsigned");
}

// Checklist F1.a 11.
#[test]
fn broken_escapes_are_rejected() {
    let (server, body) = (server(), launch().sign());
    for broken in ["x=%zz", "x=%", "x=%4", "x=a%2", "%=x", "%g0", "x=%+1", "x=%-1", "x=% 41"] {
        reject(&server, &format!("{body}&{broken}"), 400, "broken-escape");
        reject(&server, &format!("{broken}&{body}"), 400, "broken-escape");
    }
    reject_at(&server, "/lti/a?x=%zz", &body, 400, "broken-escape");
    accept(&server, &body);
}

// Checklist F1.a 12.
#[test]
fn a_form_that_is_not_utf8_is_rejected() {
    let (server, body) = (server(), launch().sign());
    // The last are: a surrogate, a character written too long, and two halves of a character in name and value.
    for broken in ["x=%FF", "%FF=x", "x=%C3", "x=%ED%A0%80", "x=%C0%AF", "x%C3=%9C"] {
        reject(&server, &format!("{body}&{broken}"), 400, "not-utf8");
    }
    let raw = [body.as_bytes(), b"&x=\xff"].concat();
    rejected(&server.send("POST", "/lti/a", &[HOST, FORM], &raw), 400, "not-utf8");
    reject_at(&server, "/lti/a?x=%FF", &body, 400, "not-utf8");
    accept(&server, &body);
}

// Checklist F1.a 13.
#[test]
fn more_than_a_thousand_parameters_are_rejected() {
    let server = server();
    let few = Pairs::read(&launch().sign()).0.len();
    let with = |count: usize| launch().with(&vec![("x", "1"); count - few]).sign();
    for count in [5000, 1001] {
        reject(&server, &with(count), 400, "too-many-parameters");
    }
    let body = with(1000);
    reject_at(&server, "/lti/a?x=1", &body, 400, "too-many-parameters");
    accept(&server, &body);
}

// Checklist F1.a 14.
#[test]
fn empty_components_are_ignored() {
    let body = launch().sign();
    let reply = server().post("/lti/a", &format!("&{}&", body.replace('&', "&&")));
    accepted(&reply);
    assert_eq!(delivered(&reply), sent("", &body));
}

// Checklist F1.a 15.
#[test]
fn control_characters_are_delivered_and_split_no_header() {
    let server = server();
    let evil = "a\0b\r\nSet-Cookie: evil=1\r\n\r\n<p>c";
    let form = launch().but(&[("resource_link_id", evil), ("user_id", evil)]);
    let form = form.with(&[
        ("context_title", evil),
        ("context_id", evil),
        ("launch_presentation_locale", evil),
    ]);
    let reply = accept(&server, &form.sign());
    assert!(!reply.headers.iter().any(|(_, value)| value.contains("evil")), "{:?}", reply.headers);

    let recorder = Recorder::start();
    let server = server_of(&before_upstream(&recorder));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&form);
    assert_eq!(browser.get(&visit.address).body, "ok");
    let request = recorder.request();
    let user = request.header("x-forwarded-user").expect("a user");
    assert_eq!(user, "key-1:a%00b%0D%0ASet-Cookie: evil=1%0D%0A%0D%0A<p>c");
    assert_eq!((request.header("set-cookie"), request.body.as_slice()), (None, b"".as_slice()));
}

// Checklist F1.a 16.
#[test]
fn names_may_have_any_characters() {
    let names =
        [("custom_Größe", "1"), ("имя", "2"), ("名 前&=%+", "3"), ("", "4"), ("\u{7f}\n", "5")];
    let server = server();
    accept(&server, &launch().with(&names).sign());
}

#[test]
fn a_request_without_exactly_one_host_is_rejected() {
    let (server, body) = (server(), launch().sign());
    let length = format!("Content-Length: {}", body.len());
    let check = |version: &str, hosts: &[&str]| {
        let first = format!("POST /lti/a HTTP/{version}");
        let mut head =
            vec![first.as_str(), "Content-Type: application/x-www-form-urlencoded", &length];
        head.extend_from_slice(hosts);
        shown_nothing(&server.raw(&request(&head, &body)), 400);
    };
    check("1.1", &[]);
    check("1.0", &[]);
    check("1.1", &["Host: tool.example", "Host: tool.example"]);
    check("1.1", &["Host: tool.example", "Host: evil.example"]);
    check("1.1", &["Host: evil.example", "X-Between: 1", "host: tool.example"]);
    check("1.1", &["Host: tool.example, evil.example"]);
    check("1.1", &["Host: tool.example/evil"]);
    accept(&server, &body);
}

#[test]
fn paths_near_the_launch_path_of_a_template_are_not_found() {
    let server = server();
    for path in [
        "/lti/a/b", "/lti/a//", "/lti//a", "//lti/a", "/lti", "/LTI/a", "/lti/A", "/lti/%61",
        "/lti/a/.",
    ] {
        let url = format!("https://tool.example{path}");
        shown_nothing(&server.post(path, &Form { url: &url, ..launch() }.sign()), 404);
    }
    accept(&server, &launch().sign());
}

#[test]
fn every_response_to_a_launch_has_the_frame_ancestors_of_the_tool() {
    let tools = format!(
        "{TOOLS}frame_ancestors = [\"https://lms.example\", \"https://*.school.example\"]\n"
    );
    let server = server_of(&tools);
    let form =
        Form { key: "key-2", secret: "an0ther", url: "https://tool.example/lti/b", ..launch() };
    let policy =
        |reply: &Reply| reply.header("content-security-policy").expect("a policy").to_owned();
    let ancestors = "frame-ancestors https://lms.example https://*.school.example";
    for body in
        ["", &form.tampered(|pairs| pairs.set("roles", "Instructor")), &"&".repeat(LIMIT + 1)]
    {
        let policy = policy(&server.post("/lti/b", body));
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.ends_with(&format!("; {ancestors}")), "{policy}");
    }
    let not_a_form = server.send("POST", "/lti/b", &[HOST], b"x");
    assert!(policy(&not_a_form).ends_with(ancestors), "{not_a_form:?}");
    let reply = accept_at(&server, "/lti/b", &form.sign());
    assert_eq!(policy(&reply), ancestors);
    // No header that older browsers obey says otherwise.
    assert_eq!(reply.header("x-frame-options"), None);
}
