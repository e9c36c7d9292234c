//! Apps that do not run: at `/dev`, on the page of their tool, and at `/dev/refusals`.

use std::net::{Ipv4Addr, TcpListener};

use super::gradebook::without_tags;
use super::*;
use crate::support::Browser;

/// A port of this machine where nothing listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A tool with an upstream, whose line ends like this.
fn tool(name: &str, upstream: &str, end: &str) -> String {
    format!(
        "\n[tools.{name}]\nkey = \"{name}-key\"\nsecret = {{ env = \"{}_SECRET\" }}\n\
         upstream = \"{upstream}\"{end}\n",
        name.to_uppercase()
    )
}

/// The page of a launched tool.
fn opened(server: &Server, tool: &str, accept: &str) -> Reply {
    let page = get(server, &format!("/dev/launch?tool={tool}"));
    let [form] = Form::all(&page.body).try_into().ok().expect("one form");
    let mut browser = Browser::at(server, &format!("127.0.0.1:{}", server.address.port()));
    let mut reply = browser.post_form(&format!("/lti/{tool}"), &form.pairs.body());
    for _ in 0..2 {
        assert_eq!(reply.status, 303, "{reply:?}");
        let location = reply.header("location").expect("a redirect").to_owned();
        reply = browser.send("GET", &location, &[("Accept", accept)], b"");
    }
    reply
}

fn text(html: &str) -> String {
    unescaped(&without_tags(html))
}

#[test]
fn tools_that_answer_come_first_in_the_order_of_the_file() {
    let upstream = Recorder::start();
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let tools = [
        "[gateway]\nsecret = \"the gateway's own, of 32 characters\"\n".to_owned(),
        tool("down", &closed, " # cargo run -p down"),
        tool("zebra", &upstream.url(), ""),
        "\n[tools.locked]\nkey = \"k\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n".to_owned(),
        tool("alsodown", &closed, ""),
        "\n[tools.page]\nkey = \"page-key\"\nsecret = { env = \"PAGE_SECRET\" }\n\
         template = \"page\"\n"
            .to_owned(),
        tool("ape", &upstream.url(), ""),
    ];
    let server = server(&tools.concat(), true);
    let page = get(&server, "/dev").body;
    let titles: Vec<&str> =
        page.split("<h2>").skip(1).filter_map(|rest| rest.split("</h2>").next()).collect();
    assert_eq!(titles, ["zebra", "locked", "page", "ape", "down", "alsodown"]);
    for (title, expected) in [
        ("zebra", "app answers"),
        ("page", "template"),
        ("down", "app does not answer"),
        ("alsodown", "app does not answer"),
    ] {
        assert!(text(card(&page, title)).contains(expected), "{title}: {page}");
    }
    let down = text(card(&page, "down"));
    assert!(
        down.contains(&format!("The app at {closed} does not run: cargo run -p down ")),
        "{down}"
    );
    let also_down = text(card(&page, "alsodown"));
    let start = format!("The app at {closed} does not run. Start it, or correct upstream");
    assert!(also_down.contains(&start), "{also_down}");
    // An app that does not run yet can be launched all the same.
    assert!(card(&page, "down").contains(">Launch<"));
    upstream.saw_nothing();
}

