//! Secrets in the memory of the built program, and who can read them.
//!
//! Root can read every process. So if root runs the tests, the program and the reader run as
//! another user.

#![allow(clippy::print_stderr)]

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::tools;
use crate::support::write;

/// The value of an environment variable that no setting uses.
const VALUE: &str = "7hs0-a-value-of-the-environment-k2qx";
/// The number of further variables: the first repeats [`VALUE`] once, the next twice, and so on.
const LENGTHS: usize = 60;
/// The user and group of all processes if root runs the tests: usually nobody.
const USER: &str = "65534";
/// The number of bytes that a reader of memory reads.
const BLOCK: u64 = 4096;
/// The timeout for the start of a process. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A process that is killed when the value is dropped.
struct Process(Child);

impl Process {
    /// Starts a command with [`VALUE`] in a variable, and these other variables.
    fn start(command: &mut Command, others: impl IntoIterator<Item = (String, String)>) -> Self {
        let command = command.env_clear().env("UNRELATED", VALUE).envs(others).stdin(Stdio::null());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts"))
    }

    /// Waits for a line of the output.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let output = BufReader::new(self.0.stdout.take().expect("a pipe"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains(text)), "no line with {text}");
    }

    fn path(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory that every user can read, with the program and its files.
fn installed() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let everyone = |mode| Permissions::from_mode(mode);
    write(directory.path(), "tools.toml", &tools("http://localhost:5000", "http://127.0.0.1:9"));
    write(directory.path(), "templates/page.html.tera", "launched");
    write(directory.path(), "Rocket.toml", "[default]\nport = 0\n");
    // Nobody can inspect a program whose file they cannot read, so the file must be readable.
    let program = directory.path().join("lti-gateway");
    // A file that this process writes is busy while another test starts a process.
    let copy = Command::new("cp").arg(env!("CARGO_BIN_EXE_lti-gateway")).arg(&program).status();
    assert!(copy.expect("cp runs").success());
    fs::set_permissions(&program, everyone(0o755)).expect("permissions");
    fs::set_permissions(directory.path(), everyone(0o755)).expect("permissions");
    (directory, program)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// A command as a user who is not root.
fn unprivileged(program: impl AsRef<Path>) -> Command {
    let program = program.as_ref();
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
    command
}

/// Whether [`unprivileged`] works here. A sandbox may forbid it.
fn can_drop_privileges() -> bool {
    let is_possible = unprivileged("true").status().is_ok_and(|status| status.success());
    if !is_possible {
        eprintln!("skipped: root runs the tests, and setpriv cannot run a program as {USER}");
    }
    is_possible
}

/// Reads a file of another process, as the same user.
fn read(process: &Process, file: &str) -> Output {
    unprivileged("cat").env("LC_ALL", "C").arg(process.path(file)).output().expect("cat runs")
}

/// Reads a page of another process's memory, as the same user.
fn read_memory(process: &Process, address: u64) -> Output {
    let mut command = unprivileged("dd");
    command.env("LC_ALL", "C").arg(format!("if={}", process.path("mem")));
    command.args([format!("bs={BLOCK}"), format!("skip={}", address / BLOCK), "count=1".into()]);
    command.output().expect("dd runs")
}

/// The start and the end of each mapping with these permissions.
fn mappings(maps: &str, permissions: &str) -> Vec<(u64, u64, String)> {
    let mapping = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let name = rest.split_whitespace().nth(4).unwrap_or_default();
        rest.starts_with(permissions).then_some((number(start)?, number(end)?, name.to_owned()))
    };
    maps.lines().filter_map(mapping).collect()
}

/// The parts of a mapping that have pages. The allocator reserves a gigabyte and uses a part of it.
fn present(pages: &File, start: u64, end: u64) -> Vec<(u64, u64)> {
    const ENTRY: u64 = 8;
    let size = Command::new("getconf").arg("PAGESIZE").output().expect("getconf runs").stdout;
    let size: u64 = String::from_utf8_lossy(&size).trim().parse().expect("the size of a page");
    let mut entries = vec![0; usize::try_from((end - start) / size * ENTRY).expect("a mapping")];
    pages.read_exact_at(&mut entries, start / size * ENTRY).expect("pages");
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for (page, entry) in (start / size..).zip(entries.chunks_exact(8)) {
        // Present, or swapped out.
        if entry[7] & 0b1100_0000 == 0 {
            continue;
        }
        let (start, end) = (page * size, (page + 1) * size);
        match parts.last_mut() {
            Some(part) if part.1 == start => part.1 = end,
            _ => parts.push((start, end)),
        }
    }
    parts
}

