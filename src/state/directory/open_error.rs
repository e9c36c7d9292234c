use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::file_name::{MARKER, REPLAY};

/// Why a state directory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The directory or a file in it is missing. Only a caller that just reads gets this error.
    Missing(PathBuf),
    /// The path is not a directory.
    NotADirectory(PathBuf),
    /// A symbolic link is in place of one of the gateway's files.
    SymbolicLink(PathBuf),
    /// The directory or a file in it cannot be created, read or written. Holds the system's
    /// message.
    Inaccessible(PathBuf, String),
    /// Another process has locked the directory.
    InUse(PathBuf),
    /// A file is damaged. Holds the library's message.
    Damaged(PathBuf, String),
    /// A newer release wrote a file.
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its schema.
        version: i64,
        /// The newest version that this release reads.
        newest: i64,
        /// The release that wrote it, if the marker names it.
        release: Option<String>,
    },
    /// A database is missing or empty, although the marker shows that it existed.
    Lost {
        /// The database.
        file: PathBuf,
        /// Whether the file is missing. Otherwise it is empty.
        is_missing: bool,
    },
    /// Other users can access the directory or a file, and the gateway must not change that.
    Shared {
        /// The directory or the file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Why the gateway must not change it.
        because: SharedBecause,
    },
}

/// Why the gateway must not change the permissions of a directory or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedBecause {
    /// It is a directory of another user.
    OtherOwner,
    /// It is a file of another user.
    FileOfOtherOwner,
    /// It is a directory in which everybody may create files.
    Sticky,
    /// It is a directory with a file of this name, which is not the gateway's.
    OtherFiles(String),
}

impl OpenError {
    pub(super) fn inaccessible(path: &Path, error: &io::Error) -> Self {
        Self::Inaccessible(path.to_owned(), error.to_string())
    }

    pub(super) fn of_sqlite(file: &Path, error: &rusqlite::Error) -> Self {
        let message = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) | None => {
                Self::Damaged(file.to_owned(), message)
            }
            Some(_) => Self::Inaccessible(file.to_owned(), message),
        }
    }

    /// The fix, as an imperative sentence.
    pub fn advice(&self) -> String {
        match self {
            Self::Missing(_) => "start `serve` once with this directory as `gateway.state`: it \
                                 creates the directory"
                .to_owned(),
            Self::NotADirectory(_) => {
                "name a directory in `gateway.state`; the gateway creates it if it is missing"
                    .to_owned()
            }
            Self::SymbolicLink(path) => format!(
                "remove the link {path}, or replace it by the file itself; `gateway.state` may \
                 name another directory",
                path = path.display()
            ),
            Self::Inaccessible(path, _) => format!(
                "let the gateway's user read and write {}, and check that its disk has free space",
                path.display()
            ),
            Self::InUse(_) => {
                "stop the other gateway, or name another directory in `gateway.state`".to_owned()
            }
            Self::Damaged(path, _) => format!(
                "restore a backup of {path}, or move it away together with {path}-wal and \
                 {marker}; \
                 the gateway then starts without its data",
                path = path.display(),
                marker = path.with_file_name(MARKER).display()
            ),
            Self::Newer { release, .. } => {
                let release = release.as_ref().map_or_else(
                    || "the release that wrote it".to_owned(),
                    |release| format!("release {release} or a later one"),
                );
                format!(
                    "start {release}, or convert it: docs/grades.md, \
                     \"Going back to an older release\""
                )
            }
            Self::Lost { file, .. } => format!(
                "restore a backup of the whole directory; or remove {marker}, and the gateway \
                 starts without {lost}",
                marker = file.with_file_name(MARKER).display(),
                lost = if file.ends_with(REPLAY) {
                    "the spent launches: a form younger than `clock_skew` is then accepted again"
                } else {
                    "the queued grades: the platforms never receive them"
                }
            ),
            Self::Shared { path, because: SharedBecause::FileOfOtherOwner, .. } => {
                format!("let the gateway's user own {}: chown", path.display())
            }
            Self::Shared { path, .. } => format!(
                "name a directory of the gateway's own in `gateway.state`, such as {}: the gateway \
                 creates it",
                path.join("lti-gateway").display()
            ),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(formatter, "{} does not exist", path.display()),
            Self::NotADirectory(path) => write!(formatter, "{} is not a directory", path.display()),
            Self::SymbolicLink(path) => {
                write!(formatter, "{} is a symbolic link", path.display())
            }
            Self::Inaccessible(path, message) => {
                write!(formatter, "{} cannot be used: {message}", path.display())
            }
            Self::InUse(path) => {
                write!(formatter, "another gateway uses the directory {}", path.display())
            }
            Self::Damaged(path, message) => {
                write!(formatter, "{} is damaged: {message}", path.display())
            }
            Self::Newer { file, version, newest, release } => {
                let writer = release.as_ref().map_or_else(
                    || "a newer release".to_owned(),
                    |release| format!("release {release}"),
                );
                write!(
                    formatter,
                    "{writer} wrote {}: the file has version {version}, but this release reads \
                     versions up to {newest}",
                    file.display()
                )
            }
            Self::Lost { file, is_missing } => write!(
                formatter,
                "{} is {}, but {} shows that the gateway has used it",
                file.display(),
                if *is_missing { "missing" } else { "empty" },
                file.with_file_name(MARKER).display()
            ),
            Self::Shared { path, mode, because } => write!(
                formatter,
                "other users can access {} (mode {mode:04o}), and {}",
                path.display(),
                match because {
                    SharedBecause::OtherOwner | SharedBecause::FileOfOtherOwner =>
                        "another user owns it".to_owned(),
                    SharedBecause::Sticky => "everybody may create files in it".to_owned(),
                    SharedBecause::OtherFiles(name) =>
                        format!("it contains {name:?}, which is not the gateway's"),
                }
            ),
        }
    }
}

impl std::error::Error for OpenError {}
