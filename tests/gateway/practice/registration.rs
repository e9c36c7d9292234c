//! Registration of the real gateway at its own practice platform.

use super::*;
use crate::support::Browser;

const PLATFORM: &str = "[platforms.acme]\n";

#[test]
fn the_gateway_registers_a_tool_at_the_practice_platform() {
    let tools = format!("{TOOLS}\n{PLATFORM}")
        .replace("[tools.page]", "[tools.page]\nplatforms = \"acme\"");
    let stage = Stage::of(&tools, &[("page.html.tera", PAGE)]);
    let origin = stage.origin();
    let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(["register", "acme", "--tool", "page", "--url", &origin])
        .current_dir(stage.folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let link = printed.split_whitespace().find(|word| word.contains("/~register/"));
    let link = link.unwrap_or_else(|| panic!("no link in {printed}"));

    // The admin pastes it into the practice platform.
    let host = origin.strip_prefix("http://").expect("an origin");
    let mut browser = Browser::at(&stage.server, host);
    let chosen = Pairs(vec![("url".to_owned(), link.to_owned())]).body();
    let started = browser.get(&format!("/dev/registration/start?{chosen}"));
    assert_eq!(started.status, 303, "{started:?}");
    let opened = started.header("location").expect("a URL").strip_prefix(&origin).expect("own");
    let page = browser.get(opened);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("practice.localhost"), "{}", page.body);
    let (name, rest) = page
        .body
        .split_once("<input type=\"hidden\" name=\"")
        .and_then(|(_, rest)| rest.split_once("\" value=\""))
        .expect("a field");
    let value = unescaped(rest.split('"').next().expect("a value"));
    let body = Pairs(vec![(name.to_owned(), value)]).body();
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", origin.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    let registered = browser.send("POST", opened, &headers, body.as_bytes());
    assert_eq!(registered.status, 200, "{registered:?}");

    let page = browser.get("/dev/registration").body;
    let client = page.split("<code>").nth(1).and_then(|rest| rest.split('<').next());
    let client = client.expect("a client");
    assert!(registered.body.contains(client), "{}", registered.body);
    let launch_url = format!("{origin}/lti/page");
    assert!(unescaped(&page).contains(&launch_url), "{page}");
    assert!(unescaped(&page).contains("/.well-known/jwks/acme.json"), "{page}");
}
