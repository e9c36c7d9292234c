//! `launch --message links`: a request for links, in both versions of LTI.

use super::*;

#[test]
fn a_request_for_links_shows_the_picker() {
    let stage = Stage::new(NO_UPSTREAM);
    for arguments in [
        &["page"][..],
        &["page", "--lti", "1.3"],
        &["page", "--role", "teaching_assistant"],
        &["staff", "--key", "course-b"],
    ] {
        let run = stage.launch(&[arguments, &["--message", "links"]].concat());
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{run:?}");
        assert!(run.out.contains("<button class=\"button\">Add to course</button>"), "{}", run.out);
        assert!(run.out.contains("name=\"lti_selection\""), "{}", run.out);
    }
    for arguments in [&["page"][..], &["page", "--lti", "1.3"]] {
        let more = ["--message", "links", "--role", "learner"];
        let run = stage.launch(&[arguments, &more].concat());
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.error.contains("403"), "{run:?}");
    }
}

#[test]
fn a_request_for_links_opens_the_picker_of_an_app() {
    let upstream = Recorder::start();
    let tools = format!(
        "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = \"s3cret\"\nupstream = \"{}\"\n\
         picker = \"/choose\"\n",
        upstream.url()
    );
    let stage = Stage::of(&tools, &[("page.html.tera", PAGE)]);
    for version in ["1.1", "1.3"] {
        let run = stage.launch(&["nb", "--lti", version, "--message", "links"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let request = upstream.request();
        assert_eq!(request.line(), "GET /app/choose");
        assert!(request.header("x-lti-link-token").is_some());
    }
}

#[test]
fn a_printed_request_for_links_has_its_parameters() {
    let stage = Stage::new(NO_UPSTREAM);
    let arguments = ["page", "--message", "links", "--print", "form", "--param", "data=a&<\""];
    let run = stage.launch(&arguments);
    let pairs = Pairs::read(run.out.trim_end());
    assert_eq!(pairs.get("lti_message_type"), "ContentItemSelectionRequest");
    assert_eq!(pairs.get("data"), "a&<\"");
    assert_eq!(pairs.get("roles"), "Instructor");
    assert!(pairs.0.iter().all(|(name, _)| name != "resource_link_id"));
}
