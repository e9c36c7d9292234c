//! The identity headers that an upstream receives.

use crate::support::Recorded;

use super::*;

/// The first request of a session.
#[track_caller]
fn first_request(recorder: &Recorder, server: &Server, form: &Form<'_>) -> (Recorded, Visit) {
    let mut browser = Browser::new(server);
    let visit = browser.open(form);
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    (recorder.request(), visit)
}

/// A header's value, percent-decoded as docs/upstreams.md describes.
#[track_caller]
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&after[..2]).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("a complete escape"));
            rest = &after[2..];
        } else {
            assert!((0x20..0x7f).contains(first), "{value}");
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_user_is_identified_by_consumer_and_user_id() {
    let recorder = Recorder::start();
    let table = format!(
        "\n[tools.nb]\nupstream = \"{}\"\nconsumers = [{}]\n",
        recorder.url(),
        ["key-1", "a:b", "50%"]
            .map(|key| format!("{{ key = \"{key}\", secret = \"s3cret\" }}"))
            .join(", ")
    );
    let server = server(&format!("{GATEWAY}{table}"));
    for (nonce, key, user, header, subject) in [
        ("1", "key-1", "user-4711", "key-1:user-4711", "key-1:user-4711"),
        ("2", "key-1", "a:b c@d", "key-1:a:b c@d", "key-1:a:b c@d"),
        ("3", "a:b", "c", "a%253Ab:c", "a%3Ab:c"),
        ("4", "50%", "c", "50%2525:c", "50%25:c"),
    ] {
        let form = Form { key, nonce, ..launch() }.but(&[("user_id", user)]);
        let (request, _) = first_request(&recorder, &server, &form);
        assert_eq!(request.header("x-forwarded-user").as_deref(), Some(header));
        assert_eq!(assertion::claims_of(&server, &request)["sub"], subject);
    }
}

#[test]
fn names_in_any_script_arrive_intact() {
    let (recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    for (nonce, text) in [
        ("1", "Zoë Åström"),
        ("2", "Ямала Ивановна"),
        ("3", "山田 太郎"),
        ("4", "👩‍🚀 O'Neil, \"Ada\" <a@b> 100% %41 a+b;c"),
        ("5", "tab\there \u{7f}\u{80}\u{a0}\u{feff}"),
        ("6", "e\u{301}\u{200d}\u{202e}"),
        ("7", "  Ada  "),
    ] {
        let form = launch_again(nonce).but(&[
            ("user_id", text),
            ("lis_person_name_full", text),
            ("lis_person_contact_email_primary", text),
        ]);
        let (request, _) = first_request(&recorder, &server, &form);
        let header = |name: &str| request.header(name).map(|value| decoded(&value));
        assert_eq!(header("x-forwarded-user"), Some(format!("key-1:{text}")));
        assert_eq!(header("x-forwarded-preferred-username").as_deref(), Some(text));
        assert_eq!(header("x-forwarded-email").as_deref(), Some(text));
        let claims = assertion::claims_of(&server, &request);
        assert_eq!(claims["sub"], format!("key-1:{text}"));
        assert_eq!((&claims["name"], &claims["email"]), (&text.into(), &text.into()));
    }
}

#[test]
fn line_breaks_in_a_launch_cause_no_header_injection() {
    let (recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    let evil = "a\0b\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
    let form = launch()
        .but(&[
            ("user_id", evil),
            ("lis_person_name_full", evil),
            ("lis_person_contact_email_primary", evil),
            ("context_id", evil),
            ("resource_link_id", evil),
        ])
        .with(&[("context_title", evil), ("launch_presentation_locale", evil), ("custom_x", evil)]);
    assert!(form.sign().contains("%0D%0A"));
    let (request, visit) = first_request(&recorder, &server, &form);
    assert_eq!(request.line(), "GET /app/");
    assert_eq!(request.header("x-evil"), None);
    assert_eq!(request.body, b"");
    assert_eq!(decoded(&request.header("x-forwarded-preferred-username").expect("a name")), evil);
    assert_eq!(
        decoded(&request.header("x-forwarded-user").expect("a user")),
        format!("key-1:{evil}")
    );
    let claims = assertion::claims_of(&server, &request);
    assert_eq!(claims["custom_x"], serde_json::Value::Null);
    let custom = &claims["https://purl.imsglobal.org/spec/lti/claim/custom"];
    assert_eq!(custom["x"], evil);
    // No other request was injected into the connection.
    let headers = [("Host", "tool.example"), ("Cookie", visit.cookie.as_str())];
    assert_eq!(server.send("GET", &visit.at("/next"), &headers, b"").status, 200);
    assert_eq!(recorder.request().line(), "GET /app/next");
}

#[test]
fn the_response_to_a_launch_has_no_header_injection_either() {
    let (recorder, server) = recorded();
    let evil = "a\r\nSet-Cookie: evil=1\r\n\r\n<p>";
    let form = launch()
        .but(&[("resource_link_id", evil), ("user_id", evil)])
        .with(&[("context_title", evil)]);
    let reply = Browser::new(&server).launch(&form);
    assert_eq!((reply.status, reply.all("set-cookie").len()), (303, 2));
    assert!(!reply.headers.iter().any(|(_, value)| value.contains("evil")), "{reply:?}");
    recorder.saw_nothing();
}

#[test]
fn roles_are_sent_by_name() {
    let (recorder, server) = recorded();
    for (nonce, roles, groups) in [
        ("1", "Student,Learner", Some("learner")),
        ("2", "Instructor,Learner", Some("learner,instructor")),
        ("3", "Administrator", Some("administrator")),
        (
            "4",
            "Mentor,urn:lti:role:ims/lis/ContentDeveloper,TeachingAssistant",
            Some("teaching_assistant,content_developer,mentor"),
        ),
        ("5", "urn:lti:instrole:ims/lis/Instructor", None),
        ("6", "admin\r\nX-Forwarded-Groups: administrator", None),
        ("7", "", None),
    ] {
        let (request, _) =
            first_request(&recorder, &server, &launch_again(nonce).but(&[("roles", roles)]));
        assert_eq!(request.header("x-forwarded-groups").as_deref(), groups, "{roles}");
    }
}

#[test]
fn the_identity_setting_removes_personal_data_everywhere() {
    let person = [
        ("lis_person_name_given", "Ada-given"),
        ("lis_person_name_family", "Lovelace-family"),
        ("lis_person_name_middle", "Ada-middle"),
        ("lis_person_sourcedid", "Ada-sourced"),
        ("user_image", "https://uni.example/Ada.png"),
    ];
    let name = ["name", "given_name", "family_name", "middle_name", "picture"];
    let mut sizes = Vec::new();
    for (setting, with_name, with_email) in [
        ("identity = [\"name\", \"email\"]", true, true),
        ("identity = [\"name\"]", true, false),
        ("", true, false),
        ("identity = [\"email\"]", false, true),
        ("identity = []", false, false),
    ] {
        let (recorder, server) = recorded_with(setting);
        let (request, visit) = first_request(&recorder, &server, &launch().with(&person));
        let has = |header: &str| request.header(header).is_some();
        assert_eq!(
            request.header("x-forwarded-user").as_deref(),
            Some("key-1:user-4711"),
            "{setting}"
        );
        assert_eq!(has("x-forwarded-preferred-username"), with_name, "{setting}");
        assert_eq!(has("x-forwarded-email"), with_email, "{setting}");
        let claims = assertion::claims_of(&server, &request);
        for claim in name {
            assert_eq!(claims.get(claim).is_some(), with_name, "{setting}: {claim}");
        }
        assert_eq!(claims.get("email").is_some(), with_email, "{setting}");
        let text = claims.to_string();
        assert_eq!(text.contains("Ada-sourced"), with_name, "{setting}: a user name is a name");
        assert_eq!(text.contains("ada@uni.example"), with_email, "{setting}");
        assert_eq!(text.contains("Ada"), with_name, "{setting}: {text}");
        assert_eq!(text.contains("Lovelace"), with_name, "{setting}: {text}");
        sizes.push(visit.cookie.len());
    }
    assert!(sizes[0] > sizes[1] && sizes[1] == sizes[2], "{sizes:?}");
    assert!(
        sizes[1] > sizes[3] && sizes[3] > sizes[4],
        "the session does not contain the removed data: {sizes:?}"
    );
}

#[test]
fn the_identity_headers_stay_small_for_every_launch() {
    let (recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    let long = "é".repeat(3000);
    let names: Vec<String> = (0..200).map(|number| format!("custom_{number}")).collect();
    let custom: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), &long[..200])).collect();
    let form = launch()
        .but(&[("lis_person_name_full", &long), ("lis_person_contact_email_primary", &long)])
        .with(&[
            ("context_title", &long),
            ("resource_link_title", &long),
            ("lis_person_name_given", &long),
        ])
        .with(&custom);
    let (request, visit) = first_request(&recorder, &server, &form);
    assert!(visit.cookie.len() <= 4096, "browsers accept no larger cookie: {}", visit.cookie.len());
    let identity: usize = request
        .head
        .headers()
        .iter()
        .filter(|(name, _)| {
            name.starts_with("x-forwarded-")
                || name.starts_with("x-lti-")
                || name == "x-script-name"
        })
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    assert!(identity <= 6 * 1024, "{identity} bytes");
    assert_eq!(request.header("x-forwarded-user").as_deref(), Some("key-1:user-4711"));
    assert_eq!(request.header("x-forwarded-groups").as_deref(), Some("learner"));
    let claims = assertion::claims_of(&server, &request);
    assert_eq!(claims["https://purl.imsglobal.org/spec/lti/claim/resource_link"]["id"], "rl-1");
}
