//! What may be written in a tools file: its tables and keys, and the only home of their defaults.

use figment::value::{Dict, Value};

use super::Environment;
use super::document::Document;
use super::problem::Problem;
use super::table::{Reader, Table, Written};

/// `session` where it is not written.
pub(super) const SESSION: &str = "8h";
/// `clock_skew` where it is not written.
pub(super) const CLOCK_SKEW: &str = "5m";
/// `frame_ancestors` where it is not written: LTI platforms are everywhere, and only a signed launch shows
/// anything.
pub(super) const FRAME_ANCESTORS: &str = "*";

/// A whole file.
pub(super) struct ToolsFile {
    pub(super) gateway: GatewayTable,
    pub(super) tools: Vec<ToolTable>,
    /// What was wrong already.
    pub(super) problems: Vec<Problem>,
}

/// `[gateway]`.
#[derive(Default)]
pub(super) struct GatewayTable {
    pub(super) public_url: Option<Written<Text>>,
    pub(super) secret: Option<Vec<Written<Text>>>,
    pub(super) session: Option<Written<String>>,
    pub(super) clock_skew: Option<Written<String>>,
    /// Whether all of it could be read; else what seems missing may just be misspelt.
    pub(super) sound: bool,
}

/// `[tools.<name>]`.
pub(super) struct ToolTable {
    pub(super) name: Written<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) icon: Option<Written<String>>,
    pub(super) path: Option<Written<String>>,
    pub(super) template: Option<Written<String>>,
    pub(super) upstream: Option<Written<String>>,
    /// `key`, `secret` and `signature_methods` of the tool itself.
    pub(super) consumer: ConsumerTable,
    pub(super) consumers: Option<Written<Vec<ConsumerTable>>>,
    pub(super) roles: Option<Written<Vec<Written<String>>>>,
    pub(super) params: Dict,
    pub(super) frame_ancestors: Option<Written<Vec<Written<String>>>>,
    /// Whether all of it could be read.
    pub(super) sound: bool,
}

/// One of `consumers`, or what stands for it in the tool's own table.
pub(super) struct ConsumerTable {
    pub(super) key: Option<Written<String>>,
    pub(super) secret: Option<Written<Vec<Written<Text>>>>,
    pub(super) signature_methods: Option<Written<Vec<Written<String>>>>,
}

/// Text, or the environment variable that holds it.
pub(super) enum Text {
    Literal(String),
    Variable(String),
}

/// Reads a file and, over its `[gateway]`, the environment.
pub(super) fn read(document: &Document<'_>, environment: &Environment) -> ToolsFile {
    let reader = Reader::new(document, environment);
    let (gateway, tools) = {
        let mut top = reader.top();
        let gateway = match top.table("gateway") {
            Some(table) => read_gateway(table),
            None => GatewayTable { sound: true, ..GatewayTable::default() },
        };
        let tools = top.table("tools").map(Table::into_tables).unwrap_or_default();
        let tools = tools.into_iter().map(|(name, table)| read_tool(name, table)).collect();
        top.finish("at the top of the file");
        (gateway, tools)
    };
    ToolsFile { gateway, tools, problems: reader.into_problems() }
}

fn read_gateway(mut table: Table<'_>) -> GatewayTable {
    let reader = table.reader();
    let before = reader.count();
    let public_url = table.value("public_url").and_then(|written| text_of(&table, "public_url", written));
    let secret = secrets_of(&mut table).map(|secret| secret.value);
    let session = table.text("session");
    let clock_skew = table.text("clock_skew");
    table.finish("in [gateway]");
    GatewayTable { public_url, secret, session, clock_skew, sound: reader.count() == before }
}

fn read_tool(name: Written<String>, mut table: Table<'_>) -> ToolTable {
    let reader = table.reader();
    let before = reader.count();
    let heading = format!("in [tools.{}]", name.value);
    let tool = ToolTable {
        title: table.text("title").map(|title| title.value),
        description: table.text("description").map(|description| description.value),
        icon: table.text("icon"),
        path: table.text("path"),
        template: table.text("template"),
        upstream: table.text("upstream"),
        consumer: read_consumer(&mut table),
        consumers: read_consumers(&mut table, &name.value),
        roles: table.texts("roles"),
        params: table.get("params", "a table").map(|params| params.value).unwrap_or_default(),
        frame_ancestors: table.texts("frame_ancestors"),
        sound: true,
        name,
    };
    table.finish(&heading);
    ToolTable { sound: reader.count() == before, ..tool }
}

fn read_consumers(table: &mut Table<'_>, tool: &str) -> Option<Written<Vec<ConsumerTable>>> {
    let reader = table.reader();
    let list = table.list("consumers", "a list of tables")?;
    let mut consumers = Vec::new();
    for item in list.value {
        if let Some(mut table) = reader.table(item, "consumers") {
            consumers.push(read_consumer(&mut table));
            table.finish(&format!("among the consumers of [tools.{tool}]"));
        }
    }
    Some(Written { value: consumers, place: list.place })
}

fn read_consumer(table: &mut Table<'_>) -> ConsumerTable {
    ConsumerTable {
        key: table.text("key"),
        secret: secrets_of(table),
        signature_methods: table.texts("signature_methods"),
    }
}

/// `secret`: text, a variable, or a list of them.
fn secrets_of(table: &mut Table<'_>) -> Option<Written<Vec<Written<Text>>>> {
    const EXPECTED: &str = "text, `{ env = \"…\" }` or a list of these";
    let reader = table.reader();
    let written = table.value("secret")?;
    let place = written.place.clone();
    let items = match written.value {
        Value::Array(_, items) => {
            let place = |index| place.item(index);
            items
                .into_iter()
                .enumerate()
                .map(|(index, value)| Written { value, place: place(index) })
                .collect()
        }
        value => vec![Written { value, place: place.clone() }],
    };
    let mut secrets = Vec::new();
    for item in items {
        match item.value {
            Value::String(_, text) => secrets.push(Written { value: Text::Literal(text), place: item.place }),
            Value::Dict(..) => secrets.extend(text_of(table, "secret", item)),
            _ => reader.mismatch("secret", EXPECTED, &item),
        }
    }
    Some(Written { value: secrets, place })
}

/// Text or `{ env = "…" }`.
fn text_of(table: &Table<'_>, key: &str, written: Written<Value>) -> Option<Written<Text>> {
    let place = written.place.clone();
    let text = match &written.value {
        Value::String(_, text) => Text::Literal(text.clone()),
        Value::Dict(..) => {
            let mut variable = table.reader().table(written, key)?;
            let name = variable.text("env");
            variable.finish(&format!("in `{key}`"));
            Text::Variable(name?.value)
        }
        _ => {
            table.reader().mismatch(key, "text or `{ env = \"…\" }`", &written);
            return None;
        }
    };
    Some(Written { value: text, place })
}
