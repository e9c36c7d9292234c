//! The listener, over raw sockets: connections, timeouts, bounds, bodies and its end.
//!
//! [`paused`] runs the gateway and both of its sides in one runtime with a paused clock, so that a
//! test of a timeout takes no time. [`program`] runs the built program.

mod bounds;
mod bridge;
mod connections;
mod forms;
mod heads;
#[cfg(target_os = "linux")]
mod inspection;
mod memory;
mod paused;
mod program;
mod responses;
mod stop;
mod uploads;

/// A tools file with a template, `page`, and an upstream, `nb`.
fn tools(public_url: &str, upstream: &str) -> String {
    format!(
        r#"
[gateway]
public_url = "{public_url}"
secret = "the gateway's own, of 32 characters"

[tools.page]
key = "key-1"
secret = "s3cret"
template = "page"

[tools.nb]
key = "key-1"
secret = "s3cret"
upstream = "{upstream}/app"
timeout = "1h"
"#
    )
}

const FORM_TYPE: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
