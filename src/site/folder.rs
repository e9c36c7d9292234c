//! A folder, and the files in it.
//!
//! Each request opens the folder again. So if a deploy replaces the folder, the next request gets
//! the new one. An open file keeps its content.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::coding::Coding;
use super::file_path::{FilePath, with_suffix};
use super::media_type::content_type;
use super::validator::Validator;

/// How much older than the file itself a compressed file may be, in seconds: copies and checkouts
/// write the two files in any order.
const OLDER: i64 = 2;

/// What a path names.
pub(crate) enum Found {
    /// A file.
    File(SiteFile),
    /// A directory that has an index. The URL has no trailing slash.
    Directory,
}

/// An open file, in one form.
pub(crate) struct SiteFile {
    file: File,
    /// Its length when it was opened, in bytes.
    pub(crate) length: u64,
    pub(crate) validator: Validator,
    /// The coding of its content.
    pub(crate) coding: Option<Coding>,
    /// The value of `Content-Type`.
    pub(crate) content_type: String,
}

/// Why a path has no file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoFile {
    /// Nothing with this path may be served.
    Missing,
    /// A link leads out of the folder.
    Outside,
    /// The system does not let the gateway read the folder or the file. Holds its message.
    Unreadable(String),
}

impl From<io::Error> for NoFile {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(
                Errno::NOENT
                | Errno::NOTDIR
                | Errno::NAMETOOLONG
                | Errno::LOOP
                | Errno::NXIO
                | Errno::ILSEQ
                | Errno::INVAL,
            ) => Self::Missing,
            // `cap-std`'s error for a path that leaves the folder has no number.
            None if error.kind() == io::ErrorKind::PermissionDenied => Self::Outside,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// Opens the file or directory of a path in a folder. Blocks until the system responds. The first
/// accepted coding for which a compressed file exists counts. `now` is in seconds since the epoch.
///
/// # Errors
/// [`NoFile`], with the reason.
pub(crate) fn find(
    folder: &Path,
    path: &FilePath,
    accepted: &[Coding],
    now: u64,
) -> Result<Found, NoFile> {
    let directory = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| NoFile::Unreadable(error.to_string()))?;
    let file = path.file();
    let metadata = directory.metadata(&file)?;
    if metadata.is_dir() && !path.names_directory() {
        let has_index = directory.metadata(path.index())?.is_file();
        return if has_index { Ok(Found::Directory) } else { Err(NoFile::Missing) };
    }
    let compressed = accepted.iter().find_map(|coding| {
        let path = with_suffix(&file, coding.suffix());
        let other = directory.metadata(&path).ok()?;
        is_current(&other, &metadata).then_some((path, *coding))
    });
    if let Some((compressed, coding)) = compressed
        && let Ok(opened) = open(&directory, &compressed, Some(coding), &file, now)
    {
        return Ok(Found::File(opened));
    }
    open(&directory, &file, None, &file, now).map(Found::File)
}

/// Whether a compressed file has the content of the file itself, by their modification times.
fn is_current(compressed: &Metadata, plain: &Metadata) -> bool {
    use cap_std::fs::MetadataExt as _;
    plain.is_file()
        && compressed.is_file()
        && compressed.mtime().saturating_add(OLDER) >= plain.mtime()
}

/// Opens a regular file only: opening a device can have an effect, and reading from a pipe can
/// block forever.
fn open(
    directory: &Dir,
    path: &PathBuf,
    coding: Option<Coding>,
    named: &Path,
    now: u64,
) -> Result<SiteFile, NoFile> {
    if !directory.metadata(path)?.is_file() {
        return Err(NoFile::Missing);
    }
    // By now, this path may name a pipe.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let options = OpenOptions::new().read(true).custom_flags(nonblocking).clone();
    let file = directory.open_with(path, &options)?.into_std();
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(NoFile::Missing);
    }
    Ok(SiteFile {
        length: metadata.len(),
        validator: Validator::of(&metadata, coding, now),
        coding,
        content_type: content_type(named),
        file,
    })
}

impl SiteFile {
    /// Reads at most `most` bytes at this position: fewer only at the end of the file. Blocks until
    /// the system responds.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn read_at(&self, position: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let mut filled = 0;
        while filled < most {
            let at = position.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.file.read_at(&mut bytes[filled..], at) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}
