//! Development that others can reach: `dev_host` and the token of `/dev`.

use super::*;
use crate::support::{Browser, NOW, RANDOM_SECRET, verify};

/// The host of a forwarded port.
const HOST: &str = "name-5000.app.github.dev";
/// The token of these tests.
const TOKEN: &str = "the-token-of-this-start";

/// Four tools: with a placeholder, with a configured secret, with both, and an app with grades.
fn tools(upstream: &Recorder) -> String {
    format!(
        "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = {{ env = \"NB_SECRET\" }}\n\
         upstream = \"{}\"\ngrades = true\n",
        upstream.url()
    )
    .replace("[gateway]", &format!("[gateway]\ndev_host = \"https://{HOST}\""))
}

fn exposed(tools: &str) -> Server {
    Server::start(&Setup {
        tools,
        templates: &[("page.html.tera", PAGE)],
        development: true,
        dev_token: Some(TOKEN),
        ..Setup::default()
    })
}

fn stage() -> (Server, Recorder) {
    let upstream = Recorder::start();
    (exposed(&tools(&upstream)), upstream)
}

/// Sends a token as the page's form does.
fn send_token(server: &Server, token: &str, more: &[(&str, &str)]) -> Reply {
    let mut headers = vec![("Host", HOST), ("Content-Type", "application/x-www-form-urlencoded")];
    headers.extend_from_slice(more);
    server.send("POST", "/dev/token", &headers, format!("token={token}").as_bytes())
}

/// The cookie of a browser that sent the right token.
#[track_caller]
fn signed_in(server: &Server) -> String {
    let reply = send_token(server, TOKEN, &[]);
    assert_eq!((reply.status, reply.header("location")), (303, Some("/dev")), "{reply:?}");
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/dev; Max-Age=28800; Secure; HttpOnly; SameSite=Strict");
    assert!(pair.starts_with("__Secure-lti-dev="), "{pair}");
    pair.to_owned()
}

fn get_with(server: &Server, target: &str, cookie: &str) -> Reply {
    server.send("GET", target, &[("Host", HOST), ("Cookie", cookie)], b"")
}

/// The one form of a launch page.
#[track_caller]
fn form_of(server: &Server, target: &str, cookie: &str) -> Form {
    let page = get_with(server, target, cookie);
    assert_eq!(page.status, 200, "{page:?}");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    form
}

/// Posts a form of the practice platform to this `Host`.
fn post(server: &Server, path: &str, form: &Form, host: &str) -> Reply {
    let headers = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")];
    server.send("POST", path, &headers, form.pairs.body().as_bytes())
}

const PAGES: [&str; 4] = ["/dev", "/dev/launch?tool=page", "/dev/gradebook", "/dev/refusals"];

#[test]
fn dev_host_is_the_one_further_host() {
    let (server, _) = stage();
    for (host, is_answered) in [
        (HOST, true),
        ("localhost:5000", true),
        ("127.0.0.1", true),
        ("name-5001.app.github.dev", false),
        ("app.github.dev", false),
        ("evil.example", false),
        ("192.168.0.7:5000", false),
    ] {
        for target in ["/", "/dev", "/lti/page", "/.well-known/jwks.json"] {
            // A header of a forwarder makes no host an own one.
            for forwarded in [HOST, "evil.example"] {
                let headers = [("Host", host), ("X-Forwarded-Host", forwarded)];
                let status = server.send("GET", target, &headers, b"").status;
                assert_eq!(status != 400, is_answered, "{host} {target}: {status}");
            }
        }
    }
}

#[test]
fn every_page_asks_for_the_token() {
    let (server, _) = stage();
    let cookie = signed_in(&server);
    for target in PAGES {
        for host in [HOST, "localhost:5000"] {
            for cookie in ["", "__Secure-lti-dev=", "__Secure-lti-dev=9999999999.AAAA", TOKEN] {
                let headers = [("Host", host), ("Cookie", cookie)];
                let reply = server.send("GET", target, &headers, b"");
                assert_eq!(reply.status, 401, "{target} {cookie}");
                assert!(
                    reply
                        .body
                        .contains("<form class=\"card\" method=\"post\" action=\"/dev/token\">")
                );
                assert!(!reply.body.contains("oauth_signature") && !reply.body.contains("nb"));
                assert!(!reply.body.contains(TOKEN));
                let policy = reply.header("content-security-policy").expect("a policy");
                assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            }
        }
        // Logs and histories contain URLs, so a token in it counts for nothing.
        let with_token =
            format!("{target}{}token={TOKEN}", if target.contains('?') { '&' } else { '?' });
        assert_eq!(get_with(&server, &with_token, "").status, 401);
        assert_eq!(get_with(&server, target, &cookie).status, 200, "{target}");
    }
    assert_eq!(server.send("GET", "/dev/token", &[("Host", HOST)], b"").status, 404);
    assert!(log_lines(TOKEN).is_empty());
}

