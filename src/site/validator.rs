//! The validators of a file: values that change when the content of the file changes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, UNIX_EPOCH};

use httpdate::{fmt_http_date, parse_http_date};
use sha2::{Digest as _, Sha256};

use super::coding::Coding;

/// The largest timestamp that an HTTP date can express: the last second of 9999.
const LAST_DATE: u64 = 253_402_300_799;

/// The validators of one form of a file (RFC 9110 §8.8).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    /// Its strong entity tag, in quotes.
    pub(crate) tag: String,
    /// The time of its last change, in seconds since the epoch. `None` for a time in the future,
    /// and for a time that no HTTP date can express.
    pub(super) modified: Option<u64>,
}

impl Validator {
    /// The validators of a file. `now` is in seconds since the epoch.
    ///
    /// Many deploys set the same modification time for all files, so the tag also depends on the
    /// inode and its change time. The tag is a hash, so that clients do not learn the inode.
    pub(super) fn of(metadata: &Metadata, coding: Option<Coding>, now: u64) -> Self {
        let mut hash = Sha256::new();
        for number in [metadata.dev(), metadata.ino(), metadata.size()] {
            hash.update(number.to_be_bytes());
        }
        let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime()];
        for number in times.into_iter().chain([metadata.ctime_nsec()]) {
            hash.update(number.to_be_bytes());
        }
        hash.update(coding.map(Coding::name).unwrap_or_default());
        let hash = hash.finalize();
        let tag = hash.iter().take(8).fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        let modified = u64::try_from(metadata.mtime()).ok();
        Self {
            tag: format!("\"{tag}\""),
            modified: modified.filter(|modified| *modified <= now.min(LAST_DATE)),
        }
    }

    /// The HTTP date of the last change.
    pub(crate) fn last_modified(&self) -> Option<String> {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(self.modified?))?;
        Some(fmt_http_date(time))
    }
}

/// An HTTP date in seconds since the epoch.
pub(super) fn seconds(date: &str) -> Option<u64> {
    Some(parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
