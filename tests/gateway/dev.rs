//! `/dev`: the practice platform and the rejected launches, in development only.

mod advantage;
mod apps;
mod gradebook;
mod host;
mod launch;
mod login;
mod picked;
mod program;
mod registration;
mod secrets;
mod services;

use std::collections::HashSet;

use crate::support::{Pairs, Recorder, Reply, Server, Setup, log_lines, unescaped};

/// The tool `page` has development's placeholder secret, `locked` has a real one.
const TOOLS: &str = r#"
[gateway]
secret = "the gateway's own, of 32 characters"

[tools.page]
title = "A <page>"
key = "page-key"
secret = { env = "PAGE_SECRET" }
template = "page"

[tools.locked]
key = "locked-key"
secret = "s3cret"
template = "page"
"#;

const PAGE: &str = "{{ launch.user.id }}|{{ launch.user.name }}|{{ launch.user.email }}|\
                    {{ launch.roles | join(sep=',') }}|{{ launch.resource.id }}|\
                    {{ launch.custom.x or '-' }}|{{ launch.custom.unit or '-' }}";

fn server(tools: &str, development: bool) -> Server {
    Server::start(&Setup {
        tools,
        templates: &[("page.html.tera", PAGE)],
        environment: if development { &[] } else { &[("PAGE_SECRET", "a real one")] },
        development,
        ..Setup::default()
    })
}

/// One form of a page.
struct Form {
    action: String,
    pairs: Pairs,
}

impl Form {
    /// Those of a page, in order.
    fn all(page: &str) -> Vec<Self> {
        let forms = page.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
        forms
            .map(|form| {
                let action = form.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
                let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
                let pairs = inputs.map(|input| {
                    let (name, rest) = input.split_once("\" value=\"").expect("a value");
                    (unescaped(name), unescaped(rest.split('"').next().expect("its end")))
                });
                Self {
                    action: unescaped(action.expect("an action")),
                    pairs: Pairs(pairs.collect()),
                }
            })
            .collect()
    }

    /// Sends it to where it leads.
    fn send(&self, server: &Server) -> Reply {
        let (host, path) = self
            .action
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .expect("an address");
        let headers = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")];
        server.send("POST", &format!("/{path}"), &headers, self.pairs.body().as_bytes())
    }
}

/// The card of a tool at `/dev`.
#[track_caller]
fn card<'p>(page: &'p str, title: &str) -> &'p str {
    let mut forms = page.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
    forms.find(|form| form.contains(&format!("<h2>{title}</h2>"))).expect("a card")
}

fn get(server: &Server, target: &str) -> Reply {
    let host = format!("localhost:{}", server.address.port());
    server.send("GET", target, &[("Host", &host)], b"")
}

/// Launches what this address of /dev shows, with the last of its forms.
#[track_caller]
fn launched(server: &Server, query: &str) -> Reply {
    let page = get(server, &format!("/dev/launch?{query}"));
    assert_eq!(page.status, 200, "{page:?}");
    let mut reply = None;
    for form in Form::all(&page.body) {
        reply = Some(form.send(server));
    }
    reply.expect("a form")
}

#[test]
fn outside_development_there_is_no_practice_platform() {
    let server = server(
        &format!("{TOOLS}\n")
            .replace("[gateway]", "[gateway]\npublic_url = \"https://tool.example\""),
        false,
    );
    assert!(server.routes.iter().any(|route| route.starts_with("/grades")), "{:?}", server.routes);
    assert_eq!(
        server.routes.iter().filter(|route| route.contains("dev")).count(),
        0,
        "{:?}",
        server.routes
    );
    for target in ["/dev", "/dev/", "/dev/launch?tool=page", "/dev/gradebook", "/dev/refusals"] {
        assert_eq!(server.get(target).status, 404, "{target}");
    }
    assert!(!server.get("/").body.contains("/dev"));
}

