//! Rocket's settings: where the gateway listens.

use rocket::Config as RocketConfig;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::util::nest;
use rocket::figment::value::{Dict, Map, Value};
use rocket::figment::{Error as FigmentError, Figment, Metadata, Profile, Provider};

use crate::config::{Config, Environment};

/// The defaults of Rocket's settings: the `Rocket.toml` of the repository.
const ROCKET_TOML: &str = include_str!("../../Rocket.toml");

/// The address of development.
const LOOPBACK: &str = "127.0.0.1";

/// The prefix of variables with Rocket's settings.
const PREFIX: &str = "ROCKET_";

/// Variables with the prefix that are no setting of the gateway: the first selects a profile, and
/// nothing uses the second, which is a secret.
const NO_SETTINGS: [&str; 2] = ["profile", "secret_key"];

/// Settings of Rocket's server that the listener ignores, and the fix.
const IGNORED: [(&str, &str); 1] = [(
    "tls",
    "remove it from Rocket.toml, or unset ROCKET_TLS; let a proxy in front terminate TLS",
)];

/// Who can connect to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everyone, at the address of Rocket's settings: production.
    Network,
    /// This machine: development.
    Loopback,
    /// Development with `dev_host`: this machine, or everyone at the address of `ROCKET_ADDRESS`.
    /// `Rocket.toml` does not count: its address is for production.
    DevHost,
}

impl Reach {
    /// The reach of a gateway with this configuration.
    pub(super) fn of(config: &Config) -> Self {
        match (config.development, &config.dev_host) {
            (false, _) => Self::Network,
            (true, None) => Self::Loopback,
            (true, Some(_)) => Self::DevHost,
        }
    }
}

/// Rocket's settings, as layers and as values. Later sources win: our defaults, `Rocket.toml`,
/// `ROCKET_…`, `PORT`. `reach` decides about the address.
///
/// # Errors
/// The message for the terminal, without `error: `.
pub(super) fn rocket_figment(
    environment: &Environment,
    reach: Reach,
) -> Result<(Figment, RocketConfig), String> {
    let file = variable(environment, "ROCKET_CONFIG").unwrap_or("Rocket.toml");
    let profile = variable(environment, "ROCKET_PROFILE").map(Profile::from);
    let mut figment = Figment::from(RocketConfig::default())
        .merge(Toml::string(ROCKET_TOML).nested())
        .merge(Toml::file(file).nested())
        .select(profile.unwrap_or(RocketConfig::DEFAULT_PROFILE));
    if reach == Reach::DevHost {
        figment = figment.merge((RocketConfig::ADDRESS, LOOPBACK));
    }
    for setting in environment.iter().filter_map(RocketVariable::of) {
        figment = figment.merge(setting);
    }
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
    if reach == Reach::Loopback {
        figment = figment.merge((RocketConfig::ADDRESS, LOOPBACK));
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

/// A variable with one of Rocket's settings, such as `ROCKET_PORT`.
///
/// figment's own provider would copy the whole environment and never zeroize the copies.
struct RocketVariable<'e> {
    key: String,
    value: &'e str,
}

impl<'e> RocketVariable<'e> {
    /// The setting in a variable with this name and value. Case does not matter, as for Rocket.
    fn of((name, value): (&str, &'e str)) -> Option<Self> {
        let (prefix, key) = name.split_at_checked(PREFIX.len())?;
        let key = key.to_ascii_lowercase();
        let is_setting = prefix.eq_ignore_ascii_case(PREFIX)
            && !NO_SETTINGS.contains(&key.as_str())
            && key.split('.').all(|part| !part.is_empty());
        is_setting.then_some(Self { key, value })
    }
}

impl Provider for RocketVariable<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("`{PREFIX}` environment variable(s)"))
            .interpolater(|_: &Profile, keys: &[&str]| keys.join(".").to_ascii_uppercase())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, FigmentError> {
        let value: Value = self.value.parse().unwrap_or_else(|never| match never {});
        let settings = nest(&self.key, value).into_dict().unwrap_or_default();
        Ok(Profile::Global.collect(settings))
    }
}

/// The value of a variable, without surrounding whitespace. Case of the name does not matter, as
/// for Rocket.
fn variable<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    let mut variables = environment.iter();
    variables.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The host and port of a gateway in development on this machine with these settings.
///
/// # Errors
/// The message for the terminal, if the settings are invalid.
pub(super) fn local_authority(environment: &Environment) -> Result<String, String> {
    let (_, config) =
        rocket_figment(environment, Reach::Loopback).map_err(|why| format!("error: {why}\n"))?;
    Ok(format!("localhost:{}", config.port))
}
