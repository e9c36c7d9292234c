//! The log of a wrong `public_url`, and of the secret that a launch matched.

use super::*;

/// Sends a launch that was signed for `url` to the path of tool `a`, with these headers.
fn sent(server: &Server, url: &str, headers: &[(&str, &str)]) -> Reply {
    let content = ("Content-Type", "application/x-www-form-urlencoded");
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([content]).collect();
    server.send("POST", "/lti/a", &headers, Form { url, ..launch() }.sign().as_bytes())
}

/// The value of a field in a log line.
#[track_caller]
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!(" {name}=\"")).expect("the field");
    rest.split('"').next().expect("its end")
}

#[test]
fn a_wrong_public_url_is_named_in_the_log() {
    let server = server();
    let mut pages = BTreeSet::new();
    for (host, proto, signed, cause, fact) in [
        (
            "lti.school.example",
            Some("https"),
            "https://lti.school.example/lti/a",
            "public-url",
            "it was signed for https://lti.school.example, where it arrived",
        ),
        // The scheme is only a hypothesis: it may be missing, wrong, or no scheme at all.
        ("lti.school.example", None, "https://lti.school.example/lti/a", "public-url", ""),
        ("lti.school.example", Some("http"), "https://lti.school.example/lti/a", "public-url", ""),
        ("lti.school.example", Some("\\"), "https://lti.school.example/lti/a", "public-url", ""),
        (
            "tool.example:8443",
            Some("HTTPS, http"),
            "https://tool.example:8443/lti/a",
            "public-url",
            "it was signed for https://tool.example:8443, where it arrived",
        ),
        (
            "lti.school.example:8443",
            None,
            "https://lti.school.example:8443/lti/a",
            "public-url",
            "",
        ),
        // A proxy shows its own port.
        ("lti.school.example:5000", None, "https://lti.school.example/lti/a", "public-url", ""),
        ("tool.example", Some("http"), "http://tool.example/lti/a", "scheme", "for http://"),
        // The platform has a wrong scheme, whatever the host is.
        (
            "lti.school.example",
            Some("http"),
            "http://lti.school.example/lti/a",
            "address",
            "it was signed for http://lti.school.example/lti/a",
        ),
        ("lti.school.example", None, "https://www.tool.example/lti/a", "host", "www.tool.example"),
        ("lti.school.example", None, "https://other.example/lti/a", "-", ""),
    ] {
        let mut headers = vec![("Host", host)];
        headers.extend(proto.map(|proto| ("X-Forwarded-Proto", proto)));
        let reply = sent(&server, signed, &headers);
        rejected(&reply, 401, "bad-signature");
        let line = line_of(&reply);
        assert_eq!(field(&line, "cause"), cause, "{host} {signed}: {line}");
        let reason = field(&line, "reason");
        assert!(reason.starts_with("the signature does not match"), "{line}");
        assert!(reason.contains(fact), "{fact}: {line}");
        let help = match cause {
            "public-url" => "set `public_url` in [gateway] to the origin of the launch URL",
            "-" => "compare the secret in the platform",
            "address" => "copy the launch URL from / into the platform",
            _ => "write the launch URL in the platform",
        };
        assert!(field(&line, "help").starts_with(help), "{line}");
        pages.insert(reply.body.replace(reply.reference().expect("a reference"), "REFERENCE"));
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
}

#[test]
fn x_forwarded_proto_is_a_hypothesis_about_the_cause_only() {
    let server = server_of(&TOOLS.replace("https://tool.example", "http://localhost:5000"));
    let signed = "https://localhost:5000/lti/a";
    for (proto, cause) in
        [(None, "scheme"), (Some("http"), "scheme"), (Some("https"), "public-url")]
    {
        let mut headers = vec![("Host", "localhost:5000")];
        headers.extend(proto.map(|proto| ("X-Forwarded-Proto", proto)));
        let reply = sent(&server, signed, &headers);
        rejected(&reply, 401, "bad-signature");
        assert_eq!(field(&line_of(&reply), "cause"), cause, "{proto:?}");
    }
    // No header changes the verdict on a right launch.
    let headers = [("Host", "10.0.0.7:8000"), ("X-Forwarded-Proto", "https")];
    accepted(&sent(&server, "http://localhost:5000/lti/a", &headers));
}

#[test]
fn the_log_of_an_accepted_launch_names_the_secret_of_several() {
    let server = server_of(&format!(
        "{TOOLS}\n[tools.rotated]\nkey = \"key-1\"\nsecret = [\"s3cret-new\", \"s3cret\"]\n\
         template = \"page\"\n"
    ));
    let url = "https://tool.example/lti/rotated";
    for (nonce, secret, expected) in [("n1", "s3cret-new", "1 of 2"), ("n2", "s3cret", "2 of 2")] {
        let reply = server.post("/lti/rotated", &Form { url, nonce, secret, ..launch() }.sign());
        accepted(&reply);
        let lines = log_lines(&format!(" secret=\"{expected}\" "));
        let of_tool = lines.iter().filter(|line| field(line, "tool") == "rotated");
        let outcomes: Vec<&str> = of_tool.map(|line| field(line, "outcome")).collect();
        assert_eq!(outcomes, ["accepted"], "{lines:?}");
    }
    // A rejected launch, and a consumer with one secret, have no such field.
    let reply = server.post("/lti/rotated", &Form { url, secret: "another", ..launch() }.sign());
    rejected(&reply, 401, "bad-signature");
    assert!(!line_of(&reply).contains(" secret="));
    let of_b = Form {
        url: "https://tool.example/lti/b",
        key: "key-2",
        secret: "an0ther",
        nonce: "of tool b, once",
        ..launch()
    };
    accepted(&server.post("/lti/b", &of_b.sign()));
    let lines = log_lines(" consumer=\"key-2\" outcome=\"accepted\" ");
    assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains(" secret=")), "{lines:?}");
}
