//! `launch --lti 1.3`: the login of a running gateway's practice platform.

use super::*;

#[test]
fn a_launch_by_lti_1_3_opens_the_same_page() {
    let stage = Stage::new(NO_UPSTREAM);
    for arguments in [
        &["page"][..],
        &["page", "--role", "instructor", "--user", "ada&b", "--param", "custom_x=a=b <&>"],
        &["staff", "--role", "staff"],
    ] {
        let last = |run: &Run| run.out.lines().last().map(str::to_owned);
        let old = stage.launch(arguments);
        let new = stage.launch(&[arguments, &["--lti", "1.3"]].concat());
        assert_eq!((new.code, new.error.as_str()), (Some(0), ""), "{new:?}");
        assert_eq!(last(&new), last(&old));
        let steps: Vec<&str> = new
            .out
            .lines()
            .filter(|line| line.starts_with("GET ") || line.starts_with("POST "))
            .collect();
        let port = stage.server.address.port();
        let (own, tool) = (stage.origin(), format!("http://127.0.0.1:{port}"));
        assert_eq!(
            steps,
            [
                format!("GET {own}/dev/launch?…"),
                format!("POST {tool}/~login"),
                format!("GET {tool}/~login?…"),
                format!("GET {own}/dev/platform/auth?…"),
                format!("POST {tool}/lti/{}", arguments[0]),
            ]
        );
        assert!(!new.out.contains("eyJ"), "{}", new.out);
    }
}

#[test]
fn a_launch_by_lti_1_3_opens_a_session() {
    let upstream = Recorder::start();
    let stage = Stage::new(&upstream.url());
    let run = stage.launch(&["nb", "--lti", "1.3", "--user", "ada"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let user = upstream.request().header("x-forwarded-user");
    assert_eq!(user.as_deref(), Some("practice:ada"));
}

#[test]
fn a_rejected_launch_by_lti_1_3_ends_with_1() {
    let stage = Stage::new(NO_UPSTREAM);
    let run = stage.launch(&["staff", "--lti", "1.3"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.error.contains("the launch was rejected") && run.error.contains("403"), "{run:?}");
}

#[test]
fn explain_reads_the_printed_form_of_a_launch_by_lti_1_3() {
    let stage = Stage::new(NO_UPSTREAM);
    let run = stage.launch(&["page", "--lti", "1.3", "--print", "form"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.out.starts_with("id_token=eyJ") && run.out.contains("&state="), "{}", run.out);
    let folder = stage.folder.path();
    write(folder, "launch.txt", &run.out);
    let host = format!("localhost:{}", stage.server.address.port());
    let keys = stage.server.send("GET", "/dev/platform/jwks", &[("Host", &host)], b"").body;
    write(folder, "keys.json", &keys);
    let url = format!("http://127.0.0.1:{}", stage.server.address.port());
    let explain = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
            .args(["explain", "--tool", "page", "launch.txt", "--url", &url])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .output()
            .expect("the program runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, out) = explain(&["--keys", "keys.json"]);
    assert!(code == Some(0) && out.contains("\nAccepted, if"), "{out}");
    assert!(out.contains("practice, client page"), "{out}");
    let (code, out) = explain(&[]);
    assert!(code == Some(2) && out.contains("\nNot decided: "), "{out}");
}

#[test]
fn a_launch_by_lti_1_3_that_cannot_be_asked_for_ends_with_2() {
    let stage = Stage::new(NO_UPSTREAM);
    for (arguments, reason) in [
        (&["page", "--platform", "moodle"][..], "only \"moodle\" itself can launch"),
        (&["page", "--key", "page-key"], "--key names a consumer of LTI 1.1"),
        (&["page", "--print", "curl"], "needs the cookie of its login"),
        (&["page", "--param", "roles=Instructor"], "only custom parameters"),
        (&["page", "--param", "custom_x=a\nb"], "only custom parameters"),
        (&["none"], "no usable tool named \"none\""),
        (&["page", "--url", "http://127.0.0.1:1"], "no response from http://127.0.0.1:1"),
    ] {
        let run = stage.launch(&[arguments, &["--lti", "1.3"]].concat());
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.error.contains(reason) && run.error.contains("= help: "), "{run:?}");
        assert_eq!(run.out.lines().filter(|line| !line.starts_with("GET ")).count(), 0, "{run:?}");
    }
    // A gateway in production has no practice platform.
    let public =
        format!("{TOOLS}\n").replace("[gateway]", "[gateway]\npublic_url = \"http://localhost\"");
    let production = Server::start(&Setup {
        tools: &public,
        templates: &[("page.html.tera", PAGE)],
        ..Setup::default()
    });
    let url = format!("http://localhost:{}", production.address.port());
    let run = stage.launch(&["page", "--lti", "1.3", "--url", &url]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.error.contains("has no practice platform"), "{run:?}");
}

#[test]
fn a_request_for_links_shows_the_page_of_the_gateway() {
    let stage = Stage::new(NO_UPSTREAM);
    let links = ["nb", "--message", "links"];
    for version in ["1.1", "1.3"] {
        let arguments = [&links[..], &["--lti", version]].concat();
        let run = stage.launch(&arguments);
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{run:?}");
        assert!(run.out.contains("<form method=\"post\" action=\"/~links\""), "{}", run.out);
        let run = stage.launch(&[&arguments[..], &["--role", "learner"]].concat());
        assert_eq!(run.code, Some(1), "a learner: {run:?}");
    }
}
