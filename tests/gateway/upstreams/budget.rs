//! The space of a session, and the values of a launch that are dropped if they do not fit.

use serde_json::Value;

use super::*;

/// Numbers without a pattern that a compressor finds.
fn numbers() -> impl Iterator<Item = usize> {
    let numbers = std::iter::successors(Some(NOW), |last| {
        Some(last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    numbers.skip(1).map(|number| (number >> 40) as usize)
}

/// A string that compression does not shorten.
fn noise(length: usize) -> String {
    let letters: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    numbers().take(length).map(|number| letters[number % letters.len()]).collect()
}

/// The same in Chinese, with three bytes per character.
fn chinese_noise(length: usize) -> String {
    let letters: Vec<char> = ('\u{4e00}'..='\u{9fa5}').collect();
    numbers().take(length).map(|number| letters[number % letters.len()]).collect()
}

/// An upstream, and a gateway in front of it. The tool's name is unique among the tests, so that
/// the log can be searched for it.
fn named(tool: &str) -> (Recorder, Server) {
    let recorder = Recorder::start();
    let server = server(&tools(&recorder.url(), "").replace("tools.nb", &format!("tools.{tool}")));
    (recorder, server)
}

/// A launch of that tool.
fn form(tool: &str) -> Form<'static> {
    // A leak is acceptable: a test has few tools.
    let url: &'static str = Box::leak(format!("https://tool.example/lti/{tool}").into_boxed_str());
    Form { url, ..launch() }
}

/// The claims of a launch. Asserts that its session fits into the budget.
#[track_caller]
fn opened_within_budget(recorder: &Recorder, server: &Server, form: &Form<'_>) -> Value {
    let mut browser = Browser::new(server);
    let visit = browser.open(form);
    assert!(visit.cookie.len() <= 900, "{} bytes", visit.cookie.len());
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    assertion::claims_of(server, &recorder.request())
}

/// An LTI claim.
fn of_lti<'c>(claims: &'c Value, name: &str) -> &'c Value {
    &claims[format!("https://purl.imsglobal.org/spec/lti/claim/{name}")]
}

/// Asserts that one line in the log names exactly these dropped parameters, without this value.
#[track_caller]
fn logged(tool: &str, names: &str, value: &str) {
    let lines = log_lines(&format!(" tool=\"{tool}\" "));
    let left_out: Vec<_> = lines.iter().filter(|line| line.contains("left_out=")).collect();
    assert_eq!(left_out.len(), 1, "{lines:?}");
    assert!(left_out[0].contains(&format!(" left_out=\"{names}\"")), "{left_out:?}");
    assert!(!lines.concat().contains(value), "names without values: {lines:?}");
}

#[test]
fn a_launch_with_a_too_long_user_id_is_rejected() {
    let (recorder, server) = recorded();
    let long = noise(4000);
    let mut browser = Browser::new(&server);
    // The same form again is rejected in the same way.
    for _ in 0..3 {
        let reply = browser.launch(&launch().but(&[("user_id", &long)]));
        assert_eq!((reply.status, reply.header("location")), (400, None));
        assert!(
            line_of(reply.reference().expect("a reference")).contains("code=\"session-too-long\"")
        );
        assert!(!browser.cookies.iter().any(|cookie| cookie.name == "__Secure-lti"), "{reply:?}");
        recorder.saw_nothing();
    }
}

#[test]
fn a_reload_is_rejected_exactly_if_its_launch_was() {
    let (recorder, server) = recorded();
    let long = noise(1000);
    let mut statuses = Vec::new();
    for length in 850..920 {
        let nonce = length.to_string();
        let form = Form { nonce: &nonce, ..launch() }.but(&[("user_id", &long[..length])]);
        let mut browser = Browser::new(&server);
        let (first, again) = (browser.launch(&form).status, browser.launch(&form).status);
        assert_eq!(first, again, "with a user id of {length} characters");
        statuses.push(first);
    }
    assert_eq!(
        (statuses.first(), statuses.last()),
        (Some(&303), Some(&400)),
        "the limit lies between them"
    );
    recorder.saw_nothing();
}

