//! The process of an app, and its group.

use std::io;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::mpsc;
use std::thread;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use tokio::sync::oneshot;
#[cfg(target_os = "linux")]
use tokio::task::spawn_blocking;

/// The stack of the thread that waits for a process, in bytes. The thread only calls the system.
const STACK: usize = 128 * 1024;

/// The process of an app, which leads a group. Dropping it kills the group.
///
/// A thread of its own starts the process and waits for it. On Linux, the process ends when the
/// *thread* that started it ends, so this thread must live as long. A thread of the runtime may end
/// earlier.
pub(super) struct ChildProcess {
    id: Pid,
    /// Closes when the process has ended. The process is not reaped yet, so its id still names its
    /// group.
    ended: oneshot::Receiver<()>,
    has_ended: bool,
    /// Lets the thread reap the process.
    reap: Option<mpsc::Sender<()>>,
    status: oneshot::Receiver<io::Result<ExitStatus>>,
}

/// The thread's report about the start.
type Started = io::Result<(Pid, ChildStdout, ChildStderr)>;

impl ChildProcess {
    /// Starts a process, which makes itself the leader of a group before it becomes a program.
    /// `command` has pipes for its output. Returns the process and these pipes.
    ///
    /// # Errors
    /// The error of the system, if it cannot start the process or the thread.
    pub(super) async fn start(
        mut command: Command,
    ) -> io::Result<(Self, ChildStdout, ChildStderr)> {
        let (started, start) = oneshot::channel::<Started>();
        let (tell_end, ended) = oneshot::channel();
        let (reap, may_reap) = mpsc::channel();
        let (tell_status, status) = oneshot::channel();
        thread::Builder::new().name("app".to_owned()).stack_size(STACK).spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let id = Pid::from_child(&child);
            let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
                signal_group(id, Signal::KILL);
                let _ = child.wait();
                return drop(started.send(Err(io::Error::other("the output has no pipe"))));
            };
            if started.send(Ok((id, stdout, stderr))).is_err() {
                signal_group(id, Signal::KILL);
                let _ = child.wait();
                return;
            }
            wait_without_reaping(id);
            drop(tell_end);
            // An error means that the `ChildProcess` was dropped: reap, too.
            let _ = may_reap.recv();
            signal_group(id, Signal::KILL);
            let _ = tell_status.send(child.wait());
        })?;
        let (id, stdout, stderr) =
            start.await.unwrap_or_else(|_| Err(io::Error::other("the thread has ended")))?;
        Ok((Self { id, ended, has_ended: false, reap: Some(reap), status }, stdout, stderr))
    }

    /// The id of the process and of its group.
    pub(super) fn id(&self) -> i32 {
        self.id.as_raw_nonzero().get()
    }

    /// Waits until the process has ended. Other processes of its group may still run.
    pub(super) async fn ended(&mut self) {
        if !self.has_ended {
            let _ = (&mut self.ended).await;
            self.has_ended = true;
        }
    }

    /// Sends SIGTERM to the group.
    pub(super) fn terminate(&self) {
        signal_group(self.id, Signal::TERM);
    }

    /// Whether a process of the group still runs, beside the first. `false` if the system does not
    /// show it.
    #[cfg(target_os = "linux")]
    pub(super) async fn has_others(&self) -> bool {
        let group = self.id();
        // With many processes, this takes long.
        let has_others = spawn_blocking(move || {
            super::process_table::ProcessTable::read().is_ok_and(|table| table.has_member(group))
        });
        has_others.await.unwrap_or(false)
    }

    /// Always `false`: this system does not show it.
    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_async, reason = "it waits on Linux")]
    pub(super) async fn has_others(&self) -> bool {
        false
    }

    /// Kills the remaining processes of the group, and returns how the first one ended.
    pub(super) async fn finish(mut self) -> io::Result<ExitStatus> {
        signal_group(self.id, Signal::KILL);
        self.ended().await;
        drop(self.reap.take());
        let status = (&mut self.status).await;
        status.unwrap_or_else(|_| Err(io::Error::other("the thread has ended")))
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Until this process is reaped, no other process can have its id.
        if self.reap.is_some() {
            signal_group(self.id, Signal::KILL);
        }
    }
}

/// Sends a signal to a group, or only to its first process as long as that has not made the group.
/// It is not reaped yet, so that no other process has its id.
fn signal_group(group: Pid, signal: Signal) {
    if kill_process_group(group, signal).is_err() {
        let _ = kill_process(group, signal);
    }
}

/// Waits for the end of a child of this process, without removing it from the process table.
fn wait_without_reaping(id: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(id), options) {}
}
