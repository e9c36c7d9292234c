//! Attacks on deep linking: forged and stolen selections, open redirects, injected markup.

use super::*;

/// Sends the form of a picker.
fn form(selection: &str, link: &str) -> String {
    let mut pairs = Pairs(Vec::new());
    pairs.add("lti_selection", selection);
    pairs.add("link", link);
    pairs.body()
}

#[test]
fn only_the_sealed_request_decides_where_links_go() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({})));
    let selection = values(&picker.body, "lti_selection").remove(0);
    let link = values(&picker.body, "link").remove(0);
    // Other fields have no effect.
    let more = "&return_url=https%3A%2F%2Fevil.example%2F&deep_link_return_url=https%3A%2F%2Fevil";
    let (url, _) = posted(&browser.post_form("/~links", &(form(&selection, &link) + more)));
    assert_eq!(url, RETURN);
    let flipped = |at: usize| {
        let mut text = selection.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).expect("ASCII")
    };
    let longer = format!("{selection}A");
    for altered in ["", "x", &selection[1..], &longer, &flipped(5), &flipped(60), &flipped(200)] {
        let reply = browser.post_form("/~links", &form(altered, &link));
        assert_eq!(reply.status, 401, "{altered}");
        assert!(!reply.body.contains("lms.example"), "{}", reply.body);
    }
    for target in ["/~links", "/~links?", "/~links?lti_links=", "/~links?lti_links=x"] {
        assert_eq!(browser.get(target).status, 401, "{target}");
    }
    let mixed = format!("/~links?lti_links={selection}");
    assert_eq!(browser.get(&mixed).status, 401, "a form is no URL");
    // A key that no link has.
    is_picker(&browser.post_form("/~links", &form(&selection, "AAAAAAAAAAAAAAAA")));
    assert_eq!(browser.post_form("/~links", "").status, 401);
    let json = [("Content-Type", "application/json")];
    assert_eq!(browser.send("POST", "/~links", &json, b"{}").status, 415);
}

#[test]
fn a_page_of_another_site_cannot_send_the_form() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({})));
    let form = form(&values(&picker.body, "lti_selection")[0], &values(&picker.body, "link")[0]);
    let content = ("Content-Type", "application/x-www-form-urlencoded");
    let mut send = |headers: &[(&str, &str)]| {
        let headers = [&[content], headers].concat();
        browser.send("POST", "/~links", &headers, form.as_bytes())
    };
    for headers in [
        &[("Origin", "https://evil.example")][..],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "https://sub.tool.example")],
    ] {
        let reply = send(headers);
        assert_eq!(reply.status, 403, "{headers:?}");
        assert!(!reply.body.contains("JWT"), "{}", reply.body);
    }
    posted(&send(&[("Origin", "https://tool.example"), ("Sec-Fetch-Site", "same-origin")]));
    // Other spellings of the path are not another way.
    for path in ["/%7Elinks", "/%7elinks", "/~link%73", "//~links", "/~links/", "/./~links"] {
        let foreign = [content, ("Origin", "https://evil.example")];
        let reply = browser.send("POST", path, &foreign, form.as_bytes());
        assert!(reply.status >= 400, "{path}: {}", reply.status);
        assert!(!reply.body.contains("JWT"), "{path}: {}", reply.body);
    }
}

#[test]
fn a_return_url_cannot_run_scripts_or_leave_its_attribute() {
    let stage = Stage::with_links();
    for (at, url) in [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://lms.example/\"><script>alert(1)</script>",
        "https://lms.example/'onmouseover='alert(1)",
        "https://lms.example/\r\nSet-Cookie: a=b",
        "//evil.example/",
        "https://user@evil.example/",
        "https:/evil.example/",
        "",
    ]
    .iter()
    .enumerate()
    {
        let nonce = format!("url-{at}");
        let form = content_item(&[]).but(&[("content_item_return_url", url)]);
        let reply = stage.browser().launch(&Form { nonce: &nonce, ..form });
        rejected(&reply, 400, "malformed-claim");
        assert!(!reply.body.contains("alert(1)"), "{}", reply.body);
    }
}

#[test]
fn data_and_titles_stay_text_on_the_pages() {
    let stage =
        Stage::with("title = '<script>alert(1)</script>'".replace("title", "description").as_str());
    let data = "\"><script>alert(1)</script><input name=\"x\" value=\"";
    let mut browser = stage.browser();
    let picker = browser.launch(&content_item(&[("data", data)]));
    assert!(!picker.body.contains("<script>"), "{}", picker.body);
    let reply = pick(&mut browser, &picker, &[]);
    // The only script is the page's own.
    assert_eq!(reply.body.matches("<script>").count(), 1, "{}", reply.body);
    assert!(!reply.body.contains("<script>alert"), "{}", reply.body);
    let (_, pairs) = posted(&reply);
    assert_eq!(pairs.get("data"), data);
    assert!(pairs.0.iter().all(|(name, _)| name != "x"));
}

#[test]
fn a_selection_ends_with_its_consumer() {
    let tools = |key: &str| {
        format!(
            "{GATEWAY}\n[tools.nb]\nkey = \"{key}\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n"
        )
    };
    let [one, other] = ["key-1", "key-2"].map(|key| {
        let tools = tools(key);
        Server::start(&Setup { tools: &tools, ..Setup::default() })
    });
    let picker = Browser::new(&one).launch(&content_item(&[]));
    // Another process with the same secret, whose file has another consumer.
    assert_eq!(pick(&mut Browser::new(&other), &picker, &[]).status, 401);
    posted(&pick(&mut Browser::new(&one), &picker, &[]));
}
