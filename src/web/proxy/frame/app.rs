//! An app as its browsers see it: where it answers, and below which prefix.

use std::borrow::Cow;

use crate::url::BaseUrl;

/// Where an app lives, for its browsers.
pub(in crate::web::proxy) struct Frame<'a> {
    /// Where the app itself answers.
    pub(in crate::web::proxy) upstream: &'a BaseUrl,
    /// Where browsers see the gateway: `https://host[:port]`.
    pub(in crate::web::proxy) origin: &'a str,
    /// What stands before the app's own paths in the gateway's addresses; may be empty.
    pub(in crate::web::proxy) prefix: &'a str,
    /// Whether the answer is that of the prefix itself, without a slash.
    pub(in crate::web::proxy) is_root: bool,
    /// Which sites may frame it, as in the `frame-ancestors` directive.
    pub(in crate::web::proxy) frame_ancestors: &'a str,
}

impl Frame<'_> {
    /// A path of the app as browsers see it: below the prefix. One that lies there already stays; of an app whose own base
    /// path is an address inside the prefix, that base is taken off first. Empty for the app's base path itself, if there is
    /// no prefix.
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

/// What follows a base path in a path that is it or lies below it.
pub(super) fn inside<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
