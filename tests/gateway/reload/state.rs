//! Spent nonces while another configuration takes the place of the current one. Queued grades are
//! in `grades/reload.rs`.

use crate::support::{Browser, Form, Server, Setup};

#[test]
fn a_replayed_launch_is_rejected_after_a_reload() {
    let tools = |title: &str| {
        format!(
            "[gateway]\npublic_url = \"https://tool.example\"\n\
             secret = \"the gateway's own, of 32 characters\"\n\
             [tools.a]\ntitle = \"{title}\"\nkey = \"key-1\"\nsecret = \"a long enough secret\"\n\
             template = \"page\"\n"
        )
    };
    let server = Server::start(&Setup {
        tools: &tools("old"),
        templates: &[("page.html.tera", "{{ tool.title }}")],
        reloads: true,
        ..Setup::default()
    });
    let form = Form { secret: "a long enough secret", ..Form::default() };
    let mut browser = Browser::new(&server);
    assert_eq!(browser.launch(&form).body, "old");
    server.write("tools.toml", &tools("new"));
    assert_eq!(server.get("/").status, 200);
    // Another browser is a replay. The same browser has a receipt: it reloads its page.
    assert_eq!(Browser::new(&server).launch(&form).status, 401);
    assert_eq!(browser.launch(&form).body, "new");
}
