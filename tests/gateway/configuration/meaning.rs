//! The meaning of valid files.

use std::path::Path;
use std::time::Duration;

use lti::oauth1::SignatureMethod;
use lti::{Role, Roles};
use lti_gateway::config::{
    AppCommand, Config, DeclaredLineItem, Environment, Fault, GradeAccess, Identity, Institution,
    LinkPath, Opening, Points, Prefix, Problem, PublicUrl, Severity, Site, Target, Tool, ToolLink,
    Upstream, print, read, sort,
};
use lti_gateway::url::{Origin, Scheme};

use crate::support::{Form, Server, Setup};

const GATEWAY: &str = r#"
[gateway]
public_url = "https://tools.example"
secret = "a gateway secret of 32 characters"
"#;

const HELLO: &str = r#"
[tools.hello]
key = "hello-key"
secret = "hunter2 hunter2 hunter2"
template = "hello"
"#;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems(text: &str, variables: &[(&str, &str)], development: bool) -> Vec<Problem> {
    read("tools.toml", text.as_bytes(), &environment(variables), development).problems
}

/// The configuration of a file without errors.
fn meaning(text: &str, variables: &[(&str, &str)], development: bool) -> Config {
    let mut reading = read("tools.toml", text.as_bytes(), &environment(variables), development);
    reading.problems.retain(|problem| problem.severity() == Severity::Error);
    sort("tools.toml", &mut reading.problems);
    assert!(reading.problems.is_empty(), "{}", print("tools.toml", &reading.problems));
    reading.config
}

fn production(text: &str) -> Config {
    meaning(text, &[], false)
}

fn secrets(config: &Config) -> Vec<&str> {
    config.secrets.iter().map(lti::Secret::expose).collect()
}

fn https(authority: &str) -> PublicUrl {
    PublicUrl::Fixed(Origin { scheme: Scheme::Https, authority: authority.to_owned() })
}

#[test]
fn a_missing_key_has_its_default() {
    let config = production(&format!("{GATEWAY}{HELLO}"));
    assert!(!config.development);
    assert_eq!(config.public_url, https("tools.example"));
    assert_eq!(secrets(&config), ["a gateway secret of 32 characters"]);
    let [tool] = config.tools.as_slice() else { panic!("{} tools", config.tools.len()) };
    let Tool {
        name, title, description, icon, host, path, senders, roles, session, target, ..
    } = tool;
    let Tool { params, links, frame_ancestors, .. } = tool;
    assert!(links.is_empty(), "the tool itself");
    assert_eq!(name, "hello");
    assert_eq!(title, "hello", "the title defaults to the name");
    assert_eq!((description.as_str(), icon.as_str()), ("", ""));
    assert_eq!(path.as_str(), "/lti/hello");
    assert_eq!(senders.consumers.keys(), ["hello-key".into()]);
    assert_eq!(config.clock_skew, 5 * 60);
    assert_eq!(config.institution, Institution::default(), "no name and no contact");
    assert!(roles.is_none(), "everyone");
    assert_eq!((host, *session), (&None, Duration::from_secs(8 * 60 * 60)));
    assert!(matches!(target, Target::Template(name) if name == "hello"));
    assert!(params.is_empty());
    assert_eq!(frame_ancestors, "*");
}

#[test]
fn every_key_of_a_tool_and_the_gateway_takes_effect() {
    let config = production(
        r#"
        [gateway]
        public_url = "https://Tools.Example:8443/"
        secret = ["the new gateway secret of 2026-07-31", "the old gateway secret of 2025-07-31"]
        session = "90m"
        clock_skew = "90s"
        name = "Example University"
        contact = "mailto:help@uni.example"

        [tools.quiz]
        title = "Quiz"
        description = "A quiz."
        icon = "/static/quiz.svg"
        path = "/week-1/quiz"
        key = "quiz-key"
        secret = "hunter2 hunter2 hunter2"
        template = "course/quiz"
        roles = ["learner", "staff"]
        params.level = 3
        params.size = 1_000
        params.colour = 0xff
        params.far = 1e3
        params.hints = true
        params.weight = 0.5
        params.tags = ["a", "b"]
        params.nested = { a = "b" }
        frame_ancestors = ["https://lms.example", "'self'"]
        signature_methods = ["HMAC-SHA256"]
        "#,
    );
    assert_eq!(config.public_url, https("tools.example:8443"));
    assert_eq!(
        secrets(&config),
        ["the new gateway secret of 2026-07-31", "the old gateway secret of 2025-07-31"]
    );
    let contact = config.institution.contact.expect("a contact");
    assert_eq!(config.institution.name, "Example University");
    assert_eq!((&*contact.text, &*contact.url), ("help@uni.example", "mailto:help@uni.example"));
    let tool = &config.tools[0];
    assert_eq!(tool.session, Duration::from_secs(90 * 60));
    assert_eq!((tool.title.as_str(), tool.description.as_str()), ("Quiz", "A quiz."));
    assert_eq!((tool.icon.as_str(), tool.path.as_str()), ("/static/quiz.svg", "/week-1/quiz"));
    assert!(matches!(&tool.target, Target::Template(name) if name == "course/quiz"));
    let roles = Roles::default().with(Roles::STAFF).with(Roles::named("learner").expect("a role"));
    assert_eq!(tool.roles, Some(roles));
    assert!(roles.contains(Role::Administrator) && !roles.contains(Role::Mentor));
    assert_eq!(config.clock_skew, 90);
    assert_eq!(tool.frame_ancestors, "https://lms.example 'self'");
    let params = serde_json::to_value(&tool.params).expect("JSON");
    let expected = serde_json::json!({
        "level": 3,
        "size": 1000,
        "colour": 255,
        "far": 1000.0,
        "hints": true,
        "weight": 0.5,
        "tags": ["a", "b"],
        "nested": { "a": "b" },
    });
    assert_eq!(params, expected);
}

