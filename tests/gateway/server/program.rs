//! The built program, its log and its memory.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::{Form, Reply, Wire, write};

use super::{FORM_TYPE, tools};

/// The host of the public URL.
pub(super) const HOST: &str = "localhost:5000";
/// The timeout for the end of the program. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The nonce of the next launch.
static NONCE: AtomicU32 = AtomicU32::new(0);

/// The built program with the tools of [`tools`]. It is killed when the value is dropped.
pub(super) struct Program {
    child: Child,
    pub(super) address: SocketAddr,
    log: Receiver<String>,
    _directory: tempfile::TempDir,
}

/// A program that has ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// The lines of the log since the start.
    pub(super) log: Vec<String>,
}

impl Program {
    /// Starts the program with these lines of `Rocket.toml`.
    #[track_caller]
    pub(super) fn start(upstream: &str, rocket: &str) -> Self {
        Self::start_with(upstream, rocket, None)
    }

    /// The same with at most this number of open files.
    #[track_caller]
    pub(super) fn limited(upstream: &str, files: u32) -> Self {
        Self::start_with(upstream, "", Some(files))
    }

    #[track_caller]
    fn start_with(upstream: &str, rocket: &str, files: Option<u32>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "tools.toml", &tools(&format!("http://{HOST}"), upstream));
        write(directory.path(), "templates/page.html.tera", "launched");
        write(directory.path(), "Rocket.toml", rocket);
        let program = env!("CARGO_BIN_EXE_lti-gateway");
        let mut command = match files {
            None => Command::new(program),
            Some(files) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("ulimit -n {files}; exec \"$0\""), program]);
                command
            }
        };
        let child = command
            .current_dir(directory.path())
            .env_clear()
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = lines.next().expect("a line").expect("UTF-8");
        let address = line.split_once("on http://").and_then(|(_, rest)| rest.split(' ').next());
        let address = address.and_then(|address| address.parse().ok()).expect("its address");
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { child, address, log, _directory: directory }
    }

    pub(super) fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Asserts that `/is_up` answers.
    #[track_caller]
    pub(super) fn is_up(&self) {
        let mut wire = self.connect();
        wire.send("GET /is_up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(Reply::read(&mut wire, "GET").body, "I'm up");
    }

    /// Opens a session of `nb`. Returns a request head's beginning: its cookie, and its prefix.
    #[track_caller]
    pub(super) fn session(&self) -> (String, String) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let url = format!("http://{HOST}/lti/nb");
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
        // Each user has a session of their own.
        let form = Form { url: &url, timestamp: now, nonce: &nonce, ..Form::default() };
        let form = form.with(&[("user_id", &nonce)]).sign();
        let mut wire = self.connect();
        wire.send(format!(
            "POST /lti/nb HTTP/1.1\r\nHost: {HOST}\r\n{FORM_TYPE}Content-Length: {}\r\n\
                Connection: close\r\n\r\n{form}",
            form.len()
        ));
        let launched = Reply::read(&mut wire, "POST");
        assert_eq!(launched.status, 303, "{launched:?}");
        let cookies = launched.all("set-cookie");
        let session = cookies.iter().find(|cookie| cookie.starts_with("__Secure-lti="));
        let (cookie, rest) =
            session.and_then(|cookie| cookie.split_once("; Path=")).expect("a session");
        let prefix = rest.split(';').next().expect("its path").trim_end_matches('/');
        (cookie.to_owned(), prefix.to_owned())
    }

    /// A request head of a session.
    pub(super) fn request(session: &(String, String), method: &str, rest: &str) -> String {
        let (cookie, prefix) = session;
        format!("{method} {prefix}{rest} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n")
    }

    /// Sends SIGTERM.
    pub(super) fn terminate(&self) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(kill.success());
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(super) fn ended(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(start.elapsed() < TIMEOUT, "the program does not end");
            std::thread::yield_now();
        };
        let log = self.log.iter().collect();
        Ended { status, log }
    }

    /// The lines of the log until now.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }

    /// Waits until the log has this number of further lines with `text`, or has left them out.
    #[track_caller]
    pub(super) fn wait_for_log(&self, text: &str, count: usize) {
        let mut seen = 0;
        while seen < count {
            let next = self.log.recv_timeout(TIMEOUT);
            let line = next.unwrap_or_else(|_| panic!("only {seen} lines with {text}"));
            if line.contains(text) {
                seen += left_out(&line).unwrap_or(1);
            }
        }
    }

    /// Its memory, in bytes.
    pub(super) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(Path::new(&path)).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let number = line.trim().strip_suffix(" kB").and_then(|number| number.parse().ok());
        number.map_or(0, |kib: u64| kib * 1024)
    }

    /// The number of its open files.
    pub(super) fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        // Only root can list the files. Since Linux 6.2, the size of the directory is their number.
        match fs::read_dir(&path) {
            Ok(files) => files.count(),
            Err(_) => {
                let size = fs::metadata(&path).expect("a process").len();
                assert!(size > 0, "as a user who is not root, this test needs Linux 6.2");
                usize::try_from(size).expect("a number of files")
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number of lines that the log has left out, if this line reports it.
pub(super) fn left_out(line: &str) -> Option<usize> {
    let (before, _) = line.split_once(" left out ")?;
    before.rsplit(' ').nth(1)?.parse().ok()
}
