//! Launches: LTI 1.1 from the outside.

use crate::support::{Form, Server, Setup};

const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "a gateway secret of 32 characters"

[tools.a]
key = "key-1"
secret = "s3cret"
template = "page"
"#;

#[test]
fn a_signed_launch_shows_the_page_once() {
    let server = Server::start(&Setup { tools: TOOLS, ..Setup::default() });
    let form = Form::default().sign();
    let first = server.post("/lti/a", &form);
    assert_eq!((first.status, first.body.as_str()), (200, "launched"));
    assert_eq!(server.post("/lti/a", &form).status, 401);
}
