//! Links that tools return to the practice platform, in both versions of LTI.

use lti::jose::sign;
use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::{Secret, v1p1};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::login::answered;
use super::services::tool_key;
use super::*;
use crate::support::{NOW, claims_of};

const ISSUER: &str = "http://practice.localhost/dev/platform";
const LTI: &str = "https://purl.imsglobal.org/spec/lti/claim";
const DEEP_LINKING: &str = "https://purl.imsglobal.org/spec/lti-dl/claim";

/// The launch URL of the tool `page`.
fn launch_url(server: &Server) -> String {
    format!("http://127.0.0.1:{}/lti/page", server.address.port())
}

/// A request for links by LTI 1.3: the claims of its token.
fn requested(server: &Server) -> Value {
    let launched = answered(server, "tool=page&person=instructor-1&message=links-1.3");
    claims_of(launched.answer.pairs.get("id_token"))
}

/// The claims of a response to it.
fn response(server: &Server, request: &Value) -> Value {
    let settings = &request[&format!("{DEEP_LINKING}/deep_linking_settings")];
    json!({
        "iss": "page", "aud": [ISSUER], "iat": NOW, "exp": NOW + 300, "nonce": "n-1",
        format!("{LTI}/deployment_id"): "1",
        format!("{LTI}/message_type"): "LtiDeepLinkingResponse",
        format!("{LTI}/version"): "1.3.0",
        format!("{DEEP_LINKING}/data"): settings["data"],
        format!("{DEEP_LINKING}/content_items"): [
            {
                "type": "ltiResourceLink", "title": "Week <1>", "text": "The first one",
                "url": launch_url(server), "custom": {"x": "of the link"},
                "lineItem": {"label": "W1", "scoreMaximum": 10, "resourceId": "r-1"},
            },
            {"type": "ltiResourceLink", "url": "https://evil.example/lti/page"},
            {"type": "html", "html": "<b>"},
        ],
    })
}

