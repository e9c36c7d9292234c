//! The gateway's own picker.

use super::*;

// Checklist F1.i 175.
#[test]
fn a_user_picks_links_by_lti_1p3() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({})));
    is_picker(&picker);
    assert!(picker.body.contains("<h1>Notebook</h1>"), "{}", picker.body);
    assert!(picker.body.contains("Sums &lt;up&gt; to ten"), "{}", picker.body);
    assert!(picker.body.contains("Week &lt;2&gt; &amp; &quot;more&quot;"), "{}", picker.body);
    assert_eq!(picker.body.matches("type=\"checkbox\"").count(), 3);
    for private in ["user-4711", "Ada", "sesskey", "lms.example"] {
        assert!(!picker.body.contains(private), "{private}");
    }
    let reply = pick(&mut browser, &picker, &[1, 0]);
    let (url, pairs) = posted(&reply);
    assert_eq!(url, RETURN);
    let response = verified(&stage, &pairs);
    assert_eq!(response["iss"], "client-1");
    assert_eq!(response["aud"], json!(["https://lms.example"]));
    assert_eq!((&response["iat"], &response["exp"]), (&json!(NOW), &json!(NOW + 300)));
    assert_eq!(response[lti_claim("deployment_id")], "1");
    assert_eq!(response[lti_claim("message_type")], "LtiDeepLinkingResponse");
    assert_eq!(response[lti_claim("version")], "1.3.0");
    assert!(response.get(DATA).is_none());
    let items = &response[ITEMS];
    let ids = [0, 1].map(|at| items[at]["lineItem"]["resourceId"].clone());
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.as_str().is_some_and(|id| id.len() == 22)));
    // In the order of the file.
    assert_eq!(
        *items,
        json!([
            {
                "type": "ltiResourceLink",
                "url": "https://tool.example/lti/nb/week/1?x=2",
                "title": "Week 1",
                "text": "Sums <up> to ten",
                "custom": {"unit": "w1"},
                "lineItem": {"label": "Week 1", "scoreMaximum": 10, "resourceId": ids[0]},
            },
            {
                "type": "ltiResourceLink",
                "url": "https://tool.example/lti/nb/week/2",
                "title": "Week <2> & \"more\"",
                "lineItem": {
                    "label": "Week <2> & \"more\"",
                    "scoreMaximum": 2.5,
                    "resourceId": ids[1],
                },
            },
        ])
    );
    stage.upstream.saw_nothing();
    let lines = log_lines(" tool=\"nb\" consumer=\"moodle\" outcome=\"returned\" links=2 ");
    assert!(!lines.is_empty());
}

#[test]
fn a_user_picks_links_by_lti_1p1() {
    let stage = Stage::with_links();
    for (nonce, method) in [("1", SignatureMethod::HmacSha1), ("2", SignatureMethod::HmacSha256)] {
        let mut browser = stage.browser();
        let data = "a&<\"é\r\nb";
        let form = Form { method, nonce, ..content_item(&[("data", data)]) };
        let picker = browser.launch(&form);
        let reply = pick(&mut browser, &picker, &[0, 2]);
        let (url, pairs) = posted(&reply);
        assert_eq!((url.as_str(), pairs.get("data")), (RETURN, data));
        let items = verified_items(&pairs, RETURN, method);
        let line_item = &items["@graph"][0]["lineItem"];
        assert_eq!(line_item["scoreConstraints"]["normalMaximum"], 10);
        assert_eq!(
            items["@graph"],
            json!([
                {
                    "@type": "LtiLinkItem",
                    "mediaType": "application/vnd.ims.lti.v1.ltilink",
                    "url": "https://tool.example/lti/nb/week/1?x=2",
                    "title": "Week 1",
                    "text": "Sums <up> to ten",
                    "custom": {"unit": "w1"},
                    "lineItem": line_item,
                },
                {
                    "@type": "LtiLinkItem",
                    "mediaType": "application/vnd.ims.lti.v1.ltilink",
                    "url": "https://tool.example/lti/nb",
                    "title": "All",
                },
            ])
        );
    }
    stage.upstream.saw_nothing();
}

