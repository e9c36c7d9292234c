//! Who else may access a state directory and its files.

use std::fmt;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::file::regular;
use super::file_name::names;
use super::open_error::{OpenError, SharedBecause};

/// The permissions of everybody except the owner.
const OTHERS: u32 = 0o077;
/// The permission bits of a mode.
const PERMISSIONS: u32 = 0o7777;
/// The bit of a directory in which everybody may create files, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// A directory that file systems create at their root.
const LOST_AND_FOUND: &str = "lost+found";

/// A directory or a file of the gateway that other users can access. The gateway takes this
/// permission away when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tightening {
    path: PathBuf,
    from: u32,
    to: u32,
}

impl Tightening {
    /// Changes the mode.
    pub(super) fn apply(&self) -> Result<(), OpenError> {
        // Opens no file: to close a second handle of a database releases SQLite's locks.
        fs::set_permissions(&self.path, Permissions::from_mode(self.to))
            .map_err(|error| OpenError::inaccessible(&self.path, &error))
    }

    /// What the gateway does about it.
    pub fn remedy(&self) -> String {
        format!("`serve` changes the mode to {:04o} when it starts", self.to)
    }
}

impl fmt::Display for Tightening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, from, .. } = self;
        write!(formatter, "other users can access {} (mode {from:04o})", path.display())
    }
}

/// Finds the permissions that others have to the directory, and to the gateway's files in it.
/// Changes nothing. The first element is the directory, if it is one of them.
///
/// # Errors
/// [`OpenError::Shared`] if the gateway must not change the permissions: it owns only what its own
/// user owns, and a directory with other files is not its own. Also [`OpenError::SymbolicLink`] and
/// [`OpenError::Inaccessible`].
pub(super) fn examine(directory: &Path) -> Result<Vec<Tightening>, OpenError> {
    let inaccessible = |error| OpenError::inaccessible(directory, &error);
    let user = user().map_err(inaccessible)?;
    let mut found = Vec::new();
    let metadata = fs::metadata(directory).map_err(inaccessible)?;
    let because = |because| shared(directory, &metadata, because);
    // Root can use a directory of another user, who can then replace its files.
    if metadata.uid() != user {
        return Err(because(SharedBecause::OtherOwner));
    }
    if is_shared(&metadata) {
        if metadata.mode() & STICKY != 0 {
            return Err(because(SharedBecause::Sticky));
        }
        if let Some(name) = foreign(directory).map_err(inaccessible)? {
            return Err(because(SharedBecause::OtherFiles(name)));
        }
        found.push(tightening(directory, &metadata, 0o700));
    }
    for name in names() {
        let file = directory.join(name);
        let Some(metadata) = regular(&file)? else { continue };
        // Its owner may have created it while the directory was shared.
        if metadata.uid() != user {
            return Err(shared(&file, &metadata, SharedBecause::FileOfOtherOwner));
        }
        if is_shared(&metadata) {
            found.push(tightening(&file, &metadata, 0o600));
        }
    }
    Ok(found)
}

fn is_shared(metadata: &Metadata) -> bool {
    metadata.mode() & OTHERS != 0
}

fn shared(path: &Path, metadata: &Metadata, because: SharedBecause) -> OpenError {
    OpenError::Shared { path: path.to_owned(), mode: metadata.mode() & PERMISSIONS, because }
}

fn tightening(path: &Path, metadata: &Metadata, to: u32) -> Tightening {
    Tightening { path: path.to_owned(), from: metadata.mode() & PERMISSIONS, to }
}

/// The name of a file in the directory that is not the gateway's.
fn foreign(directory: &Path) -> io::Result<Option<String>> {
    let own: Vec<String> = names().collect();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != LOST_AND_FOUND && !own.contains(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The user of this process. The system assigns every new pipe to it.
fn user() -> io::Result<u32> {
    let (reader, _writer) = io::pipe()?;
    Ok(File::from(OwnedFd::from(reader)).metadata()?.uid())
}
