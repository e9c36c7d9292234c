//! A platform that speaks LTI 1.3 with a tool that does not: its login comes as a GET or as a form.

use super::*;

const LOGIN: &str = "iss=https%3A%2F%2Flms.example&login_hint=user-4711&client_id=c-1\
                     &target_link_uri=https%3A%2F%2Ftool.example%2Flti%2Fa";
const FACT: &str = "reason=\"LTI 1.3 is not configured for this tool\"";

#[track_caller]
fn rejected_as_lti_1p3(reply: &Reply) {
    rejected(reply, 400, "lti-1p3-not-configured");
    let line = line_of(reply);
    assert!(line.contains(FACT), "{line}");
    assert_eq!(reply.header("www-authenticate"), None);
}

#[test]
fn a_login_by_get_is_rejected_with_its_own_code() {
    let server = server();
    for query in [LOGIN, "iss=&login_hint=", "login_hint=1&iss=x&x=y", "id_token=a.b.c&state=s"] {
        rejected_as_lti_1p3(&server.get(&format!("/lti/a?{query}")));
    }
    // Neither is anything else that begins like one.
    for query in
        ["", "?iss=x", "?login_hint=1", "?custom_iss=x&custom_login_hint=1", "?iss=%zz&login_hint"]
    {
        let reply = server.get(&format!("/lti/a{query}"));
        shown_nothing(&reply, 405);
        assert!(reply.body.contains("Open this from your course"), "{}", reply.body);
    }
    accept(&server, &launch().sign());
}

#[test]
fn a_login_opens_nothing_and_reaches_no_upstream() {
    for lines in ["", "prefix = \"tool\"\n"] {
        let recorder = Recorder::start();
        let upstream = format!("upstream = \"{}\"\n{lines}", recorder.url());
        let server = server_of(&TOOLS.replacen("template = \"page\"\n", &upstream, 1));
        rejected_as_lti_1p3(&server.get(&format!("/lti/a?{LOGIN}")));
        rejected_as_lti_1p3(&server.post("/lti/a", LOGIN));
        rejected_as_lti_1p3(&server.post("/lti/a", "id_token=a.b.c&state=s"));
        if lines.is_empty() {
            rejected_as_lti_1p3(&server.get(&format!("/lti/a/week-1?{LOGIN}")));
            rejected_as_lti_1p3(&server.post("/lti/a/week-1", LOGIN));
        }
        recorder.saw_nothing();
    }
}
