//! The shapes of strings in a tools file, as regular expressions.
//!
//! A pattern matches every valid string and often some invalid ones, but never the other way round:
//! `check` reports every string that a pattern rejects. Each editor has its own dialect of regular
//! expressions, so patterns use only their common subset.

use super::limit::{SHORTEST_GATEWAY_SECRET, longest_custom_name, longest_tool_name};

/// The shape of a string.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// A description that can follow "a list of".
    pub description: &'static str,
    /// The minimum length in characters.
    pub shortest: usize,
    /// A regular expression that every string of this shape matches; empty for any string.
    pub pattern: &'static str,
    /// A regular expression that no string of this shape matches; may be empty.
    pub excluded: &'static str,
}

/// Any string.
pub(super) const STRING: Shape =
    Shape { description: "a string", shortest: 0, pattern: "", excluded: "" };

/// A string that is not empty.
pub(super) const NON_EMPTY: Shape = Shape { shortest: 1, ..STRING };

/// A line of text.
pub(super) const LINE: Shape = Shape { pattern: "[^ ]", excluded: r"[\x00-\x1f\x7f]", ..NON_EMPTY };

/// A line of text, a `mailto:` URL or an https URL.
pub(super) const CONTACT: Shape = Shape {
    description: "a text, or a `mailto:` or https URL",
    excluded: concat!(
        r"[\x00-\x1f\x7f]|^ *[hH][tT][tT][pP]:",
        r"|^ *[mM][aA][iI][lL][tT][oO]:[^@]*$",
    ),
    ..LINE
};

/// A secret that cannot be guessed: `gateway.secret`.
pub(super) const LONG_SECRET: Shape = Shape { shortest: SHORTEST_GATEWAY_SECRET, ..STRING };

/// `90s`, `5m`, `8h` or `2d`.
pub(super) const DURATION: Shape =
    Shape { description: "a duration", pattern: "^[0-9]+[smhd]$", ..STRING };

/// Scheme, host and port. Only loopback hosts may have `http`.
pub(super) const ORIGIN: Shape = Shape {
    description: "scheme, host and port",
    pattern: concat!(
        r"^([hH][tT][tT][pP][sS]://[A-Za-z0-9._:\[\]-]+",
        r"|[hH][tT][tT][pP]://",
        r"(([A-Za-z0-9._-]+\.)?[lL][oO][cC][aA][lL][hH][oO][sS][tT]|127\.[0-9.]+|\[::1\])",
        r"(:[0-9]*)?)/?$",
    ),
    ..STRING
};

/// A URL without user, query and fragment.
pub(super) const HTTP_URL: Shape = Shape {
    description: "an http or https URL",
    pattern: r"^[hH][tT][tT][pP][sS]?://[A-Za-z0-9._:\[\]-]+(/[^\s?#]*)?$",
    ..STRING
};

/// A URL without user and fragment.
pub(super) const SERVICE_URL: Shape =
    Shape { pattern: r"^[hH][tT][tT][pP][sS]?://[A-Za-z0-9._:\[\]-]+([/?][^\s#]*)?$", ..HTTP_URL };

/// `memory`, or a path with a slash.
pub(super) const STATE_LOCATION: Shape = Shape {
    description: "`\"memory\"` or a path with a slash",
    pattern: r"^(memory|([^~\s].*)?/(.*\S)?)$",
    excluded: "://",
    ..STRING
};

/// A host name, an IP address, `*.` and a host name, or `*`.
pub(super) const HOSTS: Shape = Shape {
    description: "hosts",
    pattern: r"^(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[?[0-9A-Fa-f:.]+\]?)$",
    ..STRING
};

/// A host name.
pub(super) const HOST_NAME: Shape =
    Shape { description: "a host name", pattern: r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", ..STRING };

/// The path of a URL.
pub(super) const PATH: Shape = Shape {
    description: "a path",
    pattern: r"^(/|(/[A-Za-z0-9._!$&'()*+,=:@%-][A-Za-z0-9._~!$&'()*+,=:@%-]*)+)$",
    ..STRING
};

/// An https URL, or a path below `/static/`.
pub(super) const ICON: Shape = Shape {
    description: "an https URL, or a path below `/static/`",
    pattern: "^(https://|/static/)",
    ..STRING
};

/// A source of `frame-ancestors` (CSP 3 §6.3.2).
pub(super) const FRAME_SOURCE: Shape = Shape {
    description: "sites",
    pattern: concat!(
        r"^(\*|'self'|'none'|https?:",
        r"|(https?://)?(\*\.)?[A-Za-z0-9][A-Za-z0-9.-]*(:(\*|\+?[0-9]+))?)$",
    ),
    ..STRING
};

/// A header name: a `token` (RFC 9110 §5.6.2).
pub(super) const HEADER_NAME: Shape =
    Shape { description: "a header name", pattern: r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", ..STRING };

/// A name of an environment variable.
pub(super) const VARIABLE_NAME: Shape =
    Shape { description: "a name of a variable", pattern: "^[A-Za-z_][A-Za-z0-9_]*$", ..STRING };

/// The base path of an app.
pub(super) const BASE_PATH: Shape =
    Shape { description: "a path", pattern: r"^/[^\s?#]*$", ..STRING };

/// A path with an optional query.
pub(super) const BASE_PATH_AND_QUERY: Shape = Shape { pattern: r"^/[^\s#]*$", ..BASE_PATH };

/// The name of a custom parameter.
pub(super) const CUSTOM_NAME: Shape = Shape {
    description: "a name",
    pattern: concat!("^[A-Za-z0-9_]{1,", longest_custom_name!(), "}$"),
    ..STRING
};

/// The value of a custom parameter.
pub(super) const CUSTOM_VALUE: Shape =
    Shape { description: "one line", excluded: r"[\x00-\x1f\x7f]", ..STRING };

/// A header value.
pub(super) const HEADER_VALUE: Shape = Shape {
    description: "one line of visible ASCII",
    pattern: "^([!-~]([ -~]*[!-~])?)?$",
    ..STRING
};

/// A tool name.
pub(super) const TOOL_NAME: Shape = Shape {
    description: "a tool name",
    pattern: concat!("^[A-Za-z0-9_-]{1,", longest_tool_name!(), "}$"),
    ..STRING
};
