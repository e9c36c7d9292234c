//! What a developer sees after an edit: the next launch, `/` and `/dev`.

use std::fs;

use crate::support::{Form, Reply, Server, Setup, log_lines, unescaped};

const TOOLS: &str = r#"
[tools.a]
title = "First"
key = "key-1"
secret = "s3cret"
template = "a"

[tools.b]
key = "key-1"
secret = "s3cret"
template = "b"
"#;

fn server() -> Server {
    Server::start(&Setup {
        tools: TOOLS,
        templates: &[
            ("a.html.tera", "first {% include 'part.tera' %}"),
            ("b.html.tera", "other"),
            ("part.tera", "part"),
        ],
        development: true,
        reloads: true,
        ..Setup::default()
    })
}

fn host(server: &Server) -> String {
    format!("localhost:{}", server.address.port())
}

fn get(server: &Server, target: &str) -> Reply {
    server.send("GET", target, &[("Host", &host(server))], b"")
}

/// Launches a tool. Each launch has a nonce of its own.
fn launch(server: &Server, tool: &str, nonce: &str) -> Reply {
    let (host, path) = (host(server), format!("/lti/{tool}"));
    let url = format!("http://{host}{path}");
    let form = Form { url: &url, nonce, ..Form::default() }.sign();
    let headers = [("Host", &*host), ("Content-Type", "application/x-www-form-urlencoded")];
    server.send("POST", &path, &headers, form.as_bytes())
}

#[track_caller]
fn shows(reply: &Reply, expected: &str) {
    assert_eq!((reply.status, &*reply.body), (200, expected), "{reply:?}");
}

/// The content of the `pre` elements of a page.
fn shown(page: &Reply) -> Vec<String> {
    let parts = page.body.split("<pre>").skip(1).filter_map(|rest| rest.split("</pre>").next());
    parts.map(unescaped).collect()
}

/// The notice that both `/` and `/dev` show.
#[track_caller]
fn notice(server: &Server) -> String {
    let [index, dev] = ["/", "/dev"].map(|target| get(server, target));
    assert_eq!((index.status, dev.status), (200, 200));
    let notice = shown(&index).concat();
    assert_eq!(shown(&dev).concat(), notice);
    notice
}

#[test]
fn the_next_launch_shows_an_edited_template() {
    let server = server();
    shows(&launch(&server, "a", "1"), "first part");
    server.write("templates/part.tera", "edited");
    shows(&launch(&server, "a", "2"), "first edited");
    server.write("templates/a.html.tera", "{{ tool.title }} {% include 'new/part.tera' %}");
    server.write("templates/new/part.tera", "new");
    shows(&launch(&server, "a", "3"), "First new");
    assert_eq!(notice(&server), "");
}

/// A file system's timestamps have steps of some milliseconds, or even of two seconds.
#[test]
fn edits_of_the_same_length_in_quick_succession_are_all_shown() {
    let server = server();
    for edit in 100..200 {
        let text = edit.to_string();
        server.write("templates/b.html.tera", &text);
        shows(&launch(&server, "b", &text), &text);
    }
}

#[test]
fn a_template_with_errors_shows_them_and_the_other_tools_go_on() {
    let server = server();
    let check = |name: &str, text: &[u8], nonce: &str, expected: &[&str]| {
        let before = fs::read(server.path(name)).expect("a file");
        fs::write(server.path(name), text).expect("a file");
        let reply = launch(&server, "a", nonce);
        assert_eq!(reply.status, 500, "{reply:?}");
        let errors = shown(&reply).concat();
        for part in expected {
            assert!(errors.contains(part), "{errors}");
        }
        let line = log_lines(reply.reference().expect("a reference"));
        let reason = format!("the template has errors, the first at {name}");
        assert!(line[0].contains("code=\"template-broken\""), "{line:?}");
        assert!(line[0].contains(&reason), "{line:?}");
        shows(&launch(&server, "b", nonce), "other");
        let notice = notice(&server);
        assert!(expected.iter().all(|part| notice.contains(part)), "{notice}");
        // Once the file is right again, everything works.
        fs::write(server.path(name), before).expect("a file");
        shows(&launch(&server, "a", &format!("{nonce} fixed")), "first part");
        assert!(!shown(&get(&server, "/")).concat().contains("error"));
    };
    check(
        "templates/a.html.tera",
        b"<p>\n  {% if x %}",
        "unclosed",
        &[
            "error: unexpected end of input",
            "--> templates/a.html.tera:2:13\n",
            "2 |   {% if x %}\n",
            "= help: ",
            "templates/a.html.tera: 1 error",
        ][..4],
    );
    check(
        "templates/part.tera",
        b"{{ launch.usr.name }}",
        "part",
        &["--> templates/part.tera:1:11", "1 | {{ launch.usr.name }}", "= help: "],
    );
    check(
        "templates/a.html.tera",
        b"{% include 'prt.tera' %}",
        "include",
        &["--> templates/a.html.tera:1:", "part.tera"],
    );
    check("templates/a.html.tera", b"caf\xe9", "latin", &["UTF-8", "--> templates/a.html.tera"]);
}

#[test]
fn a_template_that_fails_for_a_launch_shows_its_error() {
    let server = server();
    server.write("templates/a.html.tera", "<p>\n{{ launch.user.name | int }}");
    let reply = launch(&server, "a", "1");
    assert_eq!(reply.status, 500);
    let errors = shown(&reply).concat();
    assert!(errors.contains("a.html.tera:2:") && errors.contains("= help: fix"), "{errors}");
}

