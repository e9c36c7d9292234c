//! `GET /tools/<tool>/config.xml`: the cartridge that Canvas and other platforms import.

use roxmltree::{Document, Node};

use crate::support::{Reply, Server, Setup};

const BLTI: &str = "http://www.imsglobal.org/xsd/imsbasiclti_v1p0";
const LTICP: &str = "http://www.imsglobal.org/xsd/imslticp_v1p0";
const LTICM: &str = "http://www.imsglobal.org/xsd/imslticm_v1p0";

const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "a gateway secret of 32 characters"

[tools.a]
key = "key-1"
secret = "s3cret"
template = "page"

[tools.quiz]
title = "Ünï & <b>\"quoted\"</b> 'x' ]]> 👩‍🚀 {{ 1 }} {% x %}"
description = "<!-- & --> &amp; <![CDATA["
icon = "/static/a.svg"
path = "/a&b='c'/quiz"
key = "key-2"
secret = "s3cret-2"
template = "page"

[tools.control]
title = "a\u0000b\u001b[31mc\u007f\ufffe\r\nd\te"
icon = "https://pictures.example/\u0001a?b=1&c=2"
consumers = [{ key = "course-a", secret = "s3cret-3" }, { key = "course-b", secret = "s3cret-4" }]
template = "page"

[tools.nb]
host = "nb.example"
icon = "/static/nb.svg"
key = "key-1"
secret = "s3cret"
upstream = "http://127.0.0.1:9"
identity = ["name", "email"]

[tools.below]
host = "below.example"
path = "/week-1"
key = "key-1"
secret = "s3cret"
template = "page"
"#;

fn server() -> Server {
    Server::start(&Setup { tools: TOOLS, ..Setup::default() })
}

/// What a cartridge says, each element by its name and in its order; a property by its own.
fn read(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status, 200);
    let document = Document::parse(&reply.body).expect("XML");
    let root = document.root_element();
    let link = ("http://www.imsglobal.org/xsd/imslticc_v1p0", "cartridge_basiclti_link");
    assert_eq!(root.tag_name(), link.into());
    let text = |node: Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    let mut said = Vec::new();
    for element in root.children().filter(Node::is_element) {
        assert_eq!(element.tag_name().namespace(), Some(BLTI));
        let name = element.tag_name().name();
        let parts: Vec<_> = element.children().filter(Node::is_element).collect();
        if parts.is_empty() {
            said.push((name.to_owned(), text(element)));
        }
        for part in parts {
            let (namespace, part_name) = (part.tag_name().namespace(), part.tag_name().name());
            let part_name = match name {
                "extensions" => {
                    assert_eq!(element.attribute("platform"), Some("canvas.instructure.com"));
                    assert_eq!((namespace, part_name), (Some(LTICM), "property"));
                    part.attribute("name").expect("a name")
                }
                _ => {
                    assert_eq!(namespace, Some(LTICP));
                    part_name
                }
            };
            said.push((format!("{name} {part_name}"), text(part)));
        }
    }
    said
}

