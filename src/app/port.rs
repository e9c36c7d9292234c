//! The loopback port of an app.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ports for apps. Servers that users start by hand usually have smaller ones.
const PORTS: RangeInclusive<u16> = 20_000..=65_535;
/// The attempts to find a free port.
const ATTEMPTS: usize = 1000;

/// The ports that apps of this gateway use, and those that they must not use.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports(Arc<Mutex<HashSet<u16>>>);

/// A port that no other app of this gateway uses, until this value is dropped.
#[derive(Debug)]
pub(super) struct Port {
    number: u16,
    ports: Ports,
}

impl Ports {
    /// Reserves a port, such as the gateway's own: no app gets it.
    pub(super) fn exclude(&self, port: u16) {
        self.lock().insert(port);
    }

    /// A free port, if possible outside the system's range for outgoing connections.
    ///
    /// # Errors
    /// The error of the system, if no port is free.
    pub(super) fn choose(&self) -> io::Result<Port> {
        let ephemeral = ephemeral();
        for attempt in 0..ATTEMPTS {
            let number = random()?;
            // The second half of the attempts is for a system that uses nearly all ports.
            if attempt < ATTEMPTS / 2 && ephemeral.contains(&number) {
                continue;
            }
            if self.lock().contains(&number) || !is_free(number) {
                continue;
            }
            if self.lock().insert(number) {
                return Ok(Port { number, ports: self.clone() });
            }
        }
        Err(io::Error::other("no loopback port is free"))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Port {
    pub(super) fn number(&self) -> u16 {
        self.number
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports.lock().remove(&self.number);
    }
}

/// A random port for an app. So two gateways on one machine seldom try the same port.
fn random() -> io::Result<u16> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let count = u32::from(PORTS.end() - PORTS.start()) + 1;
    let offset = u16::try_from(u32::from_ne_bytes(bytes) % count).unwrap_or_default();
    Ok(PORTS.start().saturating_add(offset))
}

/// Whether no program listens at this port of the loopback addresses. A system may lack IPv6.
fn is_free(port: u16) -> bool {
    let bind = |address: SocketAddr| match TcpListener::bind(address) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::AddrNotAvailable,
    };
    bind((Ipv4Addr::LOCALHOST, port).into()) && bind((Ipv6Addr::LOCALHOST, port).into())
}

/// The system's range of ports for outgoing connections (ephemeral ports). A connection of any
/// program could occupy one of them.
fn ephemeral() -> RangeInclusive<u16> {
    const USUAL: RangeInclusive<u16> = 32_768..=60_999;
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = text.ok().and_then(|text| {
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        Some(numbers.next()?.ok()?..=numbers.next()?.ok()?)
    });
    range.unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_outside_the_ephemeral_range_and_given_once() {
        let ports = Ports::default();
        let chosen: Vec<Port> = (0..50).map(|_| ports.choose().expect("a port")).collect();
        let numbers: HashSet<u16> = chosen.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 50);
        for number in numbers {
            assert!(PORTS.contains(&number) && !ephemeral().contains(&number), "{number}");
        }
        drop(chosen);
        assert_eq!(ports.lock().len(), 0);
    }

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(address).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            assert!(!is_free(port), "{address}");
            drop(listener);
            assert!(is_free(port), "{address}");
        }
    }

    #[test]
    fn the_gateways_own_port_is_never_chosen() {
        let ports = Ports::default();
        for port in PORTS.filter(|port| *port % 512 != 0) {
            ports.exclude(port);
        }
        for _ in 0..20 {
            if let Ok(port) = ports.choose() {
                assert_eq!(port.number() % 512, 0);
            }
        }
    }
}
