//! Other users: they may not read or write the directory. The gateway changes only its own files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;

use lti_gateway::state::{Directory, OpenError, SharedBecause, inspect, list};
use tempfile::tempdir;

use super::{LIMITS, find, open, score, write};
use crate::support::NOW;

fn open_error(path: &Path) -> OpenError {
    Directory::open(path, NOW, LIMITS).err().expect("an error")
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o7777
}

/// Whether this process is root's.
fn is_root() -> bool {
    let temp = tempdir().expect("a directory");
    fs::metadata(temp.path()).expect("there").uid() == 0
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .expect("a directory")
        .flatten()
        .map(|file| file.file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_gateways_own_directory_and_files_are_tightened() {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    for directory_mode in [0o755, 0o777, 0o710, 0o701] {
        let _ = fs::remove_dir_all(&state);
        fs::create_dir(&state).expect("made");
        // The root of a file system.
        fs::create_dir(state.join("lost+found")).expect("made");
        set(&state, directory_mode);
        let found = inspect(&state).expect("inspected");
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let message =
            format!("other users can access {} (mode {directory_mode:04o})", state.display());
        assert_eq!(found, [message]);
        assert_eq!(mode(&state), directory_mode, "an inspection changes nothing");
        let directory = open(&state, NOW, LIMITS);
        assert_eq!(mode(&state), 0o700);
        let queued = write(&directory, score(1, "lms.example", "1"));
        drop(directory);

        for name in ["lock", "grades.sqlite", "replay.sqlite", "version"] {
            set(&state.join(name), 0o644);
        }
        let found = inspect(&state).expect("inspected");
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].remedy(), "`serve` changes the mode to 0600 when it starts");
        let directory = open(&state, NOW, LIMITS);
        for name in names(&state) {
            if name != "lost+found" {
                assert_eq!(mode(&state.join(&name)), 0o600, "{name}");
            }
        }
        assert!(find(&directory, &queued.id).is_some());
        drop(directory);
        assert_eq!(inspect(&state), Ok(vec![]));
    }
}

#[test]
fn a_shared_directory_with_other_files_is_refused_unchanged() {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    for other in ["tools.toml", ".profile", "grades.sqlite.bak"] {
        for directory_mode in [0o755, 0o770, 0o777] {
            fs::create_dir(&state).expect("made");
            fs::write(state.join(other), "mine").expect("written");
            set(&state, directory_mode);
            let because = SharedBecause::OtherFiles(other.to_owned());
            let error = OpenError::Shared { path: state.clone(), mode: directory_mode, because };
            assert_eq!(open_error(&state), error);
            assert_eq!(inspect(&state), Err(error.clone()));
            assert_eq!(
                error.to_string(),
                format!(
                    "other users can access {} (mode {directory_mode:04o}), and it contains \
                     {other:?}, which is not the gateway's",
                    state.display()
                )
            );
            let own = state.join("lti-gateway");
            assert_eq!(
                error.advice(),
                format!(
                    "name a directory of the gateway's own in `gateway.state`, such as {}: the \
                     gateway creates it",
                    own.display()
                )
            );
            assert_eq!((mode(&state), names(&state)), (directory_mode, vec![other.to_owned()]));
            // The advice works.
            drop(open(&own, NOW, LIMITS));
            assert_eq!((mode(&state), mode(&own)), (directory_mode, 0o700));
            fs::remove_dir_all(&state).expect("removed");
        }
    }
    // Nobody else can access it.
    fs::create_dir(&state).expect("made");
    fs::write(state.join("tools.toml"), "mine").expect("written");
    set(&state, 0o700);
    drop(open(&state, NOW, LIMITS));
}

/// Like `/tmp`, also while it is empty.
#[test]
fn a_directory_in_which_everybody_may_create_files_is_refused_unchanged() {
    let temp = tempdir().expect("a directory");
    set(temp.path(), 0o1777);
    let because = SharedBecause::Sticky;
    let error = OpenError::Shared { path: temp.path().to_owned(), mode: 0o1777, because };
    assert_eq!(open_error(temp.path()), error);
    assert_eq!(
        error.to_string(),
        format!(
            "other users can access {} (mode 1777), and everybody may create files in it",
            temp.path().display()
        )
    );
    assert_eq!((mode(temp.path()), names(temp.path())), (0o1777, vec![]));
}

