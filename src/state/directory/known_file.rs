//! A path, and the file or directory that it led to when the gateway opened it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A path, and the identity of its file: its device and its inode.
pub(super) struct KnownFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// Whether the path itself may be a symbolic link.
    may_be_link: bool,
}

impl KnownFile {
    /// An open file with this metadata. Its path must not be a symbolic link.
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        let (device, inode) = (metadata.dev(), metadata.ino());
        Self { path: path.to_owned(), device, inode, may_be_link: false }
    }

    /// A directory with this metadata. Its path may be a symbolic link.
    pub(super) fn directory(path: &Path, metadata: &Metadata) -> Self {
        Self { may_be_link: true, ..Self::new(path, metadata) }
    }

    /// The last part of the path.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The length of the file, if the path still leads to it. Only looks the path up: closing a
    /// second handle of a database would release SQLite's locks.
    pub(super) fn length(&self) -> Option<u64> {
        let lookup = if self.may_be_link {
            fs::metadata(&self.path)
        } else {
            fs::symlink_metadata(&self.path)
        };
        let metadata = lookup.ok()?;
        ((metadata.dev(), metadata.ino()) == (self.device, self.inode)).then_some(metadata.len())
    }
}
