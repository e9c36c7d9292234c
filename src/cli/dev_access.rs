//! Access to development with `dev_host`: the random secrets of this start, and the lines that show
//! the token on the terminal.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use lti::Secret;

use super::machine::{random, random_string};
use crate::config::RandomPlaceholders;
use crate::url::Origin;
use crate::web::{DevProcess, DevToken};

/// The bytes of the token and of each placeholder: 144 bits, 24 characters.
const BYTES: usize = 18;
/// The bytes of the placeholder for `gateway.secret`.
const GATEWAY_BYTES: usize = 32;

/// Random placeholders for this start.
///
/// # Errors
/// The system's reason, if it has no randomness.
pub(super) fn placeholders() -> Result<RandomPlaceholders, getrandom::Error> {
    Ok(RandomPlaceholders {
        gateway: Secret::new(random_string::<GATEWAY_BYTES>()?),
        tool: Secret::new(random_string::<BYTES>()?),
    })
}

/// The access to a gateway with `dev_host`.
pub(super) struct DevAccess {
    dev_host: Origin,
    token: Secret,
    /// The part of development that outlives a configuration.
    pub(super) process: Arc<DevProcess>,
}

impl DevAccess {
    /// Access with a random token.
    ///
    /// # Errors
    /// The system's reason, if it has no randomness.
    pub(super) fn new(dev_host: Origin) -> Result<Self, getrandom::Error> {
        let token = Secret::new(random_string::<BYTES>()?);
        let process = Arc::new(DevProcess::exposed(DevToken::new(token.clone(), random()?)));
        Ok(Self { dev_host, token, process })
    }

    /// The origin in the browser.
    pub(super) fn origin(&self) -> &Origin {
        &self.dev_host
    }

    /// The lines for the terminal, each with its label: where the gateway listens, and the token.
    /// They are for the person who started it, so they are no part of the log.
    pub(super) fn lines(&self, address: SocketAddr) -> [(&'static str, String); 2] {
        [
            ("token", format!("{}  (`/dev` asks for it)", self.token.expose())),
            ("listens on", format!("{address}: {}", reach(address.ip()))),
        ]
    }
}

/// Who can connect to an address.
fn reach(address: IpAddr) -> &'static str {
    if address.is_loopback() {
        "only this machine can connect; in a container, set ROCKET_ADDRESS=0.0.0.0"
    } else if address.is_unspecified() {
        "others can connect, at every network interface of this machine"
    } else {
        "others can connect"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Scheme;

    fn access() -> DevAccess {
        let authority = "name-5000.app.github.dev".to_owned();
        DevAccess::new(Origin { scheme: Scheme::Https, authority }).expect("randomness")
    }

    #[test]
    fn the_lines_state_the_address_and_the_token_of_this_start() {
        let access = access();
        let token = access.token.expose();
        assert_eq!(token.len(), 24);
        for (address, reach) in [
            (
                "127.0.0.1:5000",
                "only this machine can connect; in a container, set ROCKET_ADDRESS=0.0.0.0",
            ),
            ("0.0.0.0:5000", "others can connect, at every network interface of this machine"),
            ("[::]:5000", "others can connect, at every network interface of this machine"),
            ("192.0.2.7:80", "others can connect"),
        ] {
            let expected = [
                ("token", format!("{token}  (`/dev` asks for it)")),
                ("listens on", format!("{address}: {reach}")),
            ];
            assert_eq!(access.lines(address.parse().expect("an address")), expected);
        }
    }

    #[test]
    fn two_starts_have_other_tokens_and_other_placeholders() {
        assert_ne!(access().token.expose(), access().token.expose());
        let (one, other) = (placeholders(), placeholders());
        let (one, other) = (one.expect("randomness"), other.expect("randomness"));
        let all = [&one.gateway, &one.tool, &other.gateway, &other.tool];
        let distinct: std::collections::HashSet<&str> =
            all.iter().map(|one| one.expose()).collect();
        assert_eq!(distinct.len(), 4);
        assert!(one.gateway.expose().len() >= 32);
    }
}