#[test]
fn one_link_has_radio_buttons_and_no_second_choice() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({"accept_multiple": false})));
    assert_eq!(picker.body.matches("type=\"radio\"").count(), 3);
    assert!(!picker.body.contains(" checked"), "{}", picker.body);
    for links in [&[0, 1][..], &[]] {
        let again = pick(&mut browser, &picker, links);
        is_picker(&again);
        assert!(again.body.contains("role=\"alert\""), "{}", again.body);
        assert!(again.body.contains("Choose one, or cancel."), "{}", again.body);
    }
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[2]));
    let items = &verified(&stage, &pairs)[ITEMS];
    assert_eq!(
        *items,
        json!([{"type": "ltiResourceLink", "url": "https://tool.example/lti/nb", "title": "All"}])
    );
    let several = stage.ask(&mut browser, settings(json!({})));
    let again = pick(&mut browser, &several, &[]);
    assert!(again.body.contains("Choose at least one, or cancel."), "{}", again.body);
}

#[test]
fn a_tool_without_links_is_the_only_choice() {
    for of_tool in ["description = \"A <notebook>\"\nicon = \"/static/icon.png\"", "template"] {
        let stage = match of_tool {
            "template" => {
                let platform = Platform::start();
                let tools = format!(
                    "{GATEWAY}{}\n[tools.nb]\ntitle = \"Notebook\"\nplatforms = \"moodle\"\n\
                     template = \"page\"\n",
                    platform.table("")
                );
                let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
                Stage { upstream: Recorder::start(), server, _platform: platform }
            }
            of_tool => Stage::with(of_tool),
        };
        let mut browser = stage.browser();
        let picker = stage.ask(&mut browser, settings(json!({})));
        assert!(values(&picker.body, "link").is_empty());
        assert_eq!(picker.body.matches("<button").count(), 2);
        let (_, pairs) = posted(&pick(&mut browser, &picker, &[]));
        let items = &verified(&stage, &pairs)[ITEMS];
        let mut expected = json!({
            "type": "ltiResourceLink",
            "url": "https://tool.example/lti/nb",
            "title": "Notebook",
        });
        if of_tool != "template" {
            expected["text"] = json!("A <notebook>");
            expected["icon"] = json!({"url": "https://tool.example/static/icon.png"});
        }
        assert_eq!(*items, json!([expected]));
    }
}

// LTI13 §18, case 28.
#[test]
fn cancel_returns_an_empty_list() {
    let stage = Stage::with_links();
    let cancel = |browser: &mut Browser<'_>, picker: &Reply| {
        let mut pairs = Pairs(Vec::new());
        pairs.add("lti_selection", &values(&picker.body, "lti_selection")[0]);
        pairs.add("link", &values(&picker.body, "link")[0]);
        pairs.add("cancel", "1");
        posted(&browser.post_form("/~links", &pairs.body())).1
    };
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({"data": "d"})));
    let response = verified(&stage, &cancel(&mut browser, &picker));
    assert_eq!((&response[ITEMS], &response[DATA]), (&json!([]), &json!("d")));
    let picker = browser.launch(&content_item(&[]));
    let pairs = cancel(&mut browser, &picker);
    let items = verified_items(&pairs, RETURN, SignatureMethod::HmacSha1);
    assert_eq!(items["@graph"], json!([]));
}

// LTI13 §18, case 28.
#[test]
fn data_comes_back_byte_for_byte() {
    let stage = Stage::with_links();
    let data: String = "&<\"'é\u{1f600}\r\n\t ".chars().cycle().take(3000).collect();
    assert!(data.len() > 4096);
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({ "data": data })));
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[0]));
    assert_eq!(verified(&stage, &pairs)[DATA], json!(data));
    // Again by the page that says what is wrong.
    let again = pick(&mut browser, &picker, &[]);
    let (_, pairs) = posted(&pick(&mut browser, &again, &[0]));
    assert_eq!(verified(&stage, &pairs)[DATA], json!(data));
    let picker = browser.launch(&content_item(&[("data", &data)]));
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[0]));
    assert_eq!(pairs.get("data"), data);
    verified_items(&pairs, RETURN, SignatureMethod::HmacSha1);
}

