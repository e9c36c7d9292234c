//! A captured request during parsing, whatever its format.

use super::launch::{Capture, CapturedUrl};

/// A captured request during parsing.
#[derive(Default)]
pub(super) struct CapturedRequest {
    url: Option<CapturedUrl>,
    authorization: Option<String>,
    body: Option<Vec<u8>>,
}

impl CapturedRequest {
    pub(super) fn set_url(&mut self, text: &str) -> Result<(), String> {
        if self.url.is_some() {
            return Err("the command has two URLs".to_owned());
        }
        self.url = Some(CapturedUrl::parse(text)?);
        Ok(())
    }

    /// Checks the method: launches are POST requests, and logins of LTI 1.3 may be GET requests.
    pub(super) fn set_method(&mut self, method: &str) -> Result<(), String> {
        if matches!(method, "POST" | "GET") {
            return Ok(());
        }
        Err("the method is not POST".to_owned())
    }

    /// Appends data. curl joins several data options with `&`.
    pub(super) fn add(&mut self, data: &[u8]) {
        match &mut self.body {
            Some(body) => {
                body.push(b'&');
                body.extend(data);
            }
            None => self.body = Some(data.to_vec()),
        }
    }

    /// Reads a header that matters for a launch.
    pub(super) fn header(&mut self, name: &str, value: &str) -> Result<(), String> {
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => {
                let media_type = value.split(';').next().unwrap_or_default().trim();
                if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                    return Err(
                        "the Content-Type is not application/x-www-form-urlencoded".to_owned()
                    );
                }
            }
            "authorization" => {
                let Some((scheme, credentials)) = value.split_once(' ') else { return Ok(()) };
                if scheme.eq_ignore_ascii_case("OAuth")
                    && self.authorization.replace(credentials.to_owned()).is_some()
                {
                    return Err("the command has two Authorization: OAuth headers".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The captured launch.
    ///
    /// # Errors
    /// The reason why the request is not a launch.
    pub(super) fn finish(self) -> Result<Capture, String> {
        let Some(url) = self.url else { return Err("the command has no URL".to_owned()) };
        let body = match self.body {
            Some(body) => without_headers(body),
            // The login of LTI 1.3 is a GET.
            None if url.query.as_deref().is_some_and(lti::is_v1p3_query) => Vec::new(),
            None => return Err("the command sends no form".to_owned()),
        };
        let authorization = self.authorization;
        Ok(Capture { url: Some(url), authorization, body, ..Capture::default() })
    }
}

/// The form without the headers that Firefox shows in front of some forms.
pub(super) fn without_headers(body: Vec<u8>) -> Vec<u8> {
    const FIRST: &[u8] = b"content-";
    let start = body.get(..FIRST.len()).unwrap_or_default();
    if !start.eq_ignore_ascii_case(FIRST) {
        return body;
    }
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if let Some(at) = body.windows(end.len()).position(|bytes| bytes == end) {
            return body[at + end.len()..].to_vec();
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_front_of_a_form_are_removed() {
        for (body, form) in [
            ("a=1&b=2", "a=1&b=2"),
            ("content-x=1", "content-x=1"),
            (
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=1",
                "a=1",
            ),
            ("content-type: text/plain\n\na=1", "a=1"),
        ] {
            assert_eq!(without_headers(body.as_bytes().to_vec()), form.as_bytes(), "{body}");
        }
    }
}
