//! The start of a program, inside its own process.
//!
//! The gateway starts itself again with [`START_APP`]. That process begins a session of processes,
//! asks the system for SIGKILL when the gateway ends, closes what it inherited, and then becomes
//! the program. The standard library could do this only with `unsafe` code, between fork and exec.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rlimit::Resource;
use rustix::process::setsid;

/// The first argument of a process that becomes a program. No user types it.
pub const START_APP: &str = "start-app";

/// The first descriptor after those for input, output and errors.
const FIRST_OTHER: i32 = 3;

/// The exit code of a process that could not become the program, as in a shell.
const NOT_STARTED: u8 = 127;

/// Becomes a program. `arguments` are the id of the gateway's process, the limit of open files, the
/// program, and the program's arguments. The environment, the directory and the first three
/// descriptors are already the program's.
///
/// It returns only on failure, after a message on standard error, which the gateway logs.
pub fn become_app(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = arguments.next().and_then(|parent| parent.to_str()?.parse().ok());
    let open_files = arguments.next().and_then(|limit| limit.to_str()?.parse().ok());
    let (Some(parent), Some(open_files), Some(program)) = (parent, open_files, arguments.next())
    else {
        return refuse(format_args!("{START_APP} is for the gateway itself"));
    };
    // A group that is the first of its session: no process of another app can join it, to pass for
    // this app, and its first process cannot leave it, to escape the gateway's signals.
    if let Err(error) = setsid() {
        return refuse(format_args!("cannot begin a session of processes: {error}"));
    }
    if let Err(error) = end_with(parent) {
        return refuse(format_args!("cannot bind an app to the gateway: {error}"));
    }
    limit_open_files(open_files);
    // The gateway's own descriptors are closed already. It may have inherited others.
    close_fds::set_fds_cloexec(FIRST_OTHER, &[]);
    let error = Command::new(&program).args(arguments).exec();
    refuse(format_args!("cannot start {}: {error}", program.display()))
}

fn refuse(message: std::fmt::Arguments<'_>) -> ExitCode {
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(NOT_STARTED)
}

/// Restores the limit of open files. Some programs reserve memory for each possible descriptor, or
/// close each one. On failure, the program has the gateway's limit.
fn limit_open_files(limit: u64) {
    if let Ok((_, hard)) = rlimit::getrlimit(Resource::NOFILE) {
        let _ = rlimit::setrlimit(Resource::NOFILE, limit.min(hard), hard);
    }
}

/// Lets the system end this process with the thread of the gateway that started it.
#[cfg(target_os = "linux")]
fn end_with(parent: i32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    // Not SIGTERM: a program may ignore it.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the gateway ended before this call, the system sends no signal.
    if getppid().is_none_or(|actual| actual.as_raw_nonzero().get() != parent) {
        return Err(io::Error::other("the gateway has ended"));
    }
    Ok(())
}

/// Does nothing: this system has no such signal.
#[cfg(not(target_os = "linux"))]
fn end_with(_parent: i32) -> io::Result<()> {
    Ok(())
}
