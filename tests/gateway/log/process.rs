//! The built program, with any standard output and standard error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::support::{Form, Reply, Wire, listening_address, wait_until, write};

const HOST: &str = "localhost:5000";

static NONCE: AtomicU32 = AtomicU32::new(0);

/// The key of the only consumer. It is in each line of a launch, so that a pipe (64 KiB) and the
/// gateway's buffer (1 MiB) are soon full.
fn key() -> String {
    "k".repeat(2000)
}

/// More launches than have lines that fit into a pipe and the gateway's two buffers.
pub(super) const OVERFLOW: usize = 1100;

/// A running program. It is killed when the value is dropped.
pub(super) struct Process {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

/// The program, before its start.
pub(super) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lti-gateway"));
    command.current_dir(directory).env_clear().env("PORT", "0").stdin(Stdio::null());
    command
}

/// A directory with a tools file. It has `warnings` tools with a secret in the file, and each
/// causes a warning.
pub(super) fn directory(warnings: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut tools = format!(
        "[gateway]\npublic_url = \"http://{HOST}\"\n\
         secret = \"the gateway's own, of 32 characters\"\n\
         [tools.page]\nkey = \"{}\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n",
        key()
    );
    for number in 0..warnings {
        tools.push_str(&format!(
            "[tools.tool-{number}]\nkey = \"key-1\"\nsecret = \"s3cret of tool {number:04}\"\n\
             template = \"page\"\n"
        ));
    }
    write(directory.path(), "tools.toml", &tools);
    write(directory.path(), "templates/page.html.tera", "launched");
    directory
}

impl Process {
    #[track_caller]
    pub(super) fn start(stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Self {
        let directory = directory(1);
        let mut command = command(directory.path());
        command.stdout(stdout).stderr(stderr);
        Self::spawn(command, directory)
    }

    /// Starts a command in its directory.
    #[track_caller]
    pub(super) fn spawn(mut command: Command, directory: TempDir) -> Self {
        let mut child = command.spawn().expect("the program starts");
        // The command has the other ends of pipes.
        drop(command);
        let address = listening_address(&mut child);
        Self { child, address, _directory: directory }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asserts that `/is_up` answers.
    #[track_caller]
    pub(super) fn is_up(&self) {
        let mut wire = Wire::connect(self.address);
        wire.send("GET /is_up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(Reply::read(&mut wire, "GET").body, "I'm up");
    }

    /// Sends launches over one connection, and asserts that each is accepted.
    #[track_caller]
    pub(super) fn launch(&self, times: usize) {
        let key = key();
        let url = format!("http://{HOST}/lti/page");
        let mut wire = Wire::connect(self.address);
        for _ in 0..times {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
            let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
            let form =
                Form { url: &url, key: &key, timestamp: now, nonce: &nonce, ..Form::default() };
            let form = form.sign();
            wire.send(format!(
                "POST /lti/page HTTP/1.1\r\nHost: {HOST}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n\
                 {form}",
                form.len()
            ));
            let launched = Reply::read(&mut wire, "POST");
            assert_eq!((launched.status, &*launched.body), (200, "launched"));
        }
    }

    /// Sends SIGTERM, and waits for the end.
    #[track_caller]
    pub(super) fn stop(mut self) -> ExitStatus {
        signal(self.id(), "TERM");
        let mut status = None;
        wait_until("the program ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        status.expect("a status")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(super) fn signal(id: u32, name: &str) {
    let name = format!("-{name}");
    let kill = Command::new("kill").args([&name, &id.to_string()]).status().expect("kill runs");
    assert!(kill.success());
}

/// The complete lines of accepted launches.
pub(super) fn launches(log: &str) -> usize {
    log.lines().filter(|line| line.contains("INFO launch: ")).count()
}

/// The sum of all lines that the log reports as lost.
pub(super) fn lost(log: &str) -> usize {
    log.lines()
        .filter(|line| line.contains(" WARN log: "))
        .filter_map(|line| {
            let line = line.strip_suffix(" lost")?;
            line.rsplit(' ').nth(1)?.parse::<usize>().ok()
        })
        .sum()
}

/// Opens a file for appending, as a shell's `>>` does.
pub(super) fn append(path: &PathBuf) -> std::fs::File {
    std::fs::OpenOptions::new().append(true).create(true).open(path).expect("a file")
}
