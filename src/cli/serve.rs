//! `serve`: serves the tools until it is stopped.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rocket::Config as RocketConfig;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use tokio::runtime::Builder;

use super::dev_access::{DevAccess, placeholders};
use super::first_run::{FirstRun, Placeholders};
use super::load::{Loaded, load};
use super::machine::{self, now_in_millis};
use super::message::{
    no_certificates, no_randomness, placeholders_used, state_unusable, unreadable,
};
use super::rocket_settings::{Reach, rocket_figment};
use super::terminal::Terminal;
use super::tools_watch::ToolsWatch;
use crate::app::{AppTiming, Apps};
use crate::clock::Clock;
use crate::config::{Environment, StateLocation, print};
use crate::log::Log;
use crate::server::{Listener, Settings, Stopped, signal};
use crate::state::State;
use crate::web::{self, Gateway};

/// The longest wait for a reader of the messages, and of the last lines of the log.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until it receives a signal to stop.
pub(super) fn serve(file: &Path, mut environment: Environment, development: bool) -> ExitCode {
    let mut watch = None;
    if development {
        let random = match placeholders() {
            Ok(random) => random,
            Err(error) => return refuse(&no_randomness(error)),
        };
        environment.set_placeholders(random.clone());
        // Files reload only in development.
        let terminal = Terminal::start();
        let read_environment = move || {
            let mut environment = machine::environment();
            environment.set_placeholders(random.clone());
            environment
        };
        let print = move |text: &str| terminal.print(text);
        watch = Some(ToolsWatch::start(file, read_environment, true, print));
    }
    let mut loaded = match load(file, &environment, development) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&unreadable(file.display(), &error)),
    };
    let name = file.display().to_string();
    if !loaded.is_sound() {
        let placeholders = Placeholders::take_many(&mut loaded.problems);
        let note = placeholders.map(|names| placeholders_used(&names)).unwrap_or_default();
        return refuse(&format!("{note}{}", print(&name, &loaded.problems)));
    }
    // In development, the block after the start has them.
    let placeholders = Placeholders::take(&mut loaded.problems);
    let problems = print(&name, &loaded.problems);
    if !problems.is_empty() {
        report(&problems);
    }
    let watch = watch.map(|watch| watch.after(&loaded.problems));
    let (figment, config) = match rocket_figment(&environment, Reach::of(&loaded.config)) {
        Ok(settings) => settings,
        Err(why) => return failed(&why),
    };
    let log = match Log::start(&io::stdout(), config.log_level.into()) {
        Ok(log) => log,
        Err(error) => return failed(&format!("cannot start the log: {error}")),
    };
    let apps = match current_exe() {
        Ok(starter) => Apps::new(starter, environment.iter(), AppTiming::default()),
        Err(error) => return failed(&format!("cannot find the gateway's own program: {error}")),
    };
    // The configuration has copied what it needs.
    drop(environment);
    let access = match loaded.config.dev_host.clone().map(DevAccess::new).transpose() {
        Ok(access) => access,
        Err(error) => return refuse(&no_randomness(error)),
    };
    let first_run = development.then(|| FirstRun {
        tools: loaded.config.tools.len(),
        public_url: loaded.config.public_url.clone(),
        placeholders,
        access,
    });
    let code = run(loaded, apps, (figment, &config), first_run, watch);
    log.flush(FLUSH_TIMEOUT);
    code
}

