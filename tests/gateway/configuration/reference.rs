//! docs/tools-toml.md, which says of every key what the schema says.
//!
//! `UPDATE_REFERENCE=1 cargo test configuration` writes it anew, to be read before it is kept.

use std::fs;

use lti_gateway::config::key::{CONSUMER, GATEWAY, Key, Keys, Kind, TOOL, Unwritten, VARIABLE};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tools-toml.md");

const START: &str = "\
<!-- Made from src/config/key.rs by tests/gateway/configuration/reference.rs. -->

# The keys of tools.toml

Every key, by the table in which it stands. How they work together is in [tools.md](tools.md). Editors
[show the same](tools.md#in-an-editor) while you write.

A length of time is a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"`, `\"2d\"`.
";

fn reference() -> String {
    let tables = [GATEWAY, TOOL, CONSUMER, VARIABLE].map(|table| of_table(&table));
    format!("{START}{}", tables.concat())
}

fn of_table(table: &Keys) -> String {
    let rows: String = table.all.iter().map(of_key).collect();
    let Keys { table, meaning, .. } = table;
    format!(
        "\n## `{table}`\n\n{meaning}\n\n| key | type | default | meaning | example |\n|---|---|---|---|---|\n{rows}"
    )
}

fn of_key(key: &Key) -> String {
    let default = match key.unwritten {
        Unwritten::Refused => "required".to_owned(),
        Unwritten::Text(text) => format!("`\"{text}\"`"),
        Unwritten::Texts(texts) => format!("`{texts:?}`"),
        Unwritten::No => "`false`".to_owned(),
        Unwritten::Means(words) => words.to_owned(),
    };
    let needs = match key.needs {
        "" => String::new(),
        needs => format!(" Only beside `{needs}`."),
    };
    let guide = match key.guide {
        "" => String::new(),
        guide => format!(" [More](tools.md#{guide})"),
    };
    let Key { name, meaning, example, .. } = key;
    let type_of = words(&key.kind);
    let row =
        format!("| `{name}` | {type_of} | {default} | {meaning}{needs}{guide} | `{example}` |\n");
    assert_eq!(row.matches('|').count(), 6, "each key has five cells: {name}");
    row
}

/// What may be written, in words.
fn words(kind: &Kind) -> String {
    match kind {
        Kind::Text(shape) if shape.shortest > 1 => {
            format!("text of {} or more characters", shape.shortest)
        }
        Kind::Text(shape) => shape.words.to_owned(),
        Kind::Word(words) => alternatives(words.iter().map(|word| format!("`\"{word}\"`"))),
        Kind::Truth => "`true` or `false`".to_owned(),
        Kind::Variable => format!("`{}`", VARIABLE.table),
        Kind::List(Kind::Either(_), _) => "a list of these".to_owned(),
        Kind::List(Kind::Table(table), _) => format!("a list of [tables](#{})", table.table),
        Kind::Texts(item, _) => format!("a list of {}, or one alone", words(item)),
        Kind::List(item, _) => format!("a list of {}", words(item)),
        Kind::Named(name, value, _) => format!("a table: {} = {}", name.words, words(value)),
        Kind::Table(_) | Kind::Anything => "a table".to_owned(),
        Kind::Either(kinds) => alternatives(kinds.iter().map(words)),
    }
}

fn alternatives(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[test]
fn the_reference_says_of_every_key_what_the_schema_says() {
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(REFERENCE, reference()).expect("a written file");
    }
    let written = fs::read_to_string(REFERENCE).unwrap_or_default();
    assert!(
        written == reference(),
        "write docs/tools-toml.md anew: UPDATE_REFERENCE=1 cargo test configuration"
    );
}
