//! `lti-gateway launch`: practice launches from the command line, over real HTTP.

mod links;
mod login;
mod registration;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::support::{Pairs, Recorder, Server, Setup, unescaped, write};

/// A page that shows the user, the roles, the course and a custom parameter.
const PAGE: &str = "{{ launch.user.id }}|{{ launch.roles | join(sep=',') }}|\
     {{ launch.context.title }}|{{ launch.custom.x or '-' }}\n";

const TOOLS: &str = r#"
[gateway]
secret = "the gateway's own, of 32 characters"

[tools.page]
key = "page-key"
secret = "s3cret"
template = "page"

[tools.staff]
template = "page"
roles = ["staff"]
consumers = [
  { key = "course-a", secret = "s3cret-a" },
  { key = "course-b", secret = "s3cret-b", signature_methods = ["HMAC-SHA256"] },
]
"#;

/// A gateway in development, and a directory with the same tools file for `launch`.
struct Stage {
    server: Server,
    folder: TempDir,
}

/// The result of a run of the program.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Stage {
    /// A stage whose tool `nb` has this upstream.
    fn new(upstream: &str) -> Self {
        let tools = format!(
            "{TOOLS}\n[tools.nb]\nkey = \"nb-key\"\nsecret = \"s3cret\"\n\
             upstream = \"{upstream}\"\n"
        );
        Self::of(&tools, &[("page.html.tera", PAGE)])
    }

    /// A stage with this tools file and these templates.
    fn of(tools: &str, templates: &[(&str, &str)]) -> Self {
        let server =
            Server::start(&Setup { tools, templates, development: true, ..Setup::default() });
        // `launch` uses the clock of this machine.
        server.set_now(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs());
        let folder = tempfile::tempdir().expect("a temporary directory");
        write(folder.path(), "tools.toml", tools);
        for (name, template) in templates {
            write(&folder.path().join("templates"), name, template);
        }
        Self { server, folder }
    }

    /// The origin of the gateway.
    fn origin(&self) -> String {
        format!("http://localhost:{}", self.server.address.port())
    }

    /// Runs `lti-gateway launch` with the gateway's port in `PORT`.
    fn launch(&self, arguments: &[&str]) -> Run {
        self.launch_with(arguments, &[])
    }

    fn launch_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
            .arg("launch")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PORT", self.server.address.port().to_string())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let run = Run {
            code: output.status.code(),
            out: text(output.stdout),
            error: text(output.stderr),
        };
        for secret in ["s3cret", "own, of 32", "panicked"] {
            assert!(
                !run.out.contains(secret) && !run.error.contains(secret),
                "{secret} in {run:?}"
            );
        }
        run
    }

    /// Posts a form to a launch path like a browser. Returns the page.
    fn post(&self, path: &str, form: &str) -> String {
        let host = format!("localhost:{}", self.server.address.port());
        let headers =
            [("Host", host.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let reply = self.server.send("POST", path, &headers, form.as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }
}

const NO_UPSTREAM: &str = "http://127.0.0.1:1";

#[test]
fn the_default_launch_is_edxs() {
    let stage = Stage::new(NO_UPSTREAM);
    let run = stage.launch(&["page"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let page = "practice-user|learner|A course to practise with|-";
    assert_eq!(
        run.out,
        format!("POST {}/lti/page\n200 OK, text/html; charset=utf-8\n\n{page}\n", stage.origin())
    );
}

#[test]
fn user_roles_and_parameters_are_those_of_the_options() {
    let stage = Stage::new(NO_UPSTREAM);
    let parameters = ["--param", "custom_x=a=b c&d", "--param", "context_title=Sums"];
    let run = stage.launch(
        &[&["page", "--role", "mentor", "--role", "learner", "--user", "ada"], &parameters[..]]
            .concat(),
    );
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    assert_eq!(
        unescaped(run.out.lines().last().expect("a line")),
        "ada|learner,mentor|Sums|a=b c&d"
    );
}

#[test]
fn a_launch_opens_a_session_of_the_upstream_and_shows_no_ticket() {
    let upstream = Recorder::start();
    let stage = Stage::new(&upstream.url());
    let run = stage.launch(&["nb", "--role", "instructor"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let request = upstream.request();
    assert_eq!(request.line(), "GET /app/");
    assert_eq!(request.header("x-forwarded-user").as_deref(), Some("nb-key:practice-user"));
    assert_eq!(request.header("x-forwarded-groups").as_deref(), Some("instructor"));
    let (before, after) = run.out.split_once("/~").expect("a session");
    let (id, _) = after.split_once('?').expect("a ticket");
    let origin = stage.origin();
    assert_eq!(before, format!("POST {origin}/lti/nb\n303 See Other\n\nGET {origin}/lti/nb"));
    assert_eq!(
        after,
        format!("{id}?…\n303 See Other\n\nGET {origin}/lti/nb/~{id}/\n200 OK, text/plain\n\nok\n")
    );
    assert!(!run.out.contains("ticket"), "{}", run.out);
}

#[test]
fn a_rejected_launch_exits_with_1_and_reaches_no_upstream() {
    let upstream = Recorder::start();
    let stage = Stage::new(&upstream.url());
    write(
        stage.folder.path(),
        "tools.toml",
        &fs::read_to_string(stage.folder.path().join("tools.toml"))
            .expect("the file")
            .replace("\"s3cret\"", "\"another s3cret\""),
    );
    for (tool, arguments, status) in [
        ("nb", &[][..], "401"),
        ("page", &[], "401"),
        ("staff", &["--role", "learner"], "403"),
        ("staff", &["--role", "staff", "--param", "resource_link_id="], "400"),
    ] {
        let run = stage.launch(&[&[tool], arguments].concat());
        assert_eq!(run.code, Some(1), "{run:?}");
        let first = format!("POST {}/lti/{tool}\n{status} ", stage.origin());
        assert!(
            run.out.starts_with(&first) && run.out.contains("<code"),
            "the page and its reference: {run:?}"
        );
        assert_eq!(
            run.error,
            format!(
                "error: the launch was rejected, or this is not a gateway (status {status})\n  \
                 = help: find the reference of the page in the gateway's log: its line has the \
                 reason\n"
            )
        );
    }
    upstream.saw_nothing();
}

#[test]
fn an_error_as_last_response_exits_with_1() {
    let run = Stage::new(NO_UPSTREAM).launch(&["nb"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.error, "error: the launch was accepted, but the last response has status 503\n");
    assert!(
        run.out.contains("\n503 Service Unavailable, text/html; charset=utf-8\n"),
        "{}",
        run.out
    );
}

#[test]
fn each_consumer_signs_with_its_own_signature_method() {
    let stage = Stage::new(NO_UPSTREAM);
    for (key, method) in [("course-a", "HMAC-SHA1"), ("course-b", "HMAC-SHA256")] {
        let arguments = ["staff", "--role", "staff", "--key", key];
        let run = stage.launch(&arguments);
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
        let printed = stage.launch(&[&arguments[..], &["--print", "curl"]].concat());
        assert!(
            printed.out.contains(&format!("&oauth_signature_method={method}&")),
            "{}",
            printed.out
        );
    }
    let run = stage.launch(&["staff", "--key", "course-c"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert_eq!(
        run.error,
        "error: staff has no consumer with this key\n  = help: use one of course-a, course-b\n"
    );
}

#[test]
fn url_accepts_a_gateway_and_a_launch_url() {
    let upstream = Recorder::start();
    let stage = Stage::new(&upstream.url());
    for (path, led_to) in [
        ("", "GET /app/"),
        ("/", "GET /app/"),
        ("/lti/nb", "GET /app/"),
        ("/lti/nb/units/2?page=3&q=a%20b#part", "GET /app/units/2?page=3&q=a%20b"),
    ] {
        let url = format!("{}{path}", stage.origin());
        // Nothing listens on the default port.
        let run = stage.launch_with(&["nb", "--url", &url], &[("PORT", "1")]);
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{path}");
        assert_eq!(upstream.request().line(), led_to);
    }
}

#[test]
fn a_redirect_to_another_host_is_not_followed_and_gets_no_cookie() {
    let other = Recorder::start();
    let elsewhere = format!("{}/login?secret=1", other.origin());
    let upstream = Recorder::answering(format!(
        "HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: {elsewhere}\r\n\
         Content-Length: 0\r\n\r\n"
    ));
    let run = Stage::new(&upstream.url()).launch(&["nb"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{run:?}");
    let last = format!(
        "\n302 Found\n\n\
         The redirect leads to another host and is not followed: {}/login?…\n",
        other.origin()
    );
    assert!(run.out.ends_with(&last), "{}", run.out);
    other.saw_nothing();
}

#[test]
fn at_most_ten_redirects_are_followed() {
    let upstream =
        Recorder::answering("HTTP/1.1 302 Found\r\nLocation: again\r\nContent-Length: 0\r\n\r\n");
    let run = Stage::new(&upstream.url()).launch(&["nb"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.error, "error: the launch was accepted, but the last response has status 302\n");
    assert_eq!(run.out.matches("GET ").count(), 10);
}

#[test]
fn the_output_contains_no_control_characters_of_the_response() {
    let body = "a\u{1b}[31mred\u{202e}\r\nb\tc";
    let upstream = Recorder::answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let run = Stage::new(&upstream.url()).launch(&["nb"]);
    assert!(
        run.out.ends_with("\n200 OK, text/plain\n\na\u{fffd}[31mred\u{fffd}\nb\tc\n"),
        "{:?}",
        run.out
    );
    let picture = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\n\u{7}\u{8}\u{1b}",
    );
    let run = Stage::new(&picture.url()).launch(&["nb"]);
    assert!(run.out.ends_with("\n200 OK, image/png\n\n(3 bytes, not text)\n"), "{:?}", run.out);
}

#[test]
fn a_printed_curl_command_launches_once() {
    let stage = Stage::new(NO_UPSTREAM);
    let value = "it's \"a\" <b> &\nsecond line";
    let run = stage.launch(&["page", "--param", &format!("custom_x={value}"), "--print", "curl"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let origin = stage.origin();
    let form = run
        .out
        .strip_prefix(&format!("curl --include '{origin}/lti/page' \\\n  --data-raw '"))
        .and_then(|rest| rest.strip_suffix("'\n"))
        .expect("a command");
    assert!(!form.contains(|letter: char| letter == '\'' || letter.is_whitespace()), "{form}");
    assert_eq!(Pairs::read(form).get("custom_x"), value.replace('\n', "\r\n"));
    assert!(unescaped(&stage.post("/lti/page", form)).contains("it's \"a\" <b> &\r\nsecond line"));
    let again = stage.server.send(
        "POST",
        "/lti/page",
        &[
            ("Host", &origin["http://".len()..]),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ],
        form.as_bytes(),
    );
    assert_eq!(again.status, 401);
}

#[test]
fn the_form_of_a_printed_page_launches() {
    let stage = Stage::new(NO_UPSTREAM);
    let value = "it's \"a\" <b> &amp; \r\nsecond line";
    let run = stage.launch(&["page", "--param", &format!("custom_x={value}"), "--print", "html"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    assert!(
        run.out
            .contains(&format!("<form method=\"post\" action=\"{}/lti/page\">\n", stage.origin()))
    );
    assert!(!run.out.contains("<script"), "{}", run.out);
    let plain = |text: &str| unescaped(&text.replace("&#13;", "\r").replace("&#10;", "\n"));
    let pairs = run
        .out
        .lines()
        .filter_map(|line| {
            line.trim().strip_prefix("<input type=\"hidden\" name=\"")?.strip_suffix("\">")
        })
        .map(|input| {
            let (name, value) = input.split_once("\" value=\"").expect("a value");
            (plain(name), plain(value))
        });
    let pairs = Pairs(pairs.collect());
    assert_eq!(pairs.get("custom_x"), value);
    assert!(
        unescaped(&stage.post("/lti/page", &pairs.body()))
            .contains("it's \"a\" <b> &amp; \r\nsecond line")
    );
}

#[test]
fn a_tool_with_its_own_host_is_launched_there() {
    let stage = Stage::new(NO_UPSTREAM);
    let tools = format!(
        "{TOOLS}\n[tools.own]\nkey = \"k\"\nsecret = \"s3cret\"\n\
         upstream = \"{NO_UPSTREAM}\"\nhost = \"own.localhost\"\n"
    );
    write(stage.folder.path(), "tools.toml", &tools);
    let run = stage.launch(&["own", "--print", "curl"]);
    let port = stage.server.address.port();
    assert!(
        run.out.starts_with(&format!("curl --include 'http://own.localhost:{port}/' ")),
        "{run:?}"
    );
}

#[test]
fn unusable_arguments_exit_with_2_and_a_message() {
    let stage = Stage::new(NO_UPSTREAM);
    for (arguments, message) in [
        (
            &["pgae"][..],
            "error: tools.toml has no usable tool named \"pgae\"\n  \
             = help: name one of nb, page, staff\n",
        ),
        (
            &["page", "--url", "our-tools.example"],
            "error: \"our-tools.example\" is not the URL of a gateway\n  \
             = help: use a URL such as https://our-tools.example\n",
        ),
        (&["page", "--tools", "absent.toml"], "error: absent.toml cannot be read: "),
        (
            &["page", "--url", "http://127.0.0.1:1"],
            "error: no response from http://127.0.0.1:1/lti/page: ",
        ),
        (
            &["page", "--role", "boss"],
            "error: invalid value 'boss' for '--role <ROLE>': use one of learner, ",
        ),
        (
            &["page", "--param", "colour"],
            "error: invalid value 'colour' for '--param <NAME=VALUE>': use NAME=VALUE",
        ),
        (
            &["page", "--param", "oauth_nonce=1"],
            "error: invalid value 'oauth_nonce=1' for '--param <NAME=VALUE>': \
             `launch` sets the OAuth parameters itself",
        ),
        (
            &["page", "--url", "http://localhost/?a=%zz"],
            "error: the query of http://localhost/?a=%zz is not form-encoded\n",
        ),
    ] {
        let run = stage.launch(arguments);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.error.starts_with(message), "{run:?}");
        assert!(!run.out.contains("200"), "{run:?}");
    }
}

#[test]
fn placeholder_secrets_are_used_for_loopback_only() {
    let stage = Stage::new(NO_UPSTREAM);
    let tools = "[tools.page]\nkey = \"page-key\"\nsecret = { env = \"PAGE_SECRET\" }\n\
                 template = \"page\"\n";
    write(stage.folder.path(), "tools.toml", tools);
    let arguments = ["page", "--url", "https://our-tools.example", "--print", "curl"];
    let run = stage.launch(&arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(
        run.error.contains("error: the environment variable PAGE_SECRET is not set\n"),
        "{}",
        run.error
    );
    assert!(
        run.error.ends_with(
            "error: tools.toml has no usable tool named \"page\"\n  \
             = help: fix the problems of this tool above; this command ignores all others\n"
        ),
        "{}",
        run.error
    );
    // Only the tool's own secret is necessary.
    let run = stage.launch_with(&arguments, &[("PAGE_SECRET", "a real one")]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    assert!(
        run.out.starts_with("curl --include 'https://our-tools.example/lti/page' \\\n"),
        "{}",
        run.out
    );
    let with_placeholder = stage.launch(&["page", "--print", "curl"]);
    assert_eq!((with_placeholder.code, with_placeholder.error.as_str()), (Some(0), ""));
    // With `public_url`, `launch` uses that URL, and so no placeholder.
    let fixed = format!("[gateway]\npublic_url = \"https://our-tools.example\"\n{tools}");
    write(stage.folder.path(), "tools.toml", &fixed);
    let run = stage.launch(&["page", "--print", "curl"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    let run = stage.launch_with(&["page", "--print", "curl"], &[("PAGE_SECRET", "a real one")]);
    assert!(
        run.out.starts_with("curl --include 'https://our-tools.example/lti/page' \\\n"),
        "{run:?}"
    );
}

/// Runs the commands of docs/launch.md with the tools of the repository.
#[test]
fn the_commands_of_the_docs_launch() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| fs::read_to_string(root.join(path)).expect("text");
    let (tools, hello, staff) =
        (text("tools.toml"), text("templates/hello.html.tera"), text("templates/staff.html.tera"));
    let templates = [("hello.html.tera", hello.as_str()), ("staff.html.tera", staff.as_str())];
    let stage = Stage::of(&tools, &templates);
    let docs = text("docs/launch.md");
    let blocks = docs.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut ran = 0;
    for line in blocks.flat_map(str::lines) {
        let (variables, arguments) = line.split_once("lti-gateway launch ").expect("a command");
        // One value has a space and is quoted.
        let arguments = arguments.replace("\"Ada Lovelace\"", "Ada\u{a0}Lovelace");
        let arguments: Vec<String> =
            arguments.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            variables.split_whitespace().filter_map(|variable| variable.split_once('=')).collect();
        // Send nothing to another machine.
        if arguments.contains(&"https://our-tools.example") {
            arguments.extend(["--print", "curl"]);
        }
        let run = stage.launch_with(&arguments, &environment);
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{line}");
        for (asked, shown) in [
            ("Ada Lovelace", "<h1>Hello, <bdi>Ada Lovelace</bdi>!</h1>"),
            ("custom_colour", "custom_colour"),
        ] {
            assert!(!line.contains(asked) || run.out.contains(shown), "{line}: {}", run.out);
        }
        ran += 1;
    }
    assert_eq!(ran, 8);
}
