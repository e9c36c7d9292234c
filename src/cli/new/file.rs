//! The files that `new` writes: the tools file, and the page of a template.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::machine::random_string;

/// The tools file at the start of `new`.
pub(super) struct AtomicFile {
    /// Its canonical path, if it exists: links are resolved.
    path: PathBuf,
    /// `None` if the file does not exist.
    content: Option<Vec<u8>>,
}

/// The file of a new template.
pub(super) struct PageFile {
    /// Its name below `templates/`.
    pub(super) name: String,
    pub(super) text: String,
    path: PathBuf,
}

impl AtomicFile {
    /// Reads the file, or notes that it does not exist.
    ///
    /// # Errors
    /// An I/O error, also for a dangling link or a missing directory.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(content) => Ok(Self { path: fs::canonicalize(path)?, content: Some(content) }),
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && fs::symlink_metadata(path).is_err()
                    && path
                        .parent()
                        .is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir()) =>
            {
                Ok(Self { path: path.to_owned(), content: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Its content, or `None` if it does not exist.
    pub(super) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Replaces the content atomically: by a temporary file and a rename.
    pub(super) fn replace(&self, content: &[u8]) -> io::Result<()> {
        let permissions = if self.content.is_some() { Some(self.writable()?) } else { None };
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}", random_string::<6>().map_err(io::Error::other)?));
        let beside = self.path.with_file_name(name);
        let replaced = self.replace_by(&beside, content, permissions);
        if replaced.is_err() {
            let _ = fs::remove_file(&beside);
        }
        replaced
    }

    /// Its permissions, if it is writable. The directory would allow the replacement of a read-only
    /// file, but `new` respects the file's permissions.
    fn writable(&self) -> io::Result<Permissions> {
        let permissions = fs::metadata(&self.path)?.permissions();
        if permissions.readonly() {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "it is read-only"));
        }
        OpenOptions::new().append(true).open(&self.path)?;
        Ok(permissions)
    }

    fn replace_by(
        &self,
        beside: &Path,
        content: &[u8],
        permissions: Option<Permissions>,
    ) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
        file.write_all(content)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        // Do not overwrite concurrent changes, for example by an editor.
        let now = match fs::read(&self.path) {
            Ok(now) => Some(now),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if now != self.content {
            return Err(io::Error::other("another program changed it just now"));
        }
        fs::rename(beside, &self.path)
    }
}

impl PageFile {
    /// A template of this name beside a tools file.
    pub(super) fn new(tools: &Path, template: &str, text: String) -> Self {
        let name = format!("{template}.html.tera");
        let path = tools.parent().unwrap_or(Path::new("")).join("templates").join(&name);
        Self { name, text, path }
    }

    /// Whether a file, directory or link of this name exists.
    pub(super) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Creates the file. Never overwrites another.
    pub(super) fn create(&self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&self.path)?;
        let written = file.write_all(self.text.as_bytes());
        if written.is_err() {
            self.remove();
        }
        written
    }

    /// Removes the file again.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
