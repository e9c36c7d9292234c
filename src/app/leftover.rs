//! Processes of apps that outlived their gateway.
//!
//! After a SIGKILL of the gateway, the first process of each app also ends. Other processes of its
//! group may survive, and keep the app's port. Their environment names the gateway that started
//! them.

use std::fs;
use std::io;

use super::process_table::ProcessTable;

/// The variable that marks all processes of apps: the id of the gateway's process, and the tool.
pub(super) const MARK: &str = "LTI_GATEWAY_APP";

/// A process of an app whose gateway has ended.
#[derive(Debug, PartialEq, Eq)]
struct Leftover {
    process: i32,
    tool: String,
}

/// The value of [`MARK`] for an app of this process.
pub(super) fn mark(tool: &str) -> String {
    format!("{}:{tool}", std::process::id())
}

/// Logs the processes of apps whose gateway has ended. Only those of the same user are visible.
pub(super) fn report_leftovers() {
    for Leftover { process, tool } in leftovers().unwrap_or_default() {
        let reason = "a process of an app outlived the gateway that started it; no request reaches \
                      it, and no app gets its port";
        let help = format!("end it with `kill {process}`, unless it is meant to run");
        tracing::warn!(target: "app", tool, process, reason, help, "left over");
    }
}

fn leftovers() -> io::Result<Vec<Leftover>> {
    let own_name = name(std::process::id().cast_signed());
    let table = ProcessTable::read()?;
    let found = table.ids().filter_map(|process| {
        let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
        let (gateway, tool) = marked(&environment)?;
        // Another process may have the id by now.
        let has_ended = name(gateway) != own_name;
        has_ended.then_some(Leftover { process, tool })
    });
    Ok(found.collect())
}

/// The gateway and the tool that an environment names.
fn marked(environment: &[u8]) -> Option<(i32, String)> {
    let variables = environment.split(|byte| *byte == 0);
    let value = variables.filter_map(|variable| variable.strip_prefix(MARK.as_bytes())).find_map(
        |rest| rest.strip_prefix(b"=").and_then(|value| std::str::from_utf8(value).ok()),
    )?;
    let (gateway, tool) = value.split_once(':')?;
    Some((gateway.parse().ok()?, tool.to_owned()))
}

/// The name of a process. `None` if there is no such process.
fn name(process: i32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{process}/comm")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_the_gateway_and_the_tool() {
        let mark = mark("plots");
        let environment = format!("A=1\0{MARK}={mark}\0B=2\0");
        let own = std::process::id().cast_signed();
        assert_eq!(marked(environment.as_bytes()), Some((own, "plots".to_owned())));
        for other in
            ["", "A=1\0", "LTI_GATEWAY_APP=\0", "LTI_GATEWAY_APP=x:a\0", "XLTI_GATEWAY_APP=1:a"]
        {
            assert_eq!(marked(other.as_bytes()), None, "{other}");
        }
    }
}
