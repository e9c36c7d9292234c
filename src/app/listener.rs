//! The listener of an app: where the gateway connects, and whether it is the app's own.
//!
//! Another process can listen at the port: one that was faster, or one that took it after the app
//! ended. It would receive identity headers and grade tokens. On Linux, the gateway therefore
//! compares the sockets at the port with those that the app's processes have open. Elsewhere, it
//! only sees that something listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where an app listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AppPlace {
    /// The loopback address that leads to it.
    pub(super) address: SocketAddr,
    /// Whether other machines may reach it, too.
    pub(super) is_public: bool,
}

/// What is known about the port of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortUse {
    /// Nothing listens.
    Unused,
    /// The app listens.
    Own(AppPlace),
    /// Something listens, and it is not the app; or nobody can tell. Contains why.
    Foreign(String),
}

/// The loopback address of each IP version, first the one that the gateway prefers.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[cfg(target_os = "linux")]
pub(super) use linux::{KnownSockets, port_use};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{UnseenSockets as KnownSockets, port_use};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::io;
    use std::net::{IpAddr, Ipv6Addr, SocketAddr};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use tokio::task::spawn_blocking;

    use super::{AppPlace, LOOPBACK, PortUse};
    use crate::app::process_table::{ListeningSocket, ProcessTable, listening_sockets, sockets_of};

    /// The sockets at an address that are known to belong to an app.
    #[derive(Debug)]
    pub(in crate::app) struct KnownSockets {
        /// The app's group of processes.
        group: i32,
        address: SocketAddr,
        inodes: Mutex<Vec<u64>>,
        /// One search in the table of processes at a time.
        turn: tokio::sync::Mutex<()>,
    }

    impl KnownSockets {
        pub(in crate::app) fn new(group: i32, address: SocketAddr) -> Self {
            Self { group, address, inodes: Mutex::default(), turn: tokio::sync::Mutex::default() }
        }

        /// Whether only sockets of the app listen at the address, now.
        ///
        /// Call it after a connection is open: a socket that listens now, and that belongs to the
        /// app, has accepted it. It is cheap as long as the sockets stay the same.
        pub(in crate::app) async fn are_own(self: &Arc<Self>) -> bool {
            if self.are_known() {
                return true;
            }
            // With many processes, this takes long. Anybody on this machine can cause it, with a
            // listener beside the app's.
            let _turn = self.turn.lock().await;
            let sockets = Arc::clone(self);
            // The table is read in parts. A socket that closes in the meantime may hide another.
            let are_own = spawn_blocking(move || {
                (0..2).any(|_| sockets.are_known() || sockets.search().unwrap_or(false))
            });
            are_own.await.unwrap_or(false)
        }

        /// Whether those that listen are the same as after the last search.
        fn are_known(&self) -> bool {
            self.inodes_now().is_ok_and(|inodes| !inodes.is_empty() && *self.lock() == inodes)
        }

        /// Searches those that listen among the sockets of the app's processes, such as one of a
        /// worker that has started, or of a server that reloads itself.
        fn search(&self) -> io::Result<bool> {
            let inodes = self.inodes_now()?;
            let own = if inodes.is_empty() { HashSet::new() } else { own_sockets(self.group)? };
            let are_own = !inodes.is_empty() && inodes.iter().all(|inode| own.contains(inode));
            if are_own {
                *self.lock() = inodes;
            }
            Ok(are_own)
        }

        /// The sockets that accept connections to the address.
        fn inodes_now(&self) -> io::Result<Vec<u64>> {
            let mut inodes: Vec<u64> = listening_sockets(self.address.port())?
                .iter()
                .filter(|socket| accepts(socket.address, self.address.ip()))
                .map(|socket| socket.inode)
                .collect();
            inodes.sort_unstable();
            Ok(inodes)
        }

        fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
            self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Who listens at a port.
    pub(in crate::app) fn port_use(group: i32, port: u16) -> PortUse {
        let why = match find(group, port) {
            Ok(port_use) => return port_use,
            Err(error) => error,
        };
        PortUse::Foreign(format!("/proc does not show who listens at port {port}: {why}"))
    }

    fn find(group: i32, port: u16) -> io::Result<PortUse> {
        let sockets = listening_sockets(port)?;
        let reached = |ip: IpAddr| -> Vec<ListeningSocket> {
            sockets.iter().copied().filter(|socket| accepts(socket.address, ip)).collect()
        };
        if LOOPBACK.iter().all(|ip| reached(*ip).is_empty()) {
            return Ok(PortUse::Unused);
        }
        let own = own_sockets(group)?;
        for ip in LOOPBACK {
            let reached = reached(ip);
            // `[::]` may be for IPv6 only.
            let is_sure = reached.iter().any(|socket| socket.address.is_ipv4() == ip.is_ipv4());
            if is_sure && reached.iter().all(|socket| own.contains(&socket.inode)) {
                return Ok(PortUse::Own(AppPlace {
                    address: SocketAddr::new(ip, port),
                    is_public: sockets.iter().any(|socket| !is_loopback(socket.address)),
                }));
            }
        }
        Ok(PortUse::Foreign(format!("another program listens at port {port}")))
    }

    /// The sockets of a group, and of the descendants of its leader.
    fn own_sockets(group: i32) -> io::Result<HashSet<u64>> {
        let table = ProcessTable::read()?;
        // A process may end in the meantime, or belong to another user.
        Ok(table.family(group).filter_map(|id| sockets_of(id).ok()).flatten().collect())
    }

    /// Whether a socket that listens at `address` may accept connections to `ip`.
    fn accepts(address: IpAddr, ip: IpAddr) -> bool {
        match (address, ip) {
            (IpAddr::V6(Ipv6Addr::UNSPECIFIED), _) => true,
            (IpAddr::V6(address), IpAddr::V4(ip)) => address.to_ipv4_mapped() == Some(ip),
            (IpAddr::V4(address), IpAddr::V4(ip)) => address.is_unspecified() || address == ip,
            (address, ip) => address == ip,
        }
    }

    fn is_loopback(address: IpAddr) -> bool {
        address.to_canonical().is_loopback()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn a_search_among_all_processes_does_not_hold_the_runtimes_thread() {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("an address");
            let own = rustix::process::getpgrp().as_raw_nonzero().get();
            let sockets = Arc::new(KnownSockets::new(own, address));
            let mut first = Box::pin(sockets.are_own());
            assert_eq!(polled_once(&mut first).await, None);
            assert!(first.await);
            assert_eq!(polled_once(&mut Box::pin(sockets.are_own())).await, Some(true), "known");
            drop(listener);
            assert!(!sockets.are_own().await);
        }

        /// What a future has after it was polled once.
        async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
            tokio::select! {
                biased;
                output = future => Some(output),
                () = std::future::ready(()) => None,
            }
        }

        #[test]
        fn a_socket_accepts_connections_to_its_address_and_to_none_other() {
            let check = |address: &str, ipv4: bool, ipv6: bool| {
                let address: IpAddr = address.parse().expect("an address");
                let found = LOOPBACK.map(|ip| accepts(address, ip));
                assert_eq!(found, [ipv4, ipv6], "{address}");
            };
            check("127.0.0.1", true, false);
            check("0.0.0.0", true, false);
            check("::", true, true);
            check("::1", false, true);
            check("::ffff:127.0.0.1", true, false);
            check("192.0.2.1", false, false);
            check("127.0.0.2", false, false);
            check("2001:db8::1", false, false);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::net::{SocketAddr, TcpStream};
    use std::sync::Arc;
    use std::time::Duration;

    use super::{AppPlace, LOOPBACK, PortUse};

    /// Nothing: this system does not show whose a socket is.
    #[derive(Debug)]
    pub(in crate::app) struct UnseenSockets;

    impl UnseenSockets {
        pub(in crate::app) fn new(_group: i32, _address: SocketAddr) -> Self {
            Self
        }

        /// Always: a connection is open, and nothing else is known.
        #[allow(clippy::unused_async, reason = "it waits on Linux")]
        pub(in crate::app) async fn are_own(self: &Arc<Self>) -> bool {
            true
        }
    }

    /// Whether something listens at a port.
    pub(in crate::app) fn port_use(_group: i32, port: u16) -> PortUse {
        const TIMEOUT: Duration = Duration::from_millis(250);
        let listens = |address: &SocketAddr| TcpStream::connect_timeout(address, TIMEOUT).is_ok();
        let addresses = LOOPBACK.map(|ip| SocketAddr::new(ip, port));
        match addresses.into_iter().find(listens) {
            Some(address) => PortUse::Own(AppPlace { address, is_public: false }),
            None => PortUse::Unused,
        }
    }
}
