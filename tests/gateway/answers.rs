//! The responses of the gateway, except for the rejections of launches.

use crate::support::{Form, NOW, Reply, Server, Setup, log_lines, unescaped};

const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "a gateway secret of 32 characters"
session = "1h"

[tools.a]
title = "Tool <A>"
description = "The first"
icon = "/static/a.svg"
key = "key-1"
secret = "s3cret"
template = "page"
params = { level = 3, colours = ["red", "blue"] }
frame_ancestors = ["https://lms.example", "'self'"]

[tools.quiz]
key = "key-1"
secret = "s3cret"
path = "/week-1/quiz"
template = "page"
"#;

fn server(template: &str) -> Server {
    Server::start(&Setup {
        tools: TOOLS,
        templates: &[("page.html.tera", template)],
        statics: &[("style.css", "body {}"), (".hidden", "no")],
        ..Setup::default()
    })
}

fn frame_ancestors(reply: &Reply) -> &str {
    let policy = reply.header("content-security-policy").expect("a policy");
    policy.split("frame-ancestors ").nth(1).expect("a frame policy")
}

#[test]
fn is_up_answers_every_host_and_needs_none() {
    let server = server("");
    for target in ["/is_up", "/is_up?x=1"] {
        let reply = server.get(target);
        assert_eq!((reply.status, reply.body.as_str()), (200, "I'm up"));
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    let head = server.send("HEAD", "/is_up", &[("Host", "tool.example")], b"");
    assert_eq!(
        (head.status, head.body.as_str(), head.header("content-length")),
        (200, "", Some("6"))
    );
    assert_eq!(
        server.raw(b"GET /is_up HTTP/1.0\r\n\r\n").status,
        200,
        "an old health check sends no Host"
    );
    let ready = server.get("/ready");
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready"));
}

#[test]
fn the_first_page_lists_the_tools_with_their_launch_urls_and_no_key() {
    let page = server("").get("/");
    assert_eq!(page.status, 200);
    for shown in [
        "Tool &lt;A&gt;",
        "The first",
        "/static/a.svg",
        "https://tool.example/lti/a",
        "https://tool.example/week-1/quiz",
        "lti_consumer",
        "LTI Passports",
    ] {
        assert!(page.body.contains(shown), "{shown}");
    }
    assert!(!page.body.contains("key-1"), "consumer keys are for development");
    assert!(page.body.contains("quiz:KEY:SECRET"));
    assert_eq!(frame_ancestors(&page), "'self'");
}

/// Each card has the values to paste, and the switches that the tool needs.
#[test]
fn the_first_page_has_the_setup_of_each_tool_in_each_platform() {
    let tools = r#"
[tools.hello]
template = "page"
consumers = [{ key = "course-a", secret = "s3cret-a" }, { key = "course-b", secret = "s3cret-b" }]

[tools.nb]
host = "nb.localhost"
upstream = "http://127.0.0.1:9"
identity = ["email"]
grades = true
key = "nb-key"
secret = "s3cret-nb"
"#;
    let server = Server::start(&Setup { tools, development: true, ..Setup::default() });
    let page = server.send("GET", "/", &[("Host", "localhost:5000")], b"").body;
    let (hello, nb) = page.split_once("<h2>nb</h2>").expect("two cards, by name");
    let values = |card: &str| -> Vec<String> {
        let mut values: Vec<_> = card
            .split("<code class=\"value\">")
            .skip(1)
            .filter_map(|rest| rest.split_once("</code>"))
            .map(|(value, _)| unescaped(value))
            .collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    assert_eq!(
        values(hello),
        [
            "\"hello:course-a:SECRET\"",
            "\"hello:course-b:SECRET\"",
            "http://localhost:5000/lti/hello",
            "http://localhost:5000/tools/hello/config.xml",
            "localhost",
        ]
    );
    assert_eq!(
        values(nb),
        [
            "\"nb:nb-key:SECRET\"",
            "http://localhost:5000/tools/nb/config.xml",
            "http://nb.localhost:5000/",
            "nb.localhost",
        ]
    );
    let graded = "This activity is graded";
    assert!(!hello.contains(graded) && nb.contains(graded));
    assert!(hello.contains("Share Full name") && !hello.contains("Share Email"));
    assert!(nb.contains("Share Email") && !nb.contains("Share Full name"));
    for platform in ["edX", "Moodle", "Canvas", "Blackboard", "Brightspace", "Sakai"] {
        for card in [hello, nb] {
            assert_eq!(
                card.matches(&format!("<summary>{platform}</summary>")).count(),
                1,
                "{platform}"
            );
        }
        let docs = format!("docs/platforms/{}.md", platform.to_lowercase());
        assert!(page.contains(&docs) && std::path::Path::new(&docs).is_file(), "{docs}");
    }
    assert!(!page.contains("s3cret"));
}

/// The fields of each platform, by its own names, with the tool's values.
#[test]
fn the_first_page_has_the_values_of_each_platform_of_a_tool() {
    let tools = r#"
[gateway]
public_url = "https://tool.example"
secret = "0123456789abcdef0123456789abcdef"

[platforms.campus]
type = "moodle"

[platforms.block]
type = "edx"
client_id = "0a7c1b3e"
jwks_url = "https://courses.example/api/lti_consumer/v1/public_keysets/5c9e"

[platforms.acme]
issuer = "https://lms.acme.example"
auth_url = "https://lms.acme.example/auth"
token_url = "https://lms.acme.example/token"
jwks_url = "https://lms.acme.example/jwks"
client_id = "tool-1"

[tools.hello]
template = "page"
platforms = ["campus", "block"]

[tools.nb]
host = "nb.example"
template = "page"
key = "nb-key"
secret = "0123456789-0123456789"
platforms = "acme"
"#;
    let server = Server::start(&Setup { tools, ..Setup::default() });
    let page = server.get("/").body;
    let (hello, nb) = page.split_once("<h2>nb</h2>").expect("two cards, by name");
    let fields = |card: &str, platform: &str| -> Vec<(String, String)> {
        let (_, rest) = card.split_once(&format!(".{platform}\">")).expect("a section");
        let (section, _) = rest.split_once("</section>").expect("its end");
        let field = |field: &str| -> Option<(String, String)> {
            let (label, rest) = field.split_once("</dt>")?;
            let (value, _) = rest.split_once("</code>").or(rest.split_once("</strong>"))?;
            let (_, value) = value.rsplit_once('>')?;
            Some((unescaped(label), unescaped(value)))
        };
        section.split("<dt>").skip(1).filter_map(field).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(label, value)| ((*label).into(), (*value).into())).collect()
    };
    let (launch, login) = ("https://tool.example/lti/hello", "https://tool.example/~login");
    assert_eq!(
        fields(hello, "campus"),
        pairs(&[
            ("Tool URL", launch),
            ("LTI version", "LTI 1.3"),
            ("Public key type", "Keyset URL"),
            ("Public keyset", "https://tool.example/.well-known/jwks/campus.json"),
            ("Initiate login URL", login),
            ("Redirection URI(s)", launch),
        ])
    );
    assert_eq!(
        fields(hello, "block"),
        pairs(&[
            ("LTI Version", "LTI 1.3"),
            ("Launch URL", launch),
            ("Tool Initiate Login URL (OIDC)", login),
            ("Registered Redirect URIs", "leave empty"),
            ("Tool Public Key Mode", "Keyset URL"),
            ("Tool Keyset URL", "https://tool.example/.well-known/jwks/block.json"),
        ])
    );
    assert_eq!(
        fields(nb, "acme"),
        pairs(&[
            ("Launch URL (target link URI)", "https://nb.example/"),
            ("Login URL (OpenID Connect initiation)", login),
            ("Redirect URI", "https://nb.example/"),
            ("Keyset URL (JWKS)", "https://tool.example/.well-known/jwks/acme.json"),
        ])
    );
    // The keysets exist at these URLs, and the login answers.
    for path in ["campus", "block", "acme"].map(|name| format!("/.well-known/jwks/{name}.json")) {
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
    assert_eq!(server.get("/~login").status, 400);
    // A platform without a client is being set up.
    assert_eq!(hello.matches("Until then, nobody can launch").count(), 1);
    // LTI 1.1 has steps only if the tool has a consumer.
    assert!(!hello.contains("<summary>Sakai</summary>") && nb.contains("<summary>Sakai</summary>"));
    assert!(nb.contains("Set up in your platform with LTI 1.1"));
    for hidden in ["tool-1", "0a7c1b3e", "nb-key", "lms.acme.example"] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[test]
fn development_shows_keys_and_answers_loopback_only() {
    let server = Server::start(&Setup { tools: TOOLS, development: true, ..Setup::default() });
    for host in ["localhost:5000", "127.0.0.1", "[::1]:5000", "tool.localhost"] {
        let page = server.send("GET", "/", &[("Host", host)], b"");
        assert_eq!(page.status, 200, "{host}");
        assert!(page.body.contains("key-1") && !page.body.contains("s3cret"));
    }
    for host in [
        "tool.example",
        "localhost.example",
        "127.0.0.1.example",
        "10.0.0.1",
        "localhost@evil.example",
    ] {
        for (method, target) in
            [("GET", "/"), ("POST", "/lti/a"), ("GET", "/lti/a"), ("GET", "/nothing")]
        {
            let page = server.send(method, target, &[("Host", host)], b"");
            assert_eq!(page.status, 400, "{method} {target} {host}");
            assert!(!page.body.contains("key-1"));
        }
    }
    assert_eq!(server.send("GET", "/is_up", &[("Host", "anything")], b"").status, 200);
}

#[test]
fn development_verifies_signatures_for_the_requested_host() {
    let server = Server::start(&Setup {
        tools: "[tools.a]\nkey = \"key-1\"\nsecret = { env = \"UNSET\" }\ntemplate = \"page\"\n",
        development: true,
        ..Setup::default()
    });
    let form = Form {
        url: "http://localhost:5000/lti/a",
        secret: "development-secret",
        ..Form::default()
    };
    let headers =
        [("Host", "localhost:5000"), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(server.send("POST", "/lti/a", &headers, form.sign().as_bytes()).status, 200);
    let elsewhere =
        [("Host", "127.0.0.1:5000"), ("Content-Type", "application/x-www-form-urlencoded")];
    let other = Form { nonce: "2", ..form };
    assert_eq!(server.send("POST", "/lti/a", &elsewhere, other.sign().as_bytes()).status, 401);
}

#[test]
fn heroku_verifies_signatures_for_https_and_the_requested_host() {
    let server = Server::start(&Setup {
        tools: "[gateway]\nsecret = \"a gateway secret of 32 characters\"\n[tools.a]\n\
                key = \"key-1\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n",
        environment: &[("DYNO", "web.1")],
        ..Setup::default()
    });
    assert_eq!(server.post("/lti/a", &Form::default().sign()).status, 200);
    let forged = Form { url: "https://other.example/lti/a", nonce: "2", ..Form::default() };
    let reply =
        server.post_with("/lti/a", &forged.sign(), &[("X-Forwarded-Host", "other.example")]);
    assert_eq!(reply.status, 401, "a forwarded header is no host");
}

#[test]
fn a_launch_path_accepts_only_posts() {
    let server = server("shown");
    for target in ["/lti/a", "/lti/a/", "/lti/a?x=1", "/week-1/quiz"] {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
            let reply = server.send(method, target, &[("Host", "tool.example")], b"");
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some("POST")),
                "{method} {target}"
            );
            assert_eq!(reply.body.contains("Open this from your course"), method != "HEAD");
        }
    }
}

#[test]
fn a_path_without_a_tool_is_not_found() {
    let server = server("shown");
    for (method, target) in [
        ("GET", "/lti"),
        ("GET", "/lti/b"),
        ("POST", "/lti/b"),
        ("POST", "/lti/a/below"),
        ("POST", "/lti/a//"),
        ("POST", "/lti//a"),
        ("POST", "/lti/%61"),
        ("POST", "/LTI/a"),
        ("POST", "/lti/quiz"),
        ("GET", "/dev"),
        ("GET", "/metrics"),
        ("GET", "/static/"),
        ("GET", "/static/none.css"),
        ("GET", "/static/.hidden"),
        ("GET", "/static/../tools.toml"),
        ("GET", "/static/%2e%2e/tools.toml"),
        ("GET", "/static/..%2ftools.toml"),
    ] {
        let reply = server.send(method, target, &[("Host", "tool.example")], b"");
        assert_eq!(reply.status, 404, "{method} {target}");
        assert!(
            !reply.body.contains("s3cret") && !reply.body.contains("shown"),
            "{method} {target}"
        );
    }
    let reply = server.get("/static/style.css");
    assert_eq!((reply.status, reply.body.as_str()), (200, "body {}"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn the_log_has_launches_with_a_wrong_url_and_requests_with_two_hosts() {
    let server = server("shown");
    server.post("/lti/missed\u{1b}", "");
    server.post("/lti/missed", &Form::default().sign());
    let lines = log_lines("path=\"/lti/missed\"");
    assert!(lines.len() == 1 && lines[0].contains("code=\"no-tool\""), "{lines:?}");
    server.get("/lti/crawled");
    assert!(log_lines("/lti/crawled").is_empty());
    server.send("GET", "/twice", &[("Host", "tool.example"), ("Host", "evil.example")], b"");
    let lines = log_lines("path=\"/twice\"");
    assert!(lines.len() == 1 && lines[0].contains("code=\"no-host\""), "{lines:?}");
}

#[test]
fn refusal_pages_and_the_tool_list_show_name_and_contact() {
    let with = |lines: &str| {
        let tools = TOOLS.replace("session = \"1h\"", lines);
        Server::start(&Setup {
            tools: &tools,
            templates: &[("page.html.tera", "")],
            ..Setup::default()
        })
    };
    let (name, help) = ("Uni &lt;Example&gt;", "For help, ask ");
    let mail = "<a href=\"mailto:help@uni.example?a=b&amp;c=d\" rel=\"noreferrer\">\
                help@uni.example</a>";
    let page = "<a href=\"https://uni.example/help\" target=\"_blank\" rel=\"noreferrer\">\
                uni.example/help</a>";
    let text = "<bdi>Room 3 &amp; &lt;b&gt;Ada&lt;/b&gt;</bdi>";
    for (contact, shown) in [
        ("mailto:help@uni.example?a=b&c=d", mail),
        ("https://uni.example/help", page),
        ("Room 3 & <b>Ada</b>", text),
    ] {
        let server = with(&format!("name = \"Uni <Example>\"\ncontact = {contact:?}"));
        let list = server.get("/");
        let invalid_launch = server.post("/lti/a", "");
        let of_a_launch = invalid_launch.reference().expect("a reference").to_owned();
        let unknown = server.get("/none");
        let no_host = server.send("GET", "/", &[], b"");
        let malformed = server.raw(b"GET / HTTP/1.1\r\nHost: tool.example\r\nno colon\r\n\r\n");
        let other = server.send("PATCH", "/is_up", &[("Host", "tool.example")], b"");
        for reply in [&list, &invalid_launch, &unknown, &no_host, &malformed, &other] {
            let body = reply.body.replace("\n  ", " ");
            assert!(body.contains(name), "{}: {body}", reply.status);
            assert!(body.contains(&format!("{help}{shown}")), "{}: {body}", reply.status);
        }
        assert!(invalid_launch.body.contains("Give them the reference <code>"));
        assert_eq!(log_lines(&of_a_launch).len(), 1);
    }
    // Without them, a page names the course staff.
    let reply = with("").post("/lti/a", "");
    assert!(reply.body.contains("If you ask your course staff for help"), "{}", reply.body);
    assert!(!reply.body.contains(help), "{}", reply.body);
}

#[test]
fn pages_have_the_frame_ancestors_of_the_tool_and_no_shared_cache_stores_them() {
    let server = server("shown");
    let accepted = server.post("/lti/a", &Form::default().sign());
    let refused = server.post("/lti/a", "");
    let elsewhere = Form { url: "https://tool.example/week-1/quiz", ..Form::default() };
    let open = server.post("/week-1/quiz", &elsewhere.sign());
    assert_eq!((accepted.status, refused.status, open.status), (200, 400, 200));
    // A browser keeps the page of a template for its Back button.
    for (reply, ancestors, caching) in [
        (&accepted, "https://lms.example 'self'", "private, no-cache"),
        (&refused, "https://lms.example 'self'", "no-store"),
        (&open, "*", "private, no-cache"),
    ] {
        assert_eq!(frame_ancestors(reply), ancestors);
        assert_eq!(reply.header("x-frame-options"), None);
        assert_eq!(reply.header("cache-control"), Some(caching));
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("server"), None);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    }
}

#[test]
fn a_reload_shows_the_page_again_for_as_long_as_the_session_lasts() {
    let server = server("{{ launch.user.id }}");
    let form = Form::default().with(&[("user_id", "u-1")]).sign();
    let first = server.post("/lti/a", &form);
    let cookie = first.header("set-cookie").expect("a receipt");
    let (receipt, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(receipt.starts_with("__Secure-lti-"));
    assert_eq!(
        attributes,
        "Path=/lti/a; Max-Age=3600; HttpOnly; Secure; SameSite=None; Partitioned"
    );
    let again = |now, cookie: &str| {
        server.set_now(now);
        let reply = server.post_with("/lti/a", &form, &[("Cookie", cookie)]);
        (reply.status, reply.body.contains("u-1"), reply.cookie().is_some())
    };
    assert_eq!(again(NOW, receipt), (200, true, false));
    assert_eq!(again(NOW, &format!("x=1; {receipt}; y=2")), (200, true, false));
    assert_eq!(
        again(NOW + 3600, receipt),
        (200, true, false),
        "longer than its timestamp is acceptable"
    );
    assert_eq!(again(NOW + 3601, receipt), (401, false, false), "the receipt has expired");
    let (name, value) = receipt.split_once('=').expect("a value");
    let (_, mac) = value.split_once('.').expect("a MAC");
    for forged in [
        String::new(),
        format!("{name}={}.{mac}", NOW + 9999),
        format!("{name}={value}x"),
        format!("{name}=.{mac}"),
        format!("{name}={}.", NOW + 9999),
        format!("other={value}"),
    ] {
        assert_eq!(again(NOW, &forged), (401, false, false), "{forged}");
    }
}

#[test]
fn a_receipt_opens_its_own_form_only() {
    let server = server("{{ launch.user.id }}");
    let launch = |user, nonce| Form { nonce, ..Form::default() }.with(&[("user_id", user)]).sign();
    let first = server.post("/lti/a", &launch("u-1", "1"));
    let second = server.post("/lti/a", &launch("u-2", "2"));
    let (first, second) = (first.cookie().expect("a receipt"), second.cookie().expect("a receipt"));
    assert_eq!(server.post_with("/lti/a", &launch("u-2", "2"), &[("Cookie", first)]).status, 401);
    assert_eq!(server.post_with("/lti/a", &launch("u-2", "2"), &[("Cookie", second)]).status, 200);
    let unsent = Form { timestamp: NOW - 301, nonce: "3", ..Form::default() }.sign();
    assert_eq!(
        server.post_with("/lti/a", &unsent, &[("Cookie", first)]).status,
        401,
        "stale stays stale"
    );
}

#[test]
fn each_user_and_link_has_one_receipt() {
    let server = server("");
    let name = |nonce, params: &[(&'static str, &'static str)]| {
        let form = Form { nonce, ..Form::default() }.with(params);
        let reply = server.post("/lti/a", &form.sign());
        let cookie = reply.cookie().expect("a receipt");
        cookie.split('=').next().expect("a name").to_owned()
    };
    let first = name("1", &[("user_id", "u-1"), ("context_id", "c")]);
    assert_eq!(name("2", &[("user_id", "u-1"), ("context_id", "c")]), first);
    assert_ne!(name("3", &[("user_id", "u-2"), ("context_id", "c")]), first);
    assert_ne!(name("4", &[("user_id", "u-1"), ("context_id", "d")]), first);
    assert_ne!(name("5", &[]), name("6", &[]), "nobody is not somebody");
}

#[test]
fn a_template_sees_the_whole_launch() {
    let template = concat!(
        "{{ launch.user.id }}|{{ launch.user.name }}|{{ launch.user.given_name }}|",
        "{{ launch.user.family_name }}|{{ launch.user.email }}\n",
        "{{ launch.roles | join(sep=',') }}|{{ launch.is_instructor }}|{{ launch.is_learner }}|",
        "{{ launch.is_administrator }}|{{ launch.is_staff }}\n",
        "{{ launch.context.id }}|{{ launch.context.label }}|{{ launch.context.title }}\n",
        "{{ launch.resource.id }}|{{ launch.resource.title }}|{{ launch.resource.description }}\n",
        "{{ launch.platform.guid }}|{{ launch.platform.name }}|{{ launch.platform.url }}|",
        "{{ launch.platform.product_family_code }}|{{ launch.platform.version }}\n",
        "{{ launch.locale }}|{{ launch.return_url | safe }}|{{ launch.grade.accepted }}\n",
        "{{ launch.custom.week }}|{{ launch.custom.MyParam }}|{{ launch.custom.myparam }}|",
        "{{ launch.custom.a_b }}|{{ launch.custom.unresolved or 'none' }}\n",
        "{% for param in launch.params %}{{ param.name }}={{ param.value }};{% endfor %}\n",
        "{{ tool.name }}|{{ tool.title }}|{{ tool.params.level }}|",
        "{{ tool.params.colours | join(sep=',') }}",
    );
    let server = server(template);
    let form = Form::default().with(&[
        ("user_id", "u-1"),
        ("roles", "Learner,Instructor"),
        ("lis_person_name_given", "Änne"),
        ("lis_person_name_family", "<b>"),
        ("lis_person_contact_email_primary", "a@b.example"),
        ("context_id", "c-1"),
        ("context_label", "C1"),
        ("context_title", "Course"),
        ("resource_link_title", "Link"),
        ("resource_link_description", "About"),
        ("tool_consumer_instance_guid", "guid"),
        ("tool_consumer_instance_name", "LMS"),
        ("tool_consumer_instance_url", "https:"),
        ("tool_consumer_info_product_family_code", "moodle"),
        ("tool_consumer_info_version", "5"),
        ("launch_presentation_locale", "de-CH"),
        ("launch_presentation_return_url", "https://lms.example/back?a=1"),
        ("lis_outcome_service_url", "https://lms.example/outcome"),
        ("lis_result_sourcedid", "s"),
        ("custom_week", "3"),
        ("custom_MyParam", "x"),
        ("custom_a.b", "y"),
        ("custom_unresolved", "$Person.name.full"),
        ("dup", "1"),
        ("dup", "2"),
    ]);
    let page = server.post("/lti/a", &form.sign());
    let lines: Vec<&str> = page.body.lines().collect();
    assert_eq!(
        lines,
        [
            "u-1|Änne &lt;b&gt;|Änne|&lt;b&gt;|a@b.example",
            "learner,instructor|true|true|false|true",
            "c-1|C1|Course",
            "rl-1|Link|About",
            "guid|LMS|https:|moodle|5",
            "de-CH|https://lms.example/back?a=1|true",
            "3|x|x|y|none",
            "lti_message_type=basic-lti-launch-request;lti_version=LTI-1p0;resource_link_id=rl-1;\
             user_id=u-1;roles=Learner,Instructor;lis_person_name_given=Änne;\
             lis_person_name_family=&lt;b&gt;;lis_person_contact_email_primary=a@b.example;\
             context_id=c-1;context_label=C1;context_title=Course;resource_link_title=Link;\
             resource_link_description=About;tool_consumer_instance_guid=guid;\
             tool_consumer_instance_name=LMS;tool_consumer_instance_url=https:;\
             tool_consumer_info_product_family_code=moodle;tool_consumer_info_version=5;\
             launch_presentation_locale=de-CH;\
             launch_presentation_return_url=https://lms.example/back?a=1;\
             lis_outcome_service_url=https://lms.example/outcome;lis_result_sourcedid=s;\
             custom_week=3;custom_MyParam=x;custom_a.b=y;custom_unresolved=$Person.name.full;\
             dup=1;dup=2;",
            "a|Tool &lt;A&gt;|3|red,blue",
        ]
    );
}

/// A signature does not cover the order of parameters. Anyone with the form could swap the values.
#[test]
fn the_order_of_two_values_of_a_custom_parameter_does_not_matter() {
    let server = server("{{ launch.custom.level }} {{ launch.custom.Level }}");
    let params = [
        ("custom_level", "2"),
        ("custom_level", "1"),
        ("custom_Level", "B"),
        ("custom_Level", "A"),
    ];
    let form = |nonce| Form { nonce, ..Form::default() }.with(&params).sign();
    assert_eq!(server.post("/lti/a", &form("1")).body, "1 A");
    let other_way_round = form("2").split('&').rev().collect::<Vec<_>>().join("&");
    assert_eq!(server.post("/lti/a", &other_way_round).body, "1 A");
}

#[test]
fn a_failed_template_shows_a_refusal_page_and_logs_no_personal_data() {
    let server = server("{{ launch.user.name | int }}");
    let reply = server
        .post("/lti/a", &Form::default().with(&[("lis_person_name_full", "Zoë Unlogged")]).sign());
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("The tool has an error") && !reply.body.contains("Zoë"));
    let line = log_lines(reply.reference().expect("a reference"));
    assert!(line.len() == 1 && line[0].contains("code=\"template-failed\""), "{line:?}");
    assert!(line[0].contains("the template failed at page.html.tera:1:"), "{line:?}");
    let forged = Form { nonce: "2", ..Form::default() }
        .with(&[("lis_person_name_full", "x\n --> Zoë Unlogged:1:1\n")]);
    let reply = server.post("/lti/a", &forged.sign());
    assert_eq!(reply.status, 500);
    assert!(log_lines("Unlogged").is_empty());
}

#[test]
fn an_accepted_launch_has_one_log_line_without_personal_data() {
    let tools = TOOLS.replace("[tools.a]", "[tools.counted]");
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let form = Form { url: "https://tool.example/lti/counted", ..Form::default() };
    let form =
        form.with(&[("user_id", "unlogged-id"), ("lis_person_name_full", "Unlogged Name")]).sign();
    assert_eq!(server.post("/lti/counted", &form).status, 200);
    let lines = log_lines("tool=\"counted\"");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for field in [
        "consumer=\"key-1\"",
        "outcome=\"accepted\"",
        "code=\"-\"",
        "variant=\"strict\"",
        "reference=",
        "micros=",
    ] {
        assert!(lines[0].contains(field), "{field}: {}", lines[0]);
    }
    for hidden in ["unlogged-id", "Unlogged Name", "s3cret"] {
        assert!(log_lines(hidden).is_empty(), "{hidden}");
    }
    // Lines of other tests name the parameter where it is missing.
    assert!(!lines[0].contains("oauth_signature"), "{lines:?}");
}

#[test]
fn removing_a_tool_from_the_file_ends_its_receipts() {
    let form = Form::default().sign();
    let before = server("shown");
    let receipt = before.post("/lti/a", &form).cookie().expect("a receipt").to_owned();
    let keys = TOOLS.replacen("key = \"key-1\"", "key = \"key-2\"", 1);
    let after = Server::start(&Setup { tools: &keys, ..Setup::default() });
    let reply = after.post_with("/lti/a", &form, &[("Cookie", &receipt)]);
    assert_eq!(reply.status, 401);
    assert!(!reply.body.contains("launched"));
}

#[test]
fn an_included_template_can_use_the_launch() {
    let server = Server::start(&Setup {
        tools: TOOLS,
        templates: &[
            (
                "page.html.tera",
                "{# #}{% extends \"frame.html.tera\" %}{% block body %}{% include \
                 \"parts/all.html.tera\" %}{% endblock %}",
            ),
            ("frame.html.tera", "{{ launch.custom.week }}{% block body %}{% endblock %}"),
            ("parts/all.html.tera", "{% for one in launch.params %}{{ one.name }};{% endfor %}"),
        ],
        ..Setup::default()
    });
    let page = server.post("/lti/a", &Form::default().with(&[("custom_week", "3")]).sign());
    assert_eq!(page.body, "3lti_message_type;lti_version;resource_link_id;custom_week;");
}

#[test]
fn a_custom_parameter_that_was_not_sent_is_empty() {
    for (text, expected) in [
        ("[{{ launch.custom.absent }}]", "[]"),
        ("[{{ launch.custom[\"absent\"] | upper }}]", "[]"),
        ("{% if launch.custom.absent == \"a\" %}a{% else %}b{% endif %}", "b"),
        ("{{ launch.custom.absent or \"blue\" }}", "blue"),
        ("{{ launch.custom.absent | default(value=\"blue\") }}", "blue"),
        ("{% if launch.custom.absent is defined %}a{% else %}b{% endif %}", "b"),
        // A use that asks for the parameter, and one that does not.
        ("{{ launch.custom.b | default(value=\"1\") }}[{{ launch.custom.absent }}]", "[]"),
        ("{% set all = launch.custom %}[{{ all.absent }}]", "[]"),
        ("{% for name, value in launch.custom %}{{ name }};{% endfor %}", "week;"),
        ("[{{ launch.custom.absent }}{{ launch.custom.week }}]", "[3]"),
    ] {
        let page = ("page.html.tera", "{% include \"part.html.tera\" %}");
        for templates in [vec![("page.html.tera", text)], vec![page, ("part.html.tera", text)]] {
            let setup = Setup { tools: TOOLS, templates: &templates, ..Setup::default() };
            let server = Server::start(&setup);
            let form = Form::default().with(&[("custom_week", "3")]);
            let page = server.post("/lti/a", &form.sign());
            assert_eq!((page.status, page.body.as_str()), (200, expected), "{text}");
        }
    }
}

#[test]
fn a_failed_template_fails_the_same_way_on_a_reload() {
    let templates = [("page.html.tera", "{{ launch.custom.absent | int }}")];
    let server = Server::start(&Setup { tools: TOOLS, templates: &templates, ..Setup::default() });
    let body = Form::default().sign();
    let first = server.post("/lti/a", &body);
    let receipt = first.cookie().expect("a receipt");
    assert_eq!(first.status, 500);
    assert_eq!(server.post_with("/lti/a", &body, &[("Cookie", receipt)]).status, 500);
    assert_eq!(server.post("/lti/a", &body).status, 401, "elsewhere it stays a replay");
}
