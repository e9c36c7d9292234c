//! The program's log: written by a thread of its own, so that no request waits for it.

mod foreign_record;
mod output;
mod program_log;

pub use output::Output;
pub use program_log::Log;
