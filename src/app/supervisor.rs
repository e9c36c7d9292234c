//! The supervisor of an app: it starts the program, waits until it listens, and starts it again
//! when it ends.

use std::future::pending;
use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::app::App;
use super::child::ChildProcess;
use super::host::{AppHost, Order};
use super::listener::{AppPlace, KnownSockets, PortUse, port_use};
use super::port::Port;
use super::start_child::START_APP;
use super::status::{AppPhase, Listening};
use crate::config::AppCommand;

/// The pauses between two checks of the port while a program starts: the first and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause between two checks of a group whose first process has ended.
const GROUP_PAUSE: Duration = Duration::from_millis(20);
/// The time for the gateway to notice a signal that its apps have also received.
const SIGNAL_TIME: Duration = Duration::from_millis(100);
/// The time for the rest of the output of a program that has ended.
const OUTPUT_TIME: Duration = Duration::from_millis(500);

/// The task of one app.
pub(super) struct Supervisor {
    host: Arc<AppHost>,
    app: Arc<App>,
    orders: watch::Receiver<Order>,
    retired: watch::Receiver<bool>,
    /// The log has a warning that others can reach the app.
    has_warned: bool,
}

/// Why a run of the program is over.
enum RunEnd {
    /// Nobody used the app.
    Idle,
    /// The gateway stops, or has another configuration.
    Ordered,
    /// It ended by itself, or never listened.
    Failed(RunFailure),
}

/// A run that failed.
struct RunFailure {
    /// How it ended: for the log, and for requests.
    how: String,
    /// How long it was ready.
    ready: Duration,
}

/// A run of the program.
struct Run {
    child: ChildProcess,
    output: [JoinHandle<()>; 2],
    port: Port,
}

impl Supervisor {
    pub(super) fn new(host: Arc<AppHost>, app: Arc<App>) -> Self {
        let (orders, retired) = (host.order.subscribe(), app.is_retired.subscribe());
        Self { host, app, orders, retired, has_warned: false }
    }

    /// Keeps the program running until the order to stop.
    pub(super) async fn run(mut self) {
        let timing = self.host.timing;
        let mut wait = timing.first_wait;
        while self.may_start() {
            self.set_phase(AppPhase::Starting);
            match self.run_once().await {
                RunEnd::Ordered => break,
                RunEnd::Idle => {
                    tracing::info!(
                        target: "app", tool = self.app.tool,
                        "stopped, because nobody used it; the next request starts it"
                    );
                    wait = timing.first_wait;
                    self.app.status.send_modify(|status| status.failures = 0);
                    let app = Arc::clone(&self.app);
                    select! {
                        () = app.wanted.notified() => {}
                        () = self.may_not_start() => {}
                    }
                }
                RunEnd::Failed(failure) => {
                    if failure.ready >= timing.settled {
                        wait = timing.first_wait;
                        self.app.status.send_modify(|status| status.failures = 0);
                    }
                    // Heroku signals all processes at once: the app may be faster than the gateway.
                    select! {
                        () = sleep(SIGNAL_TIME) => {}
                        () = self.may_not_start() => break,
                    }
                    self.report(&failure, wait);
                    let end = failure.how.into();
                    self.app.status.send_modify(|status| {
                        status.failures = status.failures.saturating_add(1);
                        status.restarts = status.restarts.saturating_add(1);
                        status.phase = AppPhase::Waiting { end, wait };
                    });
                    select! {
                        () = sleep(wait) => {}
                        () = self.may_not_start() => {}
                    }
                    wait = wait.saturating_mul(2).min(timing.longest_wait);
                }
            }
        }
        self.set_phase(AppPhase::Stopped);
        self.app.has_ended.send_replace(true);
    }