#[test]
fn the_cookie_ends_after_eight_hours() {
    let (server, _) = stage();
    let cookie = signed_in(&server);
    for (seconds, status) in [(8 * 3600 - 1, 200), (8 * 3600, 401), (0, 200)] {
        server.set_now(NOW + seconds);
        assert_eq!(get_with(&server, "/dev", &cookie).status, status, "{seconds}");
    }
}

#[test]
fn guesses_of_the_token_are_bounded() {
    let (server, _) = stage();
    // One attempt of the five.
    let cookie = signed_in(&server);
    let sent: Vec<u16> =
        (0..20).map(|number| send_token(&server, &format!("guess-{number}"), &[]).status).collect();
    assert_eq!(sent[..4], [401; 4]);
    assert_eq!(sent[4..], [429; 16]);
    // Not even the right token is compared.
    let refused = send_token(&server, TOKEN, &[]);
    assert_eq!((refused.status, refused.all("set-cookie").len()), (429, 0));
    assert!(refused.body.contains("Too many wrong tokens"), "{}", refused.body);
    // Who has the cookie already is not locked out.
    assert_eq!(get_with(&server, "/dev", &cookie).status, 200);
    server.set_now(NOW + 11);
    assert_eq!(send_token(&server, TOKEN, &[]).status, 429);
    server.set_now(NOW + 12);
    assert_eq!(send_token(&server, TOKEN, &[]).status, 303);
    assert_eq!(send_token(&server, TOKEN, &[]).status, 429);
    for code in ["wrong-token", "too-many-tokens"] {
        assert!(!log_lines(&format!("code=\"{code}\"")).is_empty(), "{code}");
    }
    assert!(log_lines("guess-").is_empty());
}

#[test]
fn a_page_of_another_site_can_send_no_token() {
    let (server, _) = stage();
    for headers in [
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")][..],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "https://x.app.github.dev")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
    ] {
        for _ in 0..10 {
            let reply = send_token(&server, TOKEN, headers);
            assert_eq!((reply.status, reply.all("set-cookie").len()), (403, 0), "{headers:?}");
        }
    }
    // They spend no attempt. The forwarder rewrites `Origin`.
    for headers in [
        &[("Origin", "https://name-5000.app.github.dev")][..],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "http://localhost:5000")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://localhost:5000")],
        &[],
    ] {
        assert_eq!(send_token(&server, TOKEN, headers).status, 303, "{headers:?}");
    }
}

#[test]
fn a_launch_is_for_dev_host_whatever_host_the_forwarder_sends() {
    let (server, _) = stage();
    let cookie = signed_in(&server);
    for (number, host) in [HOST, "localhost:5000"].into_iter().enumerate() {
        let form = form_of(&server, &format!("/dev/launch?tool=page&link=u{number}"), &cookie);
        assert_eq!(form.action, format!("https://{HOST}/lti/page"));
        let reply = post(&server, "/lti/page", &form, host);
        assert_eq!(reply.status, 200, "{host}: {reply:?}");
        assert!(reply.body.starts_with("learner-1|Ada Practice|"), "{}", reply.body);
    }
}

#[test]
fn no_configured_secret_signs_with_dev_host() {
    let (server, _) = stage();
    let cookie = signed_in(&server);
    let page = get_with(&server, "/dev", &cookie).body;
    let card = unescaped(card(&page, "locked"));
    // LTI 1.3 signs with a key of this process, so it needs no secret of the file.
    let buttons: Vec<&str> = card.split("<button").skip(1).collect();
    let is_v1p3 = |button: &&str| {
        ["name=\"lti\"", "token_mistake", "links-1.3"].iter().any(|name| button.contains(name))
    };
    assert!(!buttons.is_empty() && buttons.iter().all(is_v1p3), "{card}");
    assert!(
        card.contains(
            "cannot launch this tool by LTI 1.1: its secret is configured, and with dev_host \
             this page signs only with the random secrets of this start: unset the variable of \
             the secret."
        ),
        "{page}"
    );
    let reply = get_with(&server, "/dev/launch?tool=locked", &cookie);
    assert_eq!(reply.status, 404);
    assert!(!reply.body.contains("oauth_signature"));
}

#[test]
fn the_public_placeholder_is_invalid_with_dev_host() {
    let (server, _) = stage();
    let url = format!("https://{HOST}/lti/page");
    for (nonce, secret, status) in [("1", "development-secret", 401), ("2", RANDOM_SECRET, 200)] {
        let form = crate::support::Form {
            url: &url,
            key: "page-key",
            secret,
            nonce,
            ..Default::default()
        };
        let headers = [("Host", HOST), ("Content-Type", "application/x-www-form-urlencoded")];
        let reply = server.send("POST", "/lti/page", &headers, form.sign().as_bytes());
        assert_eq!(reply.status, status, "{secret}");
    }
    // A secret that is not set seals nothing with a public value either.
    let own = TOOLS.replace("secret = \"the gateway's own, of 32 characters\"", "");
    let fixed = super::server(&own, true);
    let random =
        exposed(&own.replace("[gateway]", &format!("[gateway]\ndev_host = \"https://{HOST}\"")));
    let keys = |server: &Server| {
        server.send("GET", "/.well-known/jwks.json", &[("Host", "localhost")], b"").json()
    };
    assert_ne!(keys(&fixed), keys(&random));
}

