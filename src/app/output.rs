//! The output of an app, in the gateway's log.
//!
//! The gateway reads the output as fast as the app writes it, because a full pipe would block the
//! app. The gateway drops the lines for which the log has no space.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout};

use super::line_budget::LineBudget;
use crate::config::AppCommand;

/// The most bytes of a line. A longer line is cut.
const LONGEST_LINE: usize = 2048;
/// The most bytes of one read.
const CHUNK: usize = 16 * 1024;
/// The pause between two attempts to report lines that were left out.
const REPORT_PAUSE: Duration = Duration::from_secs(1);
/// The number of last lines in the report of an end, and the most characters of each.
const LAST_LINES: usize = 5;
const LAST_LINE: usize = 200;
/// The length of the shortest secret. A shorter value of the environment is probably no secret, and
/// would occur in the output by chance.
const SHORTEST_SECRET: usize = 8;
/// The text in the log in place of a secret.
const REMOVED: &str = "…";

/// The output of an app, for all its runs.
pub(super) struct OutputLog {
    tool: String,
    /// The values of the app's own variables. The log does not repeat them.
    secrets: Vec<String>,
    start: Instant,
    state: Mutex<OutputState>,
}

struct OutputState {
    budget: LineBudget,
    last: VecDeque<String>,
}

impl OutputLog {
    pub(super) fn new(tool: &str, command: &AppCommand) -> Arc<Self> {
        // Of a secret with several lines, such as a key in PEM, each one counts.
        let values = command.environment.values().flat_map(|value| value.expose().lines());
        let values = values.map(str::trim).filter(|value| value.len() >= SHORTEST_SECRET);
        let mut secrets: Vec<String> = values.map(str::to_owned).collect();
        // A value may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Arc::new(Self {
            tool: tool.to_owned(),
            secrets,
            start: Instant::now(),
            state: Mutex::new(OutputState { budget: LineBudget::new(), last: VecDeque::new() }),
        })
    }

    /// Logs everything that arrives, until the end of `output`.
    pub(super) async fn copy(self: Arc<Self>, mut output: impl AsyncRead + Unpin, from: &str) {
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = output.read(&mut chunk);
            let read = if self.has_left_out() {
                match timeout(REPORT_PAUSE, read).await {
                    Ok(read) => read,
                    Err(_) => {
                        self.report_left_out();
                        continue;
                    }
                }
            } else {
                read.await
            };
            match read {
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    let bytes = chunk.get(..length).unwrap_or_default();
                    lines.extend(bytes, |line| self.log(line, from));
                }
            }
        }
        lines.finish(|line| self.log(line, from));
    }

    /// Logs a line, or counts it.
    fn log(&self, line: &[u8], from: &str) {
        let now = self.now();
        let mut state = self.lock();
        let left_out = state.budget.left_out(now);
        let is_admitted = state.budget.admits(now);
        // The report of an end repeats the last lines, also those that were left out.
        let line = self.text(line);
        if line.is_empty() {
            return;
        }
        if state.last.len() >= LAST_LINES {
            state.last.pop_front();
        }
        state.last.push_back(line.chars().take(LAST_LINE).collect());
        drop(state);
        if let Some(left_out) = left_out {
            self.log_left_out(left_out);
        }
        if is_admitted {
            // A field is quoted and escaped, so an app cannot forge other lines or fields.
            tracing::info!(target: "app", tool = self.tool, from, line);
        }
    }

    /// The text of a line, without secrets.
    fn text(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let mut text = text.trim_end().to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REMOVED);
            }
        }
        text
    }

    /// Takes the last lines.
    pub(super) fn take_last(&self) -> String {
        let last = mem::take(&mut self.lock().last);
        Vec::from(last).join(" | ")
    }

    fn has_left_out(&self) -> bool {
        self.lock().budget.has_left_out()
    }

    fn report_left_out(&self) {
        let left_out = self.lock().budget.left_out(self.now());
        if let Some(left_out) = left_out {
            self.log_left_out(left_out);
        }
    }

    fn log_left_out(&self, left_out: u64) {
        let noun = if left_out == 1 { "line" } else { "lines" };
        let code = "app-output";
        tracing::warn!(target: "log", tool = self.tool, code, "{left_out} {noun} left out");
    }

    /// The running time, in milliseconds.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, OutputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Splits bytes into lines. If carriage returns overwrite a line, such as a progress bar, only its
/// last version counts.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    is_cut: bool,
    /// The last byte was a carriage return.
    is_returned: bool,
}

impl Lines {
    fn extend(&mut self, bytes: &[u8], mut log: impl FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match part.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                _ => (part, None),
            };
            if self.is_returned && !text.is_empty() {
                self.start();
            }
            self.push(text);
            match end {
                Some(b'\n') => self.end(&mut log),
                Some(_) => self.is_returned = true,
                None => {}
            }
        }
    }

    /// Logs a line without an end.
    fn finish(&mut self, mut log: impl FnMut(&[u8])) {
        self.end(&mut log);
    }

    fn push(&mut self, text: &[u8]) {
        let space = LONGEST_LINE.saturating_sub(self.line.len());
        self.is_cut |= text.len() > space;
        self.line.extend_from_slice(text.get(..space).unwrap_or(text));
    }

    fn end(&mut self, log: &mut impl FnMut(&[u8])) {
        if self.is_cut {
            // The cut may also be inside a character.
            self.line.extend_from_slice("… (cut)".as_bytes());
        }
        if !self.line.is_empty() {
            log(&self.line);
        }
        self.start();
    }

    fn start(&mut self) {
        self.line.clear();
        self.is_cut = false;
        self.is_returned = false;
    }
}

#[cfg(test)]
mod tests {
    use lti::Secret;

    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        let mut add = |line: &[u8]| found.push(String::from_utf8_lossy(line).into_owned());
        chunks.iter().for_each(|chunk| lines.extend(chunk, &mut add));
        lines.finish(add);
        found
    }

    #[test]
    fn output_is_cut_into_lines_wherever_its_chunks_end() {
        assert_eq!(lines(&[b"a\nb", b"c\r", b"\nd\n\n", b"e"]), ["a", "bc", "d", "e"]);
        assert_eq!(lines(&[b"10%\r20%", b"\r100%\ndone\r\n"]), ["100%", "done"]);
        assert_eq!(lines(&[b"", b"\n", b"\r\n"]), [""; 0]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_is_not() {
        let long = vec![b'x'; 100_000];
        let found = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(found[0].len(), LONGEST_LINE + "… (cut)".len());
        assert_eq!(found[1..], ["next"]);
    }

    #[tokio::test]
    async fn the_last_lines_are_kept_without_secrets_and_as_text() {
        let mut command = AppCommand {
            program: "app".to_owned(),
            arguments: Vec::new(),
            directory: "/".into(),
            environment: std::collections::BTreeMap::new(),
            idle: None,
        };
        command.environment.insert("MODE".to_owned(), Secret::new("exam"));
        command.environment.insert("TOKEN".to_owned(), Secret::new("very-secret"));
        command.environment.insert("KEY".to_owned(), Secret::new("--begin--\nMIIEvQIBADANB\n=\n"));
        let log = OutputLog::new("plots", &command);
        let output = b"1\n2\nMIIEvQIBADANB 3\nexam with very-secret\n\xff\xfe\nlast\n".as_slice();
        Arc::clone(&log).copy(output, "stdout").await;
        assert_eq!(log.take_last(), "2 | … 3 | exam with … | \u{fffd}\u{fffd} | last");
        assert_eq!(log.take_last(), "");
    }
}
