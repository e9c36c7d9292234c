//! Output and exit code of the program. Tests run a debug build, which is development.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::write;

const VALID: &str = r#"
[tools.hello]
key = "hello-key"
secret = { env = "HELLO_SECRET" }
template = "hello"

[tools.staff]
template = "hello"
path = "/staff"
roles = ["staff"]
consumers = [
  { key = "a", secret = { env = "SECRET_OF_A" } },
  { key = "b", secret = { env = "SECRET_OF_B" } },
]
"#;

const WARNED: &str = "\
warning: `gateway.secret` is not set: development uses \"development-only-gateway-secret-00\"
 --> tools.toml
  = help: set it before others can reach the gateway; it is required outside development

tools.toml: 1 warning
";

/// The result of a run of the program.
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) error: String,
}

/// A temporary directory with this `tools.toml` and a template `hello`.
pub(super) fn folder(tools: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "tools.toml", tools);
    write(folder.path(), "templates/hello.html.tera", "hello");
    folder
}

pub(super) fn start(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HELLO_SECRET", "hunter2 hunter2 hunter2")
        .env("SECRET_OF_A", "hunter2 hunter2 hunter2 a")
        .env("SECRET_OF_B", "hunter2 hunter2 hunter2 b")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Runs the program until it exits.
pub(super) fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut child = start(folder, arguments, environment);
    let mut pipes = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut out, mut error) = (String::new(), String::new());
        let _ = pipes.0.read_to_string(&mut out);
        let _ = pipes.1.read_to_string(&mut error);
        let _ = sender.send((out, error));
    });
    let ended = receiver.recv_timeout(Duration::from_secs(60));
    if ended.is_err() {
        let _ = child.kill();
    }
    let code = child.wait().expect("the program ended").code();
    let (out, error) = ended.expect("the program exits");
    assert!(
        !error.contains("panicked") && !error.contains("hunter2") && !out.contains("hunter2"),
        "{error}{out}"
    );
    Run { code, out, error }
}

/// The output of `check` before the limits.
fn tools(run: &Run) -> &str {
    let (tools, _) = run.out.split_once("\nLIMIT ").unwrap_or_else(|| panic!("{}", run.out));
    tools
}

#[test]
fn check_lists_the_tools_of_a_valid_file_and_exits_with_0() {
    let run = run(folder(VALID).path(), &["check"], &[]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), WARNED));
    assert_eq!(
        tools(&run),
        "\
TOOL   LAUNCH      TARGET                     CONSUMERS  ROLES
hello  /lti/hello  templates/hello.html.tera  hello-key  everyone
staff  /staff      templates/hello.html.tera  a, b       instructor, administrator

Tools without a `host` share one origin: a page of one tool can read the pages of the others.
Set a `host` for each team that does not trust the others.
"
    );
}

#[test]
fn check_shows_complete_launch_urls_if_the_public_url_is_known() {
    let gateway = "[gateway]\npublic_url = \"https://tools.example\"\nsecret = { env = \"GATEWAY_SECRET\" }\n";
    let environment = [("GATEWAY_SECRET", "a gateway secret of 32 characters")];
    let run = run(folder(&format!("{gateway}{VALID}")).path(), &["check"], &environment);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    assert!(
        run.out.contains("\nhello  https://tools.example/lti/hello  templates/"),
        "{}",
        run.out
    );
}

