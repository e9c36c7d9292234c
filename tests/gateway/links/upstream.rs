//! An upstream's own picker.

use super::*;
use crate::support::Recorded;

const PICKER: &str = "picker = \"/choose?from=lms\"\ngrades = true";

/// Opens the picker. Returns its first request at the upstream.
#[track_caller]
fn opened(stage: &Stage, browser: &mut Browser<'_>, asked: &Reply) -> Recorded {
    assert_eq!(asked.status, 303, "{asked:?} {:?}", asked.reference().map(log_lines));
    let entered = browser.get(asked.header("location").expect("an entry URL"));
    let page = entered.header("location").expect("a URL").to_owned();
    assert_eq!(browser.get(&page).body, "ok");
    stage.upstream.request()
}

/// The link token of a new request for links by LTI 1.3.
#[track_caller]
fn link_token(stage: &Stage, browser: &mut Browser<'_>, settings: Value) -> String {
    let asked = stage.ask(browser, settings);
    let request = opened(stage, browser, &asked);
    assert_eq!(request.line(), "GET /app/choose?from=lms");
    request.header("x-lti-link-token").expect("a link token")
}

/// Sends links as an upstream.
fn send(server: &Server, token: &str, body: &Value) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("Host", "tool.example"),
        ("Content-Type", "application/json"),
        ("Authorization", authorization.as_str()),
    ];
    server.send("POST", "/links", &headers, body.to_string().as_bytes())
}

/// The path and query of the browser's URL.
#[track_caller]
fn location(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let location = reply.json()["location"].as_str().expect("a URL").to_owned();
    let path = location.strip_prefix("https://tool.example").expect("the tool's origin");
    assert!(path.starts_with("/~links?lti_links="), "{location}");
    path.to_owned()
}

// Checklist F1.i 175.
#[test]
fn an_upstream_picks_links_and_the_browser_posts_them() {
    let stage = Stage::with(PICKER);
    let items = json!({"items": [
        {"title": "Week 1", "path": "/week/1?x=2", "custom": {"unit": "w1"}, "points": 10,
         "text": "Sums <up> to ten"},
        {"title": "All"},
    ]});
    let mut browser = stage.browser();
    let token = link_token(&stage, &mut browser, settings(json!({"data": "d&<\""})));
    let path = location(&send(&stage.server, &token, &items));
    let (url, pairs) = posted(&browser.get(&path));
    assert_eq!(url, RETURN);
    let response = verified(&stage, &pairs);
    assert_eq!(response[DATA], "d&<\"");
    let id = response[ITEMS][0]["lineItem"]["resourceId"].clone();
    assert_eq!(
        response[ITEMS],
        json!([
            {
                "type": "ltiResourceLink",
                "url": "https://tool.example/lti/nb/week/1?x=2",
                "title": "Week 1",
                "text": "Sums <up> to ten",
                "custom": {"unit": "w1"},
                "lineItem": {"label": "Week 1", "scoreMaximum": 10, "resourceId": id},
            },
            {"type": "ltiResourceLink", "url": "https://tool.example/lti/nb", "title": "All"},
        ])
    );
    let canceled = location(&send(&stage.server, &token, &json!({"items": []})));
    let (_, pairs) = posted(&browser.get(&canceled));
    assert_eq!(verified(&stage, &pairs)[ITEMS], json!([]));

    // The same by LTI 1.1.
    let asked = browser.launch(&content_item(&[("data", "d")]));
    let request = opened(&stage, &mut browser, &asked);
    assert_eq!(request.header("x-forwarded-user").as_deref(), Some("key-1:user-4711"));
    let token = request.header("x-lti-link-token").expect("a link token");
    let (_, pairs) = posted(&browser.get(&location(&send(&stage.server, &token, &items))));
    assert_eq!(pairs.get("data"), "d");
    let items = verified_items(&pairs, RETURN, SignatureMethod::HmacSha1);
    assert_eq!(items["@graph"][0]["url"], "https://tool.example/lti/nb/week/1?x=2");
    stage.upstream.saw_nothing();
}

