//! The practice platform asks for links, and its course has them afterwards.

use super::*;

const TOOLS: &str = r#"
[gateway]
secret = "the gateway's own, of 32 characters"

[tools.page]
title = "Notebook"
key = "page-key"
secret = "s3cret"
template = "page"
links = [{ title = "Week <1>", custom = { unit = "w1" } }, { title = "Week 2" }]
"#;

/// The action and the hidden fields of the first form of a page.
fn form_of(reply: &Reply) -> (String, Pairs) {
    let (_, form) = reply.body.split_once("<form method=\"post\"").expect("a form");
    let (form, _) = form.split_once("</form>").expect("its end");
    let (_, action) = form.split_once("action=\"").expect("an action");
    let (action, _) = action.split_once('"').expect("an action");
    (unescaped(action), Pairs(fields(form)))
}

/// Path and query of a URL.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    &rest[rest.find('/').expect("a path")..]
}

#[test]
fn the_practice_course_has_the_picked_links() {
    for version in ["1.1", "1.3"] {
        let setup = Setup {
            tools: TOOLS,
            templates: &[("page.html.tera", "unit: {{ launch.custom.unit or '-' }}")],
            development: true,
            ..Setup::default()
        };
        let server = Server::start(&setup);
        let port = server.address.port();
        let (own, tool) = (format!("localhost:{port}"), format!("127.0.0.1:{port}"));
        let (mut platform, mut browser) = (Browser::at(&server, &own), Browser::at(&server, &tool));
        let query = format!("tool=page&person=instructor-1&message=links&lti={version}");
        let same_origin = [("Sec-Fetch-Site", "same-origin")];
        let page = platform.send("GET", &format!("/dev/launch?{query}"), &same_origin, b"");
        assert_eq!(page.status, 200, "{page:?}");
        let (mut url, mut pairs) = form_of(&page);
        if version == "1.3" {
            let mut reply = browser.post_form(path(&url), &pairs.body());
            while let Some(next) = reply.header("location").map(str::to_owned) {
                reply = match next.contains("/dev/platform/auth") {
                    true => platform.get(path(&next)),
                    false => browser.get(path(&next)),
                };
            }
            (url, pairs) = form_of(&reply);
        }
        let picker = browser.post_form(path(&url), &pairs.body());
        let (url, pairs) = posted(&pick(&mut browser, &picker, &[0]));
        assert_eq!(url, format!("http://{own}/dev/platform/links"), "{version}");
        let shown = platform.post_form(path(&url), &pairs.body());
        assert_eq!(shown.status, 200, "{shown:?}");
        assert!(shown.body.contains("Week &lt;1&gt;"), "{version}: {}", shown.body);
        assert!(!shown.body.contains("Week 2"), "{version}: {}", shown.body);
    }
}