#[test]
fn check_shows_upstreams_and_launch_urls_on_their_own_hosts() {
    let gateway = "[gateway]\npublic_url = \"https://tools.example:8443\"\n\
                   secret = { env = \"GATEWAY_SECRET\" }\n";
    let notebook = "[tools.notebook]\nkey = \"notebook-key\"\n\
                    secret = { env = \"SECRET_OF_NOTEBOOK\" }\n\
                    upstream = \"http://127.0.0.1:9000/app/\"\nhost = \"Notebook.Example\"\n";
    let hello = &VALID[..VALID.find("[tools.staff]").expect("the second tool")];
    let environment = [
        ("GATEWAY_SECRET", "a gateway secret of 32 characters"),
        ("SECRET_OF_NOTEBOOK", "hunter2 hunter2 hunter2 of the notebook"),
    ];
    let check = |tools: &str| run(folder(tools).path(), &["check"], &environment);
    let one = check(&format!("{gateway}{hello}{notebook}"));
    assert_eq!((one.code, one.error.as_str()), (Some(0), ""));
    assert_eq!(
        tools(&one),
        "\
TOOL      LAUNCH                                TARGET                     CONSUMERS     ROLES
hello     https://tools.example:8443/lti/hello  templates/hello.html.tera  hello-key     everyone
notebook  https://notebook.example:8443/        http://127.0.0.1:9000/app  notebook-key  everyone
",
        "one tool shares its origin with nobody"
    );
    let two = check(&format!("{gateway}{VALID}{notebook}"));
    assert!(
        tools(&two).ends_with("\nSet a `host` for each team that does not trust the others.\n"),
        "{}",
        two.out
    );
    let none = check(&format!("{hello}{notebook}"));
    assert!(none.out.contains("\nnotebook  http://notebook.example/  http://127"), "{}", none.out);
    assert!(none.out.contains("\nhello     /lti/hello                templates/"), "{}", none.out);
}

/// Runs `check` with at most 1024 open files, in production.
fn check_as_production(folder: &Path, environment: &[(&str, &str)]) -> Run {
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -n 1024 && exec \"$0\" check --production"])
        .arg(env!("CARGO_BIN_EXE_lti-gateway"))
        .current_dir(folder)
        .env_clear()
        .env("GATEWAY_SECRET", "a gateway secret of 32 characters")
        .env("HELLO_SECRET", "hunter2 hunter2 hunter2")
        .env("ROCKET_WORKERS", "2")
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code(), out: text(&output.stdout), error: text(&output.stderr) }
}

const ONE_OF_EACH: &str = r#"
[gateway]
public_url = "https://tools.example"
secret = { env = "GATEWAY_SECRET" }
session = "1h"
clock_skew = "1m"

[tools.hello]
key = "a"
secret = { env = "HELLO_SECRET" }
template = "hello"
session = "30m"

[tools.app]
key = "a"
secret = { env = "HELLO_SECRET" }
upstream = "http://10.0.0.1:9000"
timeout = "2m"

[tools.plots]
key = "a"
secret = { env = "HELLO_SECRET" }
command = ["sh", "plots.sh", "{port}"]
idle = "30m"

[tools.book]
key = "a"
secret = { env = "HELLO_SECRET" }
site = "books/first"
"#;

#[test]
fn check_shows_the_effective_limits() {
    let folder = folder(ONE_OF_EACH);
    write(folder.path(), "books/first/index.html", "<p>A book</p>");
    let run = check_as_production(folder.path(), &[]);
    assert_eq!(run.code, Some(0), "{}", run.error);
    assert_eq!(
        run.out,
        "\
TOOL   LAUNCH                           TARGET                     CONSUMERS  ROLES
app    https://tools.example/lti/app    http://10.0.0.1:9000       a          everyone
book   https://tools.example/lti/book   books/first/               a          everyone
hello  https://tools.example/lti/hello  templates/hello.html.tera  a          everyone
plots  https://tools.example/lti/plots  sh                         a          everyone

Tools without a `host` share one origin: a page of one tool can read the pages of the others.
Set a `host` for each team that does not trust the others.

LIMIT                  SET BY                 VALUE
address                PORT, Rocket.toml      0.0.0.0:5000
threads                workers, max_blocking  2 for requests, 512 for files
connections            ulimit -n              480, of which 384 with a request of a session
idle connection        keep_alive             95 s
request head                                  64 KiB, 100 headers, 15 s
launch form                                   256 KiB, 15 s
upload to an app                              any size; 15 s to the first byte, then 30 s for a part
requests of a session                         64, 256 more wait for 15 s
streams of a session                          32 WebSockets or event streams
session                session                30 min for hello
session                session                1 h for app, book, plots
data from an app       timeout                25 s for plots
data from an app       timeout                2 min for app
unused app             idle                   30 min for plots
clock difference       clock_skew             1 min
stop                   shutdown               20 s for requests, then 5 s for launches and grades
"
    );
}

