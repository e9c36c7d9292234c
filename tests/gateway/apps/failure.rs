//! Programs that end, never listen, or do not exist; and apps that nobody uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lti_gateway::app::{App, AppPhase, AppTiming, Apps, NotReady};
use lti_gateway::config::AppCommand;
use tokio::runtime::{Builder, Runtime};

use super::host::{Host, interpreter, python, shell};
use crate::support::wait_until;

/// Short times.
const TIMING: AppTiming = AppTiming {
    start: Duration::from_millis(300),
    first_wait: Duration::from_millis(10),
    longest_wait: Duration::from_millis(100),
    settled: Duration::from_secs(60),
    stop: Duration::from_secs(5),
    remains: Duration::from_secs(1),
};

/// Apps without a gateway.
struct Stage {
    runtime: Runtime,
    apps: Arc<Apps>,
}

impl Stage {
    fn new(timing: AppTiming) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let path = std::env::var("PATH").expect("a PATH");
        let environment = [("PATH", path.as_str())];
        let program = env!("CARGO_BIN_EXE_lti-gateway").into();
        Self { runtime: runtime.expect("a runtime"), apps: Apps::new(program, environment, timing) }
    }

    fn start(&self, command: AppCommand) -> Arc<App> {
        let app = App::new("a", command);
        let _context = self.runtime.enter();
        self.apps.start(std::slice::from_ref(&app), 5000);
        app
    }

    fn stop(&self) {
        self.runtime.block_on(self.apps.stop(Duration::from_secs(5)));
    }
}

fn command(program: &str, arguments: &[&str], directory: &Path) -> AppCommand {
    AppCommand {
        program: program.to_owned(),
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        idle: None,
    }
}

fn script(text: &str) -> AppCommand {
    command("sh", &["-c", text], Path::new("/"))
}

#[track_caller]
fn failures(app: &App, least: u32) {
    wait_until("it fails", || app.status().failures >= least);
}

#[test]
fn a_program_that_exits_at_once_starts_again_and_is_not_promised_for_ever() {
    let stage = Stage::new(TIMING);
    let app = stage.start(script("exit 3"));
    failures(&app, 3);
    let listening = stage.runtime.block_on(app.listening(Duration::from_secs(60)));
    let NotReady { may_start, .. } = listening.expect_err("it does not listen");
    assert!(!may_start, "a request does not wait any more");
    wait_until("it waits", || match app.status().phase {
        AppPhase::Waiting { end, .. } => &*end == "exit status: 3",
        _ => false,
    });
    stage.stop();
    assert!(matches!(app.status().phase, AppPhase::Stopped));
}

#[test]
fn a_program_that_goes_into_the_background_is_reported() {
    let stage = Stage::new(TIMING);
    let app = stage.start(script("sleep 100 & exit 0"));
    let mut seen = String::new();
    wait_until("it ends", || {
        if let AppPhase::Waiting { end, .. } = app.status().phase {
            seen = end.to_string();
        }
        !seen.is_empty()
    });
    assert_eq!(seen, "exit status: 0; the program has to stay in the foreground");
    stage.stop();
}

#[test]
fn a_program_that_never_listens_is_stopped_and_starts_again() {
    let stage = Stage::new(TIMING);
    let app = stage.start(script("trap '' TERM; while :; do sleep 0.1; done"));
    wait_until("it waits", || match app.status().phase {
        AppPhase::Waiting { end, .. } => end.contains("does not listen at port"),
        _ => false,
    });
    stage.stop();
}

#[test]
fn a_missing_program_is_reported_with_its_name() {
    let stage = Stage::new(TIMING);
    for missing in ["no-such-program", "/no/such/program", "/"] {
        let app = stage.start(command(missing, &[], Path::new("/")));
        failures(&app, 2);
    }
    let app = stage.start(command("sh", &[], Path::new("/no/such/directory")));
    failures(&app, 2);
    stage.stop();
}

#[test]
fn a_failed_start_reports_status_and_last_output_and_its_page_ends_its_promise() {
    let missing = shell("c", "").replace("\"sh\"", "\"no-such-program\"");
    let failing = shell("a", "echo 'no module named plots'; exit 3");
    let host = Host::start(&[failing, python("b", &[]), missing]);
    let line = host.wait_for_log(&["ended and starts again", "tool=\"c\""]);
    assert!(line.contains("output=\"cannot start no-such-program: No such file"), "{line}");
    let line = host.wait_for_log(&["ended and starts again", "tool=\"a\""]);
    assert!(line.contains("how=\"exit status: 3\""), "{line}");
    assert!(line.contains("output=\"no module named plots\""), "{line}");
    let visit = host.visit("a");
    wait_until("its failure is known", || host.get("/ready").body.contains("app a: ended, 3"));
    let page = host.open(&visit, "/");
    assert_eq!((page.status, page.header("refresh")), (503, None), "{page:?}");
    let script = host.fetch(&visit, "GET", "/data");
    assert_eq!(script.status, 503);
    assert_eq!(script.json()["error"], "upstream-refused", "{script:?}");
    let practice = host.get("/dev").body;
    assert!(practice.contains("The app <code>sh</code> does not answer: "), "{practice}");
    // The other tool works, and the gateway is ready.
    host.app("b");
    assert_eq!(host.get("/ready").status, 200);
}

#[test]
fn until_an_app_listens_pages_say_that_it_starts() {
    let host = Host::start(&[python("a", &["late"])]);
    let visit = host.visit("a");
    let page = host.open(&visit, "/");
    assert_eq!((page.status, page.header("refresh")), (503, Some("3")), "{page:?}");
    assert!(page.header("retry-after").is_some());
    assert_eq!(host.get("/ready").body, "ready\napp a: starting");
    std::fs::write(host.path("go"), "").expect("a file");
    assert_eq!(host.app("a")["arguments"][2], "late");
}

#[test]
fn an_unused_app_stops_and_the_next_request_starts_it() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("app.py"), include_str!("app.py")).expect("a file");
    let stage = Stage::new(AppTiming { start: Duration::from_secs(60), ..TIMING });
    let python = command(interpreter(), &["app.py", "{port}"], directory.path());
    let app = stage.start(AppCommand { idle: Some(Duration::from_millis(300)), ..python });
    let patience = Duration::from_secs(60);
    let first = stage.runtime.block_on(app.listening(patience)).expect("it listens");
    // A WebSocket holds a use as long as it is open.
    let used = app.enter();
    std::thread::sleep(Duration::from_millis(900));
    assert!(matches!(app.status().phase, AppPhase::Ready(_)));
    assert!(stage.runtime.block_on(first.is_own()));
    drop(used);
    wait_until("it stops", || matches!(app.status().phase, AppPhase::Stopped));
    wait_until("its process has ended", || !stage.runtime.block_on(first.is_own()));
    let again = stage.runtime.block_on(app.listening(patience)).expect("it listens again");
    assert_ne!((again.run, again.address), (first.run, first.address));
    assert_eq!(app.status().restarts, 0, "it did not fail");
    stage.stop();
    assert!(!stage.runtime.block_on(again.is_own()));
}
