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
    pub(super) sender: &'a NewSender<'a>,
}

/// What may launch a new tool.
pub(super) enum NewSender<'a> {
    /// A new consumer, whose secret a variable holds.
    Consumer {
        /// The key and the secret.
        consumer: NewConsumer,
        /// The name of the variable.
        variable: String,
    },
    /// A platform of the file.
    Platform {
        /// Its name.
        name: &'a str,
        /// The values to enter there. Empty until the table is in the file.
        values: String,
    },
}

/// The table of a platform, to append to the old content.
pub(super) fn platform_table(
    old: &str,
    name: &str,
    kind: Option<&str>,
    url: Option<&str>,
) -> String {
    let mut text = String::new();
    text += &line(
        &format!("[platforms.{name}]"),
        "part of every user id and of the gateway's key: do not rename it",
    );
    match kind {
        Some(kind) => {
            text += &format!("type = {}\n", string(kind));
            if let Some(url) = url {
                text += &format!("url = {}\n", string(url));
            }
        }
        None => {
            for key in ["issuer", "auth_url", "token_url", "jwks_url"] {
                text += &format!("# {key} = \"…\"\n");
            }
        }
    }
    text += &line("# client_id = \"…\"", "the platform shows it; nobody can log in without it");
    appended(old, &text)
}

/// A setting, and a comment behind it.
fn line(setting: &str, comment: &str) -> String {
    format!("{setting:<43} # {comment}\n")
}

/// A table behind the old content: after an empty line, with the line ending of its last line.
fn appended(old: &str, table: &str) -> String {
    let mut text = String::new();
    if !old.is_empty() && !old.ends_with('\n') {
        text += "\n";
    }
    let ends_empty = old.ends_with("\n\n") || old.ends_with("\n\r\n");
    if !old.trim_start_matches('\u{feff}').is_empty() && !ends_empty {
        text += "\n";
    }
    text += table;
    let is_windows = old.rfind('\n').is_some_and(|end| old[..end].ends_with('\r'));
    if is_windows { text.replace('\n', "\r\n") } else { text }
}

/// The table of a tool, to append to the old content.
pub(super) fn table(
    old: &str,
    tool: &str,
    sender: &NewSender<'_>,
    target: &NewTarget<'_>,
) -> String {
    let mut text = String::new();
    text += &line(&format!("[tools.{tool}]"), &format!("launched at /lti/{tool}"));
    text += &line("# title = \"…\"", "shown to users; default: the name");
    match sender {
        NewSender::Consumer { consumer, variable } => {
            text += &format!("key = \"{}\"\n", consumer.key);
            text += &line(
                &format!("secret = {{ env = \"{variable}\" }}"),
                "set this variable to the shared secret",
            );
        }
        NewSender::Platform { name, .. } => {
            text += &line(&format!("platforms = \"{name}\""), "launched with LTI 1.3");
        }
    }
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
    appended(old, &text)
}

/// A TOML string with this text, which has no control characters.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The message about a new tool. Nothing else shows its secret.
pub(super) fn setup(setup: &SetUp<'_>) -> String {
    let SetUp { tool, file, is_file_new, target, url, sender } = setup;
    let mut text = new_file(file, *is_file_new);
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
    let (NewConsumer { key, secret }, variable) = match sender {
        NewSender::Consumer { consumer, variable } => (consumer, variable),
        NewSender::Platform { values, .. } => return format!("{text}\n{values}"),
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

/// The message about a new platform. `values` are those to enter there.
pub(super) fn platform_setup(file: &str, is_file_new: bool, name: &str, values: &str) -> String {
    format!(
        "{}{file} has the new platform {name}, which is being set up\n\n{values}",
        new_file(file, is_file_new)
    )
}

fn new_file(file: &str, is_new: bool) -> String {
    if !is_new {
        return String::new();
    }
    format!(
        "{file} is new. Outside development, set GATEWAY_SECRET to 32 or more random characters \
         (`openssl rand -hex 32`).\n"
    )
}