/// The upstream of a tool that has one.
fn upstream(tool: &Tool) -> &Upstream {
    match &tool.target {
        Target::Upstream(upstream) => upstream,
        target => panic!("{target:?}"),
    }
}

/// Names and values of the additional headers for an upstream.
fn headers(upstream: &Upstream) -> Vec<(&str, &str)> {
    upstream.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

const NOTEBOOK: &str = r#"
[tools.notebook]
key = "notebook-key"
secret = "hunter2 hunter2 hunter2"
upstream = "http://127.0.0.1:9000"
"#;

#[test]
fn a_missing_key_of_an_upstream_has_its_default() {
    let config = production(&format!("{GATEWAY}{NOTEBOOK}"));
    let tool = &config.tools[0];
    assert_eq!((tool.host.as_deref(), tool.path.as_str()), (None, "/lti/notebook"));
    assert_eq!(tool.session, Duration::from_secs(8 * 60 * 60));
    let Upstream {
        url,
        command,
        timeout,
        prefix,
        open,
        downloads,
        identity,
        headers,
        grades,
        grade_lifetime,
        line_item,
        members,
        picker,
        pass_host_header,
        hint,
    } = upstream(tool);
    assert_eq!((*grades, *grade_lifetime), (GradeAccess::Off, 7 * 24 * 60 * 60));
    assert_eq!((line_item, *members, picker), (&None, Roles::default(), &None));
    assert_eq!(url.to_string(), "http://127.0.0.1:9000");
    assert_eq!(*timeout, Duration::from_secs(25));
    assert_eq!(*prefix, Prefix::Session);
    assert_eq!((*open, *downloads), (Opening::Frame, true));
    assert_eq!(*identity, Identity { name: true, email: false });
    assert!(headers.is_empty());
    assert!(!pass_host_header);
    assert_eq!(hint, "");
    assert!(command.is_none());
}

#[test]
fn the_comment_behind_upstream_is_its_hint() {
    let long = "x".repeat(200);
    let check = |line: &str, expected: &str| {
        let config = production(&format!(
            "{GATEWAY}\n[tools.notebook]\nkey = \"k\"\n\
             secret = \"hunter2 hunter2 hunter2\"\n{line}\n"
        ));
        assert_eq!(upstream(&config.tools[0]).hint, expected, "{line}");
    };
    const URL: &str = "upstream = \"http://127.0.0.1:9000\"";
    check(&format!("{URL}  # cargo run -p adder"), "cargo run -p adder");
    check(&format!("{URL}#\tnpm start # twice \t"), "npm start # twice");
    check(&format!("{URL} #"), "");
    check(&format!("{URL}\n# the next line"), "");
    check(&format!("# the line above\n{URL}"), "");
    check("upstream = \"http://127.0.0.1:9000/a%23b\"", "");
    check(&format!("{URL} # <b>ü</b>\r"), "<b>ü</b>");
    check(&format!("{URL} # {long}"), &long);
    check(&format!("{URL} # {long}x"), &format!("{long}…"));
    check(&format!("{URL} # {}", "ü".repeat(201)), &format!("{}…", "ü".repeat(200)));
}

#[test]
fn tools_have_the_positions_of_the_file() {
    let tool = |name: &str| {
        format!(
            "[tools.{name}]\nkey = \"{name}\"\nsecret = \"hunter2 hunter2 {name}\"\n\
             template = \"hello\"\n"
        )
    };
    let config =
        production(&format!("{GATEWAY}\n{}{}{}", tool("second"), tool("third"), tool("a-last")));
    let mut tools: Vec<&Tool> = config.tools.iter().collect();
    tools.sort_unstable_by_key(|tool| tool.position);
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["second", "third", "a-last"]);
}

