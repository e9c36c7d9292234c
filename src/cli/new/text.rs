//! The new table of the tools file, and the message about it.

use super::consumer::NewConsumer;
use super::target::NewTarget;
use crate::cli::terminal::harmless;

/// The start of a new tools file.
pub(super) const STARTER: &str = "\
# The tools of this gateway. `lti-gateway check` reports errors; docs/tools-toml.md has all keys.

[gateway]
secret = { env = \"GATEWAY_SECRET\" }         # 32 or more random characters; \
optional in development
# public_url = \"https://our-tools.example\"  # required outside Heroku and development
";

/// The facts for the message about a new tool.
pub(super) struct SetUp<'a> {
    pub(super) tool: &'a str,
    pub(super) file: &'a str,
    pub(super) is_file_new: bool,
    pub(super) target: &'a NewTarget<'a>,
    pub(super) url: &'a str,
    pub(super) consumer: &'a NewConsumer,
    pub(super) variable: &'a str,
}

/// The table of a tool, to append to the old content: after an empty line, with the line ending of
/// its last line.
pub(super) fn table(
    old: &str,
    tool: &str,
    key: &str,
    variable: &str,
    target: &NewTarget<'_>,
) -> String {
    let line = |setting: &str, comment: &str| format!("{setting:<43} # {comment}\n");
    let mut text = String::new();
    if !old.is_empty() && !old.ends_with('\n') {
        text += "\n";
    }
    let ends_empty = old.ends_with("\n\n") || old.ends_with("\n\r\n");
    if !old.trim_start_matches('\u{feff}').is_empty() && !ends_empty {
        text += "\n";
    }
    text += &line(&format!("[tools.{tool}]"), &format!("launched at /lti/{tool}"));
    text += &line("# title = \"…\"", "shown to users; default: the name");
    text += &format!("key = \"{key}\"\n");
    text += &line(
        &format!("secret = {{ env = \"{variable}\" }}"),
        "set this variable to the shared secret",
    );
    match target {
        NewTarget::Template(template, _) => {
            text += &line(
                &format!("template = \"{template}\""),
                &format!("templates/{template}.html.tera"),
            );
        }
        NewTarget::Upstream(url) => {
            text += "# The headers that the app receives: docs/upstreams.md. While it does not \
                     run, /dev shows\n\
                     # the comment behind its URL, such as the command that starts it.\n";
            text += &format!("upstream = \"{url}\"\n");
            text += &line("# grades = true", "allows it to send grades: docs/grades.md");
        }
        NewTarget::Command(command) => {
            text += "# The gateway starts the app and keeps it running: docs/upstreams.md.\n";
            let strings: Vec<String> = command.iter().map(|argument| string(argument)).collect();
            text += &format!("command = [{}]\n", strings.join(", "));
            text += &line("# directory = \"…\"", "where it starts; default: beside this file");
            text += &line("# grades = true", "allows it to send grades: docs/grades.md");
        }
        NewTarget::Site(folder) => {
            text += &line(
                &format!("site = {}", string(folder)),
                "people who launched the tool may read every file in it",
            );
        }
    }
    text += &line("# roles = [\"learner\", \"staff\"]", "roles that may launch; default: everyone");
    let is_windows = old.rfind('\n').is_some_and(|end| old[..end].ends_with('\r'));
    if is_windows { text.replace('\n', "\r\n") } else { text }
}

/// A TOML string with this text, which has no control characters.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The message about a new tool. Nothing else shows its secret.
pub(super) fn setup(setup: &SetUp<'_>) -> String {
    let SetUp { tool, file, is_file_new, target, url, consumer, variable } = setup;
    let NewConsumer { key, secret } = consumer;
    let mut text = String::new();
    if *is_file_new {
        text += &format!(
            "{file} is new. Outside development, set GATEWAY_SECRET to 32 or more random \
             characters (`openssl rand -hex 32`).\n"
        );
    }
    text += &match target {
        NewTarget::Template(template, Some(_)) => {
            format!(
                "{file} has the new tool {tool}. Edit its page: templates/{template}.html.tera\n"
            )
        }
        NewTarget::Template(template, None) => {
            format!("{file} has the new tool {tool}, with templates/{template}.html.tera\n")
        }
        NewTarget::Upstream(upstream) => {
            format!("{file} has the new tool {tool}, in front of {upstream}\n")
        }
        NewTarget::Command(command) => {
            let program = command.first().map(|program| harmless(program)).unwrap_or_default();
            format!("{file} has the new tool {tool}, for which the gateway starts {program}\n")
        }
        NewTarget::Site(folder) => {
            format!("{file} has the new tool {tool}, with the folder {}\n", harmless(folder))
        }
    };
    let of_gateway = if url.starts_with('/') { "   (after the gateway's own URL)" } else { "" };
    text += &format!(
        "
This is the only time that its secret is shown. Set it for the gateway, on Heroku with
  heroku config:set {variable}={secret}
or for foreman with this line in .env:
  {variable}={secret}

Enter in the platform
  launch URL      {url}{of_gateway}
  consumer key    {key}
  shared secret   {secret}
or in edX, key and secret as this LTI passport:
  {tool}:{key}:{secret}
"
    );
    text
}