#[test]
fn an_app_at_the_other_loopback_address_is_named() {
    let listener = TcpListener::bind("[::1]:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let tools =
        format!("{TOOLS}{}", tool("nb", &format!("http://127.0.0.1:{port}"), " # npm start"));
    let server = server(&tools, true);
    let card = text(card(&get(&server, "/dev").body, "nb"));
    let expected = format!(
        "The app at http://127.0.0.1:{port} does not answer: 127.0.0.1:{port} refuses connections, \
         but an app listens at [::1]:{port}. Fix: write [::1] for the host"
    );
    assert!(card.contains(&expected), "{card}");
}

#[test]
fn the_hint_is_shown_verbatim_and_escaped_and_bounded() {
    const HINT: &str = "</code><script>alert(1)</script> \"{{ 7 * 7 }}\" & 'ü' # twice";
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let long = format!(" # {}", "x".repeat(300));
    let tools = format!(
        "{TOOLS}{}{}",
        tool("nb", &closed, &format!(" # {HINT}")),
        tool("long", &closed, &long)
    );
    let server = server(&tools, true);
    let page = get(&server, "/dev").body;
    let failed = opened(&server, "nb", "text/html").body;
    let list = get(&server, "/dev/refusals").body;
    for shown in [&page, &failed, &list] {
        assert!(!shown.contains("<script>alert"), "{shown}");
        assert!(
            unescaped(shown).contains(&format!("<code class=\"value\">{HINT}</code>")),
            "{shown}"
        );
    }
    let cut = format!("<code class=\"value\">{}…</code>", "x".repeat(200));
    assert!(card(&page, "long").contains(&cut), "{page}");
}

#[test]
fn a_request_that_no_app_answers_is_listed_with_url_and_hint_and_no_personal_data() {
    let port = closed_port();
    let url = format!("http://127.0.0.1:{port}/base");
    let tools = format!("{TOOLS}{}", tool("nb", &url, " # cargo run -p nb"));
    let server = server(&tools, true);
    assert!(get(&server, "/dev/refusals").body.contains("No refusals yet."));

    let json = opened(&server, "nb", "application/json");
    assert_eq!((json.status, &json.json()["error"]), (503, &"upstream-refused".into()));
    assert!(!json.body.contains("127.0.0.1") && !json.body.contains("cargo"), "{json:?}");
    let page = opened(&server, "nb", "text/html");
    assert_eq!((page.status, page.header("refresh")), (503, Some("3")));
    let hint = format!("Development: The app at {url} does not run: cargo run -p nb");
    assert!(text(&page.body).contains(&hint), "{page:?}");
    let reference = text(&page.body);
    let reference = reference.split("the reference ").nth(1).and_then(|rest| rest.get(..8));
    let reference = reference.expect("a reference");
    assert_eq!(log_lines(reference).len(), 1);

    // Another launch, rejected, is above it.
    assert_eq!(launched(&server, "tool=page&mistake=secret").status, 401);
    let list = get(&server, "/dev/refusals").body;
    let entries: Vec<String> = list.split("<article").skip(1).map(text).collect();
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(entries[0].contains(" page bad-signature "), "{entries:?}");
    let request = &entries[1];
    let line =
        format!(" nb upstream-refused {reference} 2 times: 127.0.0.1:{port} refuses connections");
    assert!(request.contains(&line), "{request}");
    let app = format!("The app at {url} does not run: cargo run -p nb");
    assert!(request.contains(&app), "{request}");
    for word in ["Ada", "practice.example", "learner-1", "~", "/lti/nb"] {
        assert!(!request.contains(word), "{word}: {request}");
    }
    assert!(get(&server, "/dev").body.contains("Refusals (2)</a>"));

    // The log has a budget for each tool and code. The page has the reference of the list.
    for _ in 0..25 {
        opened(&server, "nb", "text/html");
    }
    let newest = opened(&server, "nb", "text/html").body;
    let list = get(&server, "/dev/refusals").body;
    let entry = text(list.split("<article").nth(1).expect("the newest"));
    assert!(entry.contains(" 28 times: "), "{entry}");
    let newest = text(&newest);
    let reference = newest.split("the reference ").nth(1).and_then(|rest| rest.get(..8));
    assert!(entry.contains(reference.expect("a reference")), "{entry}");
}

#[test]
fn each_refusal_is_one_line_with_time_tool_code_and_reference_and_the_rest_is_folded() {
    let server = server(TOOLS, true);
    assert_eq!(launched(&server, "tool=page&mistake=secret").status, 401);
    let list = get(&server, "/dev/refusals").body;
    let entry = list.split("<article").nth(1).expect("an entry");
    let (line, rest) = entry.split_once("</summary>").expect("a line");
    let words = text(line.split_once("<summary>").expect("a line").1);
    let [time, tool, code, reference, reason @ ..] = &words.split(' ').collect::<Vec<_>>()[..]
    else {
        panic!("{words}")
    };
    assert_eq!((time.len(), *tool, *code), (8, "page", "bad-signature"), "{words}");
    assert_eq!((reference.len(), log_lines(reference).len()), (8, 1), "{words}");
    assert_eq!(reason.join(" "), "the signature does not match");
    assert!(rest.contains("<strong>Fix:</strong>") && !line.contains("Fix:"), "{entry}");
    assert!(!list.contains(" open"), "{list}");
}