#[test]
fn custom_parameters_are_dropped_first_and_the_log_names_them() {
    let (recorder, server) = named("narrow");
    let noise = noise(1000);
    let form = form("narrow").with(&[
        ("custom_short", "kept"),
        ("custom_long", &noise),
        ("custom_longer\nX: y", &noise[..900]),
        ("context_title", "Kept as well"),
    ]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(of_lti(&claims, "custom")["short"], "kept");
    assert_eq!(of_lti(&claims, "custom").get("long"), None);
    assert_eq!(of_lti(&claims, "context")["title"], "Kept as well");
    assert_eq!(claims["name"], "Ada Lovelace");
    let lines = log_lines(" tool=\"narrow\" ");
    let left_out: Vec<_> = lines.iter().filter(|line| line.contains("left_out=")).collect();
    assert!(left_out.len() == 1 && left_out[0].contains("custom_long"), "{lines:?}");
    assert!(!lines.concat().contains(&noise[..40]), "names without values: {lines:?}");
}

#[test]
fn a_long_name_displaces_no_value_of_the_course() {
    let (recorder, server) = named("chinese");
    let name = chinese_noise(255);
    let form = form("chinese").but(&[("lis_person_name_full", &name)]).with(&[
        ("custom_exam", "1"),
        ("context_title", "Data Analysis"),
        ("launch_presentation_locale", "zh_CN"),
    ]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(of_lti(&claims, "custom"), &serde_json::json!({ "exam": "1" }));
    assert_eq!(of_lti(&claims, "context")["title"], "Data Analysis");
    assert_eq!((&claims["locale"], &claims["left_out"]), (&"zh-CN".into(), &1.into()));
    assert_eq!(claims.get("name"), None);
    logged("chinese", "lis_person_name_full", &name[..30]);
}

#[test]
fn a_long_description_is_dropped_before_any_custom_parameter() {
    let (recorder, server) = named("described");
    let description = noise(5 * 1024);
    let form = form("described").with(&[
        ("resource_link_description", &description),
        ("resource_link_title", "Week 3"),
        ("custom_exam", "1"),
        ("custom_dataset", &description[..100]),
    ]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(
        of_lti(&claims, "custom"),
        &serde_json::json!({ "dataset": description[..100], "exam": "1" })
    );
    assert_eq!(
        of_lti(&claims, "resource_link"),
        &serde_json::json!({ "id": "rl-1", "title": "Week 3" })
    );
    assert_eq!((&claims["name"], &claims["left_out"]), (&"Ada Lovelace".into(), &1.into()));
    logged("described", "resource_link_description", &description[..30]);
}

#[test]
fn the_longest_names_are_dropped_until_the_rest_fits() {
    let noise = noise(1000);
    // With three names nothing else fits. With two everything else fits.
    let three = |tool: &str| {
        form(tool)
            .but(&[("lis_person_name_full", Box::leak(noise[..122].to_owned().into_boxed_str()))])
            .with(&[
                ("lis_person_name_given", Box::leak(noise[122..243].to_owned().into_boxed_str())),
                ("lis_person_name_family", Box::leak(noise[243..363].to_owned().into_boxed_str())),
                ("custom_exam", "1"),
            ])
    };
    let (recorder, server) = named("three");
    let form = three("three").with(&[("custom_long", &noise[400..700])]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(
        of_lti(&claims, "custom"),
        &serde_json::json!({ "exam": "1", "long": noise[400..700] })
    );
    assert_eq!((claims.get("name"), &claims["left_out"]), (None, &1.into()));
    assert_eq!(claims["given_name"], noise[122..243]);
    assert_eq!(claims["family_name"], noise[243..363]);
    logged("three", "lis_person_name_full", &noise[..30]);

    // Names within their space stay. Custom parameters are dropped.
    let (recorder, server) = named("two");
    let form = three("two").with(&[("custom_long", &noise[400..999])]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(of_lti(&claims, "custom"), &serde_json::json!({ "exam": "1" }));
    assert_eq!((claims.get("name"), &claims["left_out"]), (None, &2.into()));
    assert_eq!(claims["given_name"], noise[122..243]);
    assert_eq!(claims["family_name"], noise[243..363]);
    logged("two", "lis_person_name_full custom_long", &noise[..30]);
}

#[test]
fn nothing_is_dropped_from_a_launch_that_fits() {
    let (recorder, server) = named("fitting");
    let (name, description) = ("Ada ".repeat(80), "Read this. ".repeat(80));
    let form = form("fitting").but(&[("lis_person_name_full", &name)]).with(&[
        ("lis_person_name_given", &name),
        ("resource_link_description", &description),
        ("custom_exam", "1"),
    ]);
    let claims = opened_within_budget(&recorder, &server, &form);
    assert_eq!(
        (&claims["name"], &claims["given_name"]),
        (&name.as_str().into(), &name.as_str().into())
    );
    assert_eq!(of_lti(&claims, "resource_link")["description"], description);
    assert_eq!(of_lti(&claims, "custom"), &serde_json::json!({ "exam": "1" }));
    assert_eq!(claims.get("left_out"), None);
    let lines = log_lines(" tool=\"fitting\" ");
    assert!(!lines.concat().contains("left_out"), "{lines:?}");

    let (recorder, server) = recorded();
    let claims = opened_within_budget(&recorder, &server, &edx());
    assert_eq!(claims.get("left_out"), None, "nor from a typical edX launch");
}
