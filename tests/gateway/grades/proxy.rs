//! Proxies that the environment names: they are not asked.

use super::program::{Program, folder};
use super::*;

#[test]
fn a_proxy_that_the_environment_names_sees_no_grade() {
    let (upstream, platform) = (Recorder::start(), Recorder::answering(good()));
    let proxy = Recorder::answering(good());
    let origin = proxy.origin();
    let names =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let environment = names.map(|name| (name, origin.as_str()));
    let folder = folder(&upstream);
    let program = Program::start(folder.path(), &environment);
    let token = program.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = program.call("POST", "/grades", &token, r#"{"score":0.5}"#);
    assert_eq!(told(&reply, 200)["status"], "delivered");
    assert_eq!(platform.request().line(), format!("POST {OUTCOME}"));
    proxy.saw_nothing();
}