/// Sends an answer, as the tool's page does. Returns the text of the page.
fn answer(server: &Server, pairs: &Pairs) -> String {
    let host = format!("localhost:{}", server.address.port());
    let headers = [
        ("Host", host.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let body = pairs.body();
    let reply = server.send("POST", "/dev/platform/links", &headers, body.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
    unescaped(&super::gradebook::without_tags(&reply.body))
}

fn token_answer(server: &Server, claims: &Value) -> String {
    let token = sign(claims, &tool_key(), &SystemRandom::new()).expect("a token");
    answer(server, &Pairs(vec![("JWT".to_owned(), token)]))
}

#[test]
fn a_request_by_lti_1_3_names_the_return_url_and_data_with_every_character() {
    let server = server(TOOLS, true);
    let request = requested(&server);
    assert_eq!(request[&format!("{LTI}/message_type")], "LtiDeepLinkingRequest");
    assert_eq!(request[&format!("{LTI}/resource_link")], Value::Null);
    let settings = &request[&format!("{DEEP_LINKING}/deep_linking_settings")];
    let url = format!("http://localhost:{}/dev/platform/links", server.address.port());
    assert_eq!(settings["deep_link_return_url"], url);
    assert!(settings["data"].as_str().is_some_and(|data| data.ends_with(" &amp;<\"'>+%2B\\é")));
}

#[test]
fn a_picked_link_is_launched_with_its_title_place_and_custom_parameters() {
    let server = server(TOOLS, true);
    let request = requested(&server);
    let mut claims = response(&server, &request);
    let items = format!("{DEEP_LINKING}/content_items");
    claims[&items][0]["url"] = json!(format!("{}?x=2", launch_url(&server)));
    let page = token_answer(&server, &claims);
    for part in [
        "answered by LTI 1.3",
        "Week <1> The first one Block of the course link-1 Place in the tool ?x=2",
        "x of the link Points 10",
        "does not add this link: url is not at the launch URL of the tool",
        "does not add this link: type is not ltiResourceLink",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(get(&server, "/dev").body.contains("<option value=\"link-1\">Week &lt;1&gt;"));

    let launched = answered(&server, "tool=page&lti=1.3&link=link-1&custom=unit%3D7");
    let token = claims_of(launched.answer.pairs.get("id_token"));
    assert_eq!(token[&format!("{LTI}/target_link_uri")], format!("{}?x=2", launch_url(&server)));
    let block = "block-v1:Practice+LTI+2026+type@lti_consumer+block@link-1";
    let link = &token[&format!("{LTI}/resource_link")];
    assert_eq!(link, &json!({"id": block, "title": "Week <1>"}));
    let custom = &token[&format!("{LTI}/custom")];
    assert_eq!((&custom["x"], &custom["unit"]), (&json!("of the link"), &json!("7")));
    let grades = &token["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"];
    let item = format!("{ISSUER}/page/lineitems/link-1/lineitem?type_id=1");
    assert_eq!(grades["lineitem"], item);

    // By LTI 1.1, the same link.
    let page = get(&server, "/dev/launch?tool=page&link=link-1");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    assert_eq!(form.action, format!("{}?x=2", launch_url(&server)));
    assert_eq!(form.pairs.get("resource_link_title"), "Week <1>");
    assert_eq!(form.pairs.get("custom_x"), "of the link");
    assert!(form.pairs.get("lis_outcome_service_url").contains("/page/link-1/"));
    assert_eq!(form.send(&server).status, 200);
    // A link of another tool is an ordinary block.
    let other = get(&server, "/dev/launch?tool=locked&link=link-1");
    assert!(!other.body.contains("of the link"), "{}", other.body);
}

#[test]
fn an_answer_with_one_wrong_part_adds_no_link_and_the_request_stays_open() {
    let server = server(TOOLS, true);
    let request = requested(&server);
    let good = response(&server, &request);
    for (name, value) in [
        ("iss".to_owned(), json!("locked")),
        ("aud".to_owned(), json!("https://evil.example")),
        ("exp".to_owned(), json!(NOW - 61)),
        ("exp".to_owned(), json!(NOW + 3601)),
        ("iat".to_owned(), json!(NOW + 61)),
        ("nonce".to_owned(), Value::Null),
        (format!("{LTI}/deployment_id"), json!("2")),
        (format!("{LTI}/message_type"), json!("LtiDeepLinkingRequest")),
        (format!("{LTI}/version"), json!("1.3")),
        (format!("{DEEP_LINKING}/data"), json!("another")),
        (format!("{DEEP_LINKING}/content_items"), json!({})),
    ] {
        let mut wrong = good.clone();
        wrong[&name] = value;
        let page = token_answer(&server, &wrong);
        assert!(page.contains("does not accept this answer: "), "{name}: {page}");
    }
    let key = lti::jose::RsaKey::derive(&Secret::new("another secret"), &"practice".into());
    let forged = sign(&good, &key, &SystemRandom::new()).expect("a token");
    let page = answer(&server, &Pairs(vec![("JWT".to_owned(), forged)]));
    assert!(page.contains("names no key of the keyset"), "{page}");
    assert!(!get(&server, "/dev").body.contains("link-1"));
    assert!(token_answer(&server, &good).contains("link-1"));
    // Answered.
    let mut again = good.clone();
    again["nonce"] = json!("n-2");
    assert!(token_answer(&server, &again).contains("does not accept this answer: data is not"));
    // Another request, the nonce of an earlier answer.
    let replayed = response(&server, &requested(&server));
    assert!(token_answer(&server, &replayed).contains("the nonce was used before"));
    let mut empty = replayed;
    empty["nonce"] = json!("n-3");
    empty[&format!("{DEEP_LINKING}/content_items")] = json!([]);
    assert!(token_answer(&server, &empty).contains("The tool returned no link"));
}

/// The response of the tool `page` to a request for links by LTI 1.1.
fn content_items(form: &Form, url: &str, secret: &str, items: Option<&Value>) -> Pairs {
    let items = items.map(Value::to_string);
    let mut params = vec![
        ("lti_message_type", "ContentItemSelection"),
        ("lti_version", "LTI-1p0"),
        ("data", form.pairs.get("data")),
    ];
    params.extend(items.as_deref().map(|items| ("content_items", items)));
    let credentials = Credentials {
        key: "page-key",
        signing_key: &SigningKey::new(&Secret::new(secret)),
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "n",
    };
    Pairs::read(&v1p1::sign(url, &params, &credentials).expect("a form"))
}

#[test]
fn links_are_picked_by_lti_1_1_too() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev/launch?tool=page&person=instructor-1&message=links");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    assert_eq!(form.action, launch_url(&server));
    for (name, value) in [
        ("lti_message_type", "ContentItemSelectionRequest"),
        ("accept_media_types", "application/vnd.ims.lti.v1.ltilink"),
        ("roles", "Instructor"),
        ("text", "Two lines\r\nof the author"),
    ] {
        assert_eq!(form.pairs.get(name), value);
    }
    let names: Vec<&str> = form.pairs.0.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!names.contains(&"resource_link_id") && !names.contains(&"lis_result_sourcedid"));
    let url = form.pairs.get("content_item_return_url");
    let items = json!({
        "@context": "http://purl.imsglobal.org/ctx/lti/v1/ContentItem",
        "@graph": [
            {
                "@type": "LtiLinkItem", "mediaType": "application/vnd.ims.lti.v1.ltilink",
                "url": format!("{}/a?b=c", launch_url(&server)), "title": "Week 2",
                "custom": {"x": "two\r\nlines"},
                "lineItem": {
                    "@type": "LineItem", "label": "W2", "reportingMethod": "res:totalScore",
                    "scoreConstraints": {"@type": "NumericLimits", "normalMaximum": 5},
                },
            },
            {"@type": "FileItem", "mediaType": "text/html", "url": launch_url(&server)},
        ],
    });
    for (secret, signed_url) in [("another", url), ("development-secret", "http://x.example/")] {
        let page = answer(&server, &content_items(&form, signed_url, secret, Some(&items)));
        assert!(page.contains("the signature does not match"), "{page}");
    }
    let good = content_items(&form, url, "development-secret", Some(&items));
    let mut changed = good.clone();
    changed.set("lti_version", "LTI-2p0");
    assert!(answer(&server, &changed).contains("lti_version is not LTI-1p0"));
    let page = answer(&server, &good);
    assert!(page.contains("answered by LTI 1.1"), "{page}");
    assert!(page.contains("Week 2 Block of the course link-1 Place in the tool /a?b=c"), "{page}");
    assert!(page.contains("Points 5") && page.contains("@type is not LtiLinkItem"), "{page}");
    assert!(answer(&server, &good).contains("does not accept this answer: data is not"));

    let page = get(&server, "/dev/launch?tool=page&message=links");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let cancelled = content_items(&form, url, "development-secret", None);
    assert!(answer(&server, &cancelled).contains("The tool returned no link"));
}

#[test]
fn the_newest_hundred_links_are_kept_and_twenty_of_an_answer() {
    let server = server(TOOLS, true);
    for number in 0..6 {
        let mut claims = response(&server, &requested(&server));
        claims["nonce"] = json!(number.to_string());
        let item = json!({"type": "ltiResourceLink", "url": launch_url(&server)});
        claims[&format!("{DEEP_LINKING}/content_items")] = json!(vec![item; 25]);
        let page = token_answer(&server, &claims);
        assert_eq!(page.matches("Block of the course").count(), 20, "{page}");
    }
    let page = get(&server, "/dev").body;
    let first = page.find("value=\"link-21\"").expect("the oldest");
    assert!(!page.contains("value=\"link-20\"") && page[first..].contains("value=\"link-120\""));
    // A link without a line item accepts no grade.
    let launched = answered(&server, "tool=page&lti=1.3&link=link-120");
    let token = claims_of(launched.answer.pairs.get("id_token"));
    let grades = &token["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"];
    assert_eq!(grades["lineitem"], Value::Null);
    assert!(grades["lineitems"].is_string());
}
