//! The limits of what may be written in a tools file. Each limit is written here and nowhere else.
//!
//! A constant is for the reader. A macro of the same value is for the texts of `key.rs` and the
//! patterns of `shape.rs`, which are put together with `concat!`.

/// From `shortest` to `longest`, as durations are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct DurationBounds {
    pub(super) shortest: &'static str,
    pub(super) longest: &'static str,
    /// Both, as people read them.
    pub(super) text: &'static str,
}

macro_rules! number {
    ($(#[$doc:meta])* $constant:ident, $literal:ident = $value:literal) => {
        $(#[$doc])*
        pub(super) const $constant: usize = $value;
        macro_rules! $literal {
            () => {
                $value
            };
        }
        pub(super) use $literal;
    };
}

macro_rules! bounds {
    ($(#[$doc:meta])* $constant:ident, $literal:ident = $shortest:literal, $longest:literal) => {
        macro_rules! $literal {
            () => {
                concat!("`\"", $shortest, "\"` to `\"", $longest, "\"`")
            };
        }
        $(#[$doc])*
        pub(super) const $constant: DurationBounds =
            DurationBounds { shortest: $shortest, longest: $longest, text: $literal!() };
        pub(super) use $literal;
    };
}

number! {
    /// Characters of a tool's name.
    LONGEST_TOOL_NAME, longest_tool_name = 64
}

number! {
    /// Characters of `gateway.secret`.
    SHORTEST_GATEWAY_SECRET, shortest_gateway_secret = 32
}

number! {
    /// Bytes of an upstream's `params` as JSON: each request to the upstream carries them in its
    /// assertion.
    LONGEST_PARAMS, longest_params = 1024
}

bounds! {
    /// `session`.
    SESSION, session_bounds = "1m", "30d"
}

bounds! {
    /// `clock_skew`.
    CLOCK_SKEW, clock_skew_bounds = "1s", "1d"
}

bounds! {
    /// `timeout`.
    TIMEOUT, timeout_bounds = "1s", "1h"
}
