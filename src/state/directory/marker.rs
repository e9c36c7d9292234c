//! The marker of a state directory: its presence shows that both databases exist.
//!
//! Without it, the gateway could not distinguish a new directory from one that lost its files, and
//! would start without the spent nonces and the queued grades.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::file::regular;
use super::file_name::{GRADES, MARKER, NEW_MARKER, REPLAY};
use super::open_error::OpenError;

/// The first word of a marker.
const PROGRAM: &str = "lti-gateway";
/// This release.
pub(super) const RELEASE: &str = env!("CARGO_PKG_VERSION");
/// The most bytes of a marker that are read.
const LARGEST_MARKER: u64 = 4096;
/// The longest name of a release.
const LONGEST_RELEASE: usize = 64;

/// The content of a marker. It may be incomplete: a person may have written it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VersionMarker {
    /// The release that created the files, or migrated them last.
    release: Option<String>,
    replay: Option<i64>,
    grades: Option<i64>,
}

impl VersionMarker {
    /// The marker of this release, for files with these versions.
    pub(super) fn new(replay: i64, grades: i64) -> Self {
        Self { release: Some(RELEASE.to_owned()), replay: Some(replay), grades: Some(grades) }
    }

    /// Reads the marker of a directory. `None` if it has none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, OpenError> {
        let path = directory.join(MARKER);
        if regular(&path)?.is_none() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(LARGEST_MARKER).read_to_end(&mut bytes)) {
            Ok(_) => Ok(Some(Self::parse(&String::from_utf8_lossy(&bytes)))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::inaccessible(&path, &error)),
        }
    }

    fn parse(text: &str) -> Self {
        let mut marker = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some((PROGRAM, release)) if is_release(release) => {
                    marker.release = Some(release.to_owned());
                }
                Some((REPLAY, version)) => marker.replay = version.parse().ok(),
                Some((GRADES, version)) => marker.grades = version.parse().ok(),
                _ => {}
            }
        }
        marker
    }

    /// Whether the files have these versions, according to the marker.
    pub(super) fn has_versions(&self, replay: i64, grades: i64) -> bool {
        self.release.is_some() && (self.replay, self.grades) == (Some(replay), Some(grades))
    }

    /// The release that wrote this version of a database. `None` if the marker is older than that
    /// version: a crash may have interrupted a migration.
    pub(super) fn release_of(&self, name: &str, version: i64) -> Option<&str> {
        let marked = if name == REPLAY { self.replay } else { self.grades };
        self.release.as_deref().filter(|_| marked == Some(version))
    }

    /// Replaces the marker of a directory, and flushes it to the disk. After a crash, the directory
    /// has the old or the new one.
    pub(super) fn write(&self, directory: &Path) -> Result<(), OpenError> {
        let new = directory.join(NEW_MARKER);
        // A crash may have left one.
        regular(&new)?;
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| OpenError::inaccessible(&new, &error))?;
        let path = directory.join(MARKER);
        fs::rename(&new, &path).map_err(|error| OpenError::inaccessible(&path, &error))?;
        flush_directory(directory)
    }

    fn text(&self) -> String {
        let number = |version: Option<i64>| version.unwrap_or_default().to_string();
        format!(
            "{PROGRAM} {}\n{REPLAY} {}\n{GRADES} {}\n",
            self.release.as_deref().unwrap_or_default(),
            number(self.replay),
            number(self.grades)
        )
    }
}

/// Flushes the names of a directory's files to the disk.
pub(super) fn flush_directory(directory: &Path) -> Result<(), OpenError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| OpenError::inaccessible(directory, &error))
}

/// Whether this is the name of a release. It is shown in a terminal.
fn is_release(text: &str) -> bool {
    (1..=LONGEST_RELEASE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_marker_reads_what_it_wrote() {
        let directory = tempdir().expect("a directory");
        assert_eq!(VersionMarker::read(directory.path()), Ok(None));
        // The rest of an interrupted write.
        fs::write(directory.path().join(NEW_MARKER), "lti-gateway 9.9.9 and more")
            .expect("written");
        let marker = VersionMarker::new(1, 2);
        assert_eq!(marker.write(directory.path()), Ok(()));
        let text = fs::read_to_string(directory.path().join("version")).expect("there");
        assert_eq!(text, format!("lti-gateway {RELEASE}\nreplay.sqlite 1\ngrades.sqlite 2\n"));
        assert!(!directory.path().join(NEW_MARKER).exists());
        assert_eq!(VersionMarker::read(directory.path()), Ok(Some(marker)));
    }

    #[test]
    fn a_marker_names_a_release_only_for_the_versions_that_it_lists() {
        let marker =
            VersionMarker::parse("lti-gateway 0.4.0-rc.1\nreplay.sqlite 1\ngrades.sqlite 3\n");
        assert_eq!(marker.release_of(GRADES, 3), Some("0.4.0-rc.1"));
        assert_eq!(marker.release_of(GRADES, 4), None);
        assert_eq!(marker.release_of(REPLAY, 1), Some("0.4.0-rc.1"));
        assert!(marker.has_versions(1, 3));
        assert!(!marker.has_versions(1, 2));
    }

    #[test]
    fn unknown_lines_and_control_characters_of_a_marker_are_ignored() {
        let escape = "lti-gateway 1\u{1b}[31m";
        let long = format!("lti-gateway {}", "1".repeat(65));
        for text in ["", "lti-gateway", "lti-gateway ", escape, &long, "\u{fffd}\n", "other 1"] {
            assert_eq!(VersionMarker::parse(text), VersionMarker::default(), "{text:?}");
        }
        let later = "lti-gateway 2.0.0\nlog.sqlite 4\ngrades.sqlite x\nreplay.sqlite 7";
        assert_eq!(VersionMarker::parse(later).release_of(REPLAY, 7), Some("2.0.0"));
    }
}
