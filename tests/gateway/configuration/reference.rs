//! Generates docs/tools-toml.md from the same list of keys as the schema.
//!
//! `UPDATE_REFERENCE=1 cargo test configuration` rewrites the page. Review the diff.

use std::fs;

use lti_gateway::config::key::{
    CLIENT, CONSUMER, GATEWAY, Key, KeyDefault, Keys, Kind, LINE_ITEM, LINK, PLATFORM, TOOL,
    VARIABLE,
};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tools-toml.md");

const START: &str = "\
<!-- Made from src/config/key.rs by tests/gateway/configuration/reference.rs. -->

# The keys of tools.toml

All keys, grouped by table. [tools.md](tools.md) explains how they work together. Editors
[show the same descriptions](tools.md#in-an-editor).

A duration is a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"`, `\"2d\"`.
";

fn reference() -> String {
    let tables = [GATEWAY, TOOL, CONSUMER, LINK, LINE_ITEM, PLATFORM, CLIENT, VARIABLE]
        .map(|table| of_table(&table));
    format!("{START}{}", tables.concat())
}

fn of_table(table: &Keys) -> String {
    let rows: String = table.all.iter().map(of_key).collect();
    let Keys { table, description, .. } = table;
    let description = wrap(description);
    format!(
        "\n## `{table}`\n\n{description}\n\n\
         | key | type | default | description | example |\n|---|---|---|---|---|\n{rows}"
    )
}

/// Breaks a paragraph into lines of at most 100 columns.
fn wrap(text: &str) -> String {
    let mut wrapped = String::new();
    let mut columns = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > 100 {
            wrapped.push('\n');
            columns = 0;
        } else if columns > 0 {
            wrapped.push(' ');
            columns += 1;
        }
        wrapped.push_str(word);
        columns += length;
    }
    wrapped
}

fn of_key(key: &Key) -> String {
    let default = match key.default {
        KeyDefault::Required => "required".to_owned(),
        KeyDefault::String(text) => format!("`\"{text}\"`"),
        KeyDefault::List(texts) => format!("`{texts:?}`"),
        KeyDefault::False => "`false`".to_owned(),
        KeyDefault::Described(words) => words.to_owned(),
    };
    let requires = match key.requires {
        [] => String::new(),
        requires => {
            let any = alternatives(requires.iter().map(|key| format!("`{key}`")));
            format!(" Requires {any}.")
        }
    };
    let guide = match key.guide {
        "" => String::new(),
        guide => format!(" [More](tools.md#{guide})"),
    };
    let Key { name, description, example, .. } = key;
    let type_of = words(&key.kind);
    let row = format!(
        "| `{name}` | {type_of} | {default} | {description}{requires}{guide} | `{example}` |\n"
    );
    assert_eq!(row.matches('|').count(), 6, "each row has five cells: {name}");
    row
}

/// The possible values, in words.
fn words(kind: &Kind) -> String {
    match kind {
        Kind::String(shape) if shape.shortest > 1 => {
            format!("a string of {} or more characters", shape.shortest)
        }
        Kind::String(shape) => shape.description.to_owned(),
        Kind::OneOf(words) => alternatives(words.iter().map(|word| format!("`\"{word}\"`"))),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::Points => "a number above 0".to_owned(),
        Kind::Variable => format!("`{}`", VARIABLE.table),
        Kind::List(Kind::AnyOf(_), _) => "a list of these".to_owned(),
        Kind::List(Kind::Table(table), _) => format!("a list of [tables](#{})", table.table),
        Kind::OneOrList(item, _) => format!("a list of {}, or one of them", words(item)),
        Kind::List(item, _) => format!("a list of {}", words(item)),
        Kind::Map(name, value, _) => format!("a table: {} = {}", name.description, words(value)),
        Kind::Table(table) if !table.table.starts_with('[') => {
            format!("a [table](#{})", table.table)
        }
        Kind::Table(_) | Kind::AnyTable => "a table".to_owned(),
        Kind::AnyOf(kinds) => alternatives(kinds.iter().map(words)),
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
fn the_reference_matches_the_list_of_keys() {
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(REFERENCE, reference()).expect("a written file");
    }
    let written = fs::read_to_string(REFERENCE).unwrap_or_default();
    assert!(
        written == reference(),
        "rewrite docs/tools-toml.md: UPDATE_REFERENCE=1 cargo test configuration"
    );
}