#[test]
fn in_development_the_index_links_to_the_practice_platform() {
    let server = server(TOOLS, true);
    let routes: HashSet<&str> =
        server.routes.iter().map(String::as_str).filter(|route| route.contains("dev")).collect();
    let service = "/dev/platform/<tool>/<block>/handler_noauth";
    let outcome = format!("{service}/outcome_service_handler");
    let result = format!("{service}/result_service_handler/user/<person>");
    let expected = [
        "/dev",
        "/dev/launch?<chosen..>",
        "/dev/gradebook",
        "/dev/refusals",
        "/dev/registration",
        "/dev/registration/start?<chosen..>",
        "/dev/token",
        "/dev/platform/links",
        "/dev/platform/openid-configuration",
        "/dev/platform/register",
        "/dev/platform/token",
        "/dev/platform/<tool>/lineitems",
        "/dev/platform/<tool>/lineitems/<id>/lineitem",
        "/dev/platform/<tool>/lineitems/<id>/lineitem/scores",
        "/dev/platform/<tool>/lineitems/<id>/lineitem/results",
        "/dev/platform/<tool>/memberships",
        "/dev/platform/auth?<params..>",
        "/dev/platform/jwks",
        "/dev/platform/lost/jwks",
        outcome.as_str(),
        &result,
    ];
    assert_eq!(routes, HashSet::from(expected));
    let index = get(&server, "/");
    assert!(index.body.contains("<a href=\"/dev\">"), "{}", index.body);
    let page = get(&server, "/dev");
    assert_eq!(
        page.header("content-security-policy")
            .map(|policy| policy.contains("frame-ancestors 'none'")),
        Some(true)
    );
    assert!(page.body.contains("<h2>A &lt;page&gt;</h2>"), "{}", page.body);
    assert!(page.body.contains("<input type=\"hidden\" name=\"tool\" value=\"page\">"));
    let foreign = server.send("GET", "/dev", &[("Host", "tool.example")], b"");
    assert_eq!(foreign.status, 400, "a page of the internet cannot reach it by a name of its own");
}

#[test]
fn each_user_arrives_with_their_name_email_and_role() {
    let server = server(TOOLS, true);
    for (person, expected) in [
        ("learner-1", "learner-1|Ada Practice|ada@practice.example|learner"),
        ("learner-2", "learner-2|Ben Practice|ben@practice.example|learner"),
        ("learner-3", "learner-3|||learner"),
        ("instructor-1", "instructor-1|Cleo Practice|cleo@practice.example|instructor"),
        ("assistant-1", "assistant-1|Dan Practice|dan@practice.example|teaching_assistant"),
        ("administrator-1", "administrator-1|Eve Practice|eve@practice.example|administrator"),
        ("nobody", "learner-1|Ada Practice|ada@practice.example|learner"),
    ] {
        let reply = launched(&server, &format!("tool=page&person={person}"));
        let link = "block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-1";
        assert_eq!((reply.status, unescaped(&reply.body)), (200, format!("{expected}|{link}|-|-")));
    }
}

#[test]
fn the_chosen_unit_and_custom_parameters_arrive() {
    let server = server(TOOLS, true);
    let arrived = |query: &str| {
        let reply = launched(&server, &format!("tool=page&{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        unescaped(&reply.body).rsplit("block@").next().expect("a link").to_owned()
    };
    assert_eq!(arrived("link=unit-2&custom="), "unit-2|-|-");
    assert_eq!(
        arrived("custom=x+%3D+a%3Db%26%3Cc%3E%0D%0Ano+pair%0D%0A%3Dy%0D%0Aunit%3D3"),
        "unit-1|a=b&<c>|3"
    );
    for link in ["", "a/b", "a%26b", "%3Cb%3E", &"x".repeat(65)] {
        assert_eq!(arrived(&format!("link={link}")), "unit-1|-|-", "{link}");
    }
}

#[test]
fn a_launch_goes_to_another_site_than_the_practice_platform() {
    let server = server(TOOLS, true);
    let port = server.address.port();
    for (host, other) in [
        (format!("localhost:{port}"), format!("http://127.0.0.1:{port}/lti/page")),
        (format!("127.0.0.1:{port}"), format!("http://localhost:{port}/lti/page")),
        (format!("[::1]:{port}"), format!("http://localhost:{port}/lti/page")),
        ("localhost".to_owned(), "http://127.0.0.1/lti/page".to_owned()),
        ("[::1]".to_owned(), "http://localhost/lti/page".to_owned()),
    ] {
        let page =
            server.send("GET", "/dev/launch?tool=page&display=window", &[("Host", &host)], b"");
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        assert_eq!(form.action, other);
        assert!(page.body.contains("target=\"_blank\"") && !page.body.contains("<iframe name="));
        assert_eq!(form.send(&server).status, 200, "{host}");
    }
}

#[test]
fn an_unknown_tool_gets_no_signed_form() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev");
    for tool in ["absent", ""] {
        let reply = get(&server, &format!("/dev/launch?tool={tool}"));
        assert_eq!(reply.status, 404);
        assert!(!reply.body.contains("oauth_signature"));
    }
    assert!(!page.body.contains("s3cret"));
}

#[test]
fn the_launch_page_shows_the_parameters_and_the_base_string() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev/launch?tool=page&custom=x%3D1");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let text = unescaped(&page.body);
    for (name, value) in form.pairs.0.iter().filter(|(_, value)| !value.is_empty()) {
        assert!(
            text.contains(&format!("<dt>{name}</dt>\n    <dd><code>{value}</code></dd>")),
            "{name}: {text}"
        );
    }
    let base = text
        .split("<dd><code>POST&")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .expect("a base string");
    assert!(base.starts_with(&format!(
        "http%3A%2F%2F127.0.0.1%3A{}%2Flti%2Fpage&context_id%3D",
        server.address.port()
    )));
    assert!(base.contains("%26custom_x%3D1%26") && !base.contains("oauth_signature%3D"), "{base}");
}

