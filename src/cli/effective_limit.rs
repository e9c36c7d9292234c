//! The limits that hold for this configuration, for people who run `check`.

use std::collections::BTreeMap;
use std::time::Duration;

use rocket::Config as RocketConfig;

use super::terminal::table;
use crate::config::{Config, Tool};
use crate::server::{Settings, raised};
use crate::web::{
    FIRST_BYTE_TIMEOUT, FORM_TIMEOUT, HEAD_TIMEOUT, LARGEST_FORM, MOST_FIELDS, MOST_HEAD_BYTES,
    MOST_REQUESTS, MOST_STREAMS, MOST_WAITING, UPLOAD_TIMEOUT, WAIT_TIMEOUT,
};

/// The most tools that a row names for one value.
const MOST_NAMES: usize = 3;

/// The note about the limits that are not the gateway's.
const OF_HEROKU: &str = "
Heroku's router closes a request without a first byte after 30 seconds, and then one that is silent
for 55 seconds. A dyno has 30 seconds from SIGTERM to SIGKILL.
";

/// The limits with their values and the settings that change them.
pub(super) fn limits(config: &Config, rocket: &RocketConfig) -> String {
    let Settings { address, idle, grace, mercy } = Settings::of(rocket);
    let connections = raised();
    let mut rows = vec![["LIMIT", "SET BY", "VALUE"].map(str::to_owned)];
    let mut row = |name: &str, value: String, set_by: &str| {
        rows.push([name.to_owned(), set_by.to_owned(), value]);
    };
    row("address", address.to_string(), "PORT, Rocket.toml");
    row(
        "threads",
        format!("{} for requests, {} for files", rocket.workers.max(1), rocket.max_blocking.max(1)),
        "workers, max_blocking",
    );
    row(
        "connections",
        format!(
            "{}, of which {} with a request of a session",
            connections.connections, connections.sessions
        ),
        "ulimit -n",
    );
    row("idle connection", idle.map_or("closed at once".to_owned(), shown), "keep_alive");
    row(
        "request head",
        format!(
            "{}, {MOST_FIELDS} headers, {}",
            kib(u64::try_from(MOST_HEAD_BYTES).unwrap_or(u64::MAX)),
            shown(HEAD_TIMEOUT)
        ),
        "",
    );
    row("launch form", format!("{}, {}", kib(LARGEST_FORM), shown(FORM_TIMEOUT)), "");
    let has_apps = config.tools.iter().any(|tool| tool.upstream().is_some());
    if has_apps {
        row(
            "upload to an app",
            format!(
                "any size; {} to the first byte, then {} for a part",
                shown(FIRST_BYTE_TIMEOUT),
                shown(UPLOAD_TIMEOUT)
            ),
            "",
        );
        row(
            "requests of a session",
            format!("{MOST_REQUESTS}, {MOST_WAITING} more wait for {}", shown(WAIT_TIMEOUT)),
            "",
        );
        row("streams of a session", format!("{MOST_STREAMS} WebSockets or event streams"), "");
    }
    for (value, tools) in by_value(config, |tool| Some(tool.session)) {
        row("session", of_tools(value, &tools, config), "session");
    }
    let timeout = |tool: &Tool| Some(tool.upstream()?.timeout);
    for (value, tools) in by_value(config, timeout) {
        row("data from an app", of_tools(value, &tools, config), "timeout");
    }
    let idle = |tool: &Tool| tool.upstream()?.command.as_ref()?.idle;
    for (value, tools) in by_value(config, idle) {
        row("unused app", of_tools(value, &tools, config), "idle");
    }
    row("clock difference", shown(Duration::from_secs(config.clock_skew)), "clock_skew");
    row(
        "stop",
        format!("{} for requests, then {} for launches and grades", shown(grace), shown(mercy)),
        "shutdown",
    );
    let mut text = table(&rows);
    if config.behind_heroku {
        text.push_str(OF_HEROKU);
    }
    text
}

/// The names of the tools with each value. Tools without one are in no entry.
fn by_value(
    config: &Config,
    value: impl Fn(&Tool) -> Option<Duration>,
) -> BTreeMap<Duration, Vec<&str>> {
    let mut values: BTreeMap<Duration, Vec<&str>> = BTreeMap::new();
    for tool in &config.tools {
        if let Some(value) = value(tool) {
            values.entry(value).or_default().push(&tool.name);
        }
    }
    values
}

/// A value with the names of its tools, unless it is that of all tools.
fn of_tools(value: Duration, tools: &[&str], config: &Config) -> String {
    let value = shown(value);
    if tools.len() == config.tools.len() {
        return value;
    }
    let names = tools.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    match tools.len().saturating_sub(MOST_NAMES) {
        0 => format!("{value} for {names}"),
        more => format!("{value} for {names} and {more} more"),
    }
}

/// A duration in the largest unit that shows it exactly.
fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min")];
    let whole =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "s"));
    format!("{} {name}", seconds / unit)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_largest_exact_unit() {
        for (seconds, text) in [
            (0, "0 s"),
            (25, "25 s"),
            (60, "1 min"),
            (90, "90 s"),
            (3600, "1 h"),
            (28_800, "8 h"),
            (90_000, "25 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(shown(Duration::from_secs(seconds)), text);
        }
    }
}