#[track_caller]
fn assert_denied(output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let is_denied = error.contains("Permission denied") || error.contains("not permitted");
    assert!(is_denied, "{error}");
}

#[test]
fn a_process_of_the_same_user_cannot_read_memory_and_environment() {
    if !can_drop_privileges() {
        return;
    }
    let (directory, program) = installed();
    let mut gateway = Process::start(unprivileged(program).current_dir(directory.path()), []);
    gateway.wait_for("serving 2 tools on http://127.0.0.1:");
    // The same reader can read a process that does not protect itself.
    let other = Process::start(unprivileged("cat").arg("/dev/zero"), []);

    let start = Instant::now();
    while read(&other, "environ").stdout != format!("UNRELATED={VALUE}\0").as_bytes() {
        assert!(start.elapsed() < TIMEOUT, "{:?}", read(&other, "environ"));
    }
    assert_denied(&read(&gateway, "environ"));

    let maps = String::from_utf8_lossy(&read(&other, "maps").stdout).into_owned();
    let (start, ..) = mappings(&maps, "r").into_iter().next().expect("a mapping");
    assert_denied(&read(&gateway, "maps"));

    let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    if matches!(yama.trim(), "" | "0") {
        let memory = read_memory(&other, start);
        assert!(memory.status.success(), "{memory:?}");
        assert_eq!(memory.stdout.len() as u64, BLOCK);
    } else {
        eprintln!("Yama protects the memory of every process, so this shows less");
    }
    assert_denied(&read_memory(&gateway, start));
}

#[test]
fn no_copy_of_the_environment_stays_in_memory() {
    let (directory, program) = installed();
    // Freed memory is reused soon. Values of many lengths need blocks of many sizes.
    let others = (1..=LENGTHS).map(|more| (format!("UNRELATED_{more}"), VALUE.repeat(more)));
    let mut command = Command::new(program);
    let mut gateway = Process::start(command.current_dir(directory.path()), others);
    gateway.wait_for("serving 2 tools on http://127.0.0.1:");
    let Ok(memory) = File::open(gateway.path("mem")) else {
        eprintln!("skipped: only root can read the program's memory");
        return;
    };
    let pages = File::open(gateway.path("pagemap")).expect("a map of pages");
    let maps = fs::read_to_string(gateway.path("maps")).expect("maps");
    let mut found = Vec::new();
    let mut read = 0;
    for (start, end, name) in mappings(&maps, "rw") {
        for (start, end) in present(&pages, start, end) {
            let mut bytes = vec![0; usize::try_from(end - start).expect("a mapping")];
            // A thread may have ended meanwhile, and its stack is gone.
            if memory.read_exact_at(&mut bytes, start).is_err() {
                continue;
            }
            read += bytes.len();
            let count = bytes.windows(VALUE.len()).filter(|part| *part == VALUE.as_bytes()).count();
            found.extend(std::iter::repeat_n(name.clone(), count));
        }
    }
    assert!(read > 1 << 20, "{read} bytes");
    // The system put it there when the program started. Only unsafe code can overwrite it.
    assert_eq!(found, vec!["[stack]"; 1 + (1..=LENGTHS).sum::<usize>()]);
}

#[test]
fn a_tools_file_can_still_come_from_a_pipe() {
    if !can_drop_privileges() {
        return;
    }
    // A path below /proc/self/fd, as shells make for <(…).
    let (directory, _) = installed();
    let pipe = "cat tools.toml | ./lti-gateway check /dev/stdin";
    let mut shell = unprivileged("sh");
    let output = shell.current_dir(directory.path()).args(["-c", pipe]).output().expect("sh runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("cannot be read"), "{error}");
    assert!(error.contains("/dev/stdin:"), "{error}");
}
