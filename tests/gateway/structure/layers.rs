//! The layers of the gateway, from the table in ARCHITECTURE.md.

/// A row of the table: its name and its modules.
type Row = (&'static str, &'static [&'static str]);

/// The rows, lowest first. A module imports only from lower rows and from itself.
const ROWS: [Row; 9] = [
    ("layer 2, lower row", &["url", "address", "clock", "cause", "common_name", "log"]),
    ("layer 2, middle row", &["config"]),
    ("layer 2, upper row", &["session", "state", "platform", "practice"]),
    ("layer 3", &["proxy", "template", "site", "app", "grade"]),
    ("layer 4, lower row", &["web"]),
    ("layer 4, upper row", &["server"]),
    ("layer 5", &["cli"]),
    ("the library", &["lib"]),
    ("the program", &["main"]),
];

/// The module of a file: the name of the file or directory directly below `src/`.
pub(super) fn module(file: &str) -> Option<&str> {
    let below = file.strip_prefix("src/")?;
    Some(below.split('/').next()?.trim_end_matches(".rs"))
}

/// The index of a module's row, and the row's name.
pub(super) fn row(module: &str) -> Option<(usize, &'static str)> {
    ROWS.iter().position(|(_, modules)| modules.contains(&module)).map(|row| (row, ROWS[row].0))
}
