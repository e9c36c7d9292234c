//! Launches that the practice platform signs with configured secrets.

use super::*;

/// Tools with configured secrets only.
const CONFIGURED: &str = r#"
[gateway]
secret = "the gateway's own, of 32 characters"

[tools.locked]
key = "locked-key"
secret = "s3cret"
template = "page"

[tools.pinned]
consumers = [
    { key = "pinned-key", secret = ["t0p s3cret", "old s3cret"], signature_methods = [
        "HMAC-SHA256",
    ] },
]
template = "page"

[tools.own]
key = "own-key"
secret = "own s3cret"
host = "own.localhost"
template = "page"

[tools.away]
key = "away-key"
secret = "away s3cret"
host = "away.example"
template = "page"
"#;

/// All secrets of [`CONFIGURED`].
const SECRETS: [&str; 6] =
    ["s3cret", "t0p s3cret", "old s3cret", "own s3cret", "away s3cret", "the gateway's own, of 32"];

/// The reasons on the page, by tool, in alphabetical order.
fn reasons(page: &str) -> Vec<(String, String)> {
    let cards = page.split("<form ").skip(1).filter_map(|card| {
        let title = card.split_once("<h2>")?.1.split_once("</h2>")?.0;
        let reason = card.split_once("cannot launch this tool: ")?.1.split_once("</p>")?.0;
        assert!(!card.contains("<button"), "{card}");
        Some((title.to_owned(), unescaped(reason)))
    });
    let mut reasons: Vec<_> = cards.collect();
    reasons.sort();
    reasons
}

#[test]
fn on_loopback_a_tool_with_a_configured_secret_is_launched() {
    let server = server(CONFIGURED, true);
    for tool in ["locked", "pinned", "own"] {
        let reply = launched(&server, &format!("tool={tool}"));
        assert_eq!(reply.status, 200, "{tool}");
        assert!(reply.body.starts_with("learner-1|Ada Practice|"), "{tool}: {}", reply.body);
    }
    for mistake in ["secret", "clock", "nonce", "scheme", "slash", "role"] {
        let reply = launched(&server, &format!("tool=locked&mistake={mistake}"));
        assert_eq!(reply.status, 401, "{mistake}");
    }
}

#[test]
fn a_tool_on_the_host_of_another_machine_is_not_launched_with_a_configured_secret() {
    let server = server(CONFIGURED, true);
    let page = get(&server, "/dev").body;
    let port = server.address.port();
    let reason = format!(
        "its secret is configured, and its launches go to http://away.example:{port}: \
         this page uses such a secret only for this machine."
    );
    assert_eq!(reasons(&page), [("away".to_owned(), reason)]);
    assert!(card(&page, "locked").contains(">Launch<"), "{page}");
    let reply = get(&server, "/dev/launch?tool=away");
    assert_eq!(reply.status, 404);
    assert!(!reply.body.contains("oauth_signature"));
}

#[test]
fn a_configured_secret_signs_for_no_public_url_of_another_machine() {
    let file = CONFIGURED.replace("[gateway]", "[gateway]\npublic_url = \"https://tool.example\"");
    let placeholder = "\n[tools.page]\nkey = \"page-key\"\nsecret = { env = \"PAGE_SECRET\" }\n\
                       template = \"page\"\n";
    let server = server(&format!("{file}{placeholder}"), true);
    let page = get(&server, "/dev").body;
    let unusable: Vec<_> = reasons(&page).into_iter().map(|(tool, _)| tool).collect();
    // `own` has a host of this machine.
    assert_eq!(unusable, ["away", "locked", "pinned"]);
    for (_, reason) in reasons(&page).iter().filter(|(tool, _)| tool == "locked") {
        assert!(reason.contains("its launches go to https://tool.example: "), "{reason}");
    }
    for tool in ["locked", "pinned", "away"] {
        let reply = get(&server, &format!("/dev/launch?tool={tool}"));
        assert_eq!(reply.status, 404, "{tool}");
        assert!(!reply.body.contains("oauth_signature"), "{tool}");
    }
    // The placeholder is public: it signs for every URL.
    let page = get(&server, "/dev/launch?tool=page");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    assert_eq!(form.action, "https://tool.example/lti/page");
}

