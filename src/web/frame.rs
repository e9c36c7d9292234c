//! stand-in until the real one is merged
#![allow(missing_docs)]
use crate::config::UpstreamUrl;
pub(super) struct Frame<'a> {
    pub(super) upstream: &'a UpstreamUrl,
    pub(super) origin: &'a str,
    pub(super) prefix: &'a str,
    pub(super) frame_ancestors: &'a str,
}
impl Frame<'_> {
    pub(super) fn answer_headers(&self, upstream: &hyper::HeaderMap) -> Vec<rocket::http::Header<'static>> {
        let _ = (self.upstream, self.origin, self.prefix, self.frame_ancestors);
        upstream
            .iter()
            .filter(|(n, _)| !crate::config::header::is_of_connection(n.as_str()))
            .filter_map(|(n, v)| {
                Some(rocket::http::Header::new(n.as_str().to_owned(), v.to_str().ok()?.to_owned()))
            })
            .collect()
    }
}
