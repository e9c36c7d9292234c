//! Prints a signed launch as a command or a page.

use lti::oauth1::{Params, Source};

use super::signed::SignedLaunch;

/// The launch as a `curl` command.
pub(super) fn curl(signed: &SignedLaunch) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let url = quoted(signed.url.as_str());
    format!("curl --include {url} \\\n  --data-raw {}\n", quoted(&signed.body))
}

/// The launch as an HTML page with a launch button. `None` if the body is not a form.
pub(super) fn html(signed: &SignedLaunch) -> Option<String> {
    let params = Params::default().read_form(Source::Body, signed.body.as_bytes()).ok()?;
    let inputs: String = params
        .iter()
        .map(|param| {
            let (name, value) = (escaped(param.name), escaped(param.value));
            format!("  <input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    // Browsers send a button with a name. The signature does not cover it.
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Launch</title>\n\
         <form method=\"post\" action=\"{}\">\n{inputs}  \
         <button>Launch</button>\n</form>\n</html>\n",
        escaped(signed.url.as_str())
    ))
}

/// Text as an attribute value. Browsers turn an unescaped carriage return into a line feed.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
