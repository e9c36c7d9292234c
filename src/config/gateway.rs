//! What a tools file means.

use std::time::Duration;

use figment::value::Dict;
use lti::Secret;
use lti::v1p1::Terms;

use super::{PublicUrl, ToolPath};

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether this is development: loopback only, with stand-ins for missing secrets.
    pub development: bool,
    /// What platforms launch.
    pub public_url: PublicUrl,
    /// From which all keys of the gateway are derived; the first seals, all of them open.
    pub secrets: Vec<Secret>,
    /// How long a browser's session lasts.
    pub session: Duration,
    /// The tools, by name.
    pub tools: Vec<Tool>,
}

/// One tool.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its name in the file.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What people read below that; may be empty.
    pub description: String,
    /// The address of a picture; may be empty.
    pub icon: String,
    /// Where it is launched.
    pub path: ToolPath,
    /// The keys of its consumers.
    pub keys: Vec<String>,
    /// What it asks of a launch.
    pub terms: Terms,
    /// The template that it renders: `hello` for `templates/hello.html.tera`.
    pub template: String,
    /// Fixed values for the template.
    pub params: Dict,
    /// Which sites may frame it, as in the `frame-ancestors` directive.
    pub frame_ancestors: String,
}
