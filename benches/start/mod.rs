//! Start and idle memory of the program.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::edx::SECRET;
use super::process::Process;

const RUNS: usize = 5;
const MANY: usize = 10_000;

/// The gateway returns the memory of its start within this time.
const SETTLED: Duration = Duration::from_secs(3);

/// The variables of the shipped tools file.
const SECRETS: [&str; 4] = ["GATEWAY_SECRET", "HELLO_SECRET", "STAFF_SECRET", "ADDER_SECRET"];

/// Prints the medians of several starts.
pub fn measure() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    print("shipped tools", shipped, &SECRETS.map(str::to_owned));
    let many = tempfile::tempdir().expect("a directory");
    let variables = write_many(many.path()).expect("a tools file");
    print("10,000 tools", many.path(), &variables);
}

fn print(what: &str, directory: &Path, variables: &[String]) {
    let mut runs: Vec<_> = (0..RUNS).map(|_| start(directory, variables)).collect();
    let mut median = |by: fn(&Start) -> f64| {
        runs.sort_by(|a, b| by(a).total_cmp(&by(b)));
        by(&runs[RUNS / 2])
    };
    println!(
        "{what:13} start {:.0} ms ({:.0} ms of CPU time), idle {:.1} MiB",
        median(|start| start.wall * 1e3),
        median(|start| start.cpu * 1e3),
        median(|start| start.mebibytes),
    );
}

struct Start {
    /// Seconds until the program listens.
    wall: f64,
    /// The CPU time until then, in seconds.
    cpu: f64,
    /// Resident memory when idle.
    mebibytes: f64,
}

fn start(directory: &Path, variables: &[String]) -> Start {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .arg("serve")
        .current_dir(directory)
        .env_clear()
        .envs(variables.iter().map(|name| (name, SECRET)))
        .env("LTI_GATEWAY_PUBLIC_URL", "https://our-tools.example")
        .env("ROCKET_ADDRESS", "127.0.0.1")
        .env("ROCKET_PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    let process = Process(child);
    let line = lines.next().expect("a line").expect("UTF-8");
    assert!(line.contains("serving"), "{line}");
    let (wall, cpu) = (started.elapsed().as_secs_f64(), process.cpu_seconds());
    thread::sleep(SETTLED);
    Start { wall, cpu, mebibytes: process.resident_kibibytes() as f64 / 1024.0 }
}

/// Writes a tools file, half of it templates, half upstreams, and returns the names of its
/// variables.
fn write_many(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut text = "[gateway]\nsecret = { env = \"GATEWAY_SECRET\" }\n".to_owned();
    let mut variables = vec!["GATEWAY_SECRET".to_owned()];
    for tool in 0..MANY {
        let target = match tool % 2 {
            0 => "template = \"hello\"".to_owned(),
            _ => format!("upstream = \"http://127.0.0.1:{}\"", 9000 + tool % 1000),
        };
        let _ = write!(
            text,
            "\n[tools.tool-{tool}]\ntitle = \"Tool {tool}\"\n\
             description = \"The tool number {tool} of this course.\"\nkey = \"key-{tool}\"\n\
             secret = {{ env = \"TOOL_{tool}_SECRET\" }}\n{target}\n"
        );
        variables.push(format!("TOOL_{tool}_SECRET"));
    }
    fs::write(directory.join("tools.toml"), text)?;
    let templates = directory.join("templates");
    fs::create_dir(&templates)?;
    let hello = include_str!("../../templates/hello.html.tera");
    fs::write(templates.join("hello.html.tera"), hello)?;
    Ok(variables)
}
