//! The listener of an app: where the gateway connects, and whether it is the app's own.
//!
//! Another process can listen at the port: it was faster than the app, or took the port after the
//! app ended. It would receive identity headers and grade tokens. On Linux, the gateway therefore
//! compares the sockets at the port with the open sockets of the app's processes. On other systems,
//! the gateway only checks that some program listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where an app listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AppPlace {
    /// The loopback address that leads to it.
    pub(super) address: SocketAddr,
    /// Whether other machines may also reach it.
    pub(super) is_public: bool,
}

/// Who listens at the port of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortUse {
    /// No program listens.
    Unused,
    /// The app listens.
    Own(AppPlace),
    /// Another program listens, or the system does not show who listens. Contains the reason.
    Foreign(String),
}

/// The loopback address of each IP version. The gateway prefers the first.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[cfg(target_os = "linux")]
pub(super) use linux::{KnownSockets, port_use};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{UnseenSockets as KnownSockets, port_use};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::io;
    use std::net::{IpAddr, Ipv6Addr, SocketAddr};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread;
    use std::time::Duration;

    use tokio::task::spawn_blocking;

    use super::{AppPlace, LOOPBACK, PortUse};
    use crate::app::far_end::{FarEnd, far_end};
    use crate::app::process_table::{ListeningSocket, ProcessTable, listening_sockets, sockets_of};

    /// The sockets at an address that are known to belong to an app.
    #[derive(Debug)]
    pub(in crate::app) struct KnownSockets {
        /// The app's group of processes.
        group: i32,
        address: SocketAddr,
        known: Mutex<Known>,
        /// One search in the table of processes at a time.
        turn: tokio::sync::Mutex<()>,
    }

    /// The sockets that listened at the last search. All are the app's.
    #[derive(Clone, Debug, Default)]
    struct Known {
        listening: Vec<u64>,
        /// The processes that have them open.
        holders: Vec<i32>,
    }

    /// A socket on its way from one process to another is in none. These are the looks for it.
    const ATTEMPTS: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(20);

    impl KnownSockets {
        pub(in crate::app) fn new(group: i32, address: SocketAddr) -> Self {
            Self { group, address, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
        }

        /// Whether an open connection from `near` leads to the app.
        ///
        /// Only sockets of the app listen now: a connection that waits will be the app's. Another
        /// program may have accepted it before, and closed its socket that listened
        /// (`SO_REUSEPORT`): so the socket that has accepted it must be the app's, too.
        pub(in crate::app) async fn accept(self: &Arc<Self>, near: SocketAddr) -> bool {
            if !self.are_own().await {
                return false;
            }
            let inode = match far_end(near, self.address) {
                Ok(FarEnd::Waiting | FarEnd::Unknown) => return true,
                Ok(FarEnd::Gone) | Err(_) => return false,
                Ok(FarEnd::Accepted(inode)) => inode,
            };
            let sockets = Arc::clone(self);
            let is_own = spawn_blocking(move || {
                (0..ATTEMPTS).any(|attempt| {
                    if attempt > 0 {
                        thread::sleep(PAUSE);
                    }
                    sockets.have_accepted(inode)
                })
            });
            is_own.await.unwrap_or(false)
        }

        /// Whether a process of the app has this socket open.
        fn have_accepted(&self, inode: u64) -> bool {
            let Known { listening, holders } = self.lock().clone();
            // Another process may have the id of a holder by now. It does not have its sockets.
            let is_holders = holders.iter().any(|holder| {
                sockets_of(*holder).is_ok_and(|sockets| {
                    sockets.contains(&inode) && listening.iter().any(|own| sockets.contains(own))
                })
            });
            if is_holders {
                return true;
            }
            let Ok(own) = own_sockets(self.group) else { return false };
            if let Some(holders) = holders_of(&listening, &own) {
                // Such as a worker that has started since the last search.
                *self.lock() = Known { listening, holders };
            }
            own.contains_key(&inode)
        }

        /// Whether only sockets of the app listen at the address, now. It is cheap as long as the
        /// sockets stay the same.
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
            self.inodes_now()
                .is_ok_and(|inodes| !inodes.is_empty() && self.lock().listening == inodes)
        }

        /// Searches those that listen among the sockets of the app's processes, such as one of a
        /// worker that has started, or of a server that reloads itself.
        fn search(&self) -> io::Result<bool> {
            let inodes = self.inodes_now()?;
            if inodes.is_empty() {
                return Ok(false);
            }
            let own = own_sockets(self.group)?;
            let Some(holders) = holders_of(&inodes, &own) else { return Ok(false) };
            *self.lock() = Known { listening: inodes, holders };
            Ok(true)
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

        fn lock(&self) -> MutexGuard<'_, Known> {
            self.known.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// The processes of the app that have these sockets open. `None` if a socket is not open in any
    /// of them.
    fn holders_of(inodes: &[u64], own: &HashMap<u64, Vec<i32>>) -> Option<Vec<i32>> {
        let holders: Option<Vec<&Vec<i32>>> = inodes.iter().map(|inode| own.get(inode)).collect();
        let mut holders: Vec<i32> = holders?.into_iter().flatten().copied().collect();
        holders.sort_unstable();
        holders.dedup();
        Some(holders)
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
            if is_sure && reached.iter().all(|socket| own.contains_key(&socket.inode)) {
                return Ok(PortUse::Own(AppPlace {
                    address: SocketAddr::new(ip, port),
                    is_public: sockets.iter().any(|socket| !is_loopback(socket.address)),
                }));
            }
        }
        Ok(PortUse::Foreign(format!("another program listens at port {port}")))
    }

    /// The sockets of a group, and of the descendants of its leader, with the processes that have
    /// them open.
    fn own_sockets(group: i32) -> io::Result<HashMap<u64, Vec<i32>>> {
        let table = ProcessTable::read()?;
        let mut own: HashMap<u64, Vec<i32>> = HashMap::new();
        for id in table.family(group) {
            // A process may end in the meantime, or belong to another user.
            for inode in sockets_of(id).unwrap_or_default() {
                own.entry(inode).or_default().push(id);
            }
        }
        Ok(own)
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

    /// A placeholder: this system does not show who owns a socket.
    #[derive(Debug)]
    pub(in crate::app) struct UnseenSockets;

    impl UnseenSockets {
        pub(in crate::app) fn new(_group: i32, _address: SocketAddr) -> Self {
            Self
        }

        /// Always: a connection is open, and nothing else is known.
        #[allow(clippy::unused_async, reason = "it waits on Linux")]
        pub(in crate::app) async fn accept(self: &Arc<Self>, _near: SocketAddr) -> bool {
            true
        }

        /// Always: nothing else is known.
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
