//! The limits of the command line. Each limit is written here and nowhere else.

use std::time::Duration;

/// How many directory levels below `templates/` are searched.
pub(super) const TEMPLATE_DEPTH: usize = 8;

/// The coarsest step of a file system's timestamps, in seconds: that of FAT. Two changes within it
/// can have the same timestamps.
pub(super) const TIMESTAMP_STEP: u64 = 2;

/// The largest file that `explain` reads, in MiB: a HAR file contains a whole page with its images.
pub(super) const CAPTURE_MIB: u64 = 64;

/// A launch that was signed at most this many seconds ago was captured just now: `explain` compares
/// its timestamp with the clock.
pub(super) const RECENT_SECONDS: u64 = 60 * 60;

/// Secrets with fewer characters are not redacted: they occur everywhere.
pub(super) const SHORTEST_REDACTED: usize = 6;

/// The timeout of `launch` for one response with its body.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// The most redirects that `launch` follows: two lead into a session, and apps add some of their
/// own.
pub(super) const REDIRECTS: usize = 10;

/// The most that `launch` shows of a body, in MiB.
pub(super) const SHOWN_MIB: usize = 1;