#[test]
fn a_reload_shows_the_picker_again_and_the_nonce_is_spent_last() {
    let stage = Stage::with_links();
    // A rejected request spends no nonce: the same form with an allowed URL would be accepted.
    let mut browser = stage.browser();
    let form = content_item(&[]);
    let picker = browser.launch(&form);
    is_picker(&picker);
    let again = browser.launch(&form);
    is_picker(&again);
    posted(&pick(&mut browser, &again, &[0]));
    posted(&pick(&mut browser, &picker, &[0]));
    let mut other = stage.browser();
    rejected(&other.launch(&form), 401, "replayed");

    let redirected = Redirected::log_in(&mut browser, &login());
    let token = token(&request(redirected.nonce(), settings(json!({})), INSTRUCTOR));
    let form = answer_form(&token, redirected.state());
    is_picker(&browser.post_form("/lti/nb", &form));
    stage.server.set_now(NOW + 3600);
    is_picker(&browser.post_form("/lti/nb", &form));
}

#[test]
fn the_form_is_valid_for_an_hour() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({})));
    stage.server.set_now(NOW + 3600);
    posted(&pick(&mut browser, &picker, &[0]));
    stage.server.set_now(NOW + 3601);
    let reply = pick(&mut browser, &picker, &[0]);
    assert_eq!(reply.status, 401);
    assert!(reply.body.contains("<h1>Select the content again</h1>"), "{}", reply.body);
}

// LTI13 §18, case 28.
#[test]
fn only_staff_assistants_and_content_developers_may_pick() {
    let stage = Stage::with_links();
    let role = |role: &str| format!("http://purl.imsglobal.org/vocab/lis/v2/membership{role}");
    for name in ["#Learner", "#Mentor", "#Member"] {
        let mut browser = stage.browser();
        let reply = stage.ask_as(&mut browser, settings(json!({})), &role(name));
        rejected(&reply, 403, "role-not-allowed");
        assert!(reply.body.contains("<h1>Only course staff may add this</h1>"), "{}", reply.body);
    }
    for name in
        ["#Instructor", "#Administrator", "#ContentDeveloper", "/Instructor#TeachingAssistant"]
    {
        let mut browser = stage.browser();
        is_picker(&stage.ask_as(&mut browser, settings(json!({})), &role(name)));
    }
    for (at, (name, may_pick)) in
        [("Learner", false), ("Mentor", false), ("TeachingAssistant", true)].iter().enumerate()
    {
        let nonce = format!("role-{at}");
        let form = content_item(&[]).but(&[("roles", name)]);
        let reply = stage.browser().launch(&Form { nonce: &nonce, ..form });
        match may_pick {
            true => is_picker(&reply),
            false => drop(rejected(&reply, 403, "role-not-allowed")),
        }
    }
    let stage = Stage::with(
        &format!("roles = [\"administrator\"]\n{LINKS}")
            .replace(", points = 10", "")
            .replace(", points = 2.5", ""),
    );
    let reply = stage.ask(&mut stage.browser(), settings(json!({})));
    rejected(&reply, 403, "role-not-allowed");
}

#[test]
fn a_platform_that_accepts_no_links_is_rejected() {
    let stage = Stage::with_links();
    let reply =
        stage.ask(&mut stage.browser(), settings(json!({"accept_types": ["file", "html"]})));
    let line = rejected(&reply, 400, "links-not-accepted");
    assert!(line.contains("file, html"), "{line}");
    assert!(reply.body.contains("<h1>This tool only adds links</h1>"), "{}", reply.body);
    let form = content_item(&[]).but(&[("accept_media_types", "text/html,image/*")]);
    rejected(&stage.browser().launch(&form), 400, "links-not-accepted");
}

#[test]
fn line_items_stay_away_where_the_platform_does_not_accept_them() {
    let stage = Stage::with_links();
    let mut browser = stage.browser();
    let picker = stage.ask(&mut browser, settings(json!({"accept_lineitem": false})));
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[0, 1]));
    let items = &verified(&stage, &pairs)[ITEMS];
    assert!(items[0].get("lineItem").is_none() && items[1].get("lineItem").is_none());
}
