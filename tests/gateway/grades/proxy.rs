//! The client ignores the proxy variables of the environment.

use super::program::{Program, directory};
use super::*;

#[test]
fn a_proxy_of_the_environment_receives_no_grade() {
    let (upstream, platform) = (Recorder::start(), Recorder::answering(success()));
    let proxy = Recorder::answering(success());
    let origin = proxy.origin();
    let names =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let environment = names.map(|name| (name, origin.as_str()));
    let directory = directory(&upstream);
    let program = Program::start(directory.path(), &environment);
    let token = program.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = program.call("POST", "/grades", &token, r#"{"score":0.5}"#);
    assert_eq!(response_json(&reply, 200)["status"], "delivered");
    assert_eq!(platform.request().line(), format!("POST {OUTCOME}"));
    proxy.saw_nothing();
}