    /// Runs the program once.
    async fn run_once(&mut self) -> RunEnd {
        let begin = Instant::now();
        let mut run = match self.start().await {
            Ok(run) => run,
            Err(error) => {
                let how = format!("it cannot start: {error}");
                return RunEnd::Failed(RunFailure { how, ready: Duration::ZERO });
            }
        };
        let (group, port) = (run.child.id(), run.port.number());
        let place = select! {
            place = self.place(group, port) => place,
            () = run.child.ended() => {
                let how = own_end(self.finish(run, self.host.timing.remains).await);
                return RunEnd::Failed(RunFailure { how, ready: Duration::ZERO });
            }
            kill = self.ordered() => {
                return self.obey(run, kill).await;
            }
        };
        let place = match place {
            Ok(place) => place,
            Err(how) => {
                self.finish(run, self.host.timing.stop).await;
                return RunEnd::Failed(RunFailure { how, ready: Duration::ZERO });
            }
        };
        self.announce(place, begin.elapsed());
        let ready = Instant::now();
        let listening = Listening {
            run: self.host.next_run(),
            address: place.address,
            sockets: Arc::new(KnownSockets::new(group, place.address)),
        };
        self.app.touch();
        self.set_phase(AppPhase::Ready(listening.clone()));
        select! {
            () = run.child.ended() => {
                self.set_phase(AppPhase::Starting);
                let how = own_end(self.finish(run, self.host.timing.remains).await);
                RunEnd::Failed(RunFailure { how, ready: ready.elapsed() })
            }
            () = self.unused(listening) => {
                self.finish(run, self.host.timing.stop).await;
                RunEnd::Idle
            }
            kill = self.ordered() => self.obey(run, kill).await,
        }
    }

    /// Starts the program, at a new port.
    async fn start(&self) -> io::Result<Run> {
        let port = self.host.ports.choose()?;
        let command = self.command(port.number());
        let started = ChildProcess::start(command).await;
        let (child, stdout, stderr) = started.map_err(|error| {
            let directory = self.app.command.directory.display();
            io::Error::other(format!("{error} (in the directory {directory})"))
        })?;
        let log = &self.app.output;
        let (stdout, stderr) =
            (Receiver::from_owned_fd(stdout.into())?, Receiver::from_owned_fd(stderr.into())?);
        let output = [
            spawn(Arc::clone(log).copy(stdout, "stdout")),
            spawn(Arc::clone(log).copy(stderr, "stderr")),
        ];
        tracing::info!(
            target: "app", tool = self.app.tool, process = child.id(), port = port.number(),
            "started"
        );
        Ok(Run { child, output, port })
    }

