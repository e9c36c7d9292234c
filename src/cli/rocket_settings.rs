//! Rocket's settings: where the gateway listens.

use std::net::SocketAddr;

use rocket::Config as RocketConfig;
use rocket::figment::providers::{Env, Format as _, Toml};
use rocket::figment::{Figment, Profile};

use crate::config::Environment;

/// What is Rocket's, where no file says otherwise: the repository's own file.
const ROCKET_TOML: &str = include_str!("../../Rocket.toml");

/// Rocket's settings, and where it will listen: ours, then Rocket.toml, then `ROCKET_…`, then `PORT`; in
/// development the address is loopback in any case.
pub(super) fn rocket_figment(
    environment: &Environment,
    development: bool,
) -> Result<(Figment, SocketAddr), String> {
    let mut figment = Figment::from(RocketConfig::default())
        .merge(Toml::string(ROCKET_TOML).nested())
        .merge(Toml::file(Env::var_or("ROCKET_CONFIG", "Rocket.toml")).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(Profile::from_env_or("ROCKET_PROFILE", RocketConfig::DEFAULT_PROFILE));
    if let Some(port) = environment.get("PORT") {
        let port: u16 = port.parse().map_err(|_| {
            let otherwise: u16 = figment.extract_inner(RocketConfig::PORT).unwrap_or_default();
            format!(
                "PORT is \"{port}\", not a port\n  \
                 = help: set it to a number from 1 to 65535, or unset it for {otherwise}"
            )
        })?;
        figment = figment.merge((RocketConfig::PORT, port));
    }
    if development {
        figment = figment.merge((RocketConfig::ADDRESS, "127.0.0.1"));
    }
    match RocketConfig::try_from(&figment) {
        Ok(config) => Ok((figment, SocketAddr::new(config.address, config.port))),
        Err(error) => Err(format!("Rocket's settings are wrong: {error}")),
    }
}

/// The host and port at which this machine asks a gateway in development that these settings start.
///
/// # Errors
/// What is wrong with the settings, in words for a terminal.
pub(super) fn local_authority(environment: &Environment) -> Result<String, String> {
    let (_, listener) =
        rocket_figment(environment, true).map_err(|why| format!("error: {why}\n"))?;
    Ok(format!("localhost:{}", listener.port()))
}
