//! A process of the built program, seen from outside.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// The timeout of every wait. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The address on which a process listens. Its log may be unreadable.
#[track_caller]
pub fn listening_address(child: &mut Child) -> SocketAddr {
    let process = format!("/proc/{}", child.id());
    let mut address = None;
    wait_until("it listens", || {
        let ended = child.try_wait().expect("a child");
        assert!(ended.is_none(), "the program ended: {ended:?}");
        address = listening_port(Path::new(&process));
        address.is_some()
    });
    (Ipv4Addr::LOCALHOST, address.expect("a port")).into()
}

/// The port of the listening socket of a process.
fn listening_port(process: &Path) -> Option<u16> {
    const LISTENS: &str = "0A";
    let files = fs::read_dir(process.join("fd")).ok()?;
    let open: Vec<String> = files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .collect();
    let sockets = fs::read_to_string(process.join("net/tcp")).ok()?;
    sockets.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (address, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
        let is_own = open.contains(&format!("socket:[{inode}]"));
        let (_, port) = address.split_once(':')?;
        u16::from_str_radix(port, 16).ok().filter(|_| is_own && *state == LISTENS)
    })
}

/// Waits for a condition.
#[track_caller]
pub fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < TIMEOUT, "timeout: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
