//! The practice platform and the real gateway together: LTI Advantage as a tool's app sees it.

use super::login::{Launched, answered};
use super::*;
use crate::support::{Browser, Recorded};

/// A gateway in development, and the app of the tool `nb`.
struct Stage {
    server: Server,
    app: Recorder,
}

impl Stage {
    /// The tool has further lines and tables.
    fn new(lines: &str, tables: &str) -> Self {
        let app = Recorder::start();
        let tools = format!(
            "{TOOLS}\n[tools.nb]\ntitle = \"Notebook\"\nkey = \"nb-key\"\n\
             secret = {{ env = \"NB_SECRET\" }}\nupstream = \"{}\"\n{lines}\n{tables}\n",
            app.url()
        );
        Self { server: server(&tools, true), app }
    }

    fn browser(&self) -> Browser<'_> {
        Browser::at(&self.server, &format!("127.0.0.1:{}", self.server.address.port()))
    }

    /// The first request at the app of a launch by LTI 1.3.
    #[track_caller]
    fn open(&self, query: &str) -> Recorded {
        let Launched { mut browser, answer } = answered(&self.server, query);
        self.follow(&mut browser, &answer)
    }

    /// The first request at the app of a launch by LTI 1.1.
    #[track_caller]
    fn open_v1p1(&self, query: &str) -> Recorded {
        let page = get(&self.server, &format!("/dev/launch?{query}"));
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        self.follow(&mut self.browser(), &form)
    }

    #[track_caller]
    fn follow(&self, browser: &mut Browser<'_>, form: &Form) -> Recorded {
        let mut reply = browser.post_form(&path(&form.action), &form.pairs.body());
        for _ in 0..2 {
            assert_eq!(reply.status, 303, "{reply:?}");
            reply = browser.get(reply.header("location").expect("a redirect"));
        }
        assert_eq!(reply.status, 200, "{reply:?}");
        self.app.request()
    }

    /// Picks these links of the gateway's page. Returns the page of the practice platform.
    #[track_caller]
    fn pick(&self, browser: &mut Browser<'_>, form: &Form, titles: &[&str]) -> String {
        let picker = browser.post_form(&path(&form.action), &form.pairs.body());
        assert_eq!(picker.status, 200, "{picker:?}");
        let [asked] = Form::all(&picker.body).try_into().ok().expect("one form");
        let mut pairs = asked.pairs.clone();
        for title in titles {
            let (before, _) = picker.body.split_once(&format!(">{title}<")).expect("the title");
            let value = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next());
            pairs.add("link", value.expect("a value"));
        }
        let host = format!("http://127.0.0.1:{}", self.server.address.port());
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", host.as_str()),
        ];
        let sent = browser.send("POST", "/~links", &headers, pairs.body().as_bytes());
        assert_eq!(sent.status, 200, "{sent:?}");
        let [response] = Form::all(&sent.body).try_into().ok().expect("one form");
        let shown = response.send(&self.server);
        assert_eq!(shown.status, 200, "{shown:?}");
        unescaped(&super::gradebook::without_tags(&shown.body))
    }
}

/// The path and query of a URL.
fn path(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("a URL");
    rest[rest.find('/').expect("a path")..].to_owned()
}

const LINKS: &str = r#"
[[tools.nb.links]]
title = "Week 1"
description = "The first one"
path = "/week/1?x=2"
custom = { unit = "w1" }
points = 10

[[tools.nb.links]]
title = "Week 2"
path = "/week/2"
"#;

#[test]
fn links_of_the_gateways_page_are_launched_by_both_versions() {
    let stage = Stage::new("grades = true", LINKS);
    let Launched { mut browser, answer } =
        answered(&stage.server, "tool=nb&person=instructor-1&message=links-1.3");
    let page = stage.pick(&mut browser, &answer, &["Week 1", "Week 2"]);
    assert!(page.contains("Notebook answered by LTI 1.3. The signature is right."), "{page}");
    assert!(page.contains("Week 1 The first one") && page.contains("/week/1?x=2"), "{page}");
    assert!(page.contains("unit w1 Points 10"), "{page}");
    assert!(page.contains("Place in the tool /week/2 Points (no grade)"), "{page}");

    let page = get(&stage.server, "/dev/launch?tool=nb&person=instructor-1&message=links");
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let page = stage.pick(&mut stage.browser(), &form, &["Week 1"]);
    assert!(page.contains("Notebook answered by LTI 1.1. The signature is right."), "{page}");
    assert!(page.contains("/week/1?x=2 unit w1 Points 10"), "{page}");

    for block in ["link-1", "link-3"] {
        let by_1p3 = stage.open(&format!("tool=nb&lti=1.3&link={block}"));
        let by_1p1 = stage.open_v1p1(&format!("tool=nb&link={block}"));
        for request in [by_1p3, by_1p1] {
            assert_eq!(request.line(), "GET /app/week/1?x=2", "{block}");
            assert!(request.header("x-lti-grade-token").is_some(), "{block}");
        }
    }
    let second = stage.open("tool=nb&lti=1.3&link=link-2");
    assert_eq!(
        (second.line().as_str(), second.header("x-lti-grade-token")),
        ("GET /app/week/2", None)
    );
}

#[test]
fn a_tool_without_links_is_picked_as_a_whole() {
    let stage = Stage::new("", "");
    let Launched { mut browser, answer } =
        answered(&stage.server, "tool=nb&person=instructor-1&message=links-1.3");
    let page = stage.pick(&mut browser, &answer, &[]);
    let added = "Notebook Block of the course link-1 Place in the tool (the tool)";
    assert!(page.contains(added), "{page}");
}
