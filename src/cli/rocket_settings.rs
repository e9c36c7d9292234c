//! Rocket's settings: where the gateway listens.

use rocket::Config as RocketConfig;
use rocket::figment::providers::{Env, Format as _, Toml};
use rocket::figment::{Figment, Profile};

use crate::config::Environment;

/// The defaults of Rocket's settings: the `Rocket.toml` of the repository.
const ROCKET_TOML: &str = include_str!("../../Rocket.toml");

/// Settings of Rocket's server that the listener ignores, and the fix.
const IGNORED: [(&str, &str); 1] = [(
    "tls",
    "remove it from Rocket.toml, or unset ROCKET_TLS; let a proxy in front terminate TLS",
)];

/// Rocket's settings, as layers and as values. Later sources win: our defaults, `Rocket.toml`,
/// `ROCKET_…`, `PORT`. In development the address is always loopback.
///
/// # Errors
/// The message for the terminal, without `error: `.
pub(super) fn rocket_figment(
    environment: &Environment,
    development: bool,
) -> Result<(Figment, RocketConfig), String> {
    let mut figment = Figment::from(RocketConfig::default())
        .merge(Toml::string(ROCKET_TOML).nested())
        .merge(Toml::file(Env::var_or("ROCKET_CONFIG", "Rocket.toml")).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(Profile::from_env_or("ROCKET_PROFILE", RocketConfig::DEFAULT_PROFILE));
    if let Some(port) = environment.get("PORT") {
        let port: u16 = port.parse().map_err(|_| {
            let default: u16 = figment.extract_inner(RocketConfig::PORT).unwrap_or_default();
            format!(
                "PORT is \"{port}\", not a port\n  \
                 = help: set it to a number from 1 to 65535, or unset it to use {default}"
            )
        })?;
        figment = figment.merge((RocketConfig::PORT, port));
    }
    if development {
        figment = figment.merge((RocketConfig::ADDRESS, "127.0.0.1"));
    }
    // Rocket's server read these. The listener does not, so a gateway would be less than it seems.
    for (key, help) in IGNORED {
        if figment.find_value(key).is_ok() {
            return Err(format!("the gateway ignores Rocket's setting `{key}`\n  = help: {help}"));
        }
    }
    match RocketConfig::try_from(&figment) {
        Ok(config) => Ok((figment, config)),
        Err(error) => Err(format!("Rocket's settings are invalid: {error}")),
    }
}

/// The host and port of a gateway in development on this machine with these settings.
///
/// # Errors
/// The message for the terminal, if the settings are invalid.
pub(super) fn local_authority(environment: &Environment) -> Result<String, String> {
    let (_, config) = rocket_figment(environment, true).map_err(|why| format!("error: {why}\n"))?;
    Ok(format!("localhost:{}", config.port))
}
