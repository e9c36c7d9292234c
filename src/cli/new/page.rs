//! The starting content of a new template.

/// The starting content of the template of a tool.
pub(super) fn page(tool: &str) -> String {
    format!(
        r#"{{#
  The page of the tool "{tool}". Variables: launch.user, launch.roles, launch.context,
  launch.custom, tool.title and more (docs/tools.md, "Templates"). A value that the platform did not
  send is "". All values are HTML-escaped.
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