#[test]
fn the_url_works_once_and_for_ten_minutes() {
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let token = link_token(&stage, &mut browser, settings(json!({})));
    let items = json!({"items": [{"title": "All"}]});
    let [first, second, third] = [(); 3].map(|()| location(&send(&stage.server, &token, &items)));
    // A HEAD of a link preview does not count.
    let host = [("Host", "tool.example")];
    assert_eq!(stage.server.send("HEAD", &first, &host, b"").status, 401);
    posted(&browser.get(&first));
    let again = browser.get(&first);
    assert_eq!(again.status, 401);
    assert!(again.body.contains("<h1>Select the content again</h1>"), "{}", again.body);
    stage.server.set_now(NOW + 600);
    posted(&browser.get(&second));
    stage.server.set_now(NOW + 601);
    assert_eq!(browser.get(&third).status, 401);
}

#[test]
fn the_token_is_of_one_selection_and_valid_for_an_hour() {
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let asked = stage.ask(&mut browser, settings(json!({})));
    let request = opened(&stage, &mut browser, &asked);
    let token = request.header("x-lti-link-token").expect("a link token");
    let items = json!({"items": [{"title": "All"}]});
    stage.server.set_now(NOW + 3600);
    location(&send(&stage.server, &token, &items));
    let page = request.header("x-forwarded-prefix").expect("a prefix") + "/choose";
    browser.get(&page);
    let header = stage.upstream.request().header("x-lti-link-token");
    assert!(header.is_some(), "the last second");
    stage.server.set_now(NOW + 3601);
    let reply = send(&stage.server, &token, &items);
    assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("bad-link-token")));
    stage.server.set_now(NOW + 3660);
    browser.get(&page);
    assert_eq!(stage.upstream.request().header("x-lti-link-token"), None, "the session goes on");
}

#[test]
fn a_newer_request_with_other_roles_ends_the_token() {
    let administrator = "http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator";
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let items = json!({"items": [{"title": "All"}]});
    let first = link_token(&stage, &mut browser, settings(json!({})));
    // With the same roles, both count.
    let second = link_token(&stage, &mut browser, settings(json!({})));
    location(&send(&stage.server, &first, &items));
    let asked = stage.ask_as(&mut browser, settings(json!({})), administrator);
    let third = opened(&stage, &mut browser, &asked).header("x-lti-link-token");
    for token in [&first, &second] {
        let reply = send(&stage.server, token, &items);
        assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("bad-link-token")));
    }
    location(&send(&stage.server, &third.expect("a link token"), &items));
}

#[test]
fn browsers_cannot_forge_the_token_and_trace_does_not_show_it() {
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let asked = stage.ask(&mut browser, settings(json!({})));
    let request = opened(&stage, &mut browser, &asked);
    let token = request.header("x-lti-link-token").expect("a link token");
    let page = request.header("x-forwarded-prefix").expect("a prefix") + "/choose";
    for name in ["X-LTI-Link-Token", "x_lti_link_token", "X-Lti.Link-Token"] {
        browser.send("GET", &page, &[(name, "forged")], b"");
        let request = stage.upstream.request();
        let sent = request.head.headers();
        let tokens: Vec<_> = sent.iter().filter(|(_, value)| value == "forged").collect();
        assert!(tokens.is_empty(), "{tokens:?}");
        assert_eq!(request.header("x-lti-link-token").as_deref().map(str::len), Some(token.len()));
    }
    browser.send("TRACE", &page, &[], b"");
    assert_eq!(stage.upstream.request().header("x-lti-link-token"), None);
    // A launch carries none.
    let launched = Form { url: "https://tool.example/lti/nb", nonce: "launch", ..Form::default() };
    let visit =
        browser.open(&launched.with(&[("user_id", "user-4711"), ("context_id", "course-1")]));
    browser.get(&visit.address);
    assert_eq!(stage.upstream.request().header("x-lti-link-token"), None);
    assert_ne!(visit.prefix, request.header("x-forwarded-prefix").expect("a prefix"));
}