#[test]
fn each_mistake_is_rejected_as_announced_and_listed_without_personal_data() {
    let upstream = Recorder::start();
    let tools = format!(
        "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = {{ env = \"NB_SECRET\" }}\n\
         upstream = \"{}\"\n",
        upstream.url()
    );
    let server = server(&tools, true);
    let form = unescaped(&get(&server, "/dev").body);
    let mut refused = Vec::new();
    for (mistake, code, cause) in [
        ("secret", "bad-signature", "-"),
        ("clock", "stale", "-"),
        ("nonce", "replayed", "-"),
        ("scheme", "bad-signature", "scheme"),
        ("slash", "bad-signature", "slash"),
        ("role", "bad-signature", "-"),
    ] {
        let named = form.split(&format!("value=\"{mistake}\">")).nth(1).expect("a button");
        assert!(
            named
                .split("</li>")
                .next()
                .expect("its end")
                .contains(&format!("rejected as <code>{code}</code>"))
        );
        for tool in ["page", "nb"] {
            let reply = launched(&server, &format!("tool={tool}&mistake={mistake}"));
            assert_eq!(reply.status, 401, "{mistake}");
            let reference = reply
                .body
                .split("<code>")
                .nth(1)
                .and_then(|rest| rest.split('<').next())
                .expect("a reference");
            let line = &log_lines(reference)[0];
            assert!(line.contains(&format!("code=\"{code}\"")), "{mistake}");
            assert!(line.contains(&format!(" cause=\"{cause}\" reason=")), "{mistake}: {line}");
            refused.push((reference.to_owned(), code));
        }
    }
    upstream.saw_nothing();
    let list = unescaped(&get(&server, "/dev/refusals").body);
    let listed: Vec<(String, &str)> = list
        .split("<h2>")
        .skip(1)
        .map(|rest| {
            let (reference, rest) = rest.split_once("</h2>").expect("a heading");
            let code = rest
                .split("<code>")
                .nth(1)
                .and_then(|rest| rest.split('<').next())
                .expect("a code");
            (reference.to_owned(), code)
        })
        .collect();
    refused.reverse();
    assert_eq!(listed, refused, "newest first");
    for word in ["Ada", "practice.example", "learner-1", "development-secret"] {
        assert!(!list.contains(word), "{word}");
    }
    assert!(list.contains("<dt>lis_person_name_full</dt>\n      <dd>12 bytes</dd>"), "{list}");
    let port = server.address.port();
    assert!(list.contains(&format!("><code>http://127.0.0.1:{port}/lti/page</code></dd>")));
    // The cause with its fix, if the gateway found it, and the base string.
    for (cause, fix) in [
        (
            "<p><code>slash</code>: it was signed with a trailing slash, and sent without</p>",
            "<p><strong>Fix:</strong> copy the launch URL from / into the platform, \
             with or without the trailing",
        ),
        (
            "<p><code>scheme</code>: it was signed for https://, but sent to another scheme</p>",
            "<p><strong>Fix:</strong> write the launch URL in the platform \
             with the scheme shown at /",
        ),
    ] {
        let rests: Vec<&str> = list.split(cause).skip(1).collect();
        assert_eq!(rests.len(), 2, "{cause}");
        assert!(rests.iter().all(|rest| rest.trim_start().starts_with(fix)), "{list}");
    }
    let base = format!(
        "<p><code>POST&http%3A%2F%2F127.0.0.1%3A{port}%2Flti%2Fpage&context_id%3D…%26\
         context_label%3D…%26"
    );
    assert_eq!(list.matches(&base).count(), 6, "{list}");
    assert!(
        list.contains("%26launch_presentation_return_url%3D%26")
            && list.contains("%26user_id%3D…</code>")
    );
}

