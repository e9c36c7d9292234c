use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

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
    },
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
                "restore a backup of {path}, or move it away together with {path}-wal; the gateway \
                 then starts without its data",
                path = path.display()
            ),
            Self::Newer { .. } => {
                "start the release that wrote it, or convert it: docs/grades.md, \
                                   \"Going back to an older release\""
                    .to_owned()
            }
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
            Self::Newer { file, version, newest } => write!(
                formatter,
                "a newer release wrote {}: the file has version {version}, but this release reads \
                 versions up to {newest}",
                file.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}
