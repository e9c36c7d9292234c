//! The page that posts the links to the platform.

use super::*;

/// The sources of `form-action` on the page for this return URL, or why there is none.
fn form_action(development: bool, url: &str) -> Result<String, String> {
    let tools = format!(
        "{GATEWAY}\n[tools.nb]\ntitle = \"Notebook\"\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
         template = \"page\"\n"
    );
    let tools = match development {
        true => tools.replace("public_url = \"https://tool.example\"\n", ""),
        false => tools,
    };
    let server = Server::start(&Setup { tools: &tools, development, ..Setup::default() });
    let host = if development { "localhost:5000" } else { "tool.example" };
    let launch_url = match development {
        true => "http://localhost:5000/lti/nb",
        false => "https://tool.example/lti/nb",
    };
    let mut browser = Browser::at(&server, host);
    let form = content_item(&[]).but(&[("content_item_return_url", url)]);
    let picker = browser.launch(&Form { url: launch_url, ..form });
    if picker.status != 200 {
        return Err(rejected(&picker, 400, "malformed-claim"));
    }
    let reply = pick(&mut browser, &picker, &[]);
    assert_eq!(posted(&reply).0, url);
    let policy = reply.header("content-security-policy").expect("a policy");
    let (_, sources) = policy.split_once("form-action ").expect("the directive");
    Ok(sources.split(';').next().unwrap_or_default().to_owned())
}

#[test]
fn the_return_url_must_be_https() {
    let production = |url: &str| form_action(false, url);
    assert_eq!(production("https://lms.example/r").as_deref(), Ok("https:"));
    assert_eq!(production("https://lms.example:8443/r?a=b").as_deref(), Ok("https:"));
    for url in ["http://lms.example/r", "http://localhost/r", "http://127.0.0.2/r"] {
        let line = production(url).expect_err("not allowed");
        assert!(line.contains("without an https return URL"), "{line}");
        assert!(line.contains("help=\"serve the platform by https"), "{line}");
    }
    // A host that outcome_hosts names.
    assert_eq!(
        production("http://named.example:8000/r").as_deref(),
        Ok("https: http://named.example:8000")
    );
}

#[test]
fn development_sends_links_to_loopback_hosts() {
    let loopback = "https: http://localhost:* http://*.localhost:* http://127.0.0.1:*";
    for url in ["http://localhost:8000/r", "http://practice.localhost/r", "http://127.0.0.1:1/r"] {
        let found = form_action(true, url).expect("allowed");
        assert!(found.starts_with(loopback), "{found}");
    }
    assert_eq!(form_action(true, "https://lms.example/r").as_deref(), Ok(loopback));
    let found = form_action(true, "http://[::1]:8000/r").expect("allowed");
    assert_eq!(found, format!("{loopback} http:"));
    assert!(form_action(true, "http://lms.example/r").is_err());
}

#[test]
fn a_rejected_return_url_spends_no_nonce() {
    let stage = Stage::with_links();
    let form = content_item(&[]).but(&[("content_item_return_url", "http://other.example/r")]);
    rejected(&stage.browser().launch(&form), 400, "malformed-claim");
    rejected(&stage.browser().launch(&form), 400, "malformed-claim");
    let settings = settings(json!({"deep_link_return_url": "http://other.example/r"}));
    let mut browser = stage.browser();
    let redirected = Redirected::log_in(&mut browser, &login());
    for _ in 0..2 {
        let token = token(&request(redirected.nonce(), settings.clone(), INSTRUCTOR));
        let reply = browser.post_form("/lti/nb", &answer_form(&token, redirected.state()));
        rejected(&reply, 400, "malformed-claim");
    }
    let token = token(&request(redirected.nonce(), super::settings(json!({})), INSTRUCTOR));
    is_picker(&browser.post_form("/lti/nb", &answer_form(&token, redirected.state())));
}

#[test]
fn a_consumer_signs_with_its_first_secret() {
    let tools = format!(
        "{GATEWAY}\n[tools.nb]\ntitle = \"Notebook\"\nkey = \"key-1\"\n\
         secret = [\"s3cret\", \"older\"]\ntemplate = \"page\"\n"
    );
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let mut browser = Browser::new(&server);
    let picker = browser.launch(&Form { secret: "older", ..content_item(&[]) });
    let (_, pairs) = posted(&pick(&mut browser, &picker, &[]));
    verified_items(&pairs, RETURN, SignatureMethod::HmacSha1);
}
