//! The program while its state directory is removed, replaced, emptied or locked. `/ready` writes
//! nothing.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use super::program::{Program, directory, run};
use super::*;

/// The log line of a state file that cannot be used.
const UNUSABLE: &str = "the state file cannot be used";

fn ready(program: &Program) -> (u16, String) {
    let reply = program.send("GET", "/ready", &[], "");
    (reply.status, reply.body)
}

fn is_ready(program: &Program) -> bool {
    ready(program).0 == 200
}

/// Launches the tool. Returns the status.
fn launches(program: &Program, nonce: &str, outcome_url: &str) -> u16 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let form =
        Form { url: "http://127.0.0.1:5000/lti/nb", timestamp: now, nonce, ..launch(outcome_url) };
    let form_type = [("Content-Type", "application/x-www-form-urlencoded")];
    program.send("POST", "/lti/nb", &form_type, &form.sign()).status
}

/// The program, its directory, its upstream and platform, and a grade token.
struct Running {
    program: Program,
    directory: TempDir,
    _upstream: Recorder,
    platform: Recorder,
    outcome_url: String,
    token: String,
}

impl Running {
    /// The platform cannot accept grades yet.
    fn start() -> Self {
        let platform = Recorder::answering(http("503 Oh", "text/plain", "Later"));
        let upstream = Recorder::start();
        let directory = directory(&upstream);
        let program = Program::start(directory.path(), &[]);
        let outcome_url = format!("{}{OUTCOME}", platform.origin());
        let token = program.token(&upstream, &outcome_url);
        Self { program, directory, _upstream: upstream, platform, outcome_url, token }
    }

    fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn grade(&self) -> Reply {
        self.program.call("POST", "/grades", &self.token, r#"{"score":0.5}"#)
    }
}

#[test]
fn a_directory_removed_while_serving_accepts_no_grade_and_no_launch() {
    let running = Running::start();
    let state = running.state();
    fs::remove_dir_all(&state).expect("removed");
    for nonce in ["removed-1", "removed-2", "removed-3"] {
        let reply = running.grade();
        assert_eq!((reply.status, &reply.json()["error"]), (503, &json!("state-unavailable")));
        assert_eq!(
            reply.json()["message"],
            "the gateway may not have stored the grade: the state directory was removed or \
             replaced while the gateway ran; send the grade again"
        );
        assert_eq!(launches(&running.program, nonce, &running.outcome_url), 503);
        assert_eq!(ready(&running.program), (503, "state unreachable".to_owned()));
    }
    // An empty directory of the same name does not help.
    fs::create_dir(&state).expect("made");
    let last = running.grade();
    assert_eq!(last.status, 503);
    running.platform.saw_nothing();
    let lines = running.program.log_until(last.json()["reference"].as_str().expect("a reference"));
    for file in ["grades.sqlite", "replay.sqlite"] {
        let of_file = format!("file={file:?}");
        let unusable =
            lines.iter().filter(|line| line.contains(UNUSABLE) && line.contains(&of_file));
        assert_eq!(unusable.count(), 1, "one line for {file}: {lines:#?}");
    }
    assert_eq!(fs::read_dir(&state).expect("there").count(), 0, "it creates nothing there");
}

/// The grade was stored, and is gone when the platform responds.
#[test]
fn a_directory_removed_during_an_attempt_is_no_202() {
    let directory_of_state: std::sync::Arc<std::sync::OnceLock<PathBuf>> = Default::default();
    let removed = std::sync::Arc::clone(&directory_of_state);
    let platform = Recorder::with(move |_| {
        fs::remove_dir_all(removed.get().expect("set")).expect("removed");
        http("503 Oh", "text/plain", "Later").into_bytes()
    });
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    directory_of_state.set(directory.path().join("state")).expect("set once");
    let program = Program::start(directory.path(), &[]);
    let token = program.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = program.call("POST", "/grades", &token, r#"{"score":0.5}"#);
    assert_eq!((reply.status, &reply.json()["error"]), (503, &json!("state-unavailable")));
    platform.request();
}

/// Without a launch and without a grade, also within a minute.
#[test]
fn a_directory_moved_away_is_noticed_without_a_write_and_works_again_when_it_is_back() {
    let running = Running::start();
    let (state, moved) = (running.state(), running.directory.path().join("moved"));
    assert!(is_ready(&running.program));
    fs::rename(&state, &moved).expect("moved");
    wait_for(|| !is_ready(&running.program));
    fs::rename(&moved, &state).expect("moved back");
    assert_eq!(running.grade().status, 202);
    assert_eq!(launches(&running.program, "back", &running.outcome_url), 303);
    assert!(is_ready(&running.program));
    drop(running.program);
    let listed = run(running.directory.path(), &["grades"]);
    let text = String::from_utf8_lossy(&listed.stdout);
    assert_eq!(text.lines().count(), 2, "the head and the grade: {text}");
}

#[test]
fn emptied_files_accept_nothing_and_a_restart_reports_them() {
    let running = Running::start();
    assert_eq!(running.grade().status, 202);
    let state = running.state();
    for name in ["grades.sqlite", "replay.sqlite"] {
        let file = fs::File::options().write(true).open(state.join(name)).expect("a file");
        file.set_len(0).expect("emptied");
    }
    assert_eq!(running.grade().status, 503);
    assert_eq!(launches(&running.program, "emptied", &running.outcome_url), 503);
    assert_eq!(ready(&running.program), (503, "state unreachable".to_owned()));
    drop(running.program);
    let path = running.directory.path();
    let state = path.canonicalize().expect("a path").join("state");
    let error = format!(
        "error: {0}/replay.sqlite is empty, but {0}/version shows that the gateway has used it\n  \
         = help: restore a backup of the whole directory; or remove {0}/version, and the gateway \
         starts without the spent launches: a form younger than `clock_skew` is then accepted \
         again\n",
        state.display()
    );
    for (command, code) in [("serve", 1), ("check", 1), ("grades", 2)] {
        let run = run(path, &[command]);
        let printed = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(code), "{command}: {printed}");
        assert!(printed.contains(&error), "{command}: {printed}");
    }
}

/// The metadata that every write changes.
fn stamp(file: &Path) -> (u64, u64, i64, i64) {
    let of = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
    of(fs::metadata(file).expect("a file"))
}

fn stamps(state: &Path) -> Vec<(u64, u64, i64, i64)> {
    let names = ["grades.sqlite", "grades.sqlite-wal", "replay.sqlite", "replay.sqlite-wal"];
    names.map(|name| stamp(&state.join(name))).into()
}

#[test]
fn thousands_of_requests_for_readiness_write_nothing() {
    let running = Running::start();
    let state = running.state();
    // The checkpoint after the launch.
    wait_for(|| {
        ["grades.sqlite-wal", "replay.sqlite-wal"]
            .iter()
            .all(|name| fs::metadata(state.join(name)).is_ok_and(|file| file.len() == 0))
    });
    // The checkpoint after the start may follow; it touches a file once.
    wait_for(|| {
        let before = stamps(&state);
        for _ in 0..3000 {
            assert!(is_ready(&running.program));
        }
        stamps(&state) == before
    });
}

#[test]
fn after_a_failure_one_probe_makes_the_gateway_ready_again() {
    let running = Running::start();
    let state = running.state();
    let log = state.join("grades.sqlite-wal");
    wait_for(|| fs::metadata(&log).is_ok_and(|file| file.len() == 0));
    let other = Connection::open(state.join("grades.sqlite")).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    assert_eq!(running.grade().status, 503);
    assert_eq!(ready(&running.program), (503, "state unreachable".to_owned()));
    other.execute_batch("ROLLBACK").expect("no lock");
    // A frame of the write-ahead log is a page with a head, and the log has a head.
    let one_write = 32 + 24 + 4096;
    let mut largest = 0;
    wait_for(|| {
        for _ in 0..100 {
            largest = largest.max(fs::metadata(&log).expect("a log").len());
            if is_ready(&running.program) {
                largest = largest.max(fs::metadata(&log).expect("a log").len());
                return true;
            }
        }
        false
    });
    assert!(largest <= one_write, "{largest} bytes");
    running.program.log_until("the state file can be used again");
    assert_eq!(running.grade().status, 202);
}

#[test]
fn check_reports_a_readable_directory_and_serve_tightens_it() {
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    let path = directory.path();
    let state = path.join("state");
    fs::create_dir(&state).expect("made");
    let set = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(&state, mode).expect("set");
    };
    let mode = || fs::metadata(&state).expect("there").mode() & 0o7777;
    set(0o755);
    let checked = run(path, &["check"]);
    let printed = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!((checked.status.code(), mode()), (Some(0), 0o755), "{printed}");
    let shown = path.canonicalize().expect("a path").join("state");
    let warning = format!("other users can access {} (mode 0755)", shown.display());
    assert!(
        printed.contains(&format!(
            "warning: {warning}\n  = help: `serve` changes the mode to 0700 when it starts\n"
        )),
        "{printed}"
    );
    drop(Program::start(path, &[]));
    assert_eq!(mode(), 0o700);

    set(0o755);
    crate::support::write(&state, "notes.txt", "mine");
    for (command, code) in [("serve", 1), ("check", 1)] {
        let run = run(path, &[command]);
        let printed = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!((run.status.code(), mode()), (Some(code), 0o755), "{command}: {printed}");
        assert!(
            printed.contains(&format!(
                "error: {warning}, and it contains \"notes.txt\", which is not the gateway's\n  \
                 = help: name a directory of the gateway's own in `gateway.state`, such as \
                 {}/lti-gateway: the gateway creates it\n",
                shown.display()
            )),
            "{command}: {printed}"
        );
    }
}
