//! The page of a new template, as a start for its author.

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
