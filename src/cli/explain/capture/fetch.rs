//! JavaScript of *Copy as fetch* and *Copy as fetch (Node.js)*: `fetch("URL", {…});`, with JSON as
//! the second argument (`generateFetchCall` in Chromium's `NetworkLogView.ts`,
//! `generateFetchString` in Firefox's `RequestListContextMenu.js`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Deserializer;

use super::launch::Capture;
use super::request::CapturedRequest;

/// The options of a call that matter for a launch.
#[derive(Deserialize)]
struct FetchOptions {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    method: Option<String>,
}

/// Whether the content is a call of `fetch`.
pub(super) fn is_call(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"await ").unwrap_or(content);
    content.starts_with(b"fetch(")
}

/// The request of each call.
///
/// # Errors
/// The unsupported syntax.
pub(super) fn requests(text: &str) -> Result<Vec<Result<Capture, String>>, String> {
    const OTHER: &str = "the call of fetch is not the one that a browser copies";
    let mut requests = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ';');
        if rest.is_empty() {
            return Ok(requests);
        }
        rest = rest.strip_prefix("await ").unwrap_or(rest).trim_start();
        rest = rest.strip_prefix("fetch(").ok_or(OTHER)?;
        let url: String = argument(&mut rest).ok_or(OTHER)?;
        let options = match rest.strip_prefix(',') {
            Some(after) => {
                rest = after.trim_start();
                argument::<FetchOptions>(&mut rest)
            }
            None => None,
        };
        rest = rest.strip_prefix(')').ok_or(OTHER)?;
        requests.push(request(&url, options));
    }
}

/// The next argument of the call, which is JSON.
fn argument<T: DeserializeOwned>(rest: &mut &str) -> Option<T> {
    let mut values = Deserializer::from_str(rest).into_iter::<T>();
    let value = values.next()?.ok()?;
    let length = values.byte_offset();
    *rest = rest.get(length..)?.trim_start();
    Some(value)
}

fn request(url: &str, options: Option<FetchOptions>) -> Result<Capture, String> {
    let mut request = CapturedRequest::default();
    request.set_url(url)?;
    if let Some(options) = options {
        request.set_method(options.method.as_deref().unwrap_or("GET"))?;
        for (name, value) in &options.headers {
            request.header(name, value)?;
        }
        if let Some(body) = options.body.filter(|body| !body.is_empty()) {
            request.add(body.as_bytes());
        }
    }
    request.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_a_request() {
        let read = requests(
            "fetch(\"https://a/x?b=\\\"\", {\n  \"headers\": {\"accept\": \"*/*\"},\n  \
             \"body\": \"c=it's\\n\", \"method\": \"POST\" });\n;\n\
             await fetch(\"https://a/\", {\"body\": null, \"method\": \"GET\"}) ;\nfetch(\"https://a/\")",
        )
        .expect("calls");
        assert_eq!(read.len(), 3);
        let first = read[0].as_ref().expect("a request");
        assert_eq!(first.body, b"c=it's\n");
        assert!(read[1].is_err() && read[2].is_err());
        for bad in [
            "fetch('https://a/')",
            "fetch(url, {})",
            "fetch(\"https://a/\", options)",
            "fetch(\"https://a/\", {body: 1})",
            "fetch(\"https://a/\"",
            "fetch(\"https://a/\"); send()",
        ] {
            assert!(requests(bad).is_err(), "{bad}");
        }
    }
}