#[test]
fn a_public_url_of_this_machine_is_signed_with_a_configured_secret() {
    let file = CONFIGURED.replace("[gateway]", "[gateway]\npublic_url = \"http://[::1]:5000\"");
    let server = server(&file, true);
    let page = get(&server, "/dev/launch?tool=locked");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    assert_eq!(form.action, "http://[::1]:5000/lti/locked");
    assert_eq!(form.send(&server).status, 200);
}

/// A signature covers its URL, so a form is of no use at another gateway with the same secret.
#[test]
fn every_url_that_a_configured_secret_signs_is_loopback() {
    let server = server(CONFIGURED, true);
    for host in ["localhost:5000", "127.0.0.1", "[::1]:80", "x.localhost:1", "127.9.9.9:5000"] {
        for tool in ["locked", "pinned", "own"] {
            for mistake in ["", "clock", "nonce", "scheme", "slash", "role", "query"] {
                let target = format!("/dev/launch?tool={tool}&mistake={mistake}");
                let page = server.send("GET", &target, &[("Host", host)], b"");
                assert_eq!(page.status, 200, "{host} {tool} {mistake}");
                let bases: Vec<_> = page.body.split("<dd><code>POST&amp;").skip(1).collect();
                assert!(!bases.is_empty(), "{}", page.body);
                for base in bases {
                    let url = base.split("&amp;").next().expect("a URL").replace("%3A", ":");
                    let url = url.replace("%2F", "/");
                    let after = url.split_once("://").expect("a scheme").1;
                    let host = after.split(['/', ':']).next().expect("a host");
                    assert!(
                        ["localhost", "127.0.0.1", "own.localhost"].contains(&host),
                        "{tool} {mistake}: {url}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_foreign_host_gets_no_signed_form() {
    let server = server(CONFIGURED, true);
    for host in ["tool.example", "localhost.evil.example", "192.168.0.1", "evil.example:5000"] {
        for target in ["/dev", "/dev/launch?tool=locked", "/dev/gradebook", "/dev/refusals"] {
            // A header of a proxy does not change the host.
            let headers = [("Host", host), ("X-Forwarded-Host", "localhost")];
            let reply = server.send("GET", target, &headers, b"");
            assert_eq!(reply.status, 400, "{host} {target}");
            assert!(!reply.body.contains("oauth_signature"));
        }
    }
}

#[test]
fn a_page_of_another_site_gets_no_signed_form() {
    let server = server(CONFIGURED, true);
    let host = format!("localhost:{}", server.address.port());
    let own = format!("http://{host}/dev");
    let other_port = "http://localhost:3000/";
    for (headers, is_own) in [
        (&[("Sec-Fetch-Site", "cross-site")][..], false),
        // A page on another port of this machine.
        (&[("Sec-Fetch-Site", "same-site"), ("Referer", other_port)], false),
        (&[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "iframe")], false),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")], false),
        (&[("Sec-Fetch-Site", "cross-site"), ("Referer", own.as_str())], false),
        (&[("Origin", "https://evil.example")], false),
        (&[("Origin", "null")], false),
        (&[("Referer", "https://evil.example/")], false),
        (&[("Referer", other_port)], false),
        (&[("Sec-Fetch-Site", "same-origin"), ("Referer", own.as_str())], true),
        (&[("Sec-Fetch-Site", "none")], true),
        (&[("Referer", own.as_str())], true),
        (&[], true),
    ] {
        let mut all = vec![("Host", host.as_str())];
        all.extend_from_slice(headers);
        let reply = server.send("GET", "/dev/launch?tool=locked", &all, b"");
        assert_eq!(reply.body.contains("oauth_signature"), is_own, "{headers:?}");
        assert_eq!(reply.status, if is_own { 200 } else { 403 }, "{headers:?}");
        if !is_own {
            assert!(reply.body.contains("<a class=\"button\" href=\"/dev\">"), "{}", reply.body);
            assert_eq!(reply.header("location"), None);
        }
        assert_eq!(server.send("POST", "/dev/launch?tool=locked", &all, b"").status, 404);
    }
    let lines = log_lines("code=\"foreign-practice\"");
    assert!(lines.iter().any(|line| line.contains("path=\"/dev/launch\"")), "{lines:?}");
}

#[test]
fn no_page_of_another_origin_can_read_or_embed_the_practice_platform() {
    let server = server(CONFIGURED, true);
    let host = format!("localhost:{}", server.address.port());
    for target in ["/dev", "/dev/launch?tool=locked", "/dev/gradebook", "/dev/refusals"] {
        // Also if the browser does not name the page.
        let reply = server.send("GET", target, &[("Host", &host)], b"");
        assert_eq!(reply.status, 200, "{target}");
        for (name, expected) in [
            ("cross-origin-resource-policy", Some("same-origin")),
            ("x-content-type-options", Some("nosniff")),
            ("cache-control", Some("no-store")),
            ("access-control-allow-origin", None),
        ] {
            assert_eq!(reply.header(name), expected, "{name} of {target}");
        }
        let policy = reply.header("content-security-policy").expect("a policy");
        let ancestors = policy.split("; ").find(|one| one.starts_with("frame-ancestors "));
        let may_be_framed = ["/dev/gradebook", "/dev/refusals"].contains(&target);
        let expected = if may_be_framed { "'self'" } else { "'none'" };
        assert_eq!(ancestors, Some(format!("frame-ancestors {expected}").as_str()), "{target}");
    }
    let headers = [
        ("Host", host.as_str()),
        ("Origin", "https://evil.example"),
        ("Access-Control-Request-Method", "GET"),
    ];
    let preflight = server.send("OPTIONS", "/dev/launch?tool=locked", &headers, b"");
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    assert!(!preflight.body.contains("oauth_signature"));
}

#[test]
fn the_practice_platform_shows_no_secret() {
    let server = server(CONFIGURED, true);
    for tool in ["locked", "pinned", "own"] {
        for mistake in ["", "secret", "clock", "nonce"] {
            let target = format!("/dev/launch?tool={tool}&mistake={mistake}");
            let page = get(&server, &target);
            for form in Form::all(&page.body) {
                form.send(&server);
            }
            for body in [page.body, get(&server, "/dev").body, get(&server, "/dev/refusals").body] {
                for secret in SECRETS {
                    assert!(!unescaped(&body).contains(secret), "{secret} at {target}");
                }
            }
        }
    }
    assert!(SECRETS.iter().all(|secret| log_lines(secret).is_empty()));
}

/// A proxy or a port forwarder on this machine sends a loopback `Host` for requests of others.
#[test]
fn a_request_that_a_proxy_passed_on_gets_no_form_with_a_configured_secret() {
    let placeholder = "\n[tools.page]\nkey = \"page-key\"\nsecret = { env = \"PAGE_SECRET\" }\n\
                       template = \"page\"\n";
    let server = server(&format!("{CONFIGURED}{placeholder}"), true);
    let host = format!("localhost:{}", server.address.port());
    for header in [
        ("X-Forwarded-Host", "name-5000.app.github.dev"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=192.0.2.7"),
        ("X-Real-IP", "192.0.2.7"),
        ("Via", "1.1 tunnel"),
    ] {
        let headers = [("Host", host.as_str()), header];
        for tool in ["locked", "pinned", "own"] {
            let target = format!("/dev/launch?tool={tool}");
            let reply = server.send("GET", &target, &headers, b"");
            assert_eq!(reply.status, 404, "{header:?} {tool}");
            assert!(!reply.body.contains("oauth_signature"));
        }
        let page = server.send("GET", "/dev", &headers, b"").body;
        let reasons = reasons(&page);
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        assert!(reasons.iter().all(|(_, reason)| {
            reason
                == "its secret is configured, and a proxy passed this request on: open this \
                       page on the gateway's machine, or set dev_host."
        }));
        // The placeholder is public.
        let reply = server.send("GET", "/dev/launch?tool=page", &headers, b"");
        assert!(reply.body.contains("oauth_signature"), "{header:?}");
    }
}