/// A later configuration without `dev_host` makes the network address no more private.
#[test]
fn a_process_that_started_with_dev_host_keeps_the_token() {
    let server = exposed(TOOLS);
    for target in PAGES {
        assert_eq!(get(&server, target).status, 401, "{target}");
    }
    let headers = [("Host", "localhost"), ("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("token={TOKEN}");
    let reply = server.send("POST", "/dev/token", &headers, body.as_bytes());
    let cookie = reply.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let headers = [("Host", "localhost"), ("Cookie", cookie.expect("a cookie"))];
    let reply = server.send("GET", "/dev/launch?tool=locked", &headers, b"");
    assert_eq!(reply.status, 404);
    assert!(!reply.body.contains("oauth_signature"));
}

#[test]
fn with_dev_host_the_tool_list_shows_no_key() {
    let (exposed, _) = stage();
    let own = server(TOOLS, true);
    assert!(get(&own, "/").body.contains("page-key"));
    let list = exposed.send("GET", "/", &[("Host", HOST)], b"");
    assert_eq!(list.status, 200);
    assert!(!list.body.contains("page-key") && !list.body.contains("locked-key"), "{}", list.body);
    assert!(list.body.contains(&format!("https://{HOST}/lti/page")), "{}", list.body);
}

#[test]
fn an_app_behind_dev_host_gets_grades_its_own_origin_and_one_issuer() {
    let (server, upstream) = stage();
    let cookie = signed_in(&server);
    let form = form_of(&server, "/dev/launch?tool=nb", &cookie);
    assert_eq!(form.action, format!("https://{HOST}/lti/nb"));
    let mut browser = Browser::at(&server, HOST);
    let mut reply = browser.post_form("/lti/nb", &form.pairs.body());
    for _ in 0..2 {
        assert_eq!(reply.status, 303, "{reply:?}");
        reply = browser.get(reply.header("location").expect("a redirect"));
    }
    assert_eq!(reply.status, 200, "{reply:?}");
    let request = upstream.request();
    assert_eq!(request.header("x-forwarded-host").as_deref(), Some(HOST));
    assert_eq!(request.header("x-forwarded-proto").as_deref(), Some("https"));
    let keys = server.send("GET", "/.well-known/jwks.json", &[("Host", HOST)], b"").json();
    let assertion = verify(&request.header("x-lti-assertion").expect("one"), &keys);
    assert_eq!(assertion.expect("a valid assertion").claims["iss"], format!("https://{HOST}"));

    // The outcome services ask for a signature instead of the token.
    let token = request.header("x-lti-grade-token").expect("a grade token");
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "localhost"), ("Authorization", authorization.as_str())];
    let told = server.send("POST", "/grades", &headers, br#"{"score":0.5}"#);
    assert_eq!((told.status, &told.json()["status"]), (200, &"delivered".into()), "{told:?}");
    assert!(get_with(&server, "/dev/gradebook", &cookie).body.contains("0.5"));
}

#[test]
fn a_forwarder_may_rewrite_the_origin_of_an_apps_own_page() {
    let (server, upstream) = stage();
    let cookie = signed_in(&server);
    let form = form_of(&server, "/dev/launch?tool=nb", &cookie);
    let launched = post(&server, "/lti/nb", &form, HOST);
    let cookies: Vec<String> = launched
        .all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.split(';').next().map(str::to_owned))
        .collect();
    let cookies = cookies.join("; ");
    let entry = launched.header("location").expect("an entry URL").to_owned();
    let own = [("Host", "localhost:5000"), ("Cookie", cookies.as_str())];
    let app = server.send("GET", &entry, &own, b"").header("location").expect("the app").to_owned();
    for (site, origin, is_own) in [
        ("same-origin", "http://localhost:5000", true),
        ("same-origin", "https://localhost:5000", true),
        ("same-origin", "https://name-5000.app.github.dev", true),
        ("cross-site", "http://localhost:5000", false),
        ("same-site", "https://localhost:5000", false),
        ("same-origin", "https://evil.example", false),
        ("cross-site", "https://evil.example", false),
    ] {
        let headers = [own[0], own[1], ("Sec-Fetch-Site", site), ("Origin", origin)];
        let reply = server.send("POST", &app, &headers, b"x=1");
        assert_eq!(reply.status, if is_own { 200 } else { 403 }, "{site} {origin}");
        if is_own {
            // The app sees the origin of a page of its own.
            let request = upstream.request();
            assert_eq!(request.header("origin"), Some(upstream.origin()), "{site} {origin}");
        }
    }
    upstream.saw_nothing();
}