#[test]
fn every_key_of_an_upstream_takes_effect() {
    let text = format!(
        r#"{GATEWAY}{NOTEBOOK}
        host = "Notebook.Example"
        prefix = "tool"
        open = "window"
        identity = ["email"]
        timeout = "90s"
        grades = "course"
        grade_lifetime = "120d"
        line_item = {{ label = "Notebook $1", points = 2.5 }}
        members = ["staff", "teaching_assistant"]
        links = [
          {{ title = "Week 1", description = "Up to $10", path = "/week/1?x=2", points = 10,
             custom = {{ unit = "w1", person = "$Person.sourcedId" }} }},
          {{ title = "Week 2" }},
        ]
        pass_host_header = true
        session = "2d"
        params = {{ level = 3 }}
        headers.Authorization = {{ env = "NOTEBOOK_TOKEN" }}
        headers.X-Course_Id = "b 101"
        headers.Accept-Encoding = ""

        [tools.lab]
        key = "lab-key"
        secret = "hunter2 hunter2 hunter2"
        upstream = "HTTPS://Lab.Example:8443/App/"
        prefix = "session"
        identity = ["name", "email", "name"]
        picker = "/choose?lang=de"

        [tools.lab.headers]
        x-lab.env = "NOTEBOOK_TOKEN"
        "#
    );
    let config = meaning(&text, &[("NOTEBOOK_TOKEN", "Bearer hunter2")], false);
    let [lab, notebook] = config.tools.as_slice() else { panic!("{} tools", config.tools.len()) };
    assert_eq!((notebook.host.as_deref(), notebook.path.as_str()), (Some("notebook.example"), ""));
    assert_eq!(notebook.session, Duration::from_secs(2 * 24 * 60 * 60));
    assert!(notebook.params.contains_key("level"));
    let of_notebook = upstream(notebook);
    assert_eq!(of_notebook.prefix, Prefix::Tool);
    assert_eq!((of_notebook.open, of_notebook.downloads), (Opening::Window, false));
    assert_eq!(of_notebook.identity, Identity { name: false, email: true });
    assert_eq!(of_notebook.timeout, Duration::from_secs(90));
    assert!(of_notebook.pass_host_header);
    assert_eq!(of_notebook.grades, GradeAccess::Course);
    assert_eq!(of_notebook.grade_lifetime, 120 * 24 * 60 * 60);
    let points = Points::new(2.5).expect("points");
    let column = DeclaredLineItem { label: "Notebook $1".to_owned(), points };
    assert_eq!(of_notebook.line_item, Some(column));
    assert_eq!(of_notebook.members, Roles::STAFF.with(Role::TeachingAssistant.into()));
    assert_eq!(of_notebook.picker, None);
    let week = ToolLink {
        title: "Week 1".to_owned(),
        description: "Up to $10".to_owned(),
        path: LinkPath::parse("/week/1?x=2").ok(),
        custom: [("person", "$Person.sourcedId"), ("unit", "w1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        points: Points::new(10.0),
    };
    let bare = ToolLink {
        title: "Week 2".to_owned(),
        description: String::new(),
        path: None,
        custom: Vec::new(),
        points: None,
    };
    assert_eq!(notebook.links, [week, bare]);
    assert_eq!(
        headers(of_notebook),
        [("accept-encoding", ""), ("authorization", "Bearer hunter2"), ("x-course_id", "b 101")]
    );
    let of_lab = upstream(lab);
    assert_eq!(of_lab.url.to_string(), "https://lab.example:8443/App");
    assert_eq!(of_lab.prefix, Prefix::Session);
    assert_eq!(of_lab.identity, Identity { name: true, email: true });
    assert_eq!(headers(of_lab), [("x-lab", "Bearer hunter2")]);
    assert!(of_lab.grades == GradeAccess::Off && !of_lab.pass_host_header);
    assert_eq!(of_lab.picker, LinkPath::parse("/choose?lang=de").ok());
    assert_eq!(
        lab.session,
        Duration::from_secs(8 * 60 * 60),
        "the session of another tool does not count"
    );
}

#[test]
fn with_an_empty_identity_the_upstream_receives_no_name_and_no_email() {
    let config = production(&format!("{GATEWAY}{NOTEBOOK}identity = []\n"));
    assert_eq!(upstream(&config.tools[0]).identity, Identity { name: false, email: false });
}

#[test]
fn every_key_of_a_command_takes_effect() {
    let text = format!(
        r#"{GATEWAY}
[tools.plots]
key = "plots-key"
secret = "hunter2 hunter2 hunter2"
command = ["streamlit", "run", "plots.py", "--server.port", "{{port}}", ""]
directory = "apps/plots"
environment = {{ BIND = "127.0.0.1:{{port}}", TOKEN = {{ env = "PLOTS_TOKEN" }} }}
idle = "30m"
upstream = "/lti/plots/"
prefix = "tool"
identity = ["email"]
headers = {{ X-A = "a" }}
timeout = "1m"
grades = true
pass_host_header = true
"#
    );
    let config = meaning(&text, &[("PLOTS_TOKEN", "hunter2 of plots")], false);
    let upstream = upstream(&config.tools[0]);
    let command = upstream.command.as_ref().expect("a command");
    assert_eq!(command.program, "streamlit");
    assert_eq!(command.arguments, ["run", "plots.py", "--server.port", "{port}", ""]);
    assert_eq!(command.directory, Path::new("apps/plots"));
    let environment: Vec<_> =
        command.environment.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(environment, [("BIND", "127.0.0.1:{port}"), ("TOKEN", "hunter2 of plots")]);
    assert_eq!(command.idle, Some(Duration::from_secs(1800)));
    assert_eq!(AppCommand::with_port("127.0.0.1:{port}", 8501), "127.0.0.1:8501");
    assert_eq!(upstream.url.to_string(), "http://127.0.0.1:0/lti/plots");
    assert_eq!(upstream.prefix, Prefix::Tool);
    assert_eq!(upstream.identity, Identity { name: false, email: true });
    assert_eq!(headers(upstream), [("x-a", "a")]);
    assert_eq!(upstream.timeout, Duration::from_secs(60));
    assert!(upstream.grades == GradeAccess::Learner && upstream.pass_host_header);
    let debug = format!("{config:?}");
    assert!(!debug.contains("hunter2 of plots") && !debug.contains("127.0.0.1:{port}"), "{debug}");
    assert!(config.known_secrets.occur_in("hunter2 of plots"));
}

#[test]
fn a_missing_key_of_a_command_has_its_default() {
    let config = production(&format!(
        "{GATEWAY}\n[tools.plots]\nkey = \"k\"\nsecret = \"hunter2 hunter2 hunter2\"\n\
         command = [\"app\", \"{{port}}\"]\n"
    ));
    let upstream = upstream(&config.tools[0]);
    let command = upstream.command.as_ref().expect("a command");
    assert_eq!(command.directory, Path::new(""));
    assert!(command.environment.is_empty() && command.idle.is_none() && command.uses_port());
    assert_eq!(upstream.url.to_string(), "http://127.0.0.1:0");
}

#[test]
fn commands_are_equal_if_they_start_the_same_process() {
    let read = |keys: &str, token: &str| {
        let text = format!(
            "{GATEWAY}\n[tools.plots]\nkey = \"k\"\nsecret = \"hunter2 hunter2 hunter2\"\n{keys}"
        );
        let config = meaning(&text, &[("PLOTS_TOKEN", token)], false);
        upstream(&config.tools[0]).command.clone().expect("a command")
    };
    let keys = "command = [\"a\", \"{port}\"]\nenvironment = { A = { env = \"PLOTS_TOKEN\" } }\n";
    assert_eq!(read(keys, "one"), read(&format!("title = \"Plots\"\n{keys}"), "one"));
    assert_ne!(read(keys, "one"), read(keys, "two"));
    for other in [
        keys.replace("\"a\"", "\"b\""),
        keys.replace("{port}", "{port}/"),
        keys.replace("A =", "B ="),
        format!("{keys}directory = \"apps\"\n"),
        format!("{keys}idle = \"1m\"\n"),
    ] {
        assert_ne!(read(keys, "one"), read(&other, "one"), "{other}");
    }
}

#[test]
fn every_key_of_a_site_takes_effect() {
    let site = |keys: &str| {
        let config = production(&format!(
            "{GATEWAY}\n[tools.book]\nkey = \"k\"\nsecret = \"hunter2 hunter2 hunter2\"\n\
             site = \"book\"\n{keys}"
        ));
        let tool = config.tools.into_iter().next().expect("a tool");
        assert_eq!(tool.identity(), Identity { name: false, email: false });
        match tool.target {
            Target::Site(site) => site,
            target => panic!("{target:?}"),
        }
    };
    let Site { folder, prefix, open, downloads } = site("");
    assert_eq!(folder, Path::new("book"));
    assert_eq!((prefix, open, downloads), (Prefix::Session, Opening::Frame, true));
    let Site { prefix, open, downloads, .. } =
        site("prefix = \"tool\"\nopen = \"window\"\ndownloads = false\n");
    assert_eq!((prefix, open, downloads), (Prefix::Tool, Opening::Window, false));
}

#[test]
fn a_template_may_have_a_host_and_a_session_of_its_own() {
    let config =
        production(&format!("{GATEWAY}{HELLO}host = \"hello.example\"\nsession = \"1m\"\n"));
    let tool = &config.tools[0];
    assert_eq!((tool.host.as_deref(), tool.path.as_str()), (Some("hello.example"), ""));
    assert_eq!(tool.session, Duration::from_secs(60));
}

#[test]
fn a_tool_with_its_own_host_may_choose_nearly_any_path() {
    for (path, expected) in
        [("/", ""), ("/static", "/static"), ("/lti/hello", "/lti/hello"), ("/dev", "/dev")]
    {
        let text =
            format!("{GATEWAY}{HELLO}{NOTEBOOK}host = \"notebook.example\"\npath = \"{path}\"\n");
        assert_eq!(production(&text).tools[1].path.as_str(), expected);
    }
}

#[test]
fn the_launch_url_on_a_tools_host_has_scheme_and_port_of_the_public_url() {
    let tools = format!("{HELLO}{NOTEBOOK}host = \"notebook.example\"\n");
    let shown = |public_url: PublicUrl, authority: Option<&str>| {
        let tools = production(&format!("{GATEWAY}{tools}")).tools;
        let urls: Vec<_> =
            tools.iter().map(|tool| public_url.launch_url(tool, authority)).collect();
        let origins = tools
            .iter()
            .map(|tool| public_url.origin_of(tool, authority.unwrap_or("-")).to_string());
        (urls, origins.collect::<Vec<_>>())
    };
    for (public_url, authority, urls, origins) in [
        (
            https("tools.example"),
            None,
            ["https://tools.example/lti/hello", "https://notebook.example/"],
            ["https://tools.example", "https://notebook.example"],
        ),
        (
            https("tools.example:8443"),
            Some("Other.Example:1"),
            ["https://tools.example:8443/lti/hello", "https://notebook.example:8443/"],
            ["https://tools.example:8443", "https://notebook.example:8443"],
        ),
        (
            PublicUrl::FromHost(Scheme::Https),
            Some("Tools.Example"),
            ["https://tools.example/lti/hello", "https://notebook.example/"],
            ["https://tools.example", "https://tools.example"],
        ),
        (
            PublicUrl::FromHost(Scheme::Http),
            Some("localhost:5000"),
            ["http://localhost:5000/lti/hello", "http://notebook.example:5000/"],
            ["http://localhost:5000", "http://localhost:5000"],
        ),
        (
            PublicUrl::FromHost(Scheme::Http),
            Some("[::1]"),
            ["http://[::1]/lti/hello", "http://notebook.example/"],
            ["http://[::1]", "http://[::1]"],
        ),
    ] {
        let expected = (urls.map(str::to_owned).to_vec(), origins.map(str::to_owned).to_vec());
        assert_eq!(shown(public_url, authority), expected);
    }
    let (urls, _) = shown(PublicUrl::FromHost(Scheme::Https), None);
    assert_eq!(
        urls,
        ["/lti/hello", "https://notebook.example/"],
        "without a request, the host is unknown"
    );
}

#[test]
fn the_index_page_shows_the_launch_url_on_a_tools_own_host() {
    let tools = format!(
        "[gateway]\nsecret = \"a gateway secret of 32 characters\"\n{}\
         host = \"notebook.localhost\"\n",
        HELLO.replace("\"hello\"", "\"page\"")
    );
    let server = Server::start(&Setup { tools: &tools, development: true, ..Setup::default() });
    let page = server.send("GET", "/", &[("Host", "localhost:5000")], b"");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<code>http://notebook.localhost:5000/</code>"), "{}", page.body);
}

#[test]
fn a_byte_order_mark_and_other_line_endings_change_nothing() {
    let text = format!("{GATEWAY}{HELLO}title = \"Übung\" # für alle\n");
    let plain = format!("{:?}", production(&text));
    assert!(plain.contains("Übung"));
    assert_eq!(format!("{:?}", production(&text.replace('\n', "\r\n"))), plain);
    assert_eq!(format!("{:?}", production(&format!("\u{feff}{text}"))), plain);
}

#[test]
fn tools_are_sorted_by_name_and_an_empty_title_means_no_title() {
    let config = production(&format!(
        "{GATEWAY}[tools.b]\nkey = \"b\"\nsecret = \"a secret that is long\"\n\
         template = \"hello\"\ntitle = \"\"\n\
         [tools.a]\nkey = \"a\"\nsecret = \"a secret that is long\"\ntemplate = \"hello\"\n"
    ));
    let names: Vec<_> =
        config.tools.iter().map(|tool| (tool.name.as_str(), tool.title.as_str())).collect();
    assert_eq!(names, [("a", "a"), ("b", "b")]);
}

#[test]
fn the_debug_output_of_a_configuration_contains_no_secret() {
    let text = format!(
        "{GATEWAY}{HELLO}[tools.b]\ntemplate = \"hello\"\n\
         consumers = [{{ key = \"b\", secret = [\"hunter2 hunter2 too too\", \
         {{ env = \"B_SECRET\" }}] }}]\n\
         {NOTEBOOK}headers.Authorization = \"Bearer hunter2\"\n\
         headers.X-Token.env = \"B_SECRET\"\n"
    );
    let shown = format!("{:?}", meaning(&text, &[("B_SECRET", "hunter2 hunter2 as well")], false));
    assert!(shown.contains("hello-key"));
    assert!(!shown.contains("hunter2") && !shown.contains("32 characters"), "{shown}");
}

#[test]
fn each_consumer_launches_with_each_of_its_secrets_and_its_own_methods() {
    let tools = format!(
        r#"{GATEWAY}
        [tools.a]
        template = "page"

        [[tools.a.consumers]]
        key = "course-a"
        secret = {{ env = "COURSE_A_SECRET" }}

        [[tools.a.consumers]]
        key = "course-b"
        secret = [{{ env = "COURSE_B_SECRET" }}, "01230123012301230123"]
        signature_methods = ["HMAC-SHA256"]

        [tools.b]
        key = "course-c"
        secret = "hunter2 hunter2 hunter2"
        template = "page"
        "#
    );
    let server = Server::start(&Setup {
        tools: &tools,
        environment: &[
            ("COURSE_A_SECRET", "12345678901234567890"),
            ("COURSE_B_SECRET", "a new secret that is long"),
        ],
        ..Setup::default()
    });
    let launch = |key, secret, method| {
        let url = "https://tools.example/lti/a";
        let form = Form { url, key, secret, method, nonce: secret, ..Form::default() };
        server.send(
            "POST",
            "/lti/a",
            &[("Host", "anything.example"), ("Content-Type", "application/x-www-form-urlencoded")],
            form.sign().as_bytes(),
        )
    };
    use SignatureMethod::{HmacSha1, HmacSha256};
    assert_eq!(
        launch("course-a", "12345678901234567890", HmacSha1).status,
        200,
        "a secret of digits is a string"
    );
    assert_eq!(launch("course-b", "a new secret that is long", HmacSha256).status, 200);
    assert_eq!(
        launch("course-b", "01230123012301230123", HmacSha256).status,
        200,
        "the old secret"
    );
    assert_eq!(
        launch("course-b", "a new secret that is long", HmacSha1).status,
        401,
        "a pinned method"
    );
    assert_eq!(
        launch("course-a", "a new secret that is long", HmacSha1).status,
        401,
        "another consumer's secret"
    );
    assert_eq!(
        launch("course-c", "hunter2 hunter2 hunter2", HmacSha1).status,
        401,
        "another tool's consumer"
    );
}

#[test]
fn the_environment_overrides_the_gateways_settings() {
    let text = format!(
        "[gateway]\npublic_url = {{ env = \"NOT_SET\" }}\n\
         secret = {{ env = \"NOT_SET\" }}\nsession = 5\n\
         clock_skew = \"never\"\n{HELLO}"
    );
    let variables = [
        ("LTI_GATEWAY_PUBLIC_URL", "https://other.example"),
        ("LTI_GATEWAY_SECRET", "01234567890123456789012345678901"),
        ("LTI_GATEWAY_SESSION", "2h"),
        ("LTI_GATEWAY_CLOCK_SKEW", "1m"),
    ];
    for text in [text, HELLO.to_owned()] {
        let config = meaning(&text, &variables, false);
        assert_eq!(config.public_url, https("other.example"));
        assert_eq!(secrets(&config), ["01234567890123456789012345678901"], "digits stay a string");
        assert_eq!(config.tools[0].session, Duration::from_secs(2 * 60 * 60));
        assert_eq!(config.clock_skew, 60);
    }
}

#[test]
fn a_secret_from_the_environment_causes_no_warning_about_the_file() {
    let variables = [
        ("LTI_GATEWAY_SECRET", "01234567890123456789012345678901"),
        ("HELLO_SECRET", "hunter2 hunter2 hunter2"),
        ("DYNO", "web.1"),
    ];
    let text = HELLO.replace("\"hunter2 hunter2 hunter2\"", "{ env = \"HELLO_SECRET\" }");
    assert!(problems(&text, &variables, false).is_empty());
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_of_this_name_are_no_settings() {
    let variables = [
        ("LTI_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("LTI_GATEWAY_SERVICE_PORT_HTTP", "80"),
        ("LTI_GATEWAY_PORT", "tcp://10.0.0.1:80"),
        ("LTI_GATEWAY_PORT_80_TCP_ADDR", "10.0.0.1"),
    ];
    meaning(&format!("{GATEWAY}{HELLO}"), &variables, false);
}

#[test]
fn a_consumer_secret_that_learners_can_guess_stops_the_gateway_outside_development() {
    const ERROR: Option<Severity> = Some(Severity::Error);
    const WARNING: Option<Severity> = Some(Severity::Warning);
    let severity = |value: &str, secret: &str, development: bool| {
        let text = format!(
            "{GATEWAY}[tools.hello]\nkey = \"hello-key\"\nsecret = {value}\n\
             template = \"hello\"\n"
        );
        let variables = environment(&[("HELLO_SECRET", secret)]);
        let reading = read("tools.toml", text.as_bytes(), &variables, development);
        let printed = print("tools.toml", &reading.problems);
        assert!(!printed.contains(secret), "{printed}");
        // `launch` and `explain` still use the tool.
        assert_eq!(reading.config.tools.len(), 1, "{printed}");
        let faults = reading.problems.into_iter().map(|problem| problem.fault);
        let mut faults: Vec<_> = faults.filter(|fault| *fault != Fault::LiteralSecret).collect();
        let fault = faults.pop();
        assert!(faults.is_empty(), "{printed}");
        let variable = value.contains("env").then(|| "HELLO_SECRET".to_owned());
        match &fault {
            None => {}
            Some(Fault::ConsumerSecretTooShort(name) | Fault::ConsumerSecretShort(name)) => {
                assert_eq!(*name, variable, "{printed}");
                let fix =
                    variable.as_ref().map_or("write 20".into(), |name| format!("set {name} to 20"));
                assert!(printed.contains(&fix), "{printed}");
            }
            Some(other) => panic!("{other:?}"),
        }
        fault.map(|fault| fault.severity())
    };
    for (secret, outside_development, in_development) in [
        ("§", ERROR, WARNING),
        ("qwertzu", ERROR, WARNING),
        ("qwertzui", WARNING, WARNING),
        ("qwertzuiopasdfghjkl", WARNING, WARNING),
        ("qwertzuiopasdfghjkly", None, None),
        // 7, 8, 19 and 20 characters of more than one byte each.
        ("äöüäöüä", ERROR, WARNING),
        ("äöüäöüäö", WARNING, WARNING),
        ("äöüäöüäöüäöüäöüäöüä", WARNING, WARNING),
        ("äöüäöüäöüäöüäöüäöüäö", None, None),
    ] {
        for value in [
            "{ env = \"HELLO_SECRET\" }".to_owned(),
            format!("\"{secret}\""),
            // Every secret of a list counts.
            format!("[\"{}\", \"{secret}\"]", "a".repeat(20)),
            format!("[{{ env = \"HELLO_SECRET\" }}, \"{}\"]", "a".repeat(20)),
        ] {
            assert_eq!(severity(&value, secret, false), outside_development, "{value}: {secret}");
            assert_eq!(severity(&value, secret, true), in_development, "{value}: {secret}");
        }
    }
}

#[test]
fn the_public_url_comes_from_the_host_on_heroku_and_in_development() {
    let secret = "[gateway]\nsecret = \"a gateway secret of 32 characters\"\n";
    let text = format!("{secret}{HELLO}");
    let dyno = [("DYNO", "web.1")];
    assert_eq!(meaning(&text, &dyno, false).public_url, PublicUrl::FromHost(Scheme::Https));
    assert_eq!(meaning(&text, &[], true).public_url, PublicUrl::FromHost(Scheme::Http));
    assert_eq!(
        meaning(&format!("{GATEWAY}{HELLO}"), &dyno, false).public_url,
        https("tools.example")
    );
    assert_eq!(meaning(&format!("{GATEWAY}{HELLO}"), &[], true).public_url, https("tools.example"));
    let missing =
        problems(&text, &[], false).into_iter().map(|problem| problem.fault).collect::<Vec<_>>();
    assert!(missing.contains(&Fault::PublicUrlMissing), "{missing:?}");

    let named =
        format!("[gateway]\npublic_url = {{ env = \"PUBLIC_URL\" }}\n{}{HELLO}", &secret[10..]);
    assert_eq!(
        meaning(&named, &[("PUBLIC_URL", "https://a.example")], true).public_url,
        https("a.example")
    );
    assert_eq!(meaning(&named, &[], true).public_url, PublicUrl::FromHost(Scheme::Http));
    let missing =
        problems(&named, &dyno, false).into_iter().map(|problem| problem.fault).collect::<Vec<_>>();
    assert!(missing.contains(&Fault::VariableMissing("PUBLIC_URL".to_owned())), "{missing:?}");
}

#[test]
fn development_uses_and_reports_a_placeholder_for_each_missing_secret() {
    let text = HELLO.replace(
        "\"hunter2 hunter2 hunter2\"",
        "[{ env = \"HELLO_SECRET\" }, { env = \"OLD_SECRET\" }]",
    );
    let config = meaning(&text, &[("OLD_SECRET", "hunter2 hunter2 hunter2")], true);
    assert!(config.development);
    assert_eq!(secrets(&config), ["development-only-gateway-secret-00"]);
    let placeholders: Vec<_> = problems(&text, &[("OLD_SECRET", "hunter2 hunter2 hunter2")], true)
        .into_iter()
        .map(|problem| match problem.fault {
            Fault::Placeholder(what, placeholder) => (what, placeholder),
            fault => panic!("{fault:?}"),
        })
        .collect();
    assert_eq!(
        placeholders,
        [
            ("`gateway.secret`".to_owned(), "development-only-gateway-secret-00"),
            ("HELLO_SECRET".to_owned(), "development-secret")
        ]
    );
}

#[test]
fn development_uses_and_reports_a_placeholder_for_a_missing_header_value() {
    let text = format!(
        "{GATEWAY}{NOTEBOOK}headers = {{ Authorization = {{ env = \"NOTEBOOK_TOKEN\" }} }}\n"
    );
    let config = meaning(&text, &[], true);
    assert_eq!(headers(upstream(&config.tools[0])), [("authorization", "development-secret")]);
    let faults: Vec<_> =
        problems(&text, &[], true).into_iter().map(|problem| problem.fault).collect();
    assert!(
        faults.contains(&Fault::Placeholder("NOTEBOOK_TOKEN".to_owned(), "development-secret")),
        "{faults:?}"
    );
    let faults: Vec<_> =
        problems(&text, &[], false).into_iter().map(|problem| problem.fault).collect();
    assert!(faults.contains(&Fault::VariableMissing("NOTEBOOK_TOKEN".to_owned())), "{faults:?}");
}

#[test]
fn the_value_of_a_header_from_the_environment_counts_as_a_secret() {
    let tools = format!(
        "{GATEWAY}{NOTEBOOK}headers.X-Token.env = \"TOKEN\"\nheaders.X-Course = \"course-b101\"\n"
    );
    let known = meaning(&tools, &[("TOKEN", "Bearer hunter3")], false).known_secrets.clone();
    assert!(known.occur_in("Bearer hunter3") && known.occur_in("Bearer%20hunter3"));
    assert!(!known.occur_in("course-b101"), "a header value in the file is not a secret");
}

#[test]
fn ten_thousand_tools_and_their_problems_load() {
    let mut text = GATEWAY.to_owned();
    for number in 0..10_000 {
        text += &format!(
            "[tools.tool-{number}]\nkey = \"key-{number}\"\n\
             secret = \"hunter2 hunter2 hunter2\"\ntemplate = \"hello\"\n"
        );
    }
    let config = production(&text);
    assert_eq!(config.tools.len(), 10_000);
    let problems = problems(&text, &[], false);
    let literal = problems.iter().filter(|problem| problem.fault == Fault::LiteralSecret).count();
    assert_eq!(literal, 10_001, "one literal secret for each tool, and one for the gateway");
    assert_eq!(problems.len(), 10_002, "one warning about the secret that all tools share");
    assert_eq!(print("tools.toml", &problems).matches("tools.toml:20003:10").count(), 1);
}

#[test]
fn one_string_means_the_same_as_a_list_of_it() {
    let keys = [
        ("gateway", "outcome_hosts", "lms.example"),
        ("tool", "roles", "instructor"),
        ("tool", "frame_ancestors", "https://lms.example"),
        ("tool", "identity", "email"),
        ("tool", "signature_methods", "HMAC-SHA256"),
    ];
    for (table, key, value) in keys {
        let file = |value: &str| {
            let line =
                |of: &str| if of == table { format!("{key} = {value}\n") } else { String::new() };
            format!(
                "{GATEWAY}{}[tools.hello]\nkey = \"a\"\nsecret = \"hunter2 hunter2 hunter2\"\n\
                 upstream = \"http://127.0.0.1:9000\"\n{}",
                line("gateway"),
                line("tool"),
            )
        };
        let (alone, list) = (file(&format!("\"{value}\"")), file(&format!("[\"{value}\"]")));
        let without = file("[]").replace(&format!("{key} = []\n"), "");
        let shown = |text: &str| format!("{:?}", meaning(text, &[], false));
        assert_eq!(shown(&alone), shown(&list), "{key}");
        assert_ne!(shown(&alone), shown(&without), "{key}");
    }
}
