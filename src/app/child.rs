//! The process of an app, and its group.

use std::io;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::oneshot;

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
    /// Starts a process that leads a group of its own. `command` has pipes for its output. Returns
    /// the process and these pipes.
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

    /// Whether another process of the group still runs. `false` if the system does not show it.
    pub(super) fn has_others(&self) -> bool {
        #[cfg(target_os = "linux")]
        let has_others = super::process_table::ProcessTable::read()
            .is_ok_and(|table| table.has_member(self.id()));
        #[cfg(not(target_os = "linux"))]
        let has_others = false;
        has_others
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

/// Sends a signal to a group whose first process is not reaped yet. Ignores an error: the group
/// then has no process of ours.
fn signal_group(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Waits for the end of a child of this process, without removing it from the process table.
fn wait_without_reaping(id: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(id), options) {}
}