/// Serves a valid configuration. `first_run` is the block for development. With a watch, the
/// configuration changes with its files.
fn run(
    loaded: Loaded,
    apps: Arc<Apps>,
    (figment, config): (Figment, &RocketConfig),
    first_run: Option<FirstRun>,
    watch: Option<ToolsWatch>,
) -> ExitCode {
    let clock = Clock::precise(now_in_millis);
    let tools = loaded.config.tools.len();
    let storage = storage(&loaded.config.state);
    let state = match State::open(&loaded.config.state, clock.now()) {
        Ok(state) => state,
        Err(error) => return refuse(&state_unusable(&error)),
    };
    let gateway = match Gateway::new(loaded.config, loaded.templates, clock, state) {
        Ok(gateway) => gateway,
        Err(why) => return refuse(&no_certificates(&why)),
    };
    let mut gateway = gateway.explaining(loaded.credentials).hosting(apps);
    if let Some(access) = first_run.as_ref().and_then(|first_run| first_run.access.as_ref()) {
        gateway = gateway.developing(Arc::clone(&access.process));
    }
    release_memory();
    let runtime = Builder::new_multi_thread()
        .worker_threads(config.workers.max(1))
        .max_blocking_threads(config.max_blocking.max(1))
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start threads: {error}")),
    };
    runtime.block_on(async {
        let settings = Settings::of(config);
        let listener = match Listener::bind(settings.clone()).await {
            Ok(listener) => listener,
            Err(cause) => return failed(&cannot_listen(settings.address, &cause)),
        };
        let address = listener.address().unwrap_or(settings.address);
        let noun = if tools == 1 { "tool" } else { "tools" };
        let mode = if first_run.is_some() { "development" } else { "production" };
        if let Some(first_run) = &first_run {
            report(&first_run.text(address));
        }
        let announcement = AdHoc::on_liftoff("announcement", move |_| {
            Box::pin(async move {
                tracing::info!(
                    target: "gateway",
                    "serving {tools} {noun} on http://{address} ({mode}); {storage}"
                );
            })
        });
        let figment = figment.merge((RocketConfig::PORT, address.port()));
        let rocket = web::rocket(figment, gateway, &loaded.statics).attach(announcement);
        let rocket = match watch {
            Some(watch) => web::reloading(rocket, watch),
            None => rocket,
        };
        let stop = match signal(&config.shutdown) {
            Ok(stop) => stop,
            Err(error) => return failed(&format!("cannot wait for signals: {error}")),
        };
        match listener.serve(rocket, stop).await {
            Ok(Stopped { cut: 0 }) => {
                tracing::info!(target: "gateway", "stopped; every request had its response");
                ExitCode::SUCCESS
            }
            Ok(Stopped { cut }) => {
                tracing::warn!(target: "gateway", "stopped; {cut} requests were cut");
                ExitCode::SUCCESS
            }
            Err(error) => failed(&error.to_string()),
        }
    })
}

/// The gateway's own program, also after another version has replaced its file.
fn current_exe() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { env::current_exe() }
}

/// Reports why the gateway does not serve.
pub(super) fn refuse(message: &str) -> ExitCode {
    report(message);
    ExitCode::from(1)
}

fn failed(why: &str) -> ExitCode {
    refuse(&format!("error: {why}\n"))
}

/// Writes a message to standard error, but does not wait for a reader that has stopped.
fn report(message: &str) {
    let terminal = Terminal::start();
    terminal.print(message);
    terminal.flush(FLUSH_TIMEOUT);
}

fn cannot_listen(address: SocketAddr, cause: &io::Error) -> String {
    format!(
        "cannot listen on {address}: {cause}\n  \
         = help: set another port, such as PORT=5001; on macOS the AirPlay Receiver uses 5000 \
         (System Settings, General, AirDrop & Handoff)"
    )
}

/// Returns the memory of reading the tools file to the system.
///
/// The allocator holds freed memory for a second, and returns it when a thread ends after that. An
/// idle gateway ends none. For 10,000 tools this is two thirds of the memory.
fn release_memory() {
    const PAUSE: Duration = Duration::from_millis(1500);
    thread::spawn(|| {
        let part_of_heap = std::hint::black_box(Box::new(0_u8));
        thread::sleep(PAUSE);
        drop(part_of_heap);
    });
}

/// Where replay protection and queued grades are stored.
fn storage(state: &StateLocation) -> String {
    match state {
        StateLocation::Memory => "replay protection in memory; grades are not queued".to_owned(),
        StateLocation::Directory(path) => {
            format!("replay protection and queued grades in {}", path.display())
        }
    }
}
