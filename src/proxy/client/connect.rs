//! Opens a TCP connection to a host: lookup, both IP versions, timeouts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::select;
use tokio::time::{sleep, timeout};

use super::error::{CONNECT_SECONDS, ConnectStep, UpstreamError};

/// The timeout of the lookup, and of each IP version.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(CONNECT_SECONDS);
/// The lead of the preferred IP version before the other is tried too (RFC 8305 §5).
const PREFERRED_LEAD: Duration = Duration::from_millis(250);
/// The timeout for a connection to the other loopback address, for the advice.
const LOOPBACK_TIMEOUT: Duration = Duration::from_millis(250);

/// Connects to a host name or an IP address.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, UpstreamError> {
    let addresses = addresses(host, port).await?;
    let stream = connect_to_one(&addresses).await?;
    // Without effect on failure: a small request may wait for an acknowledgment.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The network addresses of a host. There is at least one.
async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, UpstreamError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let failed =
        |message: &str| UpstreamError::Name { host: host.to_owned(), message: message.to_owned() };
    let found = timeout(CONNECT_TIMEOUT, lookup_host((host, port)))
        .await
        .map_err(|_| UpstreamError::ConnectTimeout(ConnectStep::Lookup))?
        .map_err(|error| failed(&error.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() { Err(failed("it has no network address")) } else { Ok(addresses) }
}

/// Connects to one of these addresses. The IP version of the first is preferred; the other is tried
/// too if the first fails or takes long.
async fn connect_to_one(addresses: &[SocketAddr]) -> Result<TcpStream, UpstreamError> {
    let is_preferred = |address: &SocketAddr| Some(address.is_ipv4()) == first_is_ipv4(addresses);
    let (preferred, other): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().copied().partition(is_preferred);
    if other.is_empty() {
        return match try_all(&preferred).await {
            Err(UpstreamError::Refused { address, .. }) => {
                Err(UpstreamError::Refused { address, listens: listens_instead(address).await })
            }
            result => result,
        };
    }
    let mut preferred = pin!(try_all(&preferred));
    let other = try_all(&other);
    select! {
        biased;
        result = &mut preferred => {
            return match result {
                Ok(stream) => Ok(stream),
                Err(error) => other.await.map_err(|_| error),
            };
        }
        () = sleep(PREFERRED_LEAD) => {}
    }
    let mut other = pin!(other);
    select! {
        result = &mut preferred => match result {
            Ok(stream) => Ok(stream),
            Err(error) => other.await.map_err(|_| error),
        },
        result = &mut other => match result {
            Ok(stream) => Ok(stream),
            Err(_) => preferred.await,
        },
    }
}

fn first_is_ipv4(addresses: &[SocketAddr]) -> Option<bool> {
    addresses.first().map(SocketAddr::is_ipv4)
}

/// Tries addresses in order, and returns the first error. They share the timeout.
async fn try_all(addresses: &[SocketAddr]) -> Result<TcpStream, UpstreamError> {
    let limit = CONNECT_TIMEOUT / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut first = None;
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                first.get_or_insert_with(|| failure(*address, &error));
            }
            Err(_) => {
                first.get_or_insert(UpstreamError::ConnectTimeout(ConnectStep::Tcp));
            }
        }
    }
    Err(first.unwrap_or(UpstreamError::ConnectTimeout(ConnectStep::Tcp)))
}

/// The meaning of the system's error.
fn failure(address: SocketAddr, error: &io::Error) -> UpstreamError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => UpstreamError::Refused { address, listens: None },
        io::ErrorKind::TimedOut => UpstreamError::ConnectTimeout(ConnectStep::Tcp),
        _ => UpstreamError::Unreachable { address, message: error.to_string() },
    }
}

/// The loopback address of the other IP version, if an app listens there at the same port. Many
/// apps listen on `localhost`, which is one of the two.
async fn listens_instead(refused: SocketAddr) -> Option<SocketAddr> {
    let other = match refused.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => return None,
    };
    let other = SocketAddr::new(other, refused.port());
    let connected = timeout(LOOPBACK_TIMEOUT, TcpStream::connect(other)).await;
    matches!(connected, Ok(Ok(_))).then_some(other)
}
