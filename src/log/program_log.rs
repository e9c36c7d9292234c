//! The log of the program: `tracing` events, as lines on standard output.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::panic;
use std::time::Duration;

use log::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::foreign_record;
use super::output::Output;

/// The most bytes of lines that wait for the thread: about 4,000 launches.
const CAPACITY: usize = 1024 * 1024;
/// The most bytes of a line. A longer line is cut.
const LONGEST_LINE: usize = 16 * 1024;

thread_local! {
    /// In the thread that writes: the line that it is formatting. Its own lines do not pass through
    /// the buffer, which may be full.
    static OWN_LINE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// The log of the program.
pub struct Log {
    output: Output,
}

impl Log {
    /// Writes all events of `tracing`, all panics and Rocket's messages up to `rocket_level` to
    /// `descriptor` from now on, and nothing to other descriptors. A process has one log.
    ///
    /// # Errors
    /// The error of the system, if it has no file descriptor or thread left.
    pub fn start(descriptor: &impl AsFd, rocket_level: LevelFilter) -> io::Result<Self> {
        let output = Output::start("log", descriptor, CAPACITY, lost_lines)?;
        tracing_subscriber::fmt()
            .with_ansi(false)
            // They would go to standard error, which may block.
            .log_internal_errors(false)
            .with_writer(EventLines(output.clone()))
            .init();
        foreign_record::receive(rocket_level);
        log_panics();
        Ok(Self { output })
    }

    /// Waits until all lines are written or lost, but not longer than `longest`.
    pub fn flush(&self, longest: Duration) {
        self.output.flush(longest);
    }
}

/// Logs the location of a panic. Its message may contain data of a request.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "gateway", location, "a panic in the gateway; report this bug");
    }));
}

/// The line that reports a number of lost lines.
fn lost_lines(lost: u64) -> Vec<u8> {
    OWN_LINE.set(Some(Vec::new()));
    let noun = if lost == 1 { "line" } else { "lines" };
    tracing::warn!(target: "log", "{lost} {noun} lost");
    OWN_LINE.take().unwrap_or_default()
}

/// Takes the lines of events.
struct EventLines(Output);

/// Takes the line of one event.
struct EventLine<'a>(&'a Output);

impl<'a> MakeWriter<'a> for EventLines {
    type Writer = EventLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        EventLine(&self.0)
    }
}

impl io::Write for EventLine<'_> {
    /// The subscriber writes each event with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        OWN_LINE.with_borrow_mut(|own| match own {
            Some(own) => own.extend_from_slice(line),
            None if line.len() > LONGEST_LINE => self.0.push(&cut(line)),
            None => self.0.push(line),
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The beginning of a line that is too long.
fn cut(line: &[u8]) -> Vec<u8> {
    const END: &str = "… (cut)\n";
    let longest = LONGEST_LINE.saturating_sub(END.len());
    let text = String::from_utf8_lossy(line);
    let length = text.floor_char_boundary(longest);
    [&text.as_bytes()[..length], END.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_cut_and_ends() {
        for text in ["x".repeat(LONGEST_LINE + 1), "ä".repeat(LONGEST_LINE), "€".repeat(9999)] {
            let line = cut(text.as_bytes());
            assert!((LONGEST_LINE - 3..=LONGEST_LINE).contains(&line.len()), "{}", line.len());
            let line = String::from_utf8(line).expect("UTF-8");
            assert!(line.ends_with("… (cut)\n"));
            assert_eq!(line.lines().count(), 1);
        }
    }
}