fn check(reply: &Reply, expected: &[(&str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(read(reply), expected);
}

#[test]
fn a_minimal_tool_has_a_valid_cartridge() {
    check(
        &server().get("/tools/a/config.xml"),
        &[
            ("title", "a"),
            ("extensions tool_id", "a"),
            ("extensions privacy_level", "name_only"),
            ("launch_url", "https://tool.example/lti/a"),
            ("secure_launch_url", "https://tool.example/lti/a"),
            ("vendor code", "lti-gateway"),
            ("vendor name", "tool.example"),
        ],
    );
}

#[test]
fn special_characters_of_title_description_and_path_arrive_unchanged() {
    check(
        &server().get("/tools/quiz/config.xml"),
        &[
            ("title", "Ünï & <b>\"quoted\"</b> 'x' ]]> 👩‍🚀 {{ 1 }} {% x %}"),
            ("description", "<!-- & --> &amp; <![CDATA["),
            ("extensions tool_id", "quiz"),
            ("extensions privacy_level", "name_only"),
            ("launch_url", "https://tool.example/a&b='c'/quiz"),
            ("secure_launch_url", "https://tool.example/a&b='c'/quiz"),
            ("icon", "https://tool.example/static/a.svg"),
            ("secure_icon", "https://tool.example/static/a.svg"),
            ("vendor code", "lti-gateway"),
            ("vendor name", "tool.example"),
        ],
    );
}

#[test]
fn characters_that_xml_cannot_contain_are_removed() {
    let said = read(&server().get("/tools/control/config.xml"));
    assert_eq!(said[0], ("title".to_owned(), "ab[31mc\u{7f}\nd\te".to_owned()));
    let icon = ("icon".to_owned(), "https://pictures.example/a?b=1&c=2".to_owned());
    assert!(said.contains(&icon), "{said:?}");
}

#[test]
fn the_cartridge_of_a_tool_with_its_own_host_names_the_host() {
    let server = server();
    check(
        &server.get("/tools/nb/config.xml"),
        &[
            ("title", "nb"),
            ("extensions tool_id", "nb"),
            ("extensions privacy_level", "public"),
            ("extensions domain", "nb.example"),
            ("launch_url", "https://nb.example/"),
            ("secure_launch_url", "https://nb.example/"),
            ("icon", "https://tool.example/static/nb.svg"),
            ("secure_icon", "https://tool.example/static/nb.svg"),
            ("vendor code", "lti-gateway"),
            ("vendor name", "tool.example"),
        ],
    );
    let said = read(&server.get("/tools/below/config.xml"));
    assert!(
        said.contains(&("launch_url".to_owned(), "https://below.example/week-1".to_owned())),
        "{said:?}"
    );
}

#[test]
fn the_privacy_level_for_canvas_follows_the_identity_of_the_tool() {
    for (identity, privacy) in [
        ("", "name_only"),
        ("identity = []", "anonymous"),
        ("identity = [\"name\"]", "name_only"),
        ("identity = [\"email\"]", "email_only"),
        ("identity = [\"email\", \"name\"]", "public"),
    ] {
        let tools = format!(
            "[gateway]\npublic_url = \"https://tool.example\"\n\
             secret = \"a gateway secret of 32 characters\"\n\
             [tools.a]\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
             upstream = \"http://127.0.0.1:9\"\n{identity}\n"
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        let said = read(&server.get("/tools/a/config.xml"));
        assert!(
            said.contains(&("extensions privacy_level".to_owned(), privacy.to_owned())),
            "{said:?}"
        );
    }
}

#[test]
fn a_cartridge_contains_neither_key_nor_secret_even_in_development() {
    for development in [false, true] {
        let server = Server::start(&Setup { tools: TOOLS, development, ..Setup::default() });
        for tool in ["a", "quiz", "control", "nb", "below"] {
            let host = if development { "localhost:5000" } else { "tool.example" };
            let reply =
                server.send("GET", &format!("/tools/{tool}/config.xml"), &[("Host", host)], b"");
            assert_eq!(reply.status, 200);
            for private in ["key-1", "key-2", "course-a", "course-b", "s3cret", "gateway secret"] {
                assert!(!reply.body.contains(private), "{tool} {private}");
            }
        }
    }
}

#[test]
fn in_development_a_cartridge_has_the_requested_host() {
    let tools = "[tools.a]\nicon = \"/static/a.svg\"\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
                 template = \"page\"\n";
    let server = Server::start(&Setup { tools, development: true, ..Setup::default() });
    check(
        &server.send("GET", "/tools/a/config.xml", &[("Host", "localhost:5000")], b""),
        &[
            ("title", "a"),
            ("extensions tool_id", "a"),
            ("extensions privacy_level", "name_only"),
            ("launch_url", "http://localhost:5000/lti/a"),
            ("icon", "http://localhost:5000/static/a.svg"),
            ("vendor code", "lti-gateway"),
            ("vendor name", "localhost:5000"),
        ],
    );
}

#[test]
fn a_cartridge_is_xml_that_is_neither_cached_nor_framed_nor_executed() {
    let server = server();
    let reply = server.get("/tools/a/config.xml");
    for (name, value) in [
        ("content-type", "application/xml"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    let head = server.send("HEAD", "/tools/a/config.xml", &[("Host", "tool.example")], b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some(reply.body.len().to_string().as_str()));
}

#[test]
fn a_cartridge_exists_only_for_a_tool_and_at_the_public_url() {
    let server = server();
    for target in [
        "/tools/b/config.xml",
        "/tools/A/config.xml",
        "/tools//config.xml",
        "/tools/a",
        "/tools/a/",
    ] {
        assert_eq!(server.get(target).status, 404, "{target}");
    }
    assert_eq!(
        server.send("POST", "/tools/a/config.xml", &[("Host", "tool.example")], b"").status,
        404
    );
    // On the host of a tool, every other path is the tool's.
    let there = server.send("GET", "/tools/nb/config.xml", &[("Host", "nb.example")], b"");
    assert_eq!(there.status, 405, "below the launch path of an upstream");
    assert!(!there.body.contains("cartridge"));
}
