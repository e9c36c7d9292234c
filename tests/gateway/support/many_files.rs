//! One test after the other, if each opens hundreds of connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps other tests with hundreds of connections waiting until the value is dropped. A process may
/// open 1,024 files by default, and all tests of this crate are one process.
pub fn many_files() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
