//! What the built program prints while its files change.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Reply, Wire, write};

/// The timeout of every wait. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(60);

const TOOLS: &str = "[tools.page]\nkey = \"key-1\"\nsecret = \"a long enough secret\"\n\
                     template = \"page\"\n";

/// A running program. It is killed when the value is dropped.
struct Program {
    child: Child,
    address: String,
    output: Receiver<String>,
    errors: Receiver<String>,
    /// Standard error, if the test does not read it.
    _unread: Option<ChildStderr>,
    directory: TempDir,
}

/// The lines of a pipe.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| {
            let _ = sender.send(line);
        });
    });
    lines
}

fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lti-gateway"));
    command.current_dir(directory).env_clear().env("PORT", "0").stdin(Stdio::null());
    // The terminal shows placeholders at the start only.
    command.env("LTI_GATEWAY_SECRET", "the gateway's own secret, of 32 characters");
    command
}

impl Program {
    #[track_caller]
    fn start() -> Self {
        Self::start_with(true)
    }

    #[track_caller]
    fn start_with(reads_errors: bool) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "tools.toml", TOOLS);
        write(directory.path(), "templates/page.html.tera", "launched");
        let mut command = command(directory.path());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let output = lines(child.stdout.take().expect("a pipe"));
        let errors = child.stderr.take().expect("a pipe");
        let (errors, unread) = match reads_errors {
            true => (lines(errors), None),
            false => (lines(io::empty()), Some(errors)),
        };
        let start = output.recv_timeout(TIMEOUT).expect("a line");
        let address = start.split_once("on http://").and_then(|(_, rest)| rest.split(' ').next());
        let address = address.expect("its address").to_owned();
        Self { child, address, output, errors, _unread: unread, directory }
    }

    fn write(&self, name: &str, text: &str) {
        write(self.directory.path(), name, text);
    }

    /// What `check` prints about the files now.
    fn check(&self) -> Vec<String> {
        let output = command(self.directory.path()).arg("check").output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
    }

    /// Waits for the next line of the log, and checks its end.
    #[track_caller]
    fn logs(&self, end: &str) {
        let line = self.output.recv_timeout(TIMEOUT).expect("a line");
        assert!(line.ends_with(end), "{line}");
    }

    /// Waits until these lines, after all earlier ones, are on standard error.
    #[track_caller]
    fn prints(&self, expected: &[String]) {
        for line in expected {
            assert_eq!(&self.errors.recv_timeout(TIMEOUT).expect("a line"), line);
        }
    }

    /// Skips the lines of the start.
    #[track_caller]
    fn skip_start(&self) {
        while !self.errors.recv_timeout(TIMEOUT).expect("a line").starts_with("  production  ") {}
    }

    /// Requests `/`, so that the gateway looks for changes.
    #[track_caller]
    fn visit(&self) {
        let mut wire = Wire::connect(self.address.parse().expect("an address"));
        wire.send(format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address));
        assert_eq!(Reply::read(&mut wire, "GET").status, 200);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_change_is_reported_once_and_without_a_request() {
    let program = Program::start();
    program.skip_start();
    program.write("tools.toml", &format!("{TOOLS}{}", TOOLS.replace("page]", "other]")));
    program.logs("reloaded tools.toml: 2 tools");
    // One key in two places is a warning.
    let warnings = program.check();
    program.prints(&warnings);
    program.write("templates/page.html.tera", "edited");
    program.logs("reloaded templates/page.html.tera: 2 tools");

    program.write("tools.toml", &TOOLS.replace("template", "templat"));
    let errors = program.check();
    assert!(errors.iter().any(|line| line.contains("--> tools.toml:4:1")), "{errors:?}");
    program.prints(&errors);
    // Neither a request nor time repeats it: the next lines are those of the next change.
    (0..20).for_each(|_| program.visit());
    program.write("templates/page.html.tera", "{{ oops }");
    let errors = program.check();
    program.prints(&errors);
    program.logs("reloaded templates/page.html.tera, with errors: 2 tools");
    (0..20).for_each(|_| program.visit());

    program.write("templates/page.html.tera", "fixed");
    program.prints(&program.check());
    program.logs("reloaded templates/page.html.tera: 2 tools");
    fs::remove_file(program.directory.path().join("tools.toml")).expect("removed");
    let line = program.errors.recv_timeout(TIMEOUT).expect("a line");
    assert!(line.starts_with("error: tools.toml cannot be read: "), "{line}");
    program.errors.recv_timeout(TIMEOUT).expect("its help");
    program.write("tools.toml", TOOLS);
    program.logs("reloaded tools.toml: 1 tool");
    program.prints(&program.check());
}

/// A message may not hold up the requests that look for changes.
#[test]
fn a_terminal_that_nobody_reads_does_not_delay_requests() {
    let program = Program::start_with(false);
    // More than fits into a pipe.
    let many: String =
        (0..800).map(|number| format!("[tools.tool-{number}]\nkeyy = 1\n")).collect();
    for _ in 0..3 {
        program.write("tools.toml", &many);
        program.visit();
        program.write("tools.toml", TOOLS);
        program.visit();
    }
}
