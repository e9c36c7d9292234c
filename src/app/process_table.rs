//! Processes and listening sockets of this machine, as Linux shows them in `/proc`.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A TCP socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListeningSocket {
    pub(super) address: IpAddr,
    /// Its number, unique on this machine while the socket is open.
    pub(super) inode: u64,
}

/// The sockets that listen at a port.
///
/// The cost does not depend on the number of connections: listening sockets come first.
pub(super) fn listening_sockets(port: u16) -> io::Result<Vec<ListeningSocket>> {
    let mut sockets = Vec::new();
    read_sockets("/proc/net/tcp", port, &mut sockets)?;
    match read_sockets("/proc/net/tcp6", port, &mut sockets) {
        // A system without IPv6.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    Ok(sockets)
}

fn read_sockets(file: &str, port: u16, sockets: &mut Vec<ListeningSocket>) -> io::Result<()> {
    for line in BufReader::new(File::open(file)?).lines().skip(1) {
        let line = line?;
        let Some(row) = SocketRow::parse(&line) else { continue };
        if !row.listens {
            break;
        }
        if row.port == port {
            sockets.push(row.socket);
        }
    }
    Ok(())
}

/// A line of `/proc/net/tcp` (proc_net_tcp(5)).
#[derive(Debug, PartialEq, Eq)]
struct SocketRow {
    socket: ListeningSocket,
    port: u16,
    listens: bool,
}

impl SocketRow {
    fn parse(line: &str) -> Option<Self> {
        /// The state of a listening socket.
        const LISTEN: &str = "0A";
        let mut fields = line.split_ascii_whitespace();
        let (address, port) = fields.nth(1)?.split_once(':')?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?.parse().ok()?;
        Some(Self {
            socket: ListeningSocket { address: ip_address(address)?, inode },
            port: u16::from_str_radix(port, 16).ok()?,
            listens: state == LISTEN,
        })
    }
}

/// An address as words in the machine's byte order, in hexadecimal.
fn ip_address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(text.get(at..at.checked_add(8)?)?, 16).ok();
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?.to_ne_bytes()).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?].map(u32::to_ne_bytes);
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: i32,
    group: i32,
    is_alive: bool,
}

/// All processes, by id.
pub(super) struct ProcessTable(HashMap<i32, Process>);

impl ProcessTable {
    /// Reads the table. A process that ends in the meantime is not in it.
    pub(super) fn read() -> io::Result<Self> {
        let mut processes = HashMap::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may choose its name, in any encoding.
            let Ok(stat) = fs::read(format!("/proc/{id}/stat")) else { continue };
            if let Some(process) = Process::parse(&String::from_utf8_lossy(&stat)) {
                processes.insert(id, process);
            }
        }
        Ok(Self(processes))
    }

    /// The ids of all processes.
    pub(super) fn ids(&self) -> impl Iterator<Item = i32> {
        self.0.keys().copied()
    }

    /// Whether a process of this group still runs.
    pub(super) fn has_member(&self, group: i32) -> bool {
        self.0.values().any(|process| process.group == group && process.is_alive)
    }

    /// The processes of a group, and the descendants of its leader.
    pub(super) fn family(&self, leader: i32) -> impl Iterator<Item = i32> {
        let is_member = move |id: i32| {
            self.0.get(&id).is_some_and(|process| process.group == leader)
                || self.ancestors(id).any(|ancestor| ancestor == leader)
        };
        self.0.keys().copied().filter(move |id| is_member(*id))
    }

    /// The parent of a process, the parent's parent, and so on.
    fn ancestors(&self, id: i32) -> impl Iterator<Item = i32> {
        /// The rows are read one after the other, so they may form a cycle.
        const DEEPEST: usize = 256;
        let parent = |id: &i32| self.0.get(id).map(|process| process.parent);
        std::iter::successors(parent(&id), move |id| parent(id)).take(DEEPEST)
    }
}

impl Process {
    /// Parses `/proc/…/stat` (proc_pid_stat(5)). The name, in parentheses, may contain anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Self { parent, group, is_alive: !matches!(state, "Z" | "X") })
    }
}

/// The numbers of the sockets that a process has open.
pub(super) fn sockets_of(id: i32) -> io::Result<HashSet<u64>> {
    let mut sockets = HashSet::new();
    for entry in fs::read_dir(format!("/proc/{id}/fd"))? {
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let inode = target.to_str().and_then(|target| {
            target.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
        });
        sockets.extend(inode);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::process::parent_id;

    use super::*;

    #[test]
    fn a_listening_socket_is_found_with_its_address_and_its_process() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).expect("a port");
            let local = listener.local_addr().expect("an address");
            let sockets = listening_sockets(local.port()).expect("/proc");
            let found = sockets.iter().find(|socket| socket.address == local.ip());
            let inode = found.expect("the socket").inode;
            assert!(sockets_of(std::process::id().cast_signed()).expect("/proc").contains(&inode));
            drop(listener);
            let sockets = listening_sockets(local.port()).expect("/proc");
            assert!(sockets.iter().all(|socket| socket.inode != inode));
        }
    }

    #[test]
    fn a_row_of_another_state_does_not_listen() {
        let row = "   3: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  \
                   1000        0 4711 1 0000000000000000 20 4 30 10 -1";
        let row = SocketRow::parse(row).expect("a row");
        assert!(!row.listens);
        assert_eq!((row.port, row.socket.inode), (8080, 4711));
        assert_eq!(SocketRow::parse("  sl  local_address rem_address   st"), None);
        assert_eq!(SocketRow::parse(""), None);
    }

    #[test]
    fn a_name_cannot_forge_a_process() {
        let stat = "12 (a) R 1 99 (b) S) Z 7 8 9 0";
        let process = Process { parent: 7, group: 8, is_alive: false };
        assert_eq!(Process::parse(stat), Some(process));
        assert_eq!(Process::parse("12 (a"), None);
    }

    #[test]
    fn a_family_is_a_group_and_the_descendants_of_its_leader() {
        let table = ProcessTable::read().expect("/proc");
        let (parent, own) = (parent_id().cast_signed(), std::process::id().cast_signed());
        assert!(table.family(parent).any(|id| id == own));
        let mut processes = HashMap::new();
        let alive = |parent, group| Process { parent, group, is_alive: true };
        processes.insert(10, Process { is_alive: false, ..alive(1, 10) });
        processes.insert(11, alive(10, 11));
        processes.insert(12, alive(11, 11));
        processes.insert(13, alive(1, 10));
        processes.insert(20, alive(21, 20));
        processes.insert(21, alive(20, 20));
        let table = ProcessTable(processes);
        let mut family: Vec<i32> = table.family(10).collect();
        family.sort_unstable();
        assert_eq!(family, [10, 11, 12, 13]);
        assert!(table.has_member(10));
        assert!(!table.has_member(13));
    }
}
