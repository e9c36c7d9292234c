use crate::lti_version::is_v1p3;
use crate::oauth1::{Params, Source};
use crate::rejection::Rejection;

/// A launch as received, with the parts of the URL that the platform has to sign.
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
    /// The credentials after `OAuth ` in the `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The form, as received.
    pub body: &'a [u8],
}

/// The origin at which a request arrived, according to the request.
///
/// Anyone can write it. It never decides whether a launch is accepted: it is a hypothesis about the
/// cause of a wrong signature, which the signature then proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedOrigin<'a> {
    /// The scheme; `None` if the request does not show it.
    pub scheme: Option<&'a str>,
    /// Host and optional port, of the `Host` header.
    pub authority: &'a str,
}

/// A launch with its parameters. They are read once, for the examination and for the diagnosis.
#[derive(Clone)]
pub struct ReadLaunch<'a> {
    pub(super) request: LaunchRequest<'a>,
    pub(super) received: Option<ReceivedOrigin<'a>>,
    params: Result<Params, Rejection>,
}

impl<'a> LaunchRequest<'a> {
    /// Reads all parameters, in the order of sources in RFC 5849.
    pub fn read(self) -> ReadLaunch<'a> {
        ReadLaunch { request: self, received: None, params: self.params() }
    }

    fn params(&self) -> Result<Params, Rejection> {
        let query = self.query.unwrap_or_default().as_bytes();
        let params = Params::default().read_form(Source::Query, query)?;
        let params = match self.authorization {
            Some(credentials) => params.read_authorization(credentials)?,
            None => params,
        };
        Ok(params.read_form(Source::Body, self.body)?)
    }
}

impl<'a> ReadLaunch<'a> {
    /// The same launch with the origin at which it arrived. Only the search for the cause of a
    /// wrong signature uses it.
    #[must_use]
    pub fn received_at(self, origin: ReceivedOrigin<'a>) -> Self {
        Self { received: Some(origin), ..self }
    }

    /// The parameters, if they are readable.
    pub fn params(&self) -> Option<&Params> {
        self.params.as_ref().ok()
    }

    /// The parameters of an LTI 1.1 launch.
    ///
    /// # Errors
    /// A [`Rejection`] if they are unreadable, or not those of LTI 1.1.
    pub(super) fn v1p1_params(&self) -> Result<&Params, Rejection> {
        let params = self.params.as_ref().map_err(Clone::clone)?;
        if is_v1p3(params) { Err(Rejection::Lti1p3NotConfigured) } else { Ok(params) }
    }

    /// The same parameters, owned.
    pub(super) fn into_v1p1_params(self) -> Result<Params, Rejection> {
        self.v1p1_params()?;
        self.params
    }
}
