//! An app as browsers see it: its URLs below the prefix.

use std::borrow::Cow;

use crate::url::BaseUrl;

/// The facts by which the response headers of an app are rewritten.
pub(in crate::web::proxy) struct Frame<'a> {
    /// The app's URL, as the gateway reaches it.
    pub(in crate::web::proxy) upstream: &'a BaseUrl,
    /// The gateway's origin, as browsers see it: `https://host[:port]`.
    pub(in crate::web::proxy) origin: &'a str,
    /// The path before the app's own paths in the gateway's URLs; may be empty.
    pub(in crate::web::proxy) prefix: &'a str,
    /// Whether the request's path is the prefix, without a slash.
    pub(in crate::web::proxy) is_root: bool,
    /// The allowlist of sites that may frame the app, as in the `frame-ancestors` directive.
    pub(in crate::web::proxy) frame_ancestors: &'a str,
}

impl Frame<'_> {
    /// A path of the app as browsers see it: below the prefix.
    ///
    /// A path that is already below the prefix stays. A path below the app's base path loses the
    /// base path first. If both apply, the longer of the two decides. Empty for the app's base path
    /// itself, if there is no prefix.
    pub(super) fn below_prefix<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let base = self.upstream.path.as_str();
        match (inside(path, self.prefix), inside(path, base)) {
            (Some(_), None) => Cow::Borrowed(path),
            (Some(_), Some(_)) if base.len() <= self.prefix.len() => Cow::Borrowed(path),
            (_, Some(rest)) => Cow::Owned(format!("{}{rest}", self.prefix)),
            (None, None) => Cow::Owned(format!("{}{path}", self.prefix)),
        }
    }
}

/// The rest of a path after a base path. `None` if the path is not the base path and not below it.
pub(super) fn inside<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
