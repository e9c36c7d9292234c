//! `tools.toml`: its keys, its meaning and its problems.
//!
//! [`read`] converts the content of a file to a [`Config`] and reports every [`Problem`]. Nothing
//! here reads a file, the clock or the environment: their contents are arguments.

mod app_command;
mod document;
mod environment;
mod excerpt;
mod fault;
mod file;
mod gateway;
pub(crate) mod header;
mod heroku;
mod host_name;
mod institution;
pub mod key;
mod limit;
mod odd_character;
mod outcome_host;
mod outcome_rules;
mod placeholder;
mod platform;
mod platform_type;
mod port_placeholder;
mod problem;
mod public_url;
mod read;
mod reading;
mod resolve;
mod schema;
mod shape;
mod state_location;
mod string_mistake;
mod suggestion;
mod syntax;
mod syntax_kind;
mod table;
mod tool_path;
mod upstream_url;
mod variable_syntax;

pub use app_command::AppCommand;
pub use environment::Environment;
pub(crate) use environment::is_variable;
pub use fault::{Fault, GatewayPart, KeyHome, Severity, SharedRisk, TemplateFault};
pub use gateway::{Config, Identity, Opening, Prefix, Senders, Site, Target, Tool, Upstream};
pub use heroku::is_heroku;
pub use institution::{Contact, Institution};
pub use odd_character::OddCharacter;
pub use outcome_rules::OutcomeRules;
pub use placeholder::{PLACEHOLDER_GATEWAY_SECRET, PLACEHOLDER_SECRET, RandomPlaceholders};
pub use platform::{PRACTICE_PLATFORM, Platform, PlatformClient, PlatformKeys};
pub use platform_type::PlatformType;
pub use problem::{Location, Problem, print, sort};
pub use public_url::PublicUrl;
pub use read::read;
pub use reading::{CommandUse, Reading, SiteUse, TemplateUse, UpstreamUse};
pub(crate) use resolve::is_tool_name;
pub use schema::schema;
pub use shape::Shape;
pub use state_location::StateLocation;
pub use string_mistake::StringMistake;
pub(crate) use suggestion::{nearest_name, variable_of};
pub use tool_path::ToolPath;
pub(crate) use upstream_url::UpstreamUrlError;
