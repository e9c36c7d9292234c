//! The `Cookie` headers of a request, for routes.

/// The `Cookie` headers as they arrived, with the cookies of apps. Rocket's headers are strings, so
/// they have only the gateway's own.
#[derive(Default)]
pub(crate) struct CookieHeaders(pub(crate) Vec<Vec<u8>>);

impl CookieHeaders {
    /// The values of the headers.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}
