//! One click: the page that sends the signed form by itself, and the scripts of the pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::*;

/// The directive that allows the scripts of a page.
#[track_caller]
fn script_directive(reply: &Reply) -> String {
    let policy = reply.header("content-security-policy").expect("a policy");
    let directives = policy.split("; ").find(|directive| directive.starts_with("script-src "));
    directives.expect("scripts").to_owned()
}

/// The scripts of a page.
fn scripts(page: &str) -> Vec<&str> {
    let scripts = page.split("<script").skip(1);
    scripts.map(|script| script.split("</script>").next().expect("its end")).collect()
}

/// Asserts that a page allows exactly these scripts: no other one, and no source of scripts.
#[track_caller]
fn allows_exactly(reply: &Reply, count: usize) {
    let scripts = scripts(&reply.body);
    assert_eq!(scripts.len(), count, "{}", reply.body);
    let directive = script_directive(reply);
    for script in scripts {
        let script = script.strip_prefix('>').expect("no attribute");
        let hash = format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
        assert!(directive.contains(&hash), "{directive} allows no {script}");
    }
    assert_eq!(directive.split(' ').count(), 2, "{directive}");
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe-eval") && !policy.contains("connect-src"), "{policy}");
}

#[test]
fn only_a_click_on_an_own_page_sends_the_launch_by_itself() {
    let server = server(TOOLS, true);
    let host = format!("localhost:{}", server.address.port());
    let target = "/dev/launch?tool=page";
    for (site, count) in [
        (Some("same-origin"), 1),
        // The user typed the URL.
        (Some("none"), 0),
        // An older browser.
        (None, 0),
    ] {
        let mut headers = vec![("Host", host.as_str())];
        headers.extend(site.map(|site| ("Sec-Fetch-Site", site)));
        let page = server.send("GET", target, &headers, b"");
        assert_eq!(page.status, 200, "{page:?}");
        allows_exactly(&page, count);
        // The button remains, without the script and with it.
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        assert!(page.body.contains("<button class=\"button\">Launch</button>"), "{site:?}");
        assert_eq!(form.send(&server).status, 200, "{site:?}");
    }
}

#[test]
fn the_cards_launch_with_one_form_each_and_their_options_are_folded() {
    let server = server(TOOLS, true);
    let page = get(&server, "/dev").body;
    let card = card(&page, "A &lt;page&gt;");
    assert!(card.starts_with("class=\"card\" action=\"/dev/launch\">"), "{card}");
    let (visible, folded) = card.split_once("<details").expect("options");
    // The first button of a form is the one of the Enter key.
    let first = visible.split("<button").nth(1).expect("a button");
    assert!(first.starts_with(" class=\"button\">Launch<"), "{first}");
    assert!(visible.contains("name=\"person\""), "{visible}");
    let window = visible.split("<button").nth(2).expect("another button");
    assert!(window.contains("name=\"display\" value=\"window\" formtarget=\"_blank\""), "{window}");
    for name in ["link", "custom", "ungraded", "mistake"] {
        let field = format!("name=\"{name}\"");
        assert!(folded.contains(&field) && !visible.contains(&field), "{name}: {card}");
    }
    assert!(!page.contains(" open>"), "{page}");
}

#[test]
fn public_pages_have_one_script_of_their_own_and_no_buttons_without_it() {
    let public = format!("{TOOLS}\n")
        .replace("[gateway]", "[gateway]\npublic_url = \"https://tool.example\"");
    let production = server(&public, false);
    let development = server(TOOLS, true);
    let index = production.get("/");
    allows_exactly(&index, 1);
    for url in ["https://tool.example/lti/page", "https://tool.example/lti/locked"] {
        let copied = format!("data-copy=\"the launch URL\"><code>{url}</code></dd>");
        assert!(index.body.contains(&copied), "{}", index.body);
    }
    for passport in ["\"page:KEY:SECRET\"", "\"locked:KEY:SECRET\""] {
        let copied =
            format!("data-copy=\"the passport\"><code class=\"value\">{passport}</code></span>");
        assert!(unescaped(&index.body).contains(&copied), "{}", index.body);
    }
    assert!(!index.body.contains("data-copy=\"the key\""), "keys are not public");
    let own = get(&development, "/");
    assert!(own.body.contains("data-copy=\"the key\"><code>page-key</code>"), "{}", own.body);
    for reply in [index, own, get(&development, "/dev"), get(&development, "/dev/refusals")] {
        allows_exactly(&reply, 1);
        let (before, _) = reply.body.split_once("<script>").expect("a script");
        assert!(!before.contains("class=\"copy\""), "only the script adds buttons: {before}");
    }
    let gradebook = get(&development, "/dev/gradebook");
    let policy = gradebook.header("content-security-policy").expect("a policy");
    assert!(!policy.contains("script-src") && scripts(&gradebook.body).is_empty(), "{policy}");
}

#[test]
fn the_public_index_links_to_the_steps_of_each_platform_and_names_no_file_of_the_docs() {
    let public = format!("{TOOLS}\n")
        .replace("[gateway]", "[gateway]\npublic_url = \"https://tool.example\"");
    let index = server(&public, false).get("/").body;
    for tool in ["page", "locked"] {
        for platform in ["edx", "moodle", "canvas", "blackboard", "brightspace", "sakai"] {
            let place = format!("{tool}-{platform}");
            assert_eq!(
                index.matches(&format!("<a class=\"target\" href=\"#{place}\">")).count(),
                1
            );
            assert_eq!(index.matches(&format!("<ol id=\"{place}\">")).count(), 1, "{place}");
        }
    }
    assert!(!index.contains("docs/"), "a visitor cannot open files: {index}");
    // A developer has them.
    let own = get(&server(TOOLS, true), "/").body;
    assert!(own.contains("<code>docs/platforms/edx.md</code>"), "{own}");
}
