//! The limits of values in a tools file. Each limit is written here and nowhere else.
//!
//! The reader uses the constants. The descriptions of `key.rs` and the patterns of `shape.rs` use
//! the macros with the same values, because they are built with `concat!`.

/// The range of a duration, in the notation of a tools file.
#[derive(Clone, Copy, Debug)]
pub(super) struct DurationBounds {
    pub(super) shortest: &'static str,
    pub(super) longest: &'static str,
    /// The range as messages and pages show it.
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
    /// The maximum length of a tool's name, in characters.
    LONGEST_TOOL_NAME, longest_tool_name = 64
}

number! {
    /// The minimum length of `gateway.secret`, in characters.
    SHORTEST_GATEWAY_SECRET, shortest_gateway_secret = 32
}

number! {
    /// The minimum length of a consumer's secret outside development, in characters. An attacker
    /// with a launch tries all shorter ones.
    SHORTEST_CONSUMER_SECRET, shortest_consumer_secret = 8
}

number! {
    /// The length from which a consumer's secret causes no warning, in characters.
    RECOMMENDED_CONSUMER_SECRET, recommended_consumer_secret = 20
}

number! {
    /// The maximum length of `name` and `contact`, in characters: pages show them in one line.
    LONGEST_LINE, longest_line = 200
}

/// The maximum length of the comment behind `upstream` that pages show, in characters.
pub(super) const LONGEST_HINT: usize = 200;

number! {
    /// The maximum length of an upstream's `params` as JSON, in bytes: each request to the upstream
    /// carries them in its assertion.
    LONGEST_PARAMS, longest_params = 1024
}

number! {
    /// The maximum length of the name of a custom parameter, in characters.
    LONGEST_CUSTOM_NAME, longest_custom_name = 64
}

number! {
    /// The largest `points`.
    LARGEST_POINTS, largest_points = 1000000
}

bounds! {
    /// The range of `grade_lifetime`.
    GRADE_LIFETIME, grade_lifetime_bounds = "1h", "400d"
}

bounds! {
    /// The range of `session`.
    SESSION, session_bounds = "1m", "30d"
}

bounds! {
    /// The range of `clock_skew`.
    CLOCK_SKEW, clock_skew_bounds = "1s", "1d"
}

bounds! {
    /// The range of `idle`.
    IDLE, idle_bounds = "1m", "24h"
}

bounds! {
    /// The range of `timeout`.
    TIMEOUT, timeout_bounds = "1s", "1h"
}
