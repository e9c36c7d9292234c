//! The disk of the log is full.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{Process, append, launches, lost};
use crate::support::wait_until;

/// A device on which every write fails: no space left.
fn full() -> File {
    File::options().write(true).open("/dev/full").expect("a device")
}

#[test]
fn a_gateway_with_a_full_disk_for_all_output_starts_and_serves() {
    let gateway = Process::start(full(), full());
    gateway.launch(100);
    gateway.is_up();
    assert_eq!(gateway.stop().code(), Some(0));
}

/// A mounted file system in memory. It is unmounted when the value is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if this process must not mount.
    fn mount(path: &Path, size: &str) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(path)
            .stderr(Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then(|| Self(path.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn after_a_full_disk_has_space_again_the_log_continues_on_a_fresh_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(_disk) = SmallDisk::mount(directory.path(), "256k") else {
        eprintln!("skipped: this user must not mount a file system");
        return;
    };
    let (file, ballast) = (directory.path().join("log"), directory.path().join("ballast"));
    fs::write(&ballast, [0; 128 * 1024]).expect("space");
    let gateway = Process::start(append(&file), Stdio::null());
    // Each launch writes 2 KB.
    gateway.launch(200);
    wait_until("the disk is full", || fs::write(directory.path().join("probe"), "x").is_err());
    let full = fs::read(&file).expect("a log");
    fs::remove_file(&ballast).expect("space again");
    gateway.launch(10);
    assert_eq!(gateway.stop().code(), Some(0));
    let log = fs::read(&file).expect("a log");
    assert!(log.starts_with(&full));
    // The error can have cut a line. It ends at the end of the disk's last page.
    let is_cut = !full.ends_with(b"\n");
    assert_eq!(log.get(full.len()) == Some(&b'\n'), is_cut);
    let log = String::from_utf8(log).expect("UTF-8");
    let whole = &log[..log[..full.len()].rfind('\n').expect("a line") + 1];
    let rest = log[full.len()..].trim_start_matches('\n');
    assert_eq!(launches(whole) + lost(rest) + launches(rest), 210);
    assert!(lost(rest) >= 1, "{rest}");
    assert!(launches(rest) >= 1, "{rest}");
    assert!(rest.lines().all(|line| line.starts_with("20")), "{rest}");
}
