//! Apps: programs that the gateway starts, keeps running and stops (`command`).
//!
//! Each program has one [`App`], and one task that supervises it. [`Apps`] starts and stops all of
//! them together. See [decision 42](../../docs/decisions/0042-command.md).

#[allow(clippy::module_inception, reason = "the file of the type of this name")]
mod app;
mod apps;
mod child;
#[cfg(target_os = "linux")]
mod far_end;
mod host;
#[cfg(target_os = "linux")]
mod leftover;
mod line_budget;
mod listener;
mod output;
mod port;
#[cfg(target_os = "linux")]
mod process_table;
mod start_child;
mod status;
mod supervisor;
mod timing;

pub use app::{App, AppUse};
pub use apps::Apps;
pub use start_child::{START_APP, become_app};
pub use status::{AppPhase, AppStatus, Listening, NotReady};
pub use timing::AppTiming;