#[test]
fn a_call_without_a_valid_token_or_body_has_its_code() {
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let one = link_token(&stage, &mut browser, settings(json!({"accept_multiple": false})));
    let check = |reply: Reply, status: u16, code: &str, message: &str| {
        let body = reply.json();
        assert_eq!((reply.status, &body["error"]), (status, &json!(code)), "{body}");
        let text = body["message"].as_str().expect("a message");
        assert!(text.contains(message), "{text}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    };
    let all = json!({"items": [{"title": "All"}]});
    let host = [("Host", "tool.example"), ("Content-Type", "application/json")];
    check(stage.server.send("POST", "/links", &host, b"{}"), 401, "no-link-token", "Bearer");
    for token in ["x", &one[1..], &format!("{one}A")] {
        let reply = send(&stage.server, token, &all);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
        check(reply, 401, "bad-link-token", "open the picker again");
    }
    check(stage.server.send("GET", "/links", &host, b""), 405, "wrong-method", "POST");
    let two = json!({"items": [{"title": "a"}, {"title": "b"}]});
    check(send(&stage.server, &one, &two), 422, "bad-links", "items[1]: the platform accepts only");
    for (item, message) in [
        (json!({"title": "a", "path": "/../../other"}), "items[0].path: the path has"),
        (json!({"title": "a", "path": "//evil.example"}), "items[0].path: the path begins with //"),
        (
            json!({"title": "a", "path": "https://evil.example/"}),
            "items[0].path: the path does not",
        ),
        (json!({"title": "a", "path": "/%2e%2e/x"}), "items[0].path: the path has"),
        (json!({"title": "a", "path": "/~abc"}), "items[0].path: the path begins with ~"),
        (json!({"title": "a", "url": "https://evil.example/"}), "items[0]: unknown field `url`"),
        (json!({"title": ""}), "items[0].title: it is empty"),
    ] {
        let body = json!({"items": [item]});
        check(send(&stage.server, &one, &body), 422, "bad-links", message);
    }
    let several = link_token(&stage, &mut browser, settings(json!({})));
    let random = |at: usize| {
        format!("{:x}", (at as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    };
    let many: Vec<Value> = (0..400).map(|at| json!({"title": random(at)})).collect();
    check(send(&stage.server, &several, &json!({"items": many})), 413, "too-large", "6000");
    let long = "x".repeat(64 * 1024);
    let huge = json!({"items": [{"title": "a", "text": long}]});
    check(send(&stage.server, &several, &huge), 413, "too-large", "64 KiB");
    location(&send(&stage.server, &several, &two));
}

#[test]
fn a_tool_with_prefix_tool_and_a_host_has_its_picker_there() {
    let stage = Stage::with(&format!("host = \"nb.example\"\nprefix = \"tool\"\n{PICKER}"));
    let mut browser = Browser::at(&stage.server, "nb.example");
    let form = Form { url: "https://nb.example/", ..content_item(&[]) };
    let asked = browser.launch(&form);
    let request = opened(&stage, &mut browser, &asked);
    assert_eq!(request.line(), "GET /app/choose?from=lms");
    let token = request.header("x-lti-link-token").expect("a link token");
    let body = json!({"items": [{"title": "a", "path": "/week/1"}]});
    // An app reaches the gateway by another name, too.
    let reply = send(&stage.server, &token, &body);
    let url = reply.json()["location"].as_str().expect("a URL").to_owned();
    let path = url.strip_prefix("https://nb.example").expect("the tool's own host");
    let (_, pairs) = posted(&browser.get(path));
    let items = verified_items(&pairs, RETURN, SignatureMethod::HmacSha1);
    assert_eq!(items["@graph"][0]["url"], "https://nb.example/week/1");
    stage.upstream.saw_nothing();
}

#[test]
fn data_that_fits_into_no_session_is_refused() {
    let stage = Stage::with(PICKER);
    let mut browser = stage.browser();
    let data: String = (0..120_u128)
        .map(|at| {
            format!("{:032x}", (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
        })
        .collect();
    let reply = stage.ask(&mut browser, settings(json!({"data": &data[..1500]})));
    assert_eq!(reply.status, 303, "{reply:?}");
    let reply = stage.ask(&mut browser, settings(json!({ "data": data })));
    let reference = reply.reference().expect("a reference");
    assert!(log_lines(reference)[0].contains("session"), "{:?}", log_lines(reference));
}
