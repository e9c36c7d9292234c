//! Records of the crate `log`, which Rocket uses.
//!
//! Rocket's own logger prints with `print!`: it waits for the reader of standard output, and
//! panics if printing fails. A process has one logger, so Rocket cannot install its own after this
//! one.

use log::{LevelFilter, Metadata, Record};

/// Takes records of the crate `log`.
struct ForeignRecords;

/// Passes records of the crate `log` up to this level to the program's log.
pub(super) fn receive(level: LevelFilter) {
    // Another logger exists only in tests.
    let _ = log::set_logger(&ForeignRecords);
    log::set_max_level(level);
}

impl log::Log for ForeignRecords {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // As Rocket's logger.
        let is_library = ["hyper", "rustls"].iter().any(|name| metadata.target().starts_with(name));
        !is_library || log::max_level() == LevelFilter::Trace
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // One line for each record.
        let message = record.args().to_string();
        let message = message.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
        match record.level() {
            log::Level::Error => tracing::error!(target: "rocket", "{message}"),
            // Rocket reports its launch as warnings.
            log::Level::Warn if !record.target().contains("rocket::launch") => {
                tracing::warn!(target: "rocket", "{message}");
            }
            _ => tracing::info!(target: "rocket", "{message}"),
        }
    }

    fn flush(&self) {}
}
