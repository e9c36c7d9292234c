//! What texts in a tools file look like, as far as a pattern tells.
//!
//! A pattern lets through whatever the gateway takes, and often more: what it refuses is refused by `check`, too. Patterns use
//! only what all dialects of regular expressions have in common, since each editor has its own.

use super::limit::{SHORTEST_GATEWAY_SECRET, longest_tool_name};

/// What text looks like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is, in words that can follow "a list of".
    pub words: &'static str,
    /// The fewest characters that it has.
    pub shortest: usize,
    /// A regular expression that matches it; empty where any text will do.
    pub pattern: &'static str,
    /// A regular expression that does not match it; empty where there is none.
    pub never: &'static str,
}

/// Any text.
pub(super) const TEXT: Shape = Shape { words: "text", shortest: 0, pattern: "", never: "" };

/// Text that is not empty.
pub(super) const SOME_TEXT: Shape = Shape { shortest: 1, ..TEXT };

/// Something that nobody guesses: `gateway.secret`.
pub(super) const LONG_SECRET: Shape = Shape { shortest: SHORTEST_GATEWAY_SECRET, ..TEXT };

/// `90s`, `5m`, `8h` or `2d`.
pub(super) const LENGTH_OF_TIME: Shape =
    Shape { words: "a length of time", pattern: "^[0-9]+[smhd]$", ..TEXT };

/// Scheme, host and port, where `http` is for loopback only.
pub(super) const ORIGIN: Shape = Shape {
    words: "scheme, host and port",
    pattern: r"^([hH][tT][tT][pP][sS]://[A-Za-z0-9._:\[\]-]+|[hH][tT][tT][pP]://(([A-Za-z0-9._-]+\.)?[lL][oO][cC][aA][lL][hH][oO][sS][tT]|127\.[0-9.]+|\[::1\])(:[0-9]*)?)/?$",
    ..TEXT
};

/// An address without a user, a query and a fragment.
pub(super) const ADDRESS: Shape = Shape {
    words: "an http or https address",
    pattern: r"^[hH][tT][tT][pP][sS]?://[A-Za-z0-9._:\[\]-]+(/[^\s?#]*)?$",
    ..TEXT
};

/// `memory`, or a path with a slash.
pub(super) const PLACE_OF_STATE: Shape = Shape {
    words: "`\"memory\"` or a path with a slash",
    pattern: r"^(memory|([^~\s].*)?/(.*\S)?)$",
    never: "://",
    ..TEXT
};

/// A host, an address, the names below one, or `*`.
pub(super) const HOSTS: Shape = Shape {
    words: "hosts",
    pattern: r"^(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[?[0-9A-Fa-f:.]+\]?)$",
    ..TEXT
};

/// The name of a host.
pub(super) const HOST_NAME: Shape =
    Shape { words: "the name of a host", pattern: r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", ..TEXT };

/// A path as it stands in a URL.
pub(super) const PATH: Shape = Shape {
    words: "a path",
    pattern: r"^(/|(/[A-Za-z0-9._!$&'()*+,=:@%-][A-Za-z0-9._~!$&'()*+,=:@%-]*)+)$",
    ..TEXT
};

/// An https address, or a file below `/static/`.
pub(super) const ICON: Shape = Shape {
    words: "an https address, or a path below `/static/`",
    pattern: "^(https://|/static/)",
    ..TEXT
};

/// A source of `frame-ancestors` (CSP 3 §6.3.2).
pub(super) const FRAME_SOURCE: Shape = Shape {
    words: "sites",
    pattern: r"^(\*|'self'|'none'|https?:|(https?://)?(\*\.)?[A-Za-z0-9][A-Za-z0-9.-]*(:(\*|\+?[0-9]+))?)$",
    ..TEXT
};

/// The name of a header: a `token` (RFC 9110 §5.6.2).
pub(super) const HEADER_NAME: Shape =
    Shape { words: "the name of a header", pattern: r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", ..TEXT };

/// The value of a header.
pub(super) const HEADER_VALUE: Shape =
    Shape { words: "one line of visible ASCII", pattern: "^([!-~]([ -~]*[!-~])?)?$", ..TEXT };

/// The name of a tool.
pub(super) const TOOL_NAME: Shape = Shape {
    words: "the name of a tool",
    pattern: concat!("^[A-Za-z0-9_-]{1,", longest_tool_name!(), "}$"),
    ..TEXT
};
