//! The files that `new` writes: the tools file, and the page of a template.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::machine::random_string;

/// The tools file as it was found.
pub(super) struct AtomicFile {
    /// Where it lies itself, where its name is a link.
    path: PathBuf,
    /// Nothing where there is none.
    content: Option<Vec<u8>>,
}

/// The page of a new template.
pub(super) struct PageFile {
    /// Its name from `templates/` on.
    pub(super) name: String,
    pub(super) text: String,
    path: PathBuf,
}

impl AtomicFile {
    /// Reads it. A link that leads nowhere is an error, since nobody can tell what it was meant to lead to, and so is a folder
    /// that does not exist.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(content) => Ok(Self { path: fs::canonicalize(path)?, content: Some(content) }),
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && fs::symlink_metadata(path).is_err()
                    && path
                        .parent()
                        .is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir()) =>
            {
                Ok(Self { path: path.to_owned(), content: None })
            }
            Err(error) => Err(error),
        }
    }

    /// What it holds; nothing where there is none.
    pub(super) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Puts a content in the place of what was read, whole or not at all.
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

    /// Its permissions, if they let it be written: a file that is read-only is not replaced, though its folder would allow that.
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
        // Whoever saved it meanwhile, in an editor, keeps what they saved.
        let now = match fs::read(&self.path) {
            Ok(now) => Some(now),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if now != self.content {
            return Err(io::Error::other("somebody else changed it at this moment"));
        }
        fs::rename(beside, &self.path)
    }
}

impl PageFile {
    /// The page of a template of this name, beside a tools file.
    pub(super) fn new(tools: &Path, template: &str, text: String) -> Self {
        let name = format!("{template}.html.tera");
        let path = tools.parent().unwrap_or(Path::new("")).join("templates").join(&name);
        Self { name, text, path }
    }

    /// Whether there is a file of its name, of whatever kind.
    pub(super) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Creates it, and never over another.
    pub(super) fn create(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&self.path)?;
        let written = file.write_all(self.text.as_bytes());
        if written.is_err() {
            self.remove();
        }
        written
    }

    /// Takes away what was created.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
