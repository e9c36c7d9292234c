//! The block that `serve` prints in development.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::process::{Process, command};
use crate::support::write;

/// The file of a newcomer, with one real warning (`0.0.0.0`).
const TOOLS: &str = r#"
[gateway]
secret = { env = "GATEWAY_SECRET" }

[tools.hello]
key = "hello-key"
secret = { env = "HELLO_SECRET" }
template = "page"

[tools.staff]
key = "staff-key"
secret = { env = "STAFF_SECRET" }
template = "page"

[tools.app]
key = "app-key"
secret = { env = "STAFF_SECRET" }
upstream = "http://0.0.0.0:9000"
headers = { X-Token = { env = "APP_TOKEN" } }
"#;

fn folder(tools: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    write(folder.path(), "tools.toml", tools);
    write(folder.path(), "templates/page.html.tera", "page");
    folder
}

/// Starts, answers `/is_up` and stops a gateway. Returns its standard error, with the port as PORT.
#[track_caller]
fn messages(tools: &str, variables: &[(&str, &str)]) -> String {
    let folder = folder(tools);
    let (mut reader, writer) = pipe().expect("a pipe");
    let mut command = command(folder.path());
    command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(writer);
    let gateway = Process::spawn(command, folder);
    gateway.is_up();
    let port = gateway.address().port().to_string();
    assert_eq!(gateway.stop().code(), Some(0));
    let mut messages = String::new();
    reader.read_to_string(&mut messages).expect("text");
    messages.replace(&port, "PORT")
}

#[test]
fn a_start_in_development_prints_one_short_block() {
    let tools = TOOLS.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(
        messages(&tools, &[]),
        "lti-gateway in development: 3 tools on http://localhost:PORT\n\
         \x20 practice    http://localhost:PORT/dev\n\
         \x20 secrets     public placeholders for GATEWAY_SECRET, HELLO_SECRET, STAFF_SECRET and \
         APP_TOKEN; fine on this machine\n\
         \x20 production  `lti-gateway check --production` lists what is missing\n"
    );
}

#[test]
fn other_warnings_and_set_variables_are_no_part_of_the_block() {
    let long = "a secret of more than 32 characters, really";
    let messages =
        messages(TOOLS, &[("GATEWAY_SECRET", long), ("APP_TOKEN", "a token of the app")]);
    let (warnings, block) = messages.split_once("lti-gateway in development").expect("the block");
    assert!(warnings.contains("http://127.0.0.1:9000"), "{messages}");
    assert!(warnings.ends_with("\ntools.toml: 1 warning\n"), "{messages}");
    let secrets = block.lines().find(|line| line.starts_with("  secrets ")).expect("the line");
    assert_eq!(
        secrets,
        "  secrets     public placeholders for HELLO_SECRET and STAFF_SECRET; fine on this machine"
    );
    for value in [long, "a token of the app"] {
        assert!(!messages.contains(value), "{messages}");
    }
}

#[test]
fn the_block_has_five_lines_for_fifty_tools() {
    let tools: String = (0..50)
        .map(|number| {
            format!(
                "[tools.t{number}]\nkey = \"k{number}\"\nsecret = {{ env = \"SECRET_{number}\" }}\n\
                 template = \"page\"\n"
            )
        })
        .collect();
    let tools = format!("[gateway]\npublic_url = \"https://tools.example\"\n{tools}");
    let block = messages(&tools, &[]);
    assert_eq!(block.lines().count(), 5, "{block}");
    assert!(block.lines().all(|line| line.len() <= 140), "{block}");
    assert!(block.contains(" and 45 others; "), "{block}");
    assert!(
        block.contains("  launches    signatures are verified for https://tools.example\n"),
        "{block}"
    );
}

#[test]
fn a_gateway_that_cannot_listen_prints_no_block() {
    let occupied = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
    let port = occupied.local_addr().expect("an address").port().to_string();
    let folder = folder(TOOLS);
    let output = command(folder.path()).env("PORT", &port).output().expect("the program ends");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains(&format!("error: cannot listen on 127.0.0.1:{port}")), "{error}");
    assert!(!error.contains("in development"), "{error}");
}

#[test]
fn a_block_that_nobody_reads_does_not_keep_the_gateway_from_starting() {
    let (closed, closed_writer) = pipe().expect("a pipe");
    drop(closed);
    let (unread, mut full_writer) = pipe().expect("a pipe");
    // The capacity of a pipe. The next byte would wait.
    full_writer.write_all(&[b'x'; 64 * 1024]).expect("written");
    let full_disk = OpenOptions::new().write(true).open("/dev/full").expect("a device");
    for errors in [Stdio::from(closed_writer), full_writer.into(), full_disk.into()] {
        let folder = folder(TOOLS);
        let mut command = command(folder.path());
        command.stdout(Stdio::null()).stderr(errors);
        let gateway = Process::spawn(command, folder);
        gateway.is_up();
        assert_eq!(gateway.stop().code(), Some(0));
    }
    drop(unread);
}

/// Runs `check` in development.
fn checked(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the program ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn check_names_many_placeholders_in_one_warning() {
    let folder = folder(TOOLS);
    let (code, error) = checked(folder.path(), &[]);
    assert_eq!(code, Some(0));
    assert_eq!(error.matches("warning: ").count(), 2, "{error}");
    assert!(
        error.ends_with(
            "\ntools.toml: 1 warning\n\
             warning: development uses public placeholders for secrets that are not set: \
             GATEWAY_SECRET, HELLO_SECRET, STAFF_SECRET and APP_TOKEN\n  \
             = help: set them before others can reach the gateway; \
             `lti-gateway check --production` reports each with its line\n"
        ),
        "{error}"
    );
    // The advice is true.
    let (code, error) = checked(folder.path(), &["--production"]);
    assert_eq!(code, Some(1));
    for name in ["GATEWAY_SECRET", "HELLO_SECRET", "STAFF_SECRET", "APP_TOKEN"] {
        assert!(error.contains(&format!("{{ env = \"{name}\" }}")), "{name}: {error}");
    }
}