#[test]
fn the_list_shows_mix_ups_of_keys_secrets_and_urls_and_no_secret() {
    const SECRETS: [&str; 3] = ["a secret of its own", "development-secret", "s3cret"];
    let tools = format!(
        "{TOOLS}\n[tools.other]\nkey = \"other-key\"\nsecret = \"{}\"\ntemplate = \"page\"\n",
        SECRETS[0]
    );
    let server = server(&tools, true);
    let url = format!("http://127.0.0.1:{}/lti/page", server.address.port());
    let other_url = url.replace("/page", "/other");
    let cases = [
        (url.as_str(), "page-key", " development-secret", "secret-white-space"),
        (&url, "page-key", SECRETS[0], "secret-of-tool"),
        (&url, "page-key", "Development-Secret", "secret-case"),
        (&other_url, "page-key", "development-secret", "path"),
        (&url, "other-key", SECRETS[0], "key-of-tool"),
        (&url, "PAGE-KEY ", "development-secret", "key-spelling"),
        (&url, "development-secret", "page-key", "secret-as-key"),
    ];
    for (signed_for, key, secret, cause) in cases {
        let form = crate::support::Form {
            url: signed_for,
            key,
            secret,
            nonce: cause,
            ..Default::default()
        };
        let host =
            url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("a host");
        let headers = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")];
        let refused = server.send("POST", "/lti/page", &headers, form.sign().as_bytes());
        assert_eq!(refused.status, 401, "{cause}");
        let list = unescaped(&get(&server, "/dev/refusals").body);
        let newest = list.split("<article").nth(1).expect("the newest");
        assert!(newest.contains(&format!("<p><code>{cause}</code>: ")), "{cause}: {newest}");
        for secret in SECRETS {
            assert!(
                !list.contains(secret) && log_lines(secret).is_empty(),
                "{cause} shows {secret}"
            );
        }
        // The user's page does not show the cause.
        assert!(!refused.body.contains(&format!("<code>{cause}</code>")), "{cause}");
    }
}

#[test]
fn a_secret_sent_as_the_key_appears_nowhere_even_if_it_is_short() {
    let server = server(&TOOLS.replace("\"s3cret\"", "\"q7x\""), true);
    let url = format!("http://127.0.0.1:{}/lti/locked", server.address.port());
    let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("a host");
    for key in ["my-id:locked-key:q7x", "my-id%3Alocked-key%3Aq7x"] {
        let form = crate::support::Form {
            url: &url,
            key,
            secret: "locked-key",
            nonce: key,
            ..Default::default()
        };
        let headers = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")];
        let reply = server.send("POST", "/lti/locked", &headers, form.sign().as_bytes());
        let reference = reply.body.split("<code>").nth(1).and_then(|rest| rest.split('<').next());
        let lines = log_lines(reference.expect("a reference"));
        assert!(
            lines[0].contains(" consumer=\"-\" ") && lines[0].contains(" cause=\"secret-as-key\" "),
            "{lines:?}"
        );
        let list = get(&server, "/dev/refusals").body;
        assert!(list.contains("<code>secret-as-key</code>"), "{list}");
        assert!(!lines[0].contains("q7x") && !list.contains("q7x"), "{lines:?}");
    }
}

#[test]
fn the_list_shows_no_value_of_a_doubly_encoded_form() {
    let server = server(TOOLS, true);
    let host = format!("localhost:{}", server.address.port());
    let headers = [("Host", host.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let twice = "lis_person_name_full%3DJane%20Doe%26\
                 oauth_x%3D1=&oauth_consumer_key=page-key&oauth_nonce=1\
                 &oauth_signature=x&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1";
    assert_eq!(server.send("POST", "/lti/page", &headers, twice.as_bytes()).status, 401);
    let list = get(&server, "/dev/refusals").body;
    assert!(
        list.contains("<dt>(a name that may contain values)</dt>")
            && list.contains("POST&amp;http"),
        "{list}"
    );
    assert!(!list.contains("Jane") && !list.contains("Doe"), "{list}");
}

#[test]
fn a_query_sent_twice_as_canvas_does_is_accepted() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev/launch?tool=page&mistake=query");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    assert!(form.action.ends_with("/lti/page?unit=1") && form.pairs.get("unit") == "1");
    assert_eq!(form.send(&server).status, 200);
    let list = get(&server, "/dev/refusals").body;
    assert!(list.contains("No refusals yet."), "{list}");
}

#[test]
fn the_list_has_the_newest_hundred_rejected_launches_and_bounded_values() {
    let server = server(TOOLS, true);
    let host = format!("localhost:{}", server.address.port());
    let headers = [("Host", host.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let long = "n".repeat(1000);
    let many: String = (0..500).map(|number| format!("&p{number}=1")).collect();
    let hostile = format!("%3Cb%3E=1&{long}=2{many}");
    for number in 0..102 {
        let form = if number == 101 { hostile.as_str() } else { "a=1" };
        assert_eq!(server.send("POST", "/lti/page", &headers, form.as_bytes()).status, 400);
    }
    let list = get(&server, "/dev/refusals").body;
    assert_eq!(list.matches("<article").count(), 100);
    let newest = list.split("<article").nth(1).expect("the newest");
    assert!(newest.contains("<dt>&lt;b&gt;</dt>") && !newest.contains("<b>"), "{newest}");
    assert!(newest.contains(&format!("<dt>{}</dt>", "n".repeat(100))));
    assert_eq!(newest.matches(" byte").count(), 100);
    assert_eq!(list.matches("<dt>a</dt>").count(), 99);
}
