//! The environment: settings that override the file, and variables that hold secrets.

use std::collections::{BTreeMap, BTreeSet};

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use lti::Secret;

use super::placeholder::RandomPlaceholders;

/// The environment variables at the start of the program. Any of them may be a secret: `Debug`
/// hides their values, and they are zeroized on drop.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
    /// The names of variables whose value is not UTF-8.
    malformed: BTreeSet<String>,
    /// The random placeholders of this process, if it serves.
    placeholders: Option<RandomPlaceholders>,
}

impl Environment {
    /// An environment without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the variable with this name, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(Secret::expose)
    }

    /// Sets a variable.
    pub fn insert(&mut self, name: String, value: String) {
        self.malformed.remove(&name);
        self.variables.insert(name, Secret::new(value));
    }

    /// Unsets a variable.
    pub fn remove(&mut self, name: &str) {
        self.variables.remove(name);
        self.malformed.remove(name);
    }

    /// Notes a variable whose value is not UTF-8.
    pub fn insert_malformed(&mut self, name: String) {
        self.variables.remove(&name);
        self.malformed.insert(name);
    }

    /// Whether the value of the variable with this name is not UTF-8.
    pub fn is_malformed(&self, name: &str) -> bool {
        self.malformed.contains(name)
    }

    /// The malformed variables that would be settings of the gateway.
    pub(super) fn malformed_settings(&self) -> impl Iterator<Item = &str> {
        self.malformed.iter().map(String::as_str).filter(|name| name.starts_with(PREFIX))
    }

    /// Sets the random placeholders for secrets that are not set. Only development with `dev_host`
    /// uses them.
    pub fn set_placeholders(&mut self, placeholders: RandomPlaceholders) {
        self.placeholders = Some(placeholders);
    }

    /// The random placeholders.
    pub(super) fn placeholders(&self) -> Option<&RandomPlaceholders> {
        self.placeholders.as_ref()
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self {
            variables: variables.map(|(name, value)| (name, Secret::new(value))).collect(),
            ..Self::default()
        }
    }
}

impl<const COUNT: usize> From<[(String, String); COUNT]> for Environment {
    fn from(variables: [(String, String); COUNT]) -> Self {
        variables.into_iter().collect()
    }
}

/// The prefix of variables that set keys of `[gateway]`: `LTI_GATEWAY_PUBLIC_URL` and so on.
const PREFIX: &str = "LTI_GATEWAY_";

/// Kubernetes sets variables with our prefix and these beginnings for a service that is named
/// `lti-gateway`.
const KUBERNETES: [&str; 2] = ["SERVICE_", "PORT"];

/// The name of [`Overrides`] among figment's providers.
pub(super) const ENVIRONMENT: &str = "environment";

/// The settings of the environment. Each value stays a string.
pub(super) struct Overrides<'e>(pub(super) &'e Environment);

impl Provider for Overrides<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let settings: Dict = self
            .0
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value)))
            .filter(|(key, _)| !KUBERNETES.iter().any(|prefix| key.starts_with(prefix)))
            .map(|(key, value)| (key.to_lowercase(), Value::from(value)))
            .collect();
        let mut whole = Dict::new();
        if !settings.is_empty() {
            whole.insert("gateway".to_owned(), settings.into());
        }
        Ok(Profile::Default.collect(whole))
    }
}

/// The name of the variable that sets this key of `[gateway]`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// Whether `text` looks like the name of a variable, such as `HELLO_SECRET`. Any other text may be
/// a secret.
pub(crate) fn is_variable(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
