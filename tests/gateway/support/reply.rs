//! A response of the gateway.

use super::wire::{Body, Head, Wire};

/// A response as it arrived.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// The body as bytes, without the chunked framing.
    pub bytes: Vec<u8>,
    /// Whether the whole body arrived.
    pub complete: bool,
}

impl Reply {
    /// Reads the response to a request with this method. Skips interim responses (`100 Continue`).
    #[track_caller]
    pub fn read(wire: &mut Wire, method: &str) -> Self {
        Self::read_if_any(wire, method).expect("a response")
    }

    /// The same. `None` if the connection closes before a response.
    pub fn read_if_any(wire: &mut Wire, method: &str) -> Option<Self> {
        let head = Self::head(wire)?;
        let status = status_of(&head);
        let body = if method == "HEAD" || status == 101 || status == 204 || status == 304 {
            Body { bytes: Vec::new(), complete: true }
        } else {
            wire.body(&head)
        };
        Some(Self {
            status,
            headers: head.headers(),
            body: String::from_utf8_lossy(&body.bytes).into_owned(),
            bytes: body.bytes,
            complete: body.complete,
        })
    }

    /// The head of a response. The caller reads the body in parts.
    pub fn head(wire: &mut Wire) -> Option<Head> {
        loop {
            let head = wire.head()?;
            if !matches!(status_of(&head), 100 | 102..=199) {
                return Some(head);
            }
        }
    }

    /// The values of a header. `name` is in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a header that occurs at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} occurs {} times", all.len());
        all.first().copied()
    }

    /// `name=value` of the only `Set-Cookie` header.
    pub fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").and_then(|cookie| cookie.split(';').next())
    }

    /// The reference on a refusal page.
    pub fn reference(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("the reference <code>")?;
        rest.split_once("</code>").map(|(reference, _)| reference)
    }

    /// The URL of the link on a refusal page.
    pub fn link(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("<a class=\"button\" href=\"")?;
        rest.split_once('"').map(|(href, _)| unescaped(href))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }
}

/// The status in the first line of a response.
#[track_caller]
pub fn status_of(head: &Head) -> u16 {
    let line = head.line();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
}

/// Unescapes HTML.
pub fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}
