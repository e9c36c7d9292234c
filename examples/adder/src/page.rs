//! The pages. Links and forms are relative, so that they stay below the gateway's prefix.

use axum::response::Html;

use crate::Exercise;

pub fn exercise(Exercise { id, left, right, last, .. }: &Exercise, is_staff: bool) -> Html<String> {
    let last = last.as_ref().map_or_else(String::new, |(is_right, message)| {
        let class = if *is_right { "right" } else { "wrong" };
        format!(r#"<p class="{class}" role="status">{}</p>"#, escaped(message))
    });
    let staff = if is_staff { r#"<p><a href="staff">All questions</a></p>"# } else { "" };
    page(&format!(
        r#"{last}
<form method="post" action="answer">
<input type="hidden" name="id" value="{id}">
<label for="sum">{left} + {right} =</label>
<input id="sum" name="sum" type="number" required autocomplete="off">
<button>Answer</button>
</form>
{staff}"#
    ))
}

pub fn staff<'a>(exercises: impl Iterator<Item = &'a Exercise>) -> Html<String> {
    let row = |Exercise { user, left, right, last, .. }: &Exercise| {
        let message = last.as_ref().map_or("", |(_, message)| message);
        format!("<tr><th>{}<td>{left} + {right}<td>{}\n", escaped(user), escaped(message))
    };
    let mut rows: Vec<String> = exercises.map(row).collect();
    rows.sort();
    let rows = rows.concat();
    page(&format!(
        r#"<table>
<tr><th>User<th>Question<th>Last answer
{rows}</table>
<p><a href="./">The exercise</a></p>"#
    ))
}

fn page(body: &str) -> Html<String> {
    let style = include_str!("style.css");
    Html(format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Adder</title>
<style>
{style}</style>
<main>
<h1>Adder</h1>
{body}
</main>
"#
    ))
}

/// Untrusted text, escaped for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