#[test]
fn a_link_to_the_gateways_own_directory_is_no_site() {
    let folder = folder(ONE_OF_EACH);
    let books = folder.path().join("books");
    std::fs::create_dir(&books).expect("a folder");
    let check = |said: &str| {
        let run = check_as_production(folder.path(), &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert!(run.error.contains(said), "{}", run.error);
    };
    check("error: the site does not exist\n");
    std::os::unix::fs::symlink("..", books.join("first")).expect("a link");
    check("error: the site would show tools.toml to everyone who launches it\n");
    std::fs::remove_file(books.join("first")).expect("removed");
    write(folder.path(), "books/first/index.html", "<p>A book</p>");
    write(folder.path(), "books/first/.env", "HELLO_SECRET=hunter2");
    check("error: the site would show .env to everyone who launches it\n");
    std::fs::remove_file(books.join("first/.env")).expect("removed");
    assert_eq!(check_as_production(folder.path(), &[]).code, Some(0));
}

/// A tools file with one command, for a gateway in development.
fn command(keys: &str) -> String {
    format!("[tools.app]\nkey = \"a\"\nsecret = {{ env = \"HELLO_SECRET\" }}\n{keys}\n")
}

#[test]
fn a_program_is_looked_up_in_the_path_of_the_app() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let check = |keys: &str, environment: &[(&str, &str)]| {
        let folder = folder(&command(keys));
        for name in ["bin/own", "apps/bin/own"] {
            write(folder.path(), name, "#!/bin/sh\n");
            set_permissions(folder.path().join(name), Permissions::from_mode(0o755)).expect("set");
        }
        write(folder.path(), "other/own", "no script");
        let run = run(folder.path(), &["check"], environment);
        assert_eq!(run.code, Some(0), "{}", run.error);
        match run.error.strip_prefix("warning: ").and_then(|rest| rest.split_once('\n')) {
            Some((warning, _)) if !warning.starts_with("`gateway.secret`") => warning.to_owned(),
            _ => String::new(),
        }
    };
    const OWN: &str = "command = [\"own\", \"{port}\"]";
    const MISSING: &str = "there is no program `own` in PATH: the app cannot start";
    assert_eq!(check("command = [\"sh\", \"{port}\"]", &[]), "", "without PATH");
    assert_eq!(check(OWN, &[]), MISSING);
    assert_eq!(check(OWN, &[("PATH", "bin")]), "");
    let in_apps = format!("{OWN}\ndirectory = \"apps\"");
    assert_eq!(check(&in_apps, &[("PATH", "bin")]), "", "relative to the app's directory");
    assert_eq!(
        check(&in_apps, &[("PATH", "../other:/nowhere")]),
        "the program `own` is not executable: the app cannot start"
    );
    assert_eq!(check(&in_apps, &[("PATH", "../other:bin")]), "", "the next one is");
    let own_path = format!("{OWN}\nenvironment = {{ PATH = \"/nowhere\" }}");
    assert_eq!(check(&own_path, &[("PATH", "bin")]), MISSING);
    let own_path = format!("{OWN}\nenvironment = {{ PATH = {{ env = \"BINS\" }} }}");
    assert_eq!(check(&own_path, &[("PATH", "/nowhere"), ("BINS", "bin")]), "");
}

