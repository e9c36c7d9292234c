//! What is written for a new tool, and what is said about it.

use super::Target;
use super::consumer::Consumer;

/// What stands in a new file before its first tool.
pub(super) const STARTER: &str = "\
# The tools of this gateway. `lti-gateway check` says what is wrong with it; docs/tools-toml.md explains every key.

[gateway]
secret = { env = \"GATEWAY_SECRET\" }             # 32 or more random characters; required outside development
# public_url = \"https://our-tools.example\"      # required outside Heroku and development
";

/// What is said about a new tool.
pub(super) struct Setup<'a> {
    pub(super) tool: &'a str,
    pub(super) file: &'a str,
    pub(super) is_file_new: bool,
    pub(super) target: &'a Target<'a>,
    pub(super) url: &'a str,
    pub(super) consumer: &'a Consumer,
    pub(super) variable: &'a str,
}

/// The table of a tool, as it follows an old text: after a blank line, with the line endings of its last line.
pub(super) fn table(
    old: &str,
    tool: &str,
    key: &str,
    variable: &str,
    target: &Target<'_>,
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
        Target::Template(template, _) => {
            text += &line(
                &format!("template = \"{template}\""),
                &format!("templates/{template}.html.tera"),
            );
        }
        Target::Upstream(url) => {
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

/// The page of a new template.
pub(super) fn page(tool: &str) -> String {
    format!(
        r#"{{#
  The page of the tool "{tool}". It can use launch.user, launch.roles, launch.context, launch.custom, tool.title and more:
  docs/tools.md, "Templates". What the platform did not send is "". All text is escaped.
-#}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <link rel="icon" href="data:,">
  <title>{{{{ tool.title }}}}</title>
</head>
<body>
<main>
  <h1>{{{{ tool.title }}}}</h1>
  <p>Hello{{% if launch.user.name %}}, <bdi>{{{{ launch.user.name }}}}</bdi>{{% endif %}}!</p>
</main>
</body>
</html>
"#
    )
}

/// How to set a new tool up. This is the only place that shows its secret.
pub(super) fn setup(setup: &Setup<'_>) -> String {
    let Setup { tool, file, is_file_new, target, url, consumer, variable } = setup;
    let Consumer { key, secret } = consumer;
    let mut text = String::new();
    if *is_file_new {
        text += &format!(
            "{file} is new. Outside development it needs GATEWAY_SECRET: 32 or more random characters (`openssl rand -hex 32`).\n"
        );
    }
    text += &match target {
        Target::Template(template, Some(_)) => {
            format!(
                "{tool} is in {file}, and its page templates/{template}.html.tera is new: make it yours.\n"
            )
        }
        Target::Template(template, None) => {
            format!("{tool} is in {file}, with the page templates/{template}.html.tera.\n")
        }
        Target::Upstream(upstream) => format!("{tool} is in {file}, in front of {upstream}.\n"),
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
