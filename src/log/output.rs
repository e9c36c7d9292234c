//! Output that never waits: a bounded buffer, and the thread that writes it.
//!
//! A file descriptor can block (a pipe that nobody reads), fail (a full disk, a reader that is
//! gone), or both in turn. Callers see none of this. What does not fit into the buffer, or cannot
//! be written, is dropped and counted. The count is reported when writing works again.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::mem;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The pause after an error, and before the next attempt at a non-blocking pipe that is full.
const PAUSE: Duration = Duration::from_millis(50);
/// The pause between two attempts to report lost lines while no new line arrives.
const REPORT_PAUSE: Duration = Duration::from_secs(1);
/// The memory that an empty buffer keeps.
const KEPT: usize = 16 * 1024;

/// Formats the report of a number of lost lines. Empty if nothing reports them.
type LossReport = fn(u64) -> Vec<u8>;

/// A file descriptor, written by a thread. The thread runs until the process ends.
#[derive(Clone)]
pub struct Output(Arc<Buffer>);

/// What callers and the thread share.
struct Buffer {
    pending: Mutex<Pending>,
    filled: Condvar,
    written: Condvar,
    /// The most bytes of pending lines.
    capacity: usize,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    /// The lines that did not fit since the thread took the last ones.
    dropped: u64,
    is_writing: bool,
}

impl Output {
    /// Starts the thread `name`, which writes to a duplicate of `descriptor`. It holds at most
    /// `capacity` bytes, and up to as many again while it writes.
    ///
    /// # Errors
    /// The error of the system, if it has no file descriptor or thread left.
    pub fn start(
        name: &str,
        descriptor: &impl AsFd,
        capacity: usize,
        report: LossReport,
    ) -> io::Result<Self> {
        let file = File::from(descriptor.as_fd().try_clone_to_owned()?);
        let output = Self(Arc::new(Buffer {
            pending: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            capacity,
        }));
        let buffer = Arc::clone(&output.0);
        let writer = LineWriter { file, report, lost: 0, is_within_line: false };
        thread::Builder::new().name(name.to_owned()).spawn(move || buffer.write(writer))?;
        Ok(output)
    }

    /// Appends whole lines, or drops all of them. Never waits for the file descriptor.
    pub fn push(&self, lines: &[u8]) {
        let mut pending = self.0.lock();
        if lines.len() > self.0.capacity.saturating_sub(pending.lines.len()) {
            pending.dropped = pending.dropped.saturating_add(count(lines));
            return;
        }
        let was_empty = pending.lines.is_empty();
        pending.lines.extend_from_slice(lines);
        drop(pending);
        if was_empty {
            self.0.filled.notify_one();
        }
    }

    /// Waits until everything is written or lost, but not longer than `longest`.
    pub fn flush(&self, longest: Duration) {
        let pending = self.0.lock();
        let is_pending = |pending: &mut Pending| pending.is_writing || !pending.lines.is_empty();
        drop(self.0.written.wait_timeout_while(pending, longest, is_pending));
    }
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything that callers append.
    fn write(&self, mut writer: LineWriter) {
        let mut lines = Vec::new();
        loop {
            let dropped = self.take(&mut lines, writer.lost > 0);
            let is_written = writer.write_lines(&lines, dropped);
            lines.clear();
            lines.shrink_to(KEPT);
            self.lock().is_writing = false;
            self.written.notify_all();
            if !is_written {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Waits for lines and takes all of them into `lines`, which is empty. Returns how many did
    /// not fit. If lines were lost, it also returns without lines, after a pause.
    fn take(&self, lines: &mut Vec<u8>, has_lost: bool) -> u64 {
        let is_empty = |pending: &mut Pending| pending.lines.is_empty();
        let pending = self.lock();
        let mut pending = if has_lost {
            let waited = self.filled.wait_timeout_while(pending, REPORT_PAUSE, is_empty);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            let waited = self.filled.wait_while(pending, is_empty);
            waited.unwrap_or_else(PoisonError::into_inner)
        };
        mem::swap(&mut pending.lines, lines);
        pending.is_writing = true;
        mem::take(&mut pending.dropped)
    }
}

/// The thread's side: the file descriptor, and the lines that it lost.
struct LineWriter {
    file: File,
    report: LossReport,
    lost: u64,
    /// The last byte was not a line feed: an error cut a line.
    is_within_line: bool,
}

impl LineWriter {
    /// Writes lines, and the number of lost ones where they are missing: before these lines if
    /// older ones could not be written, after them if `dropped` newer ones did not fit. Returns
    /// whether all were written.
    fn write_lines(&mut self, lines: &[u8], dropped: u64) -> bool {
        let mut unwritten = lines;
        let is_written = self.report_lost() && self.write(&mut unwritten);
        self.lost = self.lost.saturating_add(count(unwritten)).saturating_add(dropped);
        is_written && self.report_lost()
    }

    fn report_lost(&mut self) -> bool {
        if self.lost == 0 {
            return true;
        }
        let report = (self.report)(self.lost);
        let is_written = self.write(&mut report.as_slice());
        if is_written {
            self.lost = 0;
        }
        is_written
    }

    /// Writes bytes, on a line of their own. Leaves in `bytes` what could not be written.
    fn write(&mut self, bytes: &mut &[u8]) -> bool {
        if self.is_within_line && !bytes.is_empty() && !self.write_bytes(&mut b"\n".as_slice()) {
            return false;
        }
        self.write_bytes(bytes)
    }

    fn write_bytes(&mut self, bytes: &mut &[u8]) -> bool {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return false,
                Ok(length) => {
                    let (written, rest) = bytes.split_at(length.min(bytes.len()));
                    self.is_within_line = !written.ends_with(b"\n");
                    *bytes = rest;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // A non-blocking pipe is full.
                    ErrorKind::WouldBlock => thread::sleep(PAUSE),
                    _ => return false,
                },
            }
        }
        true
    }
}

/// The number of lines. The rest of a cut line counts as one.
fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}