#[test]
fn a_shared_directory_or_file_of_another_user_is_refused_unchanged() {
    if !is_root() {
        // Nobody else may give files away.
        return;
    }
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    fs::create_dir(&state).expect("made");
    set(&state, 0o755);
    chown(&state, Some(4711), None).expect("given away");
    let because = SharedBecause::OtherOwner;
    let error = OpenError::Shared { path: state.clone(), mode: 0o755, because };
    assert_eq!(open_error(&state), error);
    assert_eq!(
        error.to_string(),
        format!("other users can access {} (mode 0755), and another user owns it", state.display())
    );
    assert_eq!((mode(&state), names(&state)), (0o755, vec![]));

    // Its owner alone can access it, and is not the gateway's user.
    set(&state, 0o700);
    let because = SharedBecause::OtherOwner;
    let error = OpenError::Shared { path: state.clone(), mode: 0o700, because };
    assert_eq!(open_error(&state), error);
    assert_eq!(names(&state), [""; 0]);

    chown(&state, Some(0), None).expect("taken back");
    drop(open(&state, NOW, LIMITS));
    let file = state.join("grades.sqlite");
    // Another user may have created it while the directory was shared.
    chown(&file, Some(4711), None).expect("given away");
    let because = SharedBecause::FileOfOtherOwner;
    let error = OpenError::Shared { path: file.clone(), mode: 0o600, because };
    assert_eq!(open_error(&state), error);
    set(&file, 0o640);
    chown(&file, Some(4711), None).expect("given away");
    let because = SharedBecause::FileOfOtherOwner;
    let error = OpenError::Shared { path: file.clone(), mode: 0o640, because };
    assert_eq!(open_error(&state), error);
    assert_eq!(inspect(&state), Err(error.clone()));
    assert_eq!(error.advice(), format!("let the gateway's user own {}: chown", file.display()));
    assert_eq!(mode(&file), 0o640);
    chown(&file, Some(0), None).expect("taken back");
    drop(open(&state, NOW, LIMITS));
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_symbolic_link_in_place_of_a_file_is_refused() {
    for name in ["lock", "version", "version.new", "grades.sqlite", "replay.sqlite-wal"] {
        let temp = tempdir().expect("a directory");
        let target = temp.path().join("target");
        let state = temp.path().join("state");
        fs::create_dir(&state).expect("made");
        let link = state.join(name);
        for exists in [false, true] {
            if exists {
                fs::write(&target, "mine").expect("written");
            }
            let _ = fs::remove_file(&link);
            symlink(&target, &link).expect("linked");
            let error = OpenError::SymbolicLink(link.clone());
            assert_eq!(open_error(&state), error);
            assert_eq!(inspect(&state), Err(error.clone()));
            if ["version", "grades.sqlite"].contains(&name) {
                assert_eq!(list(&state), Err(error.clone()));
            }
            assert_eq!(error.to_string(), format!("{} is a symbolic link", link.display()));
            assert_eq!(names(&state), [name]);
        }
        assert_eq!(fs::read_to_string(&target).expect("there"), "mine");
    }
}

/// A file system of its own, where the user of the test may mount one.
struct Mount<'m>(&'m Path);

impl<'m> Mount<'m> {
    fn new(path: &'m Path, options: &str) -> Option<Self> {
        let options = format!("mode=700,{options}");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], path).then_some(Self(path))
    }

    fn remount(&self, options: &str) {
        assert!(run("mount", &["-o", &format!("remount,{options}")], self.0));
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        run("umount", &["--lazy"], self.0);
    }
}

fn run(program: &str, arguments: &[&str], path: &Path) -> bool {
    Command::new(program).args(arguments).arg(path).output().is_ok_and(|run| run.status.success())
}

#[test]
fn a_full_or_read_only_disk_at_the_start_is_an_error_and_leaves_no_marker() {
    let temp = tempdir().expect("a directory");
    let path = temp.path();
    let Some(mount) = Mount::new(path, "size=8k") else { return };
    let mut errors = Vec::new();
    for kilobytes in (8..512).step_by(8) {
        mount.remount(&format!("size={kilobytes}k"));
        match Directory::open(path, NOW, LIMITS) {
            Ok(directory) => {
                assert!(path.join("version").exists());
                drop(directory);
                break;
            }
            Err(OpenError::Inaccessible(_, message)) => errors.push(message),
            Err(error) => panic!("{error}"),
        }
        assert!(!path.join("version").exists());
        let inspected = inspect(path);
        assert!(
            matches!(&inspected, Ok(_) | Err(OpenError::Inaccessible(..))),
            "the interrupted start is no error: {inspected:?}"
        );
    }
    assert!(errors.len() > 5, "{errors:?}");
    assert!(errors.iter().any(|message| message == "database or disk is full"), "{errors:?}");
    mount.remount("size=4m");
    drop(open(path, NOW, LIMITS));

    mount.remount("ro");
    let error = open_error(path);
    let lock = path.join("lock");
    assert_eq!(
        error,
        OpenError::Inaccessible(lock, "Read-only file system (os error 30)".to_owned())
    );
    assert_eq!((inspect(path), list(path)), (Ok(vec![]), Ok(vec![])), "it can still be read");
    mount.remount("rw");
    drop(open(path, NOW, LIMITS));
}
