//! The limits of requests: sizes and timeouts that more than one file needs.

use std::time::Duration;

/// The timeout of a request head, from its first byte on.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of a request head: target, names and values.
pub(crate) const MOST_HEAD_BYTES: usize = 64 * 1024;
/// The most headers of a request.
pub(crate) const MOST_FIELDS: usize = 100;
/// The timeout of a form.
pub(crate) const FORM_TIMEOUT: Duration = Duration::from_secs(15);
