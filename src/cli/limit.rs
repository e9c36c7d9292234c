//! The limits of the command line. Each limit is written here and nowhere else.

use std::time::Duration;

/// How deep folders below `templates/` are searched.
pub(super) const TEMPLATE_DEPTH: usize = 8;

/// The largest file that `explain` reads, in MiB.
pub(super) const CAPTURE_MIB: u64 = 1;

/// The largest launch form that `explain` judges, in KiB: what `serve` takes.
pub(super) const FORM_KIB: usize = 256;

/// Secrets with fewer characters are not redacted: they occur everywhere.
pub(super) const SHORTEST_REDACTED: usize = 6;

/// How long a response to `launch` may take, with its body.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// The most redirects that `launch` follows: two lead into a session, and apps add some of their
/// own.
pub(super) const REDIRECTS: usize = 10;

/// The most that `launch` shows of a body, in MiB.
pub(super) const SHOWN_MIB: usize = 1;
