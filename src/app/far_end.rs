//! The far end of a connection on this machine: the socket that accepted it.
//!
//! Linux finds one socket by its addresses (sock_diag(7)), however many there are. `/proc/net/tcp`
//! would have to be read completely.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// The far end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarEnd {
    /// No process has it yet: it waits at the socket that listens.
    Waiting,
    /// A process has accepted it. Holds the number of its socket.
    Accepted(u64),
    /// It is gone: reset, or closed.
    Gone,
    /// The system does not tell.
    Unknown,
}

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `IPPROTO_TCP`.
const TCP: u8 = 6;
/// `TCP_LISTEN`. Without a connection with these addresses, Linux finds the socket that listens.
const LISTEN: u8 = 10;
/// The lengths of a header, and of a header with its request (`inet_diag_req_v2`).
const HEADER: usize = 16;
const LENGTH: u32 = 72;
/// The places in an answer (`inet_diag_msg`), with its header.
const STATE: usize = HEADER + 1;
const INODE: usize = HEADER + 68;

/// The far end of the connection from `near` to `far`, both on this machine. The near end is open.
///
/// # Errors
/// The error of the system, such as no free descriptor.
pub(super) fn far_end(near: SocketAddr, far: SocketAddr) -> io::Result<FarEnd> {
    let socket = match socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(SOCK_DIAG),
    ) {
        Ok(socket) => socket,
        Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
            return Err(io::Error::other("no socket is free"));
        }
        // A sandbox, or another kernel.
        Err(_) => return Ok(FarEnd::Unknown),
    };
    let ask = |from: SocketAddr, to: SocketAddr| -> io::Result<DiagAnswer> {
        sendto(&socket, &request(from, to), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut bytes = [0; 512];
        // The kernel has answered before the call above returned.
        let (_, length) = recv(&socket, &mut bytes, RecvFlags::empty())?;
        Ok(DiagAnswer::parse(bytes.get(..length).unwrap_or_default()))
    };
    Ok(match ask(far, near)? {
        DiagAnswer::Socket { inode: 0 } => FarEnd::Waiting,
        DiagAnswer::Socket { inode } => FarEnd::Accepted(inode),
        // Without the near end, which is open, the kernel cannot find any.
        DiagAnswer::Nothing if matches!(ask(near, far)?, DiagAnswer::Socket { .. }) => FarEnd::Gone,
        DiagAnswer::Nothing => FarEnd::Unknown,
    })
}

/// What the kernel has found (sock_diag(7)).
enum DiagAnswer {
    Socket { inode: u64 },
    Nothing,
}

impl DiagAnswer {
    fn parse(answer: &[u8]) -> Self {
        let kind = answer.get(4..6).and_then(|bytes| bytes.try_into().ok());
        let state = answer.get(STATE).copied();
        let inode = answer.get(INODE..INODE + 4).and_then(|bytes| bytes.try_into().ok());
        match (kind.map(u16::from_ne_bytes), state, inode.map(u32::from_ne_bytes)) {
            (None | Some(ERROR), ..) | (_, None | Some(LISTEN), _) | (.., None) => Self::Nothing,
            (.., Some(inode)) => Self::Socket { inode: inode.into() },
        }
    }
}

/// The request for the socket at `from` that is connected to `to`.
fn request(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    /// `AF_INET` and `AF_INET6` of Linux.
    const IPV4: u8 = 2;
    const IPV6: u8 = 10;
    let family = if from.is_ipv4() { IPV4 } else { IPV6 };
    let mut request = Vec::with_capacity(HEADER);
    request.extend(LENGTH.to_ne_bytes());
    request.extend([BY_FAMILY, REQUEST].map(u16::to_ne_bytes).concat());
    // A sequence number and a sender, which do not count.
    request.extend([0; 8]);
    request.extend([family, TCP, 0, 0]);
    // In any state.
    request.extend(u32::MAX.to_ne_bytes());
    request.extend([from, to].map(|address| address.port().to_be_bytes()).concat());
    for address in [from, to] {
        let mut words = [0; 16];
        match address.ip() {
            IpAddr::V4(ip) => words[..4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => words = ip.octets(),
        }
        request.extend(words);
    }
    // Any network interface, and no cookie.
    request.extend([0; 4]);
    request.extend([u8::MAX; 8]);
    request
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::app::process_table::sockets_of;

    #[test]
    fn the_far_end_waits_then_is_a_socket_of_the_process_and_then_is_gone() {
        for address in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"] {
            let listener = TcpListener::bind(address).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let far: SocketAddr = match address {
                "[::1]:0" => ([0, 0, 0, 0, 0, 0, 0, 1], port).into(),
                // Of `[::]`, through IPv4, too.
                _ => ([127, 0, 0, 1], port).into(),
            };
            let stream = TcpStream::connect(far).expect("a connection");
            let near = stream.local_addr().expect("an address");
            let find = || far_end(near, far).expect("an answer");
            assert_eq!(find(), FarEnd::Waiting, "{address}");
            let (accepted, _) = listener.accept().expect("a connection");
            let FarEnd::Accepted(inode) = find() else { panic!("{address}") };
            let own = sockets_of(std::process::id().cast_signed()).expect("/proc");
            assert!(own.contains(&inode), "{address}");
            // With a reset, no state remains.
            rustix::net::sockopt::set_socket_linger(&accepted, Some(std::time::Duration::ZERO))
                .expect("an option");
            drop(accepted);
            assert_eq!(find(), FarEnd::Unknown, "{address}: the near end is closed, too");
        }
    }

    #[test]
    fn without_a_connection_there_is_no_far_end() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let far = listener.local_addr().expect("an address");
        let other = TcpListener::bind("127.0.0.1:0").expect("a port");
        let near = other.local_addr().expect("an address");
        assert_eq!(far_end(near, far).expect("an answer"), FarEnd::Unknown);
        assert_eq!(request(near, far).len(), 72);
    }
}
