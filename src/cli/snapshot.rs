//! The tools file and the templates at one moment, to see later whether they changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::limit::TIMESTAMP_STEP;
use super::machine::now;
use super::template_file::{TEMPLATES, TemplateFile, template_files};

/// The metadata of all files, by name.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<String, Stamp>);

/// The metadata of a file. A change of its content changes it, except within one step of the file
/// system's timestamps.
#[derive(Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// Device and inode: another file can have taken its place.
    file: (u64, u64),
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// The change of the metadata, which no program can set. Seconds and nanoseconds.
    changed: (i64, i64),
}

/// The content of all files.
pub(super) struct Snapshot {
    stamps: Stamps,
    /// When the stamps were read, in seconds since the epoch.
    taken: u64,
    /// The hashes of the contents, by name. A file that cannot be read has none.
    digests: BTreeMap<String, Option<[u8; 32]>>,
}

impl Stamps {
    /// The metadata of the tools file and of the templates beside it. A missing file has none.
    pub(super) fn read(tools: &Path) -> Self {
        let directory = tools.parent().unwrap_or(Path::new(""));
        let templates = template_files(directory);
        let templates = templates
            .into_iter()
            .map(|TemplateFile { name, path }| (format!("{TEMPLATES}/{name}"), path));
        let all = templates.chain([(tools.display().to_string(), tools.to_owned())]);
        Self(all.filter_map(|(name, path)| Some((name, Stamp::read(path)?))).collect())
    }
}

impl Stamp {
    fn read(path: PathBuf) -> Option<Self> {
        let metadata = fs::metadata(&path).ok()?;
        Some(Self {
            path,
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether the file was changed so shortly before this time, in seconds since the epoch, that
    /// a later change can have the same timestamps.
    fn is_recent_at(&self, time: u64) -> bool {
        let latest = self.modified.0.max(self.changed.0);
        let latest = u64::try_from(latest).unwrap_or_default();
        latest.saturating_add(TIMESTAMP_STEP) >= time
    }
}

impl Snapshot {
    /// Reads all files with these stamps, which were read just now. A change in between is seen
    /// later.
    pub(super) fn read(stamps: Stamps) -> Self {
        let taken = now();
        let digest = |stamp: &Stamp| Some(Sha256::digest(fs::read(&stamp.path).ok()?).into());
        let digests = stamps.0.iter().map(|(name, stamp)| (name.clone(), digest(stamp))).collect();
        Self { stamps, taken, digests }
    }

    /// Whether the files with these stamps certainly have the same content.
    pub(super) fn is_current(&self, stamps: &Stamps) -> bool {
        self.stamps == *stamps && !stamps.0.values().any(|stamp| stamp.is_recent_at(self.taken))
    }

    /// The names of the files whose content differs.
    pub(super) fn differences(&self, other: &Self) -> BTreeSet<String> {
        let names = self.digests.keys().chain(other.digests.keys());
        let differ = |name: &&String| self.digests.get(*name) != other.digests.get(*name);
        names.filter(differ).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{FileTimes, OpenOptions};
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// Sets the time of the last modification, in seconds since the epoch.
    fn set_modified(path: &Path, seconds: u64) {
        let file = OpenOptions::new().write(true).open(path).expect("a file");
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_times(FileTimes::new().set_modified(time)).expect("a time");
    }

    /// The names of the files that differ since the last snapshot.
    fn changes(last: &mut Snapshot, tools: &Path) -> Vec<String> {
        let stamps = Stamps::read(tools);
        if last.is_current(&stamps) {
            return Vec::new();
        }
        let next = Snapshot::read(stamps);
        let differences = last.differences(&next).into_iter().collect();
        *last = next;
        differences
    }

    #[test]
    fn edits_of_the_same_length_within_a_step_of_the_clock_are_all_seen() {
        let directory = tempfile::tempdir().expect("a directory");
        let tools = directory.path().join("tools.toml");
        fs::write(&tools, "0000").expect("a file");
        let name = tools.display().to_string();
        let mut last = Snapshot::read(Stamps::read(&tools));
        assert!(changes(&mut last, &tools).is_empty());
        for edit in 1..1000 {
            fs::write(&tools, format!("{edit:04}")).expect("a file");
            assert_eq!(changes(&mut last, &tools), [name.as_str()], "{edit}");
            assert!(changes(&mut last, &tools).is_empty());
        }
        // A copy with the old timestamp.
        fs::write(&tools, "copy").expect("a file");
        set_modified(&tools, 1);
        assert_eq!(changes(&mut last, &tools), [name.as_str()]);
    }

    #[test]
    fn a_file_that_appears_moves_or_vanishes_is_seen() {
        let directory = tempfile::tempdir().expect("a directory");
        let tools = directory.path().join("tools.toml");
        let templates = directory.path().join("templates");
        let name = tools.display().to_string();
        let mut last = Snapshot::read(Stamps::read(&tools));
        let mut check = |expected: &[&str]| {
            assert_eq!(changes(&mut last, &tools), expected);
            assert!(changes(&mut last, &tools).is_empty());
        };
        check(&[]);
        fs::write(&tools, "a").expect("a file");
        check(&[&name]);
        fs::create_dir_all(templates.join("parts")).expect("a directory");
        fs::write(templates.join("parts/a.tera"), "a").expect("a file");
        fs::write(templates.join("b.html.tera"), "b").expect("a file");
        fs::write(templates.join(".c.html.tera"), "c").expect("a file");
        fs::write(templates.join("d.html"), "d").expect("a file");
        check(&["templates/b.html.tera", "templates/parts/a.tera"]);
        // As editors save: another file takes the place.
        fs::write(directory.path().join("saved"), "A").expect("a file");
        fs::rename(directory.path().join("saved"), templates.join("parts/a.tera")).expect("moved");
        check(&["templates/parts/a.tera"]);
        fs::rename(templates.join("b.html.tera"), templates.join("e.html.tera")).expect("moved");
        check(&["templates/b.html.tera", "templates/e.html.tera"]);
        fs::remove_file(&tools).expect("removed");
        check(&[&name]);
        fs::remove_dir_all(&templates).expect("removed");
        check(&["templates/e.html.tera", "templates/parts/a.tera"]);
    }

    #[test]
    fn old_files_are_not_read_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let tools = directory.path().join("tools.toml");
        fs::write(&tools, "a").expect("a file");
        let stamps = Stamps::read(&tools);
        let snapshot = Snapshot::read(stamps.clone());
        assert!(!snapshot.is_current(&stamps), "the file is new");
        let later = Snapshot { taken: snapshot.taken + TIMESTAMP_STEP + 1, ..snapshot };
        assert!(later.is_current(&stamps));
        assert!(later.is_current(&Stamps::read(&tools)));
    }
}