#[test]
fn check_shows_the_limits_of_herokus_router() {
    let run = check_as_production(
        folder(VALID).path(),
        &[
            ("LTI_GATEWAY_SECRET", "a gateway secret of 32 characters"),
            ("DYNO", "web.1"),
            ("PORT", "8000"),
            ("ROCKET_KEEP_ALIVE", "0"),
            ("SECRET_OF_A", "hunter2 hunter2 hunter2 a"),
            ("SECRET_OF_B", "hunter2 hunter2 hunter2 b"),
        ],
    );
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    let (_, limits) = run.out.split_once(" VALUE\n").expect("limits");
    assert_eq!(
        limits,
        "\
address           PORT, Rocket.toml      0.0.0.0:8000
threads           workers, max_blocking  2 for requests, 512 for files
connections       ulimit -n              480, of which 384 with a request of a session
idle connection   keep_alive             closed at once
request head                             64 KiB, 100 headers, 15 s
launch form                              256 KiB, 15 s
session           session                8 h
clock difference  clock_skew             5 min
stop              shutdown               20 s for requests, then 5 s for launches and grades

Heroku's router closes a request without a first byte after 30 seconds, and then one that is silent
for 55 seconds. A dyno has 30 seconds from SIGTERM to SIGKILL.
"
    );
}

#[test]
fn check_reports_the_problems_of_a_file_and_exits_with_1() {
    let run = run(folder(&VALID.replace("key =", "kye =")).path(), &["check"], &[]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.error.contains("--> tools.toml:3:1\n"), "{}", run.error);
    assert!(run.error.ends_with("\ntools.toml: 3 errors, 1 warning\n"), "{}", run.error);
}

#[test]
fn check_judges_as_production_on_request() {
    let folder = folder(VALID);
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        super::program::run(folder.path(), arguments, environment)
    };
    let production = run(&["check", "--production"], &[]);
    assert_eq!((production.code, production.out.as_str()), (Some(1), ""));
    for missing in ["`gateway.secret` is missing\n", "`gateway.public_url` is missing\n"] {
        assert!(production.error.contains(&format!("error: {missing}")), "{}", production.error);
    }
    assert_eq!(run(&["check"], &[]).code, Some(0), "a debug build is development");
    // On Heroku, a debug build refuses to judge as development.
    let secret = ("LTI_GATEWAY_SECRET", "a gateway secret of 32 characters");
    let heroku = run(&["check", "--production"], &[("DYNO", "run.1"), secret]);
    assert_eq!(heroku.code, Some(0), "{}", heroku.error);
    assert_eq!(run(&["check"], &[("DYNO", "run.1"), secret]).code, Some(1));
    for arguments in [&["check", "--production", "--dev"][..], &["--dev", "check", "--production"]]
    {
        let both = run(arguments, &[]);
        assert_eq!(both.code, Some(2), "{}{}", both.out, both.error);
        assert!(both.error.contains("cannot be used with"), "{}", both.error);
    }
    assert_eq!(run(&["serve", "--production"], &[]).code, Some(2), "only `check` has it");
}

#[test]
fn check_and_serve_say_that_a_proxy_is_not_used() {
    let folder = folder(VALID);
    let proxy = [("https_proxy", "http://me:hunter2@proxy.example:3128"), ("PORT", "none")];
    for command in ["check", "serve"] {
        let run = run(folder.path(), &[command], &proxy);
        assert!(
            run.error.contains("warning: the gateway uses no proxy, and ignores https_proxy\n"),
            "{command}: {}",
            run.error
        );
    }
}