#[test]
fn a_removed_template_stays_in_use_until_the_file_is_right() {
    let server = server();
    fs::remove_file(server.path("templates/b.html.tera")).expect("removed");
    shows(&launch(&server, "b", "1"), "other");
    assert!(notice(&server).contains("b.html.tera"));
    server.write("templates/b.html.tera", "again");
    shows(&launch(&server, "b", "2"), "again");
    assert_eq!(notice(&server), "");
}

#[test]
fn a_tool_that_is_added_can_be_launched_and_is_listed() {
    let server = server();
    assert_eq!(launch(&server, "c", "1").status, 404);
    server.write("tools.toml", &TOOLS.replace("[tools.b]", "[tools.c]"));
    shows(&launch(&server, "c", "2"), "other");
    assert_eq!(launch(&server, "b", "3").status, 404);
    let index = get(&server, "/").body;
    assert!(index.contains("/lti/c") && !index.contains("/lti/b"), "{index}");
    let line = format!("reloaded {}: 2 tools", server.path("tools.toml").display());
    assert_eq!(log_lines(&line).len(), 1);
}

#[test]
fn while_the_tools_file_has_errors_the_old_tools_go_on_and_pages_show_them() {
    let server = server();
    let broken = TOOLS.replace("template = \"b\"", "templat = \"b\"\nsecrt = \"a-real-secret\"");
    server.write("tools.toml", &broken);
    let name = server.path("tools.toml").display().to_string();
    let found = notice(&server);
    assert!(found.contains(&format!("--> {name}:12:1")), "{found}");
    assert!(found.contains("templat") && found.contains("= help: "), "{found}");
    assert!(!found.contains("a-real-secret") && !found.contains("s3cret"), "{found}");
    assert!(!found.contains("warning"), "{found}");
    shows(&launch(&server, "a", "1"), "first part");
    shows(&launch(&server, "b", "2"), "other");
    // Templates still reload.
    server.write("templates/b.html.tera", "edited");
    shows(&launch(&server, "b", "3"), "edited");
    assert_eq!(notice(&server), found);

    fs::remove_file(server.path("tools.toml")).expect("removed");
    assert!(notice(&server).contains("cannot be read"));
    shows(&launch(&server, "a", "4"), "first part");

    server.write("tools.toml", &TOOLS.replace("tools.b", "tools.c"));
    assert_eq!(notice(&server), "");
    shows(&launch(&server, "c", "5"), "edited");
    assert_eq!(launch(&server, "b", "6").status, 404);
}

#[test]
fn another_state_is_refused_until_a_restart() {
    let server = server();
    let moved = format!("[gateway]\nstate = \"./state\"\n{}", TOOLS.replace("First", "Moved"));
    server.write("tools.toml", &moved);
    server.write("templates/a.html.tera", "{{ tool.title }}");
    shows(&launch(&server, "a", "1"), "first part");
    let found = notice(&server);
    assert!(found.contains("`state` has changed"), "{found}");
    assert!(found.contains("= help: restart the gateway"), "{found}");
    assert!(!server.path("state").exists());
    server.write("tools.toml", TOOLS);
    shows(&launch(&server, "a", "2"), "First");
    assert_eq!(notice(&server), "");
}

#[test]
fn another_dev_host_is_refused_until_a_restart() {
    let server = server();
    let exposed = "[gateway]\ndev_host = \"https://name-5000.app.github.dev\"\n";
    server.write("tools.toml", &format!("{exposed}{}", TOOLS.replace("First", "Exposed")));
    server.write("templates/a.html.tera", "{{ tool.title }}");
    shows(&launch(&server, "a", "1"), "first part");
    let found = notice(&server);
    assert!(found.contains("`dev_host` has changed"), "{found}");
    assert!(found.contains("= help: restart the gateway"), "{found}");
    let foreign = [("Host", "name-5000.app.github.dev")];
    assert_eq!(server.send("GET", "/", &foreign, b"").status, 400, "foreign-host");
    server.write("tools.toml", TOOLS);
    shows(&launch(&server, "a", "2"), "First");
    assert_eq!(notice(&server), "");
}

#[test]
fn static_files_that_are_created_later_are_served() {
    let server = server();
    assert_eq!(get(&server, "/static/page.css").status, 404);
    server.write("static/page.css", "p {}");
    shows(&get(&server, "/static/page.css"), "p {}");
    server.write("static/page.css", "b {}");
    shows(&get(&server, "/static/page.css"), "b {}");
}

#[test]
fn outside_development_no_file_is_reloaded() {
    let gateway = "[gateway]\npublic_url = \"https://tool.example\"\n\
                   secret = \"the gateway's own, of 32 characters\"\n";
    let tools = format!("{gateway}{TOOLS}");
    let server = Server::start(&Setup {
        tools: &tools,
        templates: &[("a.html.tera", "first"), ("b.html.tera", "other")],
        ..Setup::default()
    });
    server.write("templates/a.html.tera", "edited");
    server.write("static/page.css", "p {}");
    server.write("tools.toml", &format!("{gateway}[tools.c]"));
    let reply = server.post("/lti/a", &Form::default().sign());
    shows(&reply, "first");
    assert_eq!(server.get("/static/page.css").status, 404);
    assert!(shown(&server.get("/")).is_empty());
}