    /// The gateway's own program, which becomes the app's.
    fn command(&self, port: u16) -> Command {
        let AppCommand { program, arguments, directory, environment, .. } = &self.app.command;
        let with_port = |text: &str| AppCommand::with_port(text, port);
        let open_files = self.host.open_files.to_string();
        let mut command = Command::new(&self.host.starter);
        command
            .args([START_APP, &std::process::id().to_string(), &open_files, program])
            .args(arguments.iter().map(|argument| with_port(argument)))
            .current_dir(directory)
            .env_clear()
            .envs(self.host.environment.iter().map(|(name, value)| (name, value)))
            .envs(environment.iter().map(|(name, value)| (name, with_port(value.expose()))))
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(target_os = "linux")]
        command.env(super::leftover::MARK, super::leftover::mark(&self.app.tool));
        command
    }

    /// Waits until the program listens.
    ///
    /// # Errors
    /// The reason if it does not listen within the time for a start.
    async fn place(&self, group: i32, port: u16) -> Result<AppPlace, String> {
        let limit = self.host.timing.start;
        let end = Instant::now() + limit;
        let mut pause = FIRST_PAUSE;
        loop {
            let port_use = spawn_blocking(move || port_use(group, port)).await;
            let why = match port_use {
                Ok(PortUse::Own(place)) => return Ok(place),
                Ok(PortUse::Foreign(why)) => why,
                Ok(PortUse::Unused) | Err(_) => format!("it does not listen at port {port}"),
            };
            if Instant::now() >= end {
                return Err(format!("after {} seconds, {why}", limit.as_secs()));
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until the app was unused for its `idle`. It is then in the phase `Stopped`.
    async fn unused(&self, listening: Listening) {
        let Some(idle) = self.app.command.idle else { return pending().await };
        loop {
            sleep_until(self.app.last_use() + idle).await;
            if self.app.is_used() {
                sleep(idle.min(Duration::from_secs(1))).await;
                continue;
            }
            if self.app.last_use().elapsed() < idle {
                continue;
            }
            self.set_phase(AppPhase::Stopped);
            // A request that entered before this change has seen a ready app.
            if !self.app.is_used() {
                return;
            }
            self.set_phase(AppPhase::Ready(listening.clone()));
        }
    }

    /// Waits for the order to stop. Returns the moment of SIGKILL.
    async fn ordered(&self) -> Instant {
        let mut retired = self.retired.clone();
        select! {
            kill = stop_order(self.orders.clone()) => kill,
            _ = retired.wait_for(|is_retired| *is_retired) => {
                Instant::now() + self.host.timing.stop
            }
        }
    }

    /// Stops a run as ordered.
    async fn obey(&self, run: Run, kill: Instant) -> RunEnd {
        self.set_phase(AppPhase::Stopped);
        let how = self.finish_until(run, kill).await;
        tracing::info!(target: "app", tool = self.app.tool, how, "stopped");
        RunEnd::Ordered
    }

    /// Ends the remaining processes of a run. Returns how the program ended.
    async fn finish(&self, run: Run, grace: Duration) -> String {
        let kill = Instant::now() + grace;
        // The gateway may already be stopping.
        let kill = match *self.orders.borrow() {
            Order::Stop(other) => kill.min(other),
            Order::Run | Order::Close => kill,
        };
        self.finish_until(run, kill).await
    }

    /// Sends SIGTERM to the group, and SIGKILL at the moment `kill`. Returns earlier if all
    /// processes have ended.
    async fn finish_until(&self, mut run: Run, kill: Instant) -> String {
        run.child.terminate();
        let all_ended = async {
            run.child.ended().await;
            while run.child.has_others().await {
                sleep(GROUP_PAUSE).await;
            }
        };
        let hurry = async {
            let earlier = stop_order(self.orders.clone()).await;
            sleep_until(earlier).await;
        };
        let in_time = select! {
            all_ended = timeout_at(kill, all_ended) => all_ended.is_ok(),
            () = hurry => false,
        };
        let status = run.child.finish().await;
        for mut output in run.output {
            // A process that left the group may still have the pipe.
            if timeout(OUTPUT_TIME, &mut output).await.is_err() {
                output.abort();
            }
        }
        let how = end_text(status);
        if in_time { how } else { format!("{how}, after SIGKILL") }
    }

    /// Whether the program may start, or start again.
    fn may_start(&self) -> bool {
        *self.orders.borrow() == Order::Run && !*self.retired.borrow()
    }

    /// Waits until the program may not start again.
    async fn may_not_start(&self) {
        let (mut orders, mut retired) = (self.orders.clone(), self.retired.clone());
        select! {
            _ = orders.wait_for(|order| *order != Order::Run) => {}
            _ = retired.wait_for(|is_retired| *is_retired) => {}
        }
    }

    fn set_phase(&self, phase: AppPhase) {
        self.app.status.send_modify(|status| status.phase = phase);
    }

    fn announce(&mut self, place: AppPlace, start: Duration) {
        let AppPlace { address, is_public } = place;
        let tool = &self.app.tool;
        let milliseconds = u64::try_from(start.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "app", tool, %address, milliseconds, "ready");
        if is_public && !self.has_warned {
            self.has_warned = true;
            let reason = "the app listens on all network addresses: others can reach it without \
                          the gateway, and send any identity";
            let help = "let it listen on 127.0.0.1 only, such as with --host 127.0.0.1 (Streamlit: \
                        --server.address 127.0.0.1)";
            tracing::warn!(target: "app", tool, reason, help, "reachable from the network");
        }
    }

    fn report(&self, failure: &RunFailure, wait: Duration) {
        let (tool, how, again_in) = (&self.app.tool, &failure.how, wait.as_secs());
        let output = self.app.output.take_last();
        tracing::error!(target: "app", tool, how, output, again_in, "ended and starts again");
    }
}

/// Waits for the order to stop. Returns the moment of SIGKILL.
async fn stop_order(mut orders: watch::Receiver<Order>) -> Instant {
    loop {
        if let Order::Stop(kill) = *orders.borrow_and_update() {
            return kill;
        }
        if orders.changed().await.is_err() {
            return Instant::now();
        }
    }
}

/// How a program ended.
fn end_text(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => format!("unknown: {error}"),
    }
}

/// How a program ended by itself. A daemon ends with success.
fn own_end(how: String) -> String {
    const SUCCESS: &str = "exit status: 0";
    if how.starts_with(SUCCESS) {
        format!("{how}; the program has to stay in the foreground")
    } else {
        how
    }
}
