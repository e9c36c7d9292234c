//! HAR files: an HTTP Archive with many requests, one of its entries, or a list of entries.
//!
//! Browsers agree on the few fields below and deviate in others, and one unusual request must not
//! hide the launches. So each entry is read on its own, and only these fields.

use std::borrow::Cow;

use lti::oauth1::encode::encode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::launch::Capture;
use super::request::CapturedRequest;
use crate::clock::parse_rfc3339;

/// Why a form of parameters may differ from the one that was sent.
const DOUBT: &str = "the HAR file has the parameters of the form, but not its text, so characters \
     may be lost; capture the launch again with a browser, or with Copy as cURL";

#[derive(Deserialize)]
struct HarFile<'a> {
    #[serde(borrow)]
    log: HarLog<'a>,
}

#[derive(Deserialize)]
struct HarLog<'a> {
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarEntry<'a> {
    #[serde(borrow)]
    started_date_time: Option<Cow<'a, str>>,
    request: HarRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<HarPair>,
    post_data: Option<HarBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarBody {
    mime_type: Option<String>,
    text: Option<String>,
    #[serde(default)]
    params: Vec<HarPair>,
}

/// A header or a parameter of a form.
#[derive(Deserialize)]
struct HarPair {
    name: String,
    #[serde(default)]
    value: Option<String>,
}

/// Whether the content is a JSON object or list.
pub(super) fn is_json(content: &[u8]) -> bool {
    matches!(content.first(), Some(b'{' | b'['))
}

/// The requests of an archive.
///
/// # Errors
/// The content is not a HAR file.
pub(super) fn requests(content: &[u8]) -> Result<Vec<Result<Capture, String>>, String> {
    if let Ok(file) = serde_json::from_slice::<HarFile<'_>>(content) {
        return Ok(file.log.entries.into_iter().map(|entry| request(entry.get())).collect());
    }
    if let Ok(entries) = serde_json::from_slice::<Vec<&RawValue>>(content) {
        return Ok(entries.into_iter().map(|entry| request(entry.get())).collect());
    }
    match serde_json::from_slice::<&RawValue>(content) {
        Ok(entry) if serde_json::from_str::<HarEntry<'_>>(entry.get()).is_ok() => {
            Ok(vec![request(entry.get())])
        }
        Ok(_) => Err("the input is JSON, but not a HAR file".to_owned()),
        Err(_) => Err("the input begins like JSON, but is not valid JSON".to_owned()),
    }
}

fn request(entry: &str) -> Result<Capture, String> {
    let entry: HarEntry<'_> = serde_json::from_str(entry)
        .map_err(|_| "an entry of the HAR file is invalid".to_owned())?;
    let mut request = CapturedRequest::default();
    request.set_url(&entry.request.url)?;
    request.set_method(&entry.request.method)?;
    for header in &entry.request.headers {
        request.header(&header.name, header.value.as_deref().unwrap_or_default())?;
    }
    let mut doubt = None;
    if let Some(body) = entry.request.post_data {
        if let Some(mime_type) = body.mime_type.filter(|mime_type| !mime_type.is_empty()) {
            request.header("content-type", &mime_type)?;
        }
        match body.text.filter(|text| !text.is_empty()) {
            Some(text) => request.add(text.as_bytes()),
            None if body.params.is_empty() => {}
            // Some tools write only the parameters.
            None => {
                doubt = Some(DOUBT);
                request.add(form(&body.params).as_bytes());
            }
        }
    }
    let mut capture = request.finish()?;
    capture.doubt = doubt;
    capture.sent_at = entry.started_date_time.as_deref().and_then(parse_rfc3339);
    Ok(capture)
}

/// The form of these parameters. Some tools decode them, others do not. A decoded signature
/// contains no percent sign.
fn form(params: &[HarPair]) -> String {
    let value = |pair: &HarPair| pair.value.clone().unwrap_or_default();
    let is_encoded =
        params.iter().any(|pair| pair.name == "oauth_signature" && value(pair).contains('%'));
    let written = |text: &str| if is_encoded { text.to_owned() } else { encode(text) };
    let pairs =
        params.iter().map(|pair| format!("{}={}", written(&pair.name), written(&value(pair))));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read_on_its_own() {
        let entry = "{\"startedDateTime\":\"2023-11-14T23:13:20.5+01:00\",\"request\":{\
                     \"method\":\"POST\",\"url\":\"https:\\/\\/a\\/x\",\"headers\":[],\
                     \"postData\":{\"mimeType\":\"\",\"text\":\"a=1\"}}}";
        let archive = format!("{{\"log\":{{\"entries\":[{{\"request\":5}},{entry},{{}}]}}}}");
        let read = requests(archive.as_bytes()).expect("a HAR file");
        assert_eq!(read.len(), 3);
        assert!(read[0].is_err() && read[2].is_err());
        let list = format!("[{entry}]");
        for content in [entry, &list] {
            let read = requests(content.as_bytes()).expect("entries");
            let capture = read[0].as_ref().expect("a request");
            assert_eq!((&capture.body[..], capture.sent_at), (&b"a=1"[..], Some(1_700_000_000)));
        }
        for bad in ["{", "{}", "{\"log\":{}}", "{\"a\":\"b=c\"}", "[", "{\"request\":{}}"] {
            assert!(requests(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_body_that_has_only_parameters_is_encoded() {
        let params = [("a b", Some("ü&")), ("c", None)];
        let params = params.map(|(name, value)| HarPair {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        });
        assert_eq!(form(&params), "a%20b=%C3%BC%26&c=");
        let params = [("a", "%C3%BC+"), ("oauth_signature", "x%3D")];
        let params = params
            .map(|(name, value)| HarPair { name: name.to_owned(), value: Some(value.to_owned()) });
        assert_eq!(form(&params), "a=%C3%BC+&oauth_signature=x%3D");
    }
}
