//! A signed launch as something to copy.

use lti::oauth1::{Params, Source};

use super::sign::SignedLaunch;

/// The launch as a command for a shell.
pub(super) fn curl(signed: &SignedLaunch) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let url = quoted(signed.url.as_str());
    format!("curl --include {url} \\\n  --data-raw {}\n", quoted(&signed.body))
}

/// The launch as a page whose button launches, in the window that it is opened in. `None` where it is no form.
pub(super) fn html(signed: &SignedLaunch) -> Option<String> {
    let params = Params::default().read_form(Source::Body, signed.body.as_bytes()).ok()?;
    let inputs: String = params
        .iter()
        .map(|param| {
            let (name, value) = (escaped(param.name), escaped(param.value));
            format!("  <input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    // The button has no name: what has one is sent, and would have to be signed.
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Launch</title>\n\
         <form method=\"post\" action=\"{}\">\n{inputs}  <button>Launch</button>\n</form>\n</html>\n",
        escaped(signed.url.as_str())
    ))
}

/// A text as a value of an attribute. A page's reader would make line feeds of carriage returns.
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