#[test]
fn a_variable_that_is_not_utf_8_is_not_reported_as_unset() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = folder(VALID);
    let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .env("HELLO_SECRET", OsStr::from_bytes(b"hunter2 hunter2 h\xfcnter2"))
        .output()
        .expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("error: the value of the environment variable HELLO_SECRET is not UTF-8\n"),
        "{error}"
    );
    assert!(!error.contains("is not set") || !error.contains("HELLO_SECRET is not set"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn check_exits_with_2_if_it_cannot_read_the_file() {
    let folder = folder(VALID);
    for (arguments, said) in [
        (&["check", "absent.toml"][..], "error: absent.toml cannot be read: "),
        (&["check", "templates"], "error: templates cannot be read: "),
        (&["chek"], "error: unrecognized subcommand 'chek'"),
        (&["check", "--colour"], "error: unexpected argument '--colour' found"),
    ] {
        let run = run(folder.path(), arguments, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.error.starts_with(said), "{}", run.error);
    }
}

#[test]
fn an_argument_or_lti_tools_names_another_file() {
    let folder = folder("[tools.wrong]");
    write(folder.path(), "other/tools.toml", VALID);
    write(folder.path(), "other/templates/hello.html.tera", "hello");
    let code = |arguments: &[&str], variable: &str| {
        let environment = [("LTI_TOOLS", variable)];
        run(folder.path(), arguments, if variable.is_empty() { &[] } else { &environment }).code
    };
    assert_eq!(code(&["check"], ""), Some(1));
    assert_eq!(code(&["check", "other/tools.toml"], ""), Some(0));
    assert_eq!(code(&["check", "--tools", "other/tools.toml"], ""), Some(0));
    assert_eq!(code(&["--tools", "other/tools.toml", "check"], ""), Some(0));
    assert_eq!(code(&["check"], "other/tools.toml"), Some(0));
    assert_eq!(
        code(&["check", "tools.toml"], "other/tools.toml"),
        Some(1),
        "the argument overrides the variable"
    );
    assert_eq!(
        code(&["check", "--tools", "tools.toml"], "other/tools.toml"),
        Some(1),
        "the argument overrides the variable"
    );
    let unset = run(folder.path(), &["check"], &[("LTI_TOOLS", "")]);
    assert!(
        unset.error.contains(" --> tools.toml"),
        "an empty variable names no file: {}",
        unset.error
    );
}

#[test]
fn problems_name_the_file_as_the_argument_does() {
    let folder = folder(VALID);
    write(folder.path(), "other/tools.toml", &VALID.replace("roles", "rolls"));
    let run = run(folder.path(), &["check", "other/tools.toml"], &[]);
    assert!(run.error.contains("--> other/tools.toml:10:1\n"), "{}", run.error);
    assert!(
        run.error.contains("templates/hello.html.tera does not exist"),
        "beside the file: {}",
        run.error
    );
    assert!(run.error.ends_with("\nother/tools.toml: 3 errors, 1 warning\n"), "{}", run.error);
}

#[test]
fn help_and_version_show_commands_and_version() {
    let folder = folder(VALID);
    let help = run(folder.path(), &["--help"], &[]);
    assert_eq!((help.code, help.error.as_str()), (Some(0), ""));
    for word in ["serve", "check", "--tools <FILE>", "LTI_TOOLS", "--dev", "exit code 0"] {
        assert!(help.out.contains(word), "{word}: {}", help.out);
    }
    let version = run(folder.path(), &["--version"], &[]);
    assert_eq!(
        (version.code, version.out),
        (Some(0), format!("lti-gateway {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn serve_does_not_start_if_the_file_has_an_error() {
    let folder = folder(&VALID.replace("\"hello\"", "\"absent\""));
    let check = run(folder.path(), &["check"], &[]);
    for arguments in [&[][..], &["serve"]] {
        let serve = run(folder.path(), arguments, &[("PORT", "0")]);
        assert_eq!((serve.code, serve.out.as_str()), (Some(1), ""));
        assert_eq!(serve.error, check.error, "serve and check report the same");
    }
}

#[test]
fn serve_reports_a_missing_file_and_how_to_name_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = run(folder.path(), &[], &[]);
    assert_eq!(run.code, Some(1));
    assert!(run.error.starts_with("error: tools.toml cannot be read: "), "{}", run.error);
    assert!(run.error.ends_with(
        "\n  = help: name the file with --tools FILE, or start the command in its directory\n"
    ));
}

#[test]
fn serve_logs_its_address_and_listens_there() {
    let folder = folder(VALID);
    write(folder.path(), "Rocket.toml", "[default]\naddress = \"0.0.0.0\"\nport = 1\n");
    let mut child = start(folder.path(), &[], &[("PORT", "0")]);
    let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    log.read_line(&mut line).expect("a line");
    let (_, rest) =
        line.split_once("serving 2 tools on http://127.0.0.1:").expect("where it listens");
    let (port, rest) = rest.split_once(' ').expect("a port");
    assert!(rest.starts_with("(development)"), "{line}");
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse::<u16>().expect("a port")))
            .expect("a connection");
    stream
        .write_all(b"GET /is_up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    child.kill().expect("it ran until now");
    child.wait().expect("it ended");
    assert!(answer.ends_with("\r\n\r\nI'm up"), "{answer}");
}

#[test]
fn an_invalid_port_is_reported_in_one_line_with_advice() {
    let folder = folder(VALID);
    let commands: [&[&str]; 2] = [&[], &["check"]];
    for (port, arguments) in ["abc", "70000", "-1", "", "5000 "]
        .into_iter()
        .flat_map(|port| commands.map(|one| (port, one)))
    {
        let run = run(folder.path(), arguments, &[("PORT", port)]);
        assert_eq!(run.code, Some(1));
        // `serve` names placeholders after it has started.
        let warned = if arguments.is_empty() { "" } else { WARNED };
        let said = run.error.strip_prefix(warned).expect("the warnings first");
        assert_eq!(
            said,
            format!(
                "error: PORT is \"{port}\", not a port\n  \
                 = help: set it to a number from 1 to 65535, or unset it to use 5000\n"
            )
        );
    }
}

#[test]
fn a_used_port_is_reported_with_advice() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let run = run(folder(VALID).path(), &[], &[("PORT", &port)]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.error.contains(&format!("error: cannot listen on 127.0.0.1:{port}: ")),
        "{}",
        run.error
    );
    assert!(
        run.error.contains("= help: set another port, such as PORT=5001; on macOS the AirPlay"),
        "{}",
        run.error
    );
}

#[test]
fn an_invalid_setting_of_rocket_is_reported_by_name() {
    let folder = folder(VALID);
    assert_eq!(run(folder.path(), &["check"], &[("ROCKET_PORT", "99999")]).code, Some(1));
    let by_variable = run(folder.path(), &[], &[("ROCKET_PORT", "99999")]);
    assert_eq!(by_variable.code, Some(1));
    for word in ["error: Rocket's settings are invalid: ", "99999", "\"PORT\"", "`ROCKET_`"] {
        assert!(by_variable.error.contains(word), "{word}: {}", by_variable.error);
    }
    write(folder.path(), "Rocket.toml", "[default]\nkeep_alive = \"long\"\n");
    let by_file = run(folder.path(), &[], &[("PORT", "0")]);
    assert_eq!(by_file.code, Some(1));
    for word in ["error: Rocket's settings are invalid: ", "keep_alive", "Rocket.toml"] {
        assert!(by_file.error.contains(word), "{word}: {}", by_file.error);
    }
}

/// Rocket's server would serve HTTPS with it. The listener would serve HTTP.
#[test]
fn settings_for_tls_are_an_error() {
    let folder = folder(VALID);
    let message = "error: the gateway ignores Rocket's setting `tls`\n  \
                   = help: remove it from Rocket.toml, or unset ROCKET_TLS; \
                   let a proxy in front terminate TLS\n";
    let tls = "{certs=\"a.pem\",key=\"b.pem\"}";
    for arguments in [&[][..], &["check"]] {
        let run = run(folder.path(), arguments, &[("PORT", "0"), ("ROCKET_TLS", tls)]);
        assert_eq!(run.code, Some(1), "{arguments:?}");
        assert!(run.error.contains(message), "{arguments:?}: {}", run.error);
    }
    write(folder.path(), "Rocket.toml", &format!("[default]\ntls = {tls}\n"));
    let by_file = run(folder.path(), &[], &[("PORT", "0")]);
    assert_eq!(by_file.code, Some(1));
    assert!(by_file.error.contains(message), "{}", by_file.error);
}

#[test]
fn development_does_not_start_on_heroku() {
    let folder = folder(VALID);
    for arguments in [&[][..], &["check"], &["--dev"]] {
        let run = run(folder.path(), arguments, &[("DYNO", "web.1")]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert!(
            run.error.starts_with("error: development (--dev or a debug build) "),
            "{}",
            run.error
        );
        assert!(run.error.contains("= help: build with --release"), "{}", run.error);
    }
}
