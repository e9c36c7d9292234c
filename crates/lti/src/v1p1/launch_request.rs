use crate::lti_version::is_v1p3;
use crate::oauth1::{Params, Source};
use crate::rejection::Rejection;

/// A launch as it came in. The URL's parts are those that the platform signed.
#[derive(Clone, Copy)]
pub struct LaunchRequest<'a> {
    /// `https` or `http`, as in the public URL.
    pub scheme: &'a str,
    /// Host and optional port of the public URL.
    pub authority: &'a str,
    /// The path exactly as received.
    pub path: &'a str,
    /// The query exactly as received, without its `?`.
    pub query: Option<&'a str>,
    /// What stands behind `OAuth ` in the `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The form, as received.
    pub body: &'a [u8],
}

impl LaunchRequest<'_> {
    /// All parameters, in RFC 5849's order of sources.
    ///
    /// # Errors
    /// A [`Rejection`] if they are unreadable, or not those of LTI 1.1.
    pub(super) fn params(&self) -> Result<Params, Rejection> {
        let query = self.query.unwrap_or_default().as_bytes();
        let params = Params::default().read_form(Source::Query, query)?;
        let params = match self.authorization {
            Some(credentials) => params.read_authorization(credentials)?,
            None => params,
        };
        let params = params.read_form(Source::Body, self.body)?;
        if is_v1p3(&params) {
            return Err(Rejection::Lti1p3NotConfigured);
        }
        Ok(params)
    }
}
