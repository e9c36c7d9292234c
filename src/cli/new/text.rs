//! What is written for a new tool, and what is said about it.

use super::consumer::NewConsumer;
use super::target::NewTarget;

/// What stands in a new file before its first tool.
pub(super) const STARTER: &str = "\
# The tools of this gateway. `lti-gateway check` says what is wrong with it; docs/tools-toml.md explains every key.

[gateway]
secret = { env = \"GATEWAY_SECRET\" }             # 32 or more random characters; required outside development
# public_url = \"https://our-tools.example\"      # required outside Heroku and development
";

/// What is said about a new tool.
pub(super) struct SetUp<'a> {
    pub(super) tool: &'a str,
    pub(super) file: &'a str,
    pub(super) is_file_new: bool,
    pub(super) target: &'a NewTarget<'a>,
    pub(super) url: &'a str,
    pub(super) consumer: &'a NewConsumer,
    pub(super) variable: &'a str,
}

/// The table of a tool, as it follows an old text: after a blank line, with the line endings of its last line.
pub(super) fn table(
    old: &str,
    tool: &str,
    key: &str,
    variable: &str,
    target: &NewTarget<'_>,
) -> String {
    let line = |setting: &str, comment: &str| format!("{setting:<47} # {comment}\n");
    let mut text = String::new();
    if !old.is_empty() && !old.ends_with('\n') {
        text += "\n";
    }
    let ends_blank = old.ends_with("\n\n") || old.ends_with("\n\r\n");
    if !old.trim_start_matches('\u{feff}').is_empty() && !ends_blank {
        text += "\n";
    }
    text += &line(&format!("[tools.{tool}]"), &format!("launched at /lti/{tool}"));
    text += &line("# title = \"…\"", "what people read; the name where it is left out");
    text += &format!("key = \"{key}\"\n");
    text += &line(
        &format!("secret = {{ env = \"{variable}\" }}"),
        "set this variable, and tell nobody but the platform",
    );
    match target {
        NewTarget::Template(template, _) => {
            text += &line(
                &format!("template = \"{template}\""),
                &format!("templates/{template}.html.tera"),
            );
        }
        NewTarget::Upstream(url) => {
            text += &line(
                &format!("upstream = \"{url}\""),
                "what it gets with each request: docs/upstreams.md",
            );
            text += &line("# grades = true", "lets it send grades: docs/grades.md");
        }
    }
    text += &line(
        "# roles = [\"learner\", \"staff\"]",
        "who may launch; everyone where it is left out",
    );
    let is_windows = old.rfind('\n').is_some_and(|end| old[..end].ends_with('\r'));
    if is_windows { text.replace('\n', "\r\n") } else { text }
}

/// How to set a new tool up. This is the only place that shows its secret.
pub(super) fn setup(setup: &SetUp<'_>) -> String {
    let SetUp { tool, file, is_file_new, target, url, consumer, variable } = setup;
    let NewConsumer { key, secret } = consumer;
    let mut text = String::new();
    if *is_file_new {
        text += &format!(
            "{file} is new. Outside development it needs GATEWAY_SECRET: 32 or more random characters (`openssl rand -hex 32`).\n"
        );
    }
    text += &match target {
        NewTarget::Template(template, Some(_)) => {
            format!(
                "{tool} is in {file}, and its page templates/{template}.html.tera is new: make it yours.\n"
            )
        }
        NewTarget::Template(template, None) => {
            format!("{tool} is in {file}, with the page templates/{template}.html.tera.\n")
        }
        NewTarget::Upstream(upstream) => format!("{tool} is in {file}, in front of {upstream}.\n"),
    };
    let of_gateway = if url.starts_with('/') { "   (at the address of the gateway)" } else { "" };
    text += &format!(
        "
Its secret is shown here only. Give it to the gateway, on Heroku:
  heroku config:set {variable}={secret}
or, for foreman, by this line in .env:
  {variable}={secret}

Give the platform
  launch URL      {url}{of_gateway}
  consumer key    {key}
  shared secret   {secret}
or, to edX, the latter two as this LTI passport:
  {tool}:{key}:{secret}
"
    );
    text
}
