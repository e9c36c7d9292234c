//! The LTI parameters of a launch: the required ones, and the values in a template.

use crate::support::unescaped;

use super::*;

/// A template that prints every field of a launch between brackets.
const FIELDS: &str = "launched
id [{{ launch.user.id }}]
name [{{ launch.user.name }}]
given [{{ launch.user.given_name }}]
family [{{ launch.user.family_name }}]
email [{{ launch.user.email }}]
course [{{ launch.context.id }}|{{ launch.context.label }}|{{ launch.context.title }}]
resource [{{ launch.resource.id }}|{{ launch.resource.title }}|{{ launch.resource.description }}]
{% set platform = launch.platform -%}
platform [{{ platform.guid }}|{{ platform.name }}|{{ platform.url }}|{# -#}
{{ platform.product_family_code }}|{{ platform.version }}]
locale [{{ launch.locale }}]
return [{{ launch.return_url }}]
grade [{{ launch.grade.accepted }}]
custom [{{ launch.custom.Review_Chapter or 'none' }}|{{ launch.custom.review_chapter or 'none' }}]
count [{{ launch.params | length }}]
";

fn server_with_fields() -> Server {
    Server::start(&Setup {
        tools: TOOLS,
        templates: &[("page.html.tera", FIELDS)],
        ..Setup::default()
    })
}

/// Launches with these parameters in addition to the three required ones. The page must contain
/// these lines.
#[track_caller]
fn check_fields(server: &Server, nonce: &str, params: &[(&str, &str)], expected: &[&str]) {
    let reply = server.post("/lti/a", &Form { nonce, ..Form::default() }.with(params).sign());
    accepted(&reply);
    for line in expected {
        assert!(reply.body.lines().any(|known| known == *line), "no {line:?} in {}", reply.body);
    }
}

// Checklist F1.e 89 to 91.
#[test]
fn a_launch_without_resource_link_is_rejected() {
    let (server, form) = (server(), launch());
    reject(&server, &form.clone().without("resource_link_id").sign(), 400, "no-resource-link");
    for empty in ["", " ", "\t\r\n", "\u{a0}"] {
        reject(
            &server,
            &form.clone().but(&[("resource_link_id", empty)]).sign(),
            400,
            "no-resource-link",
        );
    }
    // The test suite of 1EdTech misspells the name.
    let misspelt = form.clone().without("resource_link_id").with(&[("resourcelinkid", "rl-1")]);
    let without_return_url = misspelt.without("launch_presentation_return_url");
    let reply = reject(&server, &without_return_url.sign(), 400, "no-resource-link");
    assert!(reply.body.contains("Please tell your course staff."), "{}", reply.body);
    accept(&server, &form.sign());
}

// Checklist F1.e 92.
#[test]
fn another_lti_version_is_rejected() {
    let (server, form) = (server(), launch());
    for version in ["LTI-1", "LTI-2p0", "lti-1p0", "1.3.0", "LTI-1p0 ", "LTI-1p1", ""] {
        reject(&server, &form.clone().but(&[("lti_version", version)]).sign(), 400, "lti-version");
    }
    reject(&server, &form.clone().without("lti_version").sign(), 400, "lti-version");
    accept(&server, &form.sign());
}

// Checklist F1.e 93.
#[test]
fn another_message_type_is_rejected() {
    let (server, form) = (server(), launch());
    for message in [
        "a-basic-lti-launch-request",
        "basic-lti-launch-request ",
        "Basic-LTI-Launch-Request",
        "ContentItemSelectionResponse",
        "LtiResourceLinkRequest",
        "",
    ] {
        reject(
            &server,
            &form.clone().but(&[("lti_message_type", message)]).sign(),
            400,
            "message-type",
        );
    }
    reject(&server, &form.clone().without("lti_message_type").sign(), 400, "message-type");
    accept(&server, &form.sign());
}

// Checklist F1.e 94.
#[test]
fn an_unverified_launch_shows_no_return_link() {
    let server = server();
    let without_link = launch().without("resource_link_id");
    for (form, code) in [
        (Form { secret: "wrong", ..without_link.clone() }, "bad-signature"),
        (Form { key: "unknown", ..without_link }, "unknown-consumer"),
    ] {
        let reply = reject(&server, &form.sign(), 401, code);
        assert!(!reply.body.contains("lms.example"), "{}", reply.body);
    }
    let evil = launch()
        .tampered(|pairs| pairs.set("launch_presentation_return_url", "https://evil.example/"));
    let reply = reject(&server, &evil, 401, "bad-signature");
    assert!(!reply.body.contains("evil.example"), "{}", reply.body);
}

/// A signed form with a wrong version and this return URL.
fn reject_with_return_url(server: &Server, url: &str) -> Reply {
    let form = launch().but(&[("lti_version", "LTI-2p0"), ("launch_presentation_return_url", url)]);
    let reply = server.post("/lti/a", &form.sign());
    rejected(&reply, 400, "lti-version");
    reply
}

// Checklist F1.e 95.
#[test]
fn the_message_joins_the_query_of_the_return_url() {
    let server = server();
    let message = "lti_errormsg=The%20tool%20could%20not%20be%20opened";
    for (url, expected) in [
        ("https://lms.example/r", format!("https://lms.example/r?{message}")),
        ("https://lms.example", format!("https://lms.example?{message}")),
        ("https://lms.example/r?", format!("https://lms.example/r?{message}")),
        ("https://lms.example/r?a=b&c=%20", format!("https://lms.example/r?a=b&c=%20&{message}")),
        ("https://lms.example/r?a=b#top", format!("https://lms.example/r?a=b&{message}#top")),
        ("https://lms.example/r#top?x=y", format!("https://lms.example/r?{message}#top?x=y")),
        ("HTTP://lms.example:8080/r", format!("HTTP://lms.example:8080/r?{message}")),
    ] {
        let reply = reject_with_return_url(&server, url);
        assert_eq!(reply.link(), Some(expected), "{url}");
        // It leaves the frame, and sends no `Referer`.
        assert!(reply.body.contains("target=\"_top\" rel=\"noreferrer\""), "{}", reply.body);
    }
}

/// A link opens where the platform shows its page, without what keeps it from that.
#[test]
fn the_return_link_opens_where_the_platform_can_show_it() {
    let server = server();
    let form = launch().but(&[("lti_version", "LTI-2p0")]);
    let message = "lti_errormsg=The%20tool%20could%20not%20be%20opened";
    let moodle = "https://moodle.example/mod/lti/return.php?course=2&launch_container=3";
    let course = "https://moodle.example/mod/lti/return.php?course=2";
    let canvas = "https://canvas.example/courses/1/external_content/success/external_tool_redirect";
    let other = "https://lms.example/r?course=2&launch_container=3";
    for (nonce, family, url, expected, leaves_frame) in [
        ("1", "moodle", moodle, course.to_owned(), true),
        ("2", "Moodle", moodle, course.to_owned(), true),
        // A distribution of Moodle with a name of its own.
        ("3", "totara", moodle, course.to_owned(), true),
        ("4", "canvas", canvas, format!("{canvas}?{message}"), false),
        ("5", "sakai", other, format!("{other}&{message}"), true),
    ] {
        let form = Form { nonce, ..form.clone() }
            .but(&[("launch_presentation_return_url", url)])
            .with(&[("tool_consumer_info_product_family_code", family)]);
        let reply = server.post("/lti/a", &form.sign());
        rejected(&reply, 400, "lti-version");
        assert_eq!(reply.link().as_deref(), Some(expected.as_str()), "{family}");
        assert_eq!(reply.body.contains("target=\"_top\""), leaves_frame, "{}", reply.body);
        assert!(reply.body.contains("rel=\"noreferrer\">Back to your course"), "{}", reply.body);
    }
}

// Checklist F1.e 96.
#[test]
fn a_return_url_that_is_not_http_is_not_linked() {
    let server = server();
    for url in [
        "javascript:alert(1)",
        "JavaScript://lms.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/",
        "/relative",
        "relative",
        "about:blank",
        "ftp://evil.example/",
        "https:evil.example",
        "https:///evil.example",
        "https://lms.example@evil.example/",
        "https://evil.example\\@lms.example/",
        "https://evil.example/\" onclick=\"alert(1)",
        "https://evil.example/'><script>",
        " https://evil.example/",
        "https://evil.example/a\r\nb",
        "https://evil.example/ü",
    ] {
        let reply = reject_with_return_url(&server, url);
        assert_eq!(reply.link(), None, "{url}");
        assert!(!reply.body.contains("evil") && !reply.body.contains("alert"), "{}", reply.body);
    }
}

/// Every launch of edX has an empty return URL.
// Checklist F1.e 97.
#[test]
fn an_empty_return_url_is_ignored() {
    assert_eq!(reject_with_return_url(&server(), "").link(), None);
    let server = server_with_fields();
    let name = "launch_presentation_return_url";
    check_fields(&server, "1", &[(name, "")], &["return []"]);
    check_fields(&server, "2", &[(name, "javascript:alert(1)")], &["return []"]);
    check_fields(&server, "3", &[(name, RETURN)], &["return [https://lms.example/return]"]);
}

// Checklist F1.e 98.
#[test]
fn a_launch_may_be_anonymous() {
    let server = server_with_fields();
    check_fields(&server, "1", &[], &["id []", "name []", "email []"]);
    check_fields(&server, "2", &[("user_id", "")], &["id []"]);
    check_fields(&server, "3", &[("user_id", "u 1")], &["id [u 1]"]);
}

// Checklist F1.e 99.
#[test]
fn a_missing_full_name_is_made_of_given_and_family_name() {
    let server = server_with_fields();
    let (full, given, family) =
        ("lis_person_name_full", "lis_person_name_given", "lis_person_name_family");
    let email = "lis_person_contact_email_primary";
    let all =
        [(full, "Ada King"), (given, "Ada"), (family, "Lovelace"), (email, "ada@uni.example")];
    check_fields(&server, "1", &[], &["name []", "given []", "family []", "email []"]);
    check_fields(&server, "2", &all[3..], &["name []", "email [ada@uni.example]"]);
    check_fields(
        &server,
        "3",
        &all[1..3],
        &["name [Ada Lovelace]", "given [Ada]", "family [Lovelace]"],
    );
    check_fields(&server, "4", &all[..1], &["name [Ada King]", "given []", "family []"]);
    check_fields(&server, "5", &all, &["name [Ada King]", "given [Ada]", "family [Lovelace]"]);
    check_fields(&server, "6", &all[1..2], &["name [Ada]"]);
    check_fields(&server, "7", &all[2..3], &["name [Lovelace]"]);
    check_fields(&server, "8", &[(full, ""), (given, "Ada"), (family, "")], &["name [Ada]"]);
}

// Checklist F1.e 100.
#[test]
fn the_course_is_optional() {
    let server = server_with_fields();
    let course = [("context_id", "c-1"), ("context_label", "CS 1"), ("context_title", "Computing")];
    check_fields(&server, "1", &course[..1], &["course [c-1||]"]);
    check_fields(
        &server,
        "2",
        &[("user_id", "u"), ("roles", "Learner")],
        &["id [u]", "course [||]"],
    );
    check_fields(
        &server,
        "3",
        &[],
        &["course [||]", "resource [rl-1||]", "platform [||||]", "locale []", "count [3]"],
    );
    check_fields(&server, "4", &course, &["course [c-1|CS 1|Computing]"]);
}

#[test]
fn a_grade_needs_an_outcome_url_and_a_sourcedid() {
    let server = server_with_fields();
    let (url, record) =
        (("lis_outcome_service_url", "https://lms.example/o"), ("lis_result_sourcedid", "r"));
    check_fields(&server, "1", &[url, record], &["grade [true]"]);
    // edX sends a sourcedid with every launch.
    check_fields(&server, "2", &[record], &["grade [false]"]);
    check_fields(&server, "3", &[url], &["grade [false]"]);
    check_fields(&server, "4", &[url, ("lis_result_sourcedid", "")], &["grade [false]"]);
    check_fields(&server, "5", &[("lis_outcome_service_url", ""), record], &["grade [false]"]);
}

// Checklist F1.e 101.
#[test]
fn an_unresolved_variable_counts_as_missing() {
    let server = server_with_fields();
    check_fields(
        &server,
        "1",
        &[
            ("custom_review_chapter", "$LtiLink.custom.url"),
            ("lis_person_name_full", "$Person.name.full"),
            ("user_id", "$User.id"),
            ("context_title", "$ToolProxyBinding.memberships.url"),
        ],
        &["custom [none|none]", "name []", "id []", "course [||]", "count [7]"],
    );
    check_fields(
        &server,
        "2",
        &[
            ("custom_review_chapter", "$5.00"),
            ("lis_person_name_full", "$Person"),
            ("user_id", "$a.b c"),
        ],
        &["custom [none|$5.00]", "name [$Person]", "id [$a.b c]"],
    );
}

// Checklist F1.e 102.
#[test]
fn custom_parameters_are_read_in_both_spellings() {
    let server = server_with_fields();
    let (edx, lti) = (("custom_Review_Chapter", "edX"), ("custom_review_chapter", "LTI"));
    check_fields(&server, "1", &[edx, lti], &["custom [edX|LTI]"]);
    check_fields(&server, "2", &[lti, edx], &["custom [edX|LTI]"]);
    check_fields(&server, "3", &[edx], &["custom [edX|edX]"]);
    check_fields(&server, "4", &[lti], &["custom [none|LTI]"]);
    check_fields(&server, "5", &[("custom_Review:Chapter", "1.2=3")], &["custom [none|1.2=3]"]);
}

// Checklist F1.e 103.
#[test]
fn two_different_sets_of_roles_are_rejected() {
    let server = server();
    for (first, second) in [
        ("Learner", "Instructor"),
        ("Instructor", "Learner"),
        ("Learner", ""),
        ("Learner", "Learner "),
    ] {
        let form = launch().but(&[("roles", first)]).with(&[("roles", second)]);
        reject(&server, &form.sign(), 400, "conflicting-parameter");
    }
    accept(&server, &launch().with(&[("roles", "Learner")]).sign());
}

// Checklist F1.e 104.
#[test]
fn values_from_the_platform_are_escaped_in_templates() {
    let evil = "\"'></title><script>alert('&')</script>{{ tool.name }}{% raw %}";
    let page = "launched <p title=\"{{ launch.context.title }}\">{{ launch.context.title }}|\
                {{ launch.user.name }}|{{ launch.custom.x }}|{{ launch.locale }}|\
                {% for p in launch.params %}{{ p.name }}={{ p.value }}{% endfor %}";
    let server = Server::start(&Setup {
        tools: TOOLS,
        templates: &[("page.html.tera", page)],
        ..Setup::default()
    });
    let params = [
        ("context_title", evil),
        ("lis_person_name_full", evil),
        ("custom_x", evil),
        ("launch_presentation_locale", evil),
        (evil, evil),
    ];
    let reply = server.post("/lti/a", &Form::default().with(&params).sign());
    accepted(&reply);
    let printed = reply.body.strip_prefix("launched <p title=\"").expect("the page");
    let (attribute, text) = printed.split_once("\">").expect("the end of the attribute");
    assert_eq!(unescaped(attribute), evil, "the attribute ends where the template ends it");
    assert!(!text.contains(['<', '>', '"', '\'']), "{text}");
    assert_eq!(text.matches("{{ tool.name }}").count(), 10, "it is text, not a template");
    assert!(unescaped(text).starts_with(&format!("{evil}|{evil}|{evil}|{evil}|")), "{text}");
}

// Checklist F1.e 105.
#[test]
fn unknown_parameters_change_nothing() {
    let server = server();
    let unknown = [
        ("ext_lms", "moodle-2"),
        ("ext_roles", "urn:lti:role:ims/lis/Instructor"),
        ("lti_unknown", "1"),
        ("relaunch_url", "https://lms.example/relaunch"),
        ("platform_state", "state"),
        ("custom_debug", "true"),
        ("tool_state", ""),
        ("id_token", "e30.e30."),
    ];
    accept(&server, &launch().with(&unknown).sign());
}

#[test]
fn an_accepted_launch_is_logged_without_personal_data() {
    let server = server_of(&TOOLS.replace("tools.b", "tools.quiet"));
    let url = "https://tool.example/lti/quiet";
    let body = Form { key: "key-2", secret: "an0ther", url, ..launch() }.sign();
    let reply = accept_at(&server, target(url), &body);
    let line = line_of_tool("quiet");
    assert!(
        line.contains(" consumer=\"key-2\" outcome=\"accepted\" code=\"-\" variant=\"strict\" "),
        "{line}"
    );
    let signature = Pairs::read(&body).get("oauth_signature").to_owned();
    let cookie = reply.cookie().and_then(|cookie| cookie.split_once('=')).expect("a cookie").1;
    for hidden in PRIVATE.into_iter().chain([signature.as_str(), "nonce-0001", "rl-1", cookie]) {
        assert!(!line.contains(hidden), "{hidden} in {line}");
    }
}
